"""The Merkle log: appending, the archive's own chain, sequencing, cosigning and reading.

`log.append(conn, items)` and `log.lock(conn)` are what other rooms use to write, `log.archive_chain` writes the
archive's own statements.
"""

from liuhen_server.log.append import NewEntry, append, head, lock

__all__ = ["NewEntry", "append", "head", "lock"]
