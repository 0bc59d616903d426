"""Which clip belongs to which case: linked by a person, by hand, in bulk or on a suggestion; unlinked with a reason, and the history stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from sqlalchemy import ColumnElement, Select, and_, exists, insert, select, update

from liuhen_protocol.case_events import ClipLinked, ClipUnlinked
from liuhen_protocol.statement import Subject
from liuhen_server.acts import Act, Actor, Acts
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import Method
from liuhen_server.cases.fields import reason_of
from liuhen_server.cases.reading import Case, Link, case_of, find_case, link_of, list_rows
from liuhen_server.cases.record import open_for_work, written
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import case_clips, cases
from liuhen_server.custody.evidence import ORIGINAL, Clip, find_clip
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.registry.agencies import agency_of_dock

__all__ = [
    "HOW",
    "MOST_AT_ONCE",
    "Goal",
    "history_of_clip",
    "is_linked",
    "link_clips",
    "links_of_clips",
    "method_of",
    "unlink_clip",
    "unlinked",
]

MOST_AT_ONCE = 200
HOW = ("hand", "bulk", "suggestion")

_METHODS = {
    **dict.fromkeys((".mp4", ".mov", ".avi", ".mkv", ".ts", ".3gp", ".m4v", ".webm", ".h264"), Method.VIDEO),
    **dict.fromkeys((".mp3", ".wav", ".m4a", ".aac", ".amr", ".ogg"), Method.AUDIO),
    **dict.fromkeys((".jpg", ".jpeg", ".png", ".bmp", ".heic"), Method.PHOTO),
}


@dataclass(frozen=True, slots=True)
class Goal:
    """Where clips are linked to. `item`: the row of the case's recording list, empty for the stage alone."""

    case_id: int
    stage: Stage
    item: str = ""


def method_of(name: str) -> Method | None:
    """What a clip of this name is; None for what is no recording (a recorder's own log), which covers no row of a list."""
    return _METHODS.get(PurePosixPath(name).suffix.lower())


async def link_clips(
    acts: Acts, person: Actor, goal: Goal, wanted: Sequence[tuple[str, str]], how: str
) -> tuple[int, int]:
    """Links clips ((dock, sha256) each), all or none. Returns how many were linked and how many were already. Raises Wrong: a
    clip of another agency, a stage or row the case does not have, too many; NoSuchCase.
    """
    if how not in HOW:
        raise ValueError(how)
    distinct = list(dict.fromkeys(wanted))
    if not distinct:
        raise Wrong("请先选择音像记录", "choose clips first", "clips")
    if len(distinct) > MOST_AT_ONCE:
        raise Wrong(f"一次最多关联 {MOST_AT_ONCE} 段", f"at most {MOST_AT_ONCE} clips at once", "clips")
    linked = 0
    async with acts.of(person) as act:
        case = await open_for_work(act.conn, goal.case_id)
        await _check_goal(act.conn, case, goal)
        agencies: dict[str, str | None] = {}
        for dock, sha256 in distinct:
            clip = await find_clip(act.conn, dock, sha256)
            if dock not in agencies:
                agencies[dock] = await agency_of_dock(act.conn, dock)
            if clip is not None and clip.disposed_index is not None:
                raise Wrong("有一段音像记录已经处置", "one of the clips was disposed of", "clips")
            if clip is None or clip.kind != ORIGINAL or agencies[dock] != case.agency:
                raise Wrong(
                    "有一段音像记录不存在，或不属于本案的执法主体",
                    "one of the clips does not exist, or is not of this case's agency",
                    "clips",
                )
            linked += await _link(act, case, goal, clip, how)
    return linked, len(distinct) - linked


async def unlink_clip(acts: Acts, person: Actor, case_id: int, link_id: int, reason: str) -> Link:
    """Raises Wrong without a reason, for a link that has ended already, and for an archived case; NoSuchCase."""
    text = reason_of(reason)
    async with acts.of(person) as act:
        case = await open_for_work(act.conn, case_id)
        query = select(case_clips).where(case_clips.c.id == link_id, case_clips.c.case_id == case_id)
        row = (await act.conn.execute(query)).mappings().one_or_none() if 0 < link_id < 1 << 63 else None
        if row is None or row["unlinked_time"] is not None:
            raise Wrong("这段音像记录已不在本案中", "this clip is not in this case any more", "link")
        link = link_of(row)
        clip = await find_clip(act.conn, link.dock, link.sha256)
        assert clip is not None, "clips are never deleted from their table"
        said = await act.commit_text("reason", case.name, text)
        event = ClipUnlinked(case.name, link.stage.value, link.item or None, act.by, said.sha256)
        index = await written(
            act,
            event,
            case_id,
            case.version,
            "unlinked",
            link.stage,
            about=_place(clip),
            said_id=said.id,
            subject=_subject(clip),
        )
        ended = {"unlinked_time": act.time, "unlinked_by": act.by, "unlinked_index": index, "reason": said.id}
        await act.conn.execute(update(case_clips).where(case_clips.c.id == link_id).values(**ended))
        after = (await act.conn.execute(query)).mappings().one()
    return link_of(after)


async def links_of_clips(conn: Connection, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], list[Case]]:
    """The cases that each of these clips ((dock, sha256)) belongs to now."""
    digests = {sha256 for _, sha256 in wanted}
    query = (
        select(cases, case_clips.c.dock.label("clip_dock"), case_clips.c.sha256.label("clip_sha256"))
        .join(case_clips, case_clips.c.case_id == cases.c.id)
        .where(case_clips.c.sha256.in_(digests), case_clips.c.unlinked_time.is_(None))
        .order_by(cases.c.id)
    )
    found: dict[tuple[str, str], list[Case]] = {}
    for row in (await conn.execute(query)).mappings():
        here = found.setdefault((row["clip_dock"], row["clip_sha256"]), [])
        case = case_of(row)
        if case not in here:
            here.append(case)
    return found


async def history_of_clip(conn: Connection, dock: str, sha256: str) -> tuple[tuple[Link, Case], ...]:
    """Every case a clip belongs or belonged to, the newest first."""
    query = select(case_clips).where(case_clips.c.sha256 == sha256, case_clips.c.dock == dock)
    links = [link_of(row) for row in (await conn.execute(query.order_by(case_clips.c.id.desc()))).mappings()]
    found: list[tuple[Link, Case]] = []
    for link in links:
        case = await find_case(conn, link.case_id)
        assert case is not None
        found.append((link, case))
    return tuple(found)


def is_linked() -> ColumnElement[bool]:
    """For the WHERE of a query over `clips`: it belongs to a case now."""
    return exists(
        select(case_clips.c.id).where(
            case_clips.c.sha256 == clips.c.sha256,
            case_clips.c.dock == clips.c.dock,
            case_clips.c.unlinked_time.is_(None),
        )
    )


def unlinked(before: str) -> Select[tuple[object, ...]]:
    """Originals collected before that time (as statements write it) that belong to no case, the oldest first."""
    old = and_(clips.c.kind == ORIGINAL, clips.c.collected_time < before, ~is_linked())
    return select(clips).where(old).order_by(clips.c.collected_time, clips.c.promised_index)


async def _check_goal(conn: Connection, case: Case, goal: Goal) -> None:
    if goal.stage not in case.rules.stages:
        raise Wrong("本案没有这个环节", "this case has no such stage", "stage")
    if not goal.item:
        return
    rows = () if case.list_id is None else await list_rows(conn, case.list_id)
    if not any(
        row.item == goal.item and row.stage is goal.stage and row.enforcement == case.enforcement for row in rows
    ):
        raise Wrong("清单中没有这一项", "the recording list has no such row", "item")


async def _link(act: Act, case: Case, goal: Goal, clip: Clip, how: str) -> bool:
    """False where it is linked there already."""
    now = select(case_clips.c.id).where(
        case_clips.c.case_id == case.id,
        case_clips.c.sha256 == clip.sha256,
        case_clips.c.dock == clip.dock,
        case_clips.c.stage == goal.stage,
        case_clips.c.item == goal.item,
        case_clips.c.unlinked_time.is_(None),
    )
    if (await act.conn.execute(now)).scalar() is not None:
        return False
    event = ClipLinked(case.name, goal.stage.value, goal.item or None, act.by, how, None)
    index = await written(
        act, event, case.id, case.version, "linked", goal.stage, about=_place(clip), subject=_subject(clip)
    )
    await act.conn.execute(
        insert(case_clips).values(
            case_id=case.id,
            sha256=clip.sha256,
            dock=clip.dock,
            stage=goal.stage,
            item=goal.item,
            method=method_of(clip.name) or "",
            how=how,
            linked_time=act.time,
            linked_by=act.by,
            linked_index=index,
        )
    )
    return True


def _subject(clip: Clip) -> Subject:
    return Subject(clip.name, clip.sha256, clip.sm3)


def _place(clip: Clip) -> str:
    """Where a clip's page is, for the case's list of acts."""
    return f"{clip.dock}/{clip.sha256}"[:255]
