"""The Merkle log: appending, the archive's own chain, sequencing, cosigning and reading.

Other rooms write with `log.append(conn, items)` after `log.lock(conn)`, and state for the archive with
`ArchiveChain.append`.
"""

from liuhen_server.log.append import NewEntry, append, head, lock
from liuhen_server.log.archive_chain import ArchiveChain, Stated

__all__ = ["ArchiveChain", "NewEntry", "Stated", "append", "head", "lock"]
