"""From a recorder's files to statements and spool copies: inventory, order, copy-with-digest.

`inventory.plan` says what is there and in which order it is read; `collector.Collector` reads it. Every step is durable
before the next: bytes read once → part on the disk → its final name → statement in the journal.
"""
