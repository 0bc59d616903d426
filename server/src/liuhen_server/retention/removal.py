"""Taking away the bytes of what was disposed of: only once the proof of the disposal exists and was checked.

    tombstone in the database → its list, approval and tombstone in the published log, cosigned, and checked like any proof →
    with the log held: nobody else needs the bytes, no upload of them is under way → leaves and object removed → row says so

What ends the process between two of these loses nothing and leaves nothing half done: the next round begins at the proof again, and
removing what is gone already is no error. From the tombstone on nobody is shown the bytes.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select, update

from liuhen_protocol.disposals import check_disposal
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.moment import format_time
from liuhen_protocol.policy import Policy
from liuhen_server import log
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import entries
from liuhen_server.ingest.schema import uploads
from liuhen_server.log import signed_state
from liuhen_server.log.reading import LogReader
from liuhen_server.retention.disposal import is_needed
from liuhen_server.retention.schema import disposal_lists, disposals
from liuhen_server.store.interface import Store

__all__ = ["Removal"]

AT_ONCE = 100
_logger = logging.getLogger("liuhen.retention")


@dataclass(frozen=True, slots=True)
class _Waiting:
    """A disposal whose bytes wait; `indexes` are of the drawing, the approval and the tombstone."""

    sha256: str
    dock: str
    indexes: tuple[int, int, int]


class Removal:
    """`archive_key`: its statement key (32 bytes), by which the tombstones must be signed."""

    def __init__(
        self,
        database: Database,
        store: Store,
        reader: LogReader,
        policy: Policy,
        archive_key: bytes,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._store = store
        self._reader = reader
        self._policy = policy
        self._archive_key = archive_key
        self._now = now

    async def sweep(self) -> int:
        """One round over what waits. Returns how many disposals are completed by it; a stopped log completes none."""
        async with self._database.read() as conn:
            if (await signed_state.read(conn)).alarm is not None:
                return 0
            waiting = await _waiting(conn)
            envelopes = await _envelopes(conn, [index for each in waiting for index in each.indexes])
        done = 0
        by_digest: dict[str, list[_Waiting]] = {}
        for each in waiting:
            by_digest.setdefault(each.sha256, []).append(each)
        for sha256, same in by_digest.items():
            proven = [each for each in same if await asyncio.to_thread(self._is_proven, each, envelopes)]
            if len(proven) == len(same):
                done += await self._remove(sha256, proven)
        return done

    def _is_proven(self, waiting: _Waiting, envelopes: dict[int, bytes]) -> bool:
        """From the published log, by the policy that everybody else holds it to. What is not published yet is not proven yet."""
        try:
            proofs = []
            for index in waiting.indexes:
                proof = self._reader.inclusion(index, envelopes[index])
                if proof is None:
                    return False
                proofs.append(proof.encode())
            check_disposal(
                proofs,
                sha256=waiting.sha256,
                dock=waiting.dock,
                policy=self._policy,
                archive_key=self._archive_key,
            )
        except (Malformed, Refused, OSError, KeyError) as error:
            _logger.critical(
                "not removed: the disposal of %s of dock %s is not proven: %s. Run liuhen-server verify",
                waiting.sha256,
                waiting.dock,
                error,
            )
            return False
        return True

    async def _remove(self, sha256: str, proven: Sequence[_Waiting]) -> int:
        """The bytes, and then the rows that say so. An upload of the same bytes that is under way is waited for: it may rely on
        what lies in the store.
        """
        docks = [each.dock for each in proven]
        async with self._database.write() as conn:
            await log.lock(conn)
            same = and_(disposals.c.sha256 == sha256, disposals.c.removed_time.is_(None))
            others = select(disposals.c.dock).where(same, disposals.c.dock.not_in(docks))
            coming = select(uploads.c.id).where(uploads.c.sha256 == sha256, uploads.c.finished.is_(False))
            if (await conn.execute(others.union_all(coming).limit(1))).first() is not None:
                return 0
            if not await is_needed(conn, sha256):
                await asyncio.to_thread(self._store.remove, sha256)
            removed = await conn.execute(update(disposals).where(same).values(removed_time=format_time(self._now())))
        return int(removed.rowcount)


async def _waiting(conn: Connection) -> list[_Waiting]:
    query = (
        select(
            disposals.c.sha256,
            disposals.c.dock,
            disposals.c.log_index,
            disposal_lists.c.drawn_index,
            disposal_lists.c.ended_index,
        )
        .join(disposal_lists, disposal_lists.c.id == disposals.c.list_id)
        .where(disposals.c.removed_time.is_(None))
        .order_by(disposals.c.log_index)
        .limit(AT_ONCE)
    )
    return [
        _Waiting(row.sha256, row.dock, (row.drawn_index, row.ended_index or -1, row.log_index))
        for row in await conn.execute(query)
    ]


async def _envelopes(conn: Connection, indexes: Sequence[int]) -> dict[int, bytes]:
    query = select(entries.c.log_index, entries.c.envelope).where(entries.c.log_index.in_(set(indexes)))
    return {row.log_index: bytes(row.envelope) for row in await conn.execute(query)}
