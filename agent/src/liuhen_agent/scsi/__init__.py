"""Vendor SCSI commands on an installed dock: a helper of its own sends them, and only those that the installed profiles name (ADR 0014).

Whoever may send a disk any command may also write it, so the agent may send none but the harmless ones that the kernel lets through a
node opened for reading. `python -m liuhen_agent.scsi PROFILES` is the helper (its unit: liuhen-scsi@.service), `rule` what it lets through,
`message` what both say to each other, `call` the agent's side.
"""
