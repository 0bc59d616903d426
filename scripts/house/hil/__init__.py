"""The dock in an emulated machine: a real kernel, real USB, real udev and systemd, and recorders that are plugged, yanked and lied about.

recipe, image     what the guest consists of, and its disk, built once and kept
machine, qmp      one QEMU process: started, cut from its power, spoken to
guest             commands inside it
recorders, usb    the recorders as disks and lines, and how they are put into the machine's ports
ledger, report    what was on every recorder, held against what the archive has
scenes            what happens, one function each
"""
