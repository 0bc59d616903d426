"""The stays of recorders as the log tells them: a table that is read forward from the entries whenever somebody looks.

Nothing is kept here that the log does not say, so the table can be emptied and fills itself again. Ingest does not know of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, insert, select, update
from sqlalchemy.sql.elements import ColumnElement

from liuhen_protocol.events import (
    ClipFailed,
    DockAlarm,
    RecorderCleared,
    RecorderDocked,
    RecorderInventory,
    RecorderUndocked,
)
from liuhen_server.custody.evidence import Entry, read_entry
from liuhen_server.custody.schema import stays, stays_read
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import entries, log_state

__all__ = ["Stay", "StayReader", "find_stay", "stay_of", "stays_of_clips"]

KINDS = (
    "recorder.docked",
    "recorder.inventory",
    "clip.failed",
    "recorder.cleared",
    "recorder.undocked",
    "dock.alarm",
)
AT_ONCE = 2_000  # entries of the log in one transaction
MOST = 10**9  # what one statement can add to a count: sums stay numbers of the database, whatever a dock says
LONGEST = 255  # characters of a name; what is longer is cut, for the table alone


@dataclass(frozen=True, slots=True)
class Stay:
    """A row of `stays`: one stay, as far as the log tells it. `ended_seq` None: the recorder is still in the bay."""

    docked_index: int
    dock: str
    seq: int
    session: str
    time: str
    bay: str
    recorder: str
    officer: str | None
    quarantined: bool
    files: int
    total_bytes: int
    failed: int
    missing: int
    deleted: int
    problems: int
    cleared: int
    ended_seq: int | None
    ended_time: str | None
    premature: bool

    @property
    def lacks(self) -> bool:
        """Whether something of the recorder is not in the archive, or cannot be."""
        return bool(self.failed or self.missing or self.deleted or self.problems or self.premature)


def stay_of(row: RowMapping) -> Stay:
    return Stay(**{name: row[name] for name in Stay.__slots__})


LACKS: ColumnElement[bool] = (
    (stays.c.failed > 0)
    | (stays.c.missing > 0)
    | (stays.c.deleted > 0)
    | (stays.c.problems > 0)
    | stays.c.premature.is_(True)
)


class StayReader:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one = asyncio.Lock()

    async def catch_up(self) -> None:
        """Reads what was logged since the last time."""
        async with self._one:
            while await self._behind():
                async with self._database.write() as conn:
                    await _read_on(conn)

    async def _behind(self) -> bool:
        query = select(stays_read.c.next_index < select(log_state.c.next_index).scalar_subquery())
        async with self._database.read() as conn:
            return bool((await conn.execute(query)).scalar_one())


async def _read_on(conn: Connection) -> None:
    first = (await conn.execute(select(stays_read.c.next_index).with_for_update())).scalar_one()
    end = min((await conn.execute(select(log_state.c.next_index))).scalar_one(), first + AT_ONCE)
    query = select(entries.c.log_index, entries.c.envelope).where(
        entries.c.log_index >= first, entries.c.log_index < end, entries.c.kind.in_(KINDS)
    )
    found = (await conn.execute(query.order_by(entries.c.log_index))).all()
    for entry in await asyncio.to_thread(lambda: [read_entry(row.log_index, row.envelope) for row in found]):
        await _tell(conn, entry)
    await conn.execute(update(stays_read).values(next_index=end))


async def _tell(conn: Connection, entry: Entry) -> None:
    """What one entry changes. A damaged one, or one of a stay whose beginning is not in the log, changes nothing."""
    if entry.statement is None:
        return
    link, event = entry.statement.link, entry.statement.event
    match event:
        case RecorderDocked():
            row: dict[str, Any] = {
                "docked_index": entry.index,
                "dock": link.source,
                "seq": link.seq,
                "session": _cut(event.session),
                "time": link.time,
                "bay": _cut(event.bay),
                "recorder": _cut(event.recorder.serial),
                "officer": _cut(event.recorder.officer) if event.recorder.officer else None,
                "quarantined": event.quarantined,
                "premature": False,
                **dict.fromkeys(("files", "total_bytes", "failed", "missing", "deleted", "problems", "cleared"), 0),
            }
            await conn.execute(insert(stays).values(row))
            return
        case RecorderInventory():
            changed: dict[Any, object] = {
                stays.c.files: stays.c.files + len(event.files),
                stays.c.total_bytes: event.total_bytes,
                stays.c.missing: stays.c.missing + min(sum(max(gap.missing, 0) for gap in event.gaps), MOST),
                stays.c.deleted: stays.c.deleted + min(max(event.deleted_seen, 0), MOST),
                stays.c.problems: stays.c.problems + len(event.problems),
            }
        case ClipFailed():
            changed = {stays.c.failed: stays.c.failed + 1}
        case RecorderCleared():
            changed = {stays.c.cleared: stays.c.cleared + len(event.receipts)}
        case RecorderUndocked():
            changed = {
                stays.c.ended_seq: link.seq,
                stays.c.ended_time: link.time,
                stays.c.premature: event.premature,
            }
        case DockAlarm(session=str()):
            changed = {stays.c.problems: stays.c.problems + 1}
        case _:
            return
    session = event.session
    if session is not None:
        which = _newest(link.source, _cut(session), entry.index).scalar_subquery()
        await conn.execute(update(stays).where(stays.c.docked_index == which).values(changed))


def _newest(dock: str, session: str, before: int) -> Select[tuple[int]]:
    query = select(stays.c.docked_index).where(
        stays.c.dock == dock, stays.c.session == session, stays.c.docked_index < before
    )
    return query.order_by(stays.c.docked_index.desc()).limit(1)


def _cut(text: str) -> str:
    return text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd")[:LONGEST]


async def find_stay(conn: Connection, docked_index: int) -> Stay | None:
    row = (await conn.execute(select(stays).where(stays.c.docked_index == docked_index))).mappings().one_or_none()
    return None if row is None else stay_of(row)


async def stays_of_clips(conn: Connection, clips: Iterable[tuple[str, str | None, int]]) -> dict[int, Stay]:
    """For clips as (dock, session, promised_index): the stay each was collected in, by its promised_index."""
    wanted = [(dock, session, index) for dock, session, index in clips if session]
    if not wanted:
        return {}
    query = select(stays).where(
        stays.c.dock.in_({dock for dock, _, _ in wanted}), stays.c.session.in_({session for _, session, _ in wanted})
    )
    rows = [stay_of(row) for row in (await conn.execute(query.order_by(stays.c.docked_index))).mappings()]
    found: dict[int, Stay] = {}
    for dock, session, index in wanted:
        for stay in rows:
            if (stay.dock, stay.session) == (dock, session) and stay.docked_index < index:
                found[index] = stay
    return found
