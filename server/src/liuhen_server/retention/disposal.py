"""Disposing of footage (处置): one person draws a list (待处置清单) of clips whose terms have ended, another approves it.

    drawn ──approve (another person)──▶ approved: tombstones in the log, bytes go later (removal.py)
      └────withdraw (with a reason)───▶ withdrawn

Approving is one act: every clip's term is computed anew in it, after the log's lock was taken. What was linked or held since is taken
off the list; for the rest the approval and a `clip.disposed` of each clip, and of each file derived from it, are in the log together.
What a dock derived from such a clip and brings afterwards follows it by the same list. Not a byte is removed here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from functools import partial

from sqlalchemy import ColumnElement, and_, exists, insert, select, update

from liuhen_protocol.moment import format_time
from liuhen_protocol.retention_events import ClipDisposed, DisposalApproved, DisposalDrawn, DisposalWithdrawn
from liuhen_protocol.statement import Subject
from liuhen_server.acts import Act, Actor, Acts
from liuhen_server.cases.fields import reason_of
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_clips, case_documents, cases
from liuhen_server.custody.evidence import ORIGINAL, Clip, clip_of, find_clip
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import clips
from liuhen_server.log import ArchiveChain, Stated, lock
from liuhen_server.log.signed_state import stopping
from liuhen_server.people.two_people import are_two_people
from liuhen_server.registry.agencies import codes_of, docks_of
from liuhen_server.retention.facts import terms_of
from liuhen_server.retention.schema import disposal_lists, disposal_rows, disposals
from liuhen_server.retention.tables import tables_in_force
from liuhen_server.retention.terms import UNLINKED_FLOOR_DAYS, Term

__all__ = [
    "APPROVED",
    "DRAWN",
    "MOST_ON_A_LIST",
    "WITHDRAWN",
    "DisposalList",
    "Disposed",
    "ListedClip",
    "approve",
    "disposal_of",
    "dispose_of_late",
    "draw",
    "find_disposal_list",
    "is_needed",
    "lists_of",
    "rows_of",
    "withdraw",
]

MOST_ON_A_LIST = 200
MOST_LOOKED_AT = 20_000
DRAWN, APPROVED, WITHDRAWN = "drawn", "approved", "withdrawn"
LISTED, DISPOSED, TAKEN_OFF = "listed", "disposed", "taken_off"
_PAGE = 500


@dataclass(frozen=True, slots=True)
class DisposalList:
    """A list and what became of it. `day`: the terms of its clips ended before it."""

    id: int
    agency: str
    day: str
    state: str
    version: int
    drawn_by: str
    drawn_time: str
    drawn_index: int
    ended_by: str | None
    ended_time: str | None
    ended_index: int | None
    reason: int | None

    @property
    def name(self) -> str:
        return f"disposal-{self.id}"


@dataclass(frozen=True, slots=True)
class ListedClip:
    """A clip of a list. `term`: the last day it was to be kept, `why` what that rested on; `off_why`: what its term rests on since,
    of one that was taken off.
    """

    list_id: int
    sha256: str
    dock: str
    size: int
    term: str
    why: str
    state: str
    off_why: str | None
    name: str
    collected_time: str


@dataclass(frozen=True, slots=True)
class Disposed:
    """What became of one clip. `removed_time` None: its bytes still lie in the store, and nobody is shown them."""

    list: DisposalList
    log_index: int
    freed: int
    removed_time: str | None


async def draw(acts: Acts, person: Actor, agency: str, today: date, zone: timezone) -> DisposalList:
    """Draws a list of the agency's clips whose terms are over today, the oldest first, at most 200. Raises Wrong where there is none,
    or where another list of the agency waits to be approved.
    """
    async with acts.of(person) as act:
        waiting = select(disposal_lists.c.id).where(disposal_lists.c.agency == agency, disposal_lists.c.state == DRAWN)
        if (other := (await act.conn.execute(waiting.limit(1))).scalar()) is not None:
            raise Wrong(
                f"第 {other} 号清单尚待批准，请先批准或撤回",
                f"list {other} waits to be approved: approve or withdraw it first",
                "list",
            )
        found = await _over(act.conn, agency, today, zone)
        if not found:
            raise Wrong("没有保存期限已满的音像记录", "there is no clip whose term has ended", "list")
        row: dict[str, object] = {"agency": agency, "day": today.isoformat(), "state": DRAWN, "version": 1}
        row |= {"drawn_by": act.by, "drawn_time": act.time, "drawn_index": 0}
        added = await act.conn.execute(insert(disposal_lists).values(**row))
        assert added.inserted_primary_key is not None
        list_id = int(added.inserted_primary_key[0])
        rows = [_row(list_id, clip, term) for clip, term in found]
        await act.conn.execute(insert(disposal_rows), rows)
        listed = await rows_of(act.conn, list_id)
        event = DisposalDrawn(f"disposal-{list_id}", agency, today.isoformat(), len(listed), _digest(listed), act.by)
        stated = await act.state(event)
        this = disposal_lists.c.id == list_id
        await act.conn.execute(update(disposal_lists).where(this).values(drawn_index=stated.index))
        drawn = await find_disposal_list(act.conn, list_id)
    assert drawn is not None
    return drawn


async def withdraw(acts: Acts, person: Actor, list_id: int, version: int, reason: str) -> DisposalList:
    """Raises Wrong without a reason, and for a list that was approved or withdrawn."""
    text = reason_of(reason)
    async with acts.of(person) as act:
        now = await _waiting(act.conn, list_id, version)
        said = await act.commit_text("reason", now.name, text)
        stated = await act.state(DisposalWithdrawn(now.name, act.by, said.sha256))
        return await _end(act, now, WITHDRAWN, stated.index, stated.time, said.id)


async def approve(acts: Acts, person: Actor, list_id: int, version: int, today: date, zone: timezone) -> DisposalList:
    """Raises Wrong: whoever drew the list (or shares an officer with him) approves nothing of it, it was ended meanwhile, or
    nothing is left on it.
    """
    async with acts.of(person) as act:
        now = await _waiting(act.conn, list_id, version)
        if not await are_two_people(act.conn, now.drawn_by, act.by):
            raise Wrong(
                "编制人不能批准自己的处置清单，须由另一人批准",
                "whoever drew the list does not approve it: another person does",
                "by",
            )
        left = await _still_over(act.conn, now, today, zone)
        if not left:
            raise Wrong(
                "清单上的音像记录都已关联案件、暂停处置或期限已变，请撤回清单",
                "everything on the list was linked or held since, or has another term: withdraw it",
                "list",
            )
        rows = [row for row in await rows_of(act.conn, list_id) if row.state == LISTED]
        approved = await act.state(DisposalApproved(now.name, len(rows), _digest(rows), act.by))
        for clip, term in left:
            await _bury(act, now, clip, term)
        return await _end(act, now, APPROVED, approved.index, approved.time, None)


async def find_disposal_list(conn: Connection, list_id: int) -> DisposalList | None:
    if not 0 < list_id < 1 << 63:
        return None
    row = (await conn.execute(select(disposal_lists).where(disposal_lists.c.id == list_id))).mappings().one_or_none()
    return None if row is None else DisposalList(**row)


async def lists_of(conn: Connection, agency: str | None, most: int = 100) -> tuple[DisposalList, ...]:
    """The newest first; `agency` None: of every agency."""
    query = select(disposal_lists).order_by(disposal_lists.c.id.desc()).limit(most)
    if agency is not None:
        query = query.where(disposal_lists.c.agency.in_(codes_of(agency)))
    return tuple(DisposalList(**row) for row in (await conn.execute(query)).mappings())


async def rows_of(conn: Connection, list_id: int) -> tuple[ListedClip, ...]:
    """In the order of collecting."""
    query = (
        select(disposal_rows, clips.c.name, clips.c.collected_time)
        .join(clips, and_(clips.c.sha256 == disposal_rows.c.sha256, clips.c.dock == disposal_rows.c.dock))
        .where(disposal_rows.c.list_id == list_id)
        .order_by(clips.c.collected_time, clips.c.promised_index)
    )
    return tuple(ListedClip(**row) for row in (await conn.execute(query)).mappings())


async def disposal_of(conn: Connection, dock: str, sha256: str) -> Disposed | None:
    """None for a clip that is still kept."""
    query = select(disposals).where(disposals.c.sha256 == sha256, disposals.c.dock == dock)
    row = (await conn.execute(query)).one_or_none()
    if row is None:
        return None
    listed = await find_disposal_list(conn, row.list_id)
    assert listed is not None
    return Disposed(listed, row.log_index, row.freed, row.removed_time)


async def _over(conn: Connection, agency: str, today: date, zone: timezone) -> list[tuple[Clip, Term]]:
    """What of the agency is kept beyond its term. Those that belong to an open case are not even looked at."""
    tables = await tables_in_force(conn, agency, today)
    newest = datetime.combine(today - timedelta(days=UNLINKED_FLOOR_DAYS), time(), zone)
    in_open_case = exists(
        select(case_clips.c.id)
        .join(cases, cases.c.id == case_clips.c.case_id)
        .where(
            case_clips.c.sha256 == clips.c.sha256,
            case_clips.c.unlinked_time.is_(None),
            cases.c.archived_time.is_(None),
        )
    )
    query = (
        select(clips)
        .where(
            clips.c.kind == ORIGINAL,
            clips.c.collected_time < format_time(newest),
            clips.c.stored_index.is_not(None),
            clips.c.disposed_index.is_(None),
            clips.c.dock.in_(docks_of(agency)),
            ~in_open_case,
        )
        .order_by(clips.c.collected_time, clips.c.promised_index)
    )
    found: list[tuple[Clip, Term]] = []
    for start in range(0, MOST_LOOKED_AT, _PAGE):
        page = [clip_of(row) for row in (await conn.execute(query.offset(start).limit(_PAGE))).mappings()]
        terms = await terms_of(conn, page, tables, zone)
        found += [(clip, terms[clip.dock, clip.sha256]) for clip in page if terms[clip.dock, clip.sha256].over(today)]
        if len(page) < _PAGE or len(found) >= MOST_ON_A_LIST:
            break
    return found[:MOST_ON_A_LIST]


async def _still_over(conn: Connection, now: DisposalList, today: date, zone: timezone) -> list[tuple[Clip, Term]]:
    """The clips whose term is over now too; the others are taken off, and their rows say why."""
    tables = await tables_in_force(conn, now.agency, today)
    listed = [row for row in await rows_of(conn, now.id) if row.state == LISTED]
    found = [await find_clip(conn, row.dock, row.sha256) for row in listed]
    known = [clip for clip in found if clip is not None]
    terms = await terms_of(conn, known, tables, zone)
    left = []
    for clip in known:
        term = terms[clip.dock, clip.sha256]
        if term.over(today) and clip.disposed_index is None and term.ends is not None:
            left.append((clip, term))
            continue
        await conn.execute(
            update(disposal_rows).where(_is(now.id, clip)).values(state=TAKEN_OFF, off_why=term.why.value)
        )
    return left


async def _bury(act: Act, now: DisposalList, clip: Clip, term: Term) -> None:
    """The tombstones of a clip and of what was derived from it."""
    assert term.ends is not None
    derived = select(clips).where(
        clips.c.original == clip.sha256,
        clips.c.dock == clip.dock,
        clips.c.stored_index.is_not(None),
        clips.c.disposed_index.is_(None),
    )
    for each in [clip, *(clip_of(row) for row in (await act.conn.execute(derived)).mappings())]:
        await _entomb(act.conn, act.state, each, now, act.by, term.ends.isoformat())
    await act.conn.execute(update(disposal_rows).where(_is(now.id, clip)).values(state=DISPOSED))


async def _entomb(
    conn: Connection,
    state: Callable[[ClipDisposed, Subject], Awaitable[Stated]],
    clip: Clip,
    of: DisposalList,
    second: str,
    term: str,
) -> None:
    this = and_(clips.c.sha256 == clip.sha256, clips.c.dock == clip.dock)
    await conn.execute(update(clips).where(this).values(disposed_index=0))
    freed = 0 if await is_needed(conn, clip.sha256) else clip.size
    event = ClipDisposed(of.name, clip.dock, clip.original, of.drawn_by, second, term, freed)
    stated = await state(event, Subject(clip.name, clip.sha256, clip.sm3))
    await conn.execute(update(clips).where(this).values(disposed_index=stated.index))
    row = {"sha256": clip.sha256, "dock": clip.dock, "list_id": of.id, "log_index": stated.index, "freed": freed}
    await conn.execute(insert(disposals).values(**row))


async def dispose_of_late(database: Database, chain: ArchiveChain, today: date, zone: timezone) -> int:
    """Films and tracks that came after their original was disposed of (a dock made or sent them later): a tombstone for each, by the
    list and the two people that the original's rests on. What is held by now stays. Returns how many, a page's at most.
    """
    async with database.read() as conn:  # the log is held only where there is something to say, and only for that
        known = await _late_and_over(conn, await _late(conn), today, zone)
    if not known:
        return 0
    async with stopping(database, chain.now), database.write() as conn:
        await lock(conn)
        found = await _late_and_over(conn, await _late(conn, [each for each, _, _ in known]), today, zone)
        for each, of, term in found:
            assert of.ended_by is not None and term.ends is not None
            await _entomb(conn, partial(chain.append, conn), each, of, of.ended_by, term.ends.isoformat())
    return len(found)


async def _late(conn: Connection, only: Sequence[Clip] | None = None) -> list[tuple[Clip, int]]:
    """What is kept of originals that were disposed of, with the list (id) of each; `only`: of these, what still is."""
    query = (
        select(clips, disposals.c.list_id)
        .join(disposals, and_(disposals.c.sha256 == clips.c.original, disposals.c.dock == clips.c.dock))
        .where(clips.c.stored_index.is_not(None), clips.c.disposed_index.is_(None))
        # by the films of what was disposed of, not by all that is kept
        .where(clips.c.original.in_(select(disposals.c.sha256)))
        .order_by(clips.c.promised_index)
        .limit(MOST_LOOKED_AT)
    )
    if only is not None:
        query = query.where(clips.c.sha256.in_([each.sha256 for each in only]))
    found = [(clip_of(row), int(row["list_id"])) for row in (await conn.execute(query)).mappings()]
    wanted = None if only is None else {(each.dock, each.sha256) for each in only}
    return [each for each in found if wanted is None or (each[0].dock, each[0].sha256) in wanted]


async def _late_and_over(
    conn: Connection, late: Sequence[tuple[Clip, int]], today: date, zone: timezone
) -> list[tuple[Clip, DisposalList, Term]]:
    """At most so many as a page has; what is held is passed over, however much of it there is."""
    lists = {each: await find_disposal_list(conn, each) for each in {list_id for _, list_id in late}}
    tables = {
        each.agency: await tables_in_force(conn, each.agency, today) for each in lists.values() if each is not None
    }
    found: list[tuple[Clip, DisposalList, Term]] = []
    for start in range(0, len(late), _PAGE):
        page = late[start : start + _PAGE]
        of_page = select(clips).where(clips.c.sha256.in_({each.original for each, _ in page}))
        originals = {(row["dock"], row["sha256"]): row for row in (await conn.execute(of_page)).mappings()}
        for agency, of_it in tables.items():
            of_agency = [
                (each, of) for each, list_id in page if (of := lists[list_id]) is not None and of.agency == agency
            ]
            owners = [clip_of(originals[each.dock, each.original or ""]) for each, _ in of_agency]
            terms = await terms_of(conn, owners, of_it, zone)
            for (each, of), clip in zip(of_agency, owners, strict=True):
                if (term := terms[clip.dock, clip.sha256]).over(today):
                    found.append((each, of, term))
        if len(found) >= _PAGE:
            break
    return found[:_PAGE]


async def is_needed(conn: Connection, sha256: str) -> bool:
    """Whether these bytes belong to something that is still kept: another dock's clip, or a document of a case."""
    live = select(clips.c.sha256).where(
        clips.c.sha256 == sha256, clips.c.stored_index.is_not(None), clips.c.disposed_index.is_(None)
    )
    paper = select(case_documents.c.sha256).where(case_documents.c.sha256 == sha256)
    return (await conn.execute(live.union_all(paper).limit(1))).scalar() is not None


async def _waiting(conn: Connection, list_id: int, version: int) -> DisposalList:
    now = await find_disposal_list(conn, list_id)
    if now is None:
        raise Wrong("没有这份处置清单", "no such list", "list")
    if now.state != DRAWN or now.version != version:
        raise Wrong(
            "这份清单刚被批准或撤回，请重新打开", "the list was approved or withdrawn meanwhile; open it again", "list"
        )
    return now


async def _end(act: Act, now: DisposalList, state: str, index: int, at: str, reason: int | None) -> DisposalList:
    ended = {"state": state, "version": now.version + 1, "ended_by": act.by, "ended_time": at, "ended_index": index}
    this = disposal_lists.c.id == now.id
    await act.conn.execute(update(disposal_lists).where(this).values(**ended, reason=reason))
    found = await find_disposal_list(act.conn, now.id)
    assert found is not None
    return found


def _is(list_id: int, clip: Clip) -> ColumnElement[bool]:
    return and_(
        disposal_rows.c.list_id == list_id, disposal_rows.c.sha256 == clip.sha256, disposal_rows.c.dock == clip.dock
    )


def _row(list_id: int, clip: Clip, term: Term) -> dict[str, object]:
    assert term.ends is not None
    row: dict[str, object] = {"list_id": list_id, "sha256": clip.sha256, "dock": clip.dock, "size": clip.size}
    return row | {"term": term.ends.isoformat(), "why": term.why.value, "state": LISTED, "off_why": None}


def _digest(rows: Sequence[ListedClip]) -> str:
    """SHA-256 over the rows as JSON: names sorted, no spaces, UTF-8."""
    said = [{name: getattr(row, name) for name in ("dock", "sha256", "size", "term", "why")} for row in rows]
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
