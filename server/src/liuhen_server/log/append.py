"""Putting statements at the end of the log, in the caller's transaction.

The row lock of `log_state` orders every append, so indexes have no gaps and become visible in their order: whoever
reads entries below `next_index` sees all of them. A caller that first reads (a chain's head, a dock's state) and then
appends what follows from it takes the lock before it reads: `lock(conn)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError

from liuhen_protocol.chain import ChainHead, envelope_hash
from liuhen_protocol.merkle import leaf_hash
from liuhen_server.database import Connection
from liuhen_server.database.rows import InsertMany
from liuhen_server.database.schema import heads, log_state
from liuhen_server.log.signed_state import LogStopped


class NewEntry(NamedTuple):
    """A statement whose signature, key and chain link were already checked. The hashes are those of `envelope`, where
    whoever opened it has them already.
    """

    envelope: bytes
    source: str
    seq: int
    kind: str
    time: str
    hash: str | None = None
    leaf: bytes | None = None


_COLUMNS = ("log_index", "envelope", "leaf_hash", "envelope_hash", "source", "seq", "kind", "time")
_INSERT = InsertMany("entries", _COLUMNS)


_KEEP_HEAD = text(
    "INSERT INTO heads (source, seq, hash, time) VALUES (:source, :seq, :hash, :time)"
    " ON CONFLICT (source) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, time = excluded.time"
)


async def lock(conn: Connection) -> int:
    """Holds the log until the transaction ends (on SQLite a writer already does). Returns the next index."""
    row = await conn.execute(select(log_state.c.next_index).where(log_state.c.id == 1).with_for_update())
    return int(row.scalar_one())


async def append(conn: Connection, items: Sequence[NewEntry]) -> list[int]:
    """Gives each item the next index and inserts it; the chains' heads follow. Returns the indexes in the order of
    `items`.

    Items of one source stand in the order of their seq. Raises LogStopped("entry-added") where the database already
    holds something at an index the log has not given, or at a (source, seq) behind its chain's head: callers answer
    replays before they come here, so rows were added or altered there.
    """
    if not items:
        return []
    taken = await conn.execute(
        update(log_state)
        .where(log_state.c.id == 1)
        .values(next_index=log_state.c.next_index + len(items))
        .returning(log_state.c.next_index)
    )
    end = int(taken.scalar_one())
    first = end - len(items)
    last: dict[str, dict[str, object]] = {}
    rows: list[tuple[object, ...]] = []
    for index, item in enumerate(items, first):
        digest = item.hash or envelope_hash(item.envelope)
        leaf = item.leaf or leaf_hash(item.envelope)
        rows.append((index, item.envelope, leaf, digest, item.source, item.seq, item.kind, item.time))
        last[item.source] = {"source": item.source, "seq": item.seq, "hash": digest, "time": item.time}
    try:
        await _INSERT.run(conn, rows)
    except IntegrityError as error:
        raise LogStopped(
            "entry-added",
            f"entries {first} to {end - 1} cannot be appended (from {items[0].source} #{items[0].seq}): the database"
            " already holds an entry at one of their places, which the log never gave. Restore the newest database; find"
            " out who writes to it",
        ) from error
    await conn.execute(_KEEP_HEAD, list(last.values()))
    return list(range(first, end))


async def head(conn: Connection, source: str) -> ChainHead | None:
    """The last entry of a chain that the archive holds."""
    row = (await conn.execute(select(heads).where(heads.c.source == source))).one_or_none()
    return None if row is None else ChainHead(source=row.source, seq=row.seq, hash=row.hash, time=row.time)
