"""Holds (暂停处置): a person says that a clip, or all that belongs to a case, is not disposed of, why, and until when.

What the law keeps for ever is held without end; such a hold is ended only by a person who says that it was a mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, and_, insert, or_, select, true, update

from liuhen_protocol.retention_events import CaseHeld, CaseReleased, ClipHeld, ClipReleased
from liuhen_protocol.statement import Subject
from liuhen_server.acts import Actor, Acts, said
from liuhen_server.cases.fields import reason_of
from liuhen_server.cases.reading import find_case
from liuhen_server.cases.record import NoSuchCase
from liuhen_server.cases.said import Wrong
from liuhen_server.custody.evidence import ORIGINAL, Clip, find_clip
from liuhen_server.database import Connection
from liuhen_server.registry.agencies import agency_of_dock, codes_of
from liuhen_server.retention.schema import holds
from liuhen_server.retention.terms import Ground, is_without_end

__all__ = [
    "MOST_HOLDS",
    "Hold",
    "find_hold",
    "hold_case",
    "hold_clip",
    "holds_of_case",
    "holds_of_clip",
    "lasting",
    "reasons_of",
    "release",
]

MOST_HOLDS = 500


@dataclass(frozen=True, slots=True)
class Hold:
    """On a case (`case_id`), or on a clip (`dock`, `sha256`). `until`: the last day, None: until it is released."""

    id: int
    agency: str
    case_id: int | None
    sha256: str | None
    dock: str | None
    ground: Ground
    until: str | None
    reason: int
    by: str
    time: str
    log_index: int
    released_by: str | None
    released_time: str | None
    released_reason: int | None
    released_index: int | None

    @property
    def name(self) -> str:
        return f"hold-{self.id}"

    def lasts(self, today: date) -> bool:
        return self.released_time is None and (self.until is None or self.until >= today.isoformat())


async def hold_clip(
    acts: Acts, person: Actor, dock: str, sha256: str, ground: Ground, until: date | None, reason: str, today: date
) -> Hold:
    """Raises Wrong: no such clip, one that was disposed of, a ground that has no end with one, a day that is over."""
    text = reason_of(reason)
    _check(ground, until, today)
    async with acts.of(person) as act:
        clip = await find_clip(act.conn, dock, sha256)
        agency = await agency_of_dock(act.conn, dock)
        if clip is None or clip.kind != ORIGINAL or agency is None:
            raise Wrong("没有这段音像记录", "no such clip", "clip")
        if clip.disposed_index is not None:
            raise Wrong("这段音像记录已经处置", "this clip was disposed of", "clip")
        kept = await act.commit_text("reason", f"clip-{clip.promised_index}", text)
        row = _row(agency, ground, until, kept.id, act.by, act.time) | {"sha256": sha256, "dock": dock}
        hold_id = await _add(act.conn, row)
        event = ClipHeld(f"hold-{hold_id}", ground.value, _day(until), act.by, kept.sha256)
        stated = await act.state(event, _subject(clip))
        return await _placed(act.conn, hold_id, stated.index)


async def hold_case(
    acts: Acts, person: Actor, case_id: int, ground: Ground, until: date | None, reason: str, today: date
) -> Hold:
    """Raises Wrong as `hold_clip`, and NoSuchCase. An archived case can be held too."""
    text = reason_of(reason)
    _check(ground, until, today)
    async with acts.of(person) as act:
        case = await find_case(act.conn, case_id)
        if case is None:
            raise NoSuchCase(case_id)
        kept = await act.commit_text("reason", case.name, text)
        row = _row(case.agency, ground, until, kept.id, act.by, act.time) | {"case_id": case_id}
        hold_id = await _add(act.conn, row)
        event = CaseHeld(f"hold-{hold_id}", case.name, ground.value, _day(until), act.by, kept.sha256)
        return await _placed(act.conn, hold_id, (await act.state(event)).index)


async def release(acts: Acts, person: Actor, hold_id: int, reason: str) -> Hold:
    """Raises Wrong for a hold that is none, or has been released (maybe by somebody else just now)."""
    text = reason_of(reason)
    async with acts.of(person) as act:
        hold = await find_hold(act.conn, hold_id)
        if hold is None or hold.released_time is not None:
            raise Wrong("这项暂停处置已经解除", "this hold has been released already", "hold")
        clip = None if hold.dock is None else await find_clip(act.conn, hold.dock, hold.sha256 or "")
        about = f"case-{hold.case_id}" if clip is None else f"clip-{clip.promised_index}"
        kept = await act.commit_text("reason", about, text)
        if clip is not None:
            stated = await act.state(ClipReleased(hold.name, act.by, kept.sha256), _subject(clip))
        else:
            stated = await act.state(CaseReleased(hold.name, about, act.by, kept.sha256))
        ended = {"released_by": act.by, "released_time": stated.time, "released_reason": kept.id}
        await act.conn.execute(update(holds).where(holds.c.id == hold_id).values(**ended, released_index=stated.index))
        found = await find_hold(act.conn, hold_id)
    assert found is not None
    return found


async def find_hold(conn: Connection, hold_id: int) -> Hold | None:
    if not 0 < hold_id < 1 << 63:
        return None
    found = await _all(conn, holds.c.id == hold_id)
    return found[0] if found else None


async def holds_of_clip(conn: Connection, sha256: str) -> tuple[Hold, ...]:
    """Those on these bytes themselves, the newest first."""
    return await _all(conn, holds.c.sha256 == sha256)


async def holds_of_case(conn: Connection, case_id: int) -> tuple[Hold, ...]:
    return await _all(conn, holds.c.case_id == case_id)


async def lasting(conn: Connection, agency: str | None, today: date, *, ended: bool = False) -> tuple[Hold, ...]:
    """The holds that last today; `ended`: the others. `agency` None: of every agency."""
    now = and_(holds.c.released_time.is_(None), or_(holds.c.until.is_(None), holds.c.until >= today.isoformat()))
    of_agency = true() if agency is None else holds.c.agency.in_(codes_of(agency))
    return await _all(conn, and_(of_agency, ~now if ended else now))


async def reasons_of(conn: Connection, wanted: tuple[Hold, ...]) -> dict[int, str]:
    """What people wrote, by the number of the text; empty where it was disposed of."""
    ids = {each.reason for each in wanted} | {each.released_reason for each in wanted if each.released_reason}
    rows = await conn.execute(select(said.c.id, said.c.text).where(said.c.id.in_(ids)))
    return {row.id: row.text or "" for row in rows}


async def _all(conn: Connection, condition: ColumnElement[bool]) -> tuple[Hold, ...]:
    query = select(holds).where(condition).order_by(holds.c.id.desc()).limit(MOST_HOLDS)
    rows = (await conn.execute(query)).mappings()
    return tuple(Hold(**{**row, "ground": Ground(row["ground"])}) for row in rows)


def _check(ground: Ground, until: date | None, today: date) -> None:
    if is_without_end(ground) and until is not None:
        raise Wrong(
            "这类记录永久保存，不设截止日期", "what is held on this ground is kept for ever: give no day", "until"
        )
    if until is not None and until < today:
        raise Wrong("截止日期不能早于今天", "its last day is today or later", "until")


def _row(agency: str, ground: Ground, until: date | None, reason: int, by: str, time: str) -> dict[str, object]:
    row: dict[str, object] = {"agency": agency, "ground": ground.value, "until": _day(until), "reason": reason}
    return row | {"by": by, "time": time, "log_index": 0}


async def _add(conn: Connection, row: dict[str, object]) -> int:
    added = await conn.execute(insert(holds).values(**row))
    assert added.inserted_primary_key is not None
    return int(added.inserted_primary_key[0])


async def _placed(conn: Connection, hold_id: int, index: int) -> Hold:
    await conn.execute(update(holds).where(holds.c.id == hold_id).values(log_index=index))
    found = await find_hold(conn, hold_id)
    assert found is not None
    return found


def _day(until: date | None) -> str | None:
    return None if until is None else until.isoformat()


def _subject(clip: Clip) -> Subject:
    return Subject(clip.name, clip.sha256, clip.sm3)
