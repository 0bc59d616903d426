"""Recording lists (音像记录事项清单): drafted, approved by another person with a day from which they are in force, never changed after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import delete, func, insert, select, update

from liuhen_protocol.case_events import CoverageExcused, ListApproved
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.approval import check_approval, check_saved, digest_of
from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.coverage import ListRow, NeedState, check_rows
from liuhen_server.cases.enforcing import demand_enforcing
from liuhen_server.cases.fields import reason_of
from liuhen_server.cases.reading import list_rows, whole_case
from liuhen_server.cases.record import NoSuchCase, written
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.schema import case_excuses, recording_list_rows, recording_lists
from liuhen_server.database import Connection

__all__ = ["RecordingList", "approve_list", "draft_list", "excuse", "find_list", "lists_of", "save_rows"]

_NAME = Said("清单", "list")


@dataclass(frozen=True, slots=True)
class RecordingList:
    """A version of an agency's list. `approved_by` None: a draft, of which an agency has one at most."""

    id: int
    agency: str
    version: int
    edit: int
    edited_by: str
    edited_time: str
    approved_by: str | None
    approved_time: str | None
    from_day: str | None
    sha256: str | None
    log_index: int | None

    @property
    def name(self) -> str:
        return f"list-{self.id}"


async def lists_of(conn: Connection, agency: str) -> tuple[RecordingList, ...]:
    """The newest first."""
    query = select(recording_lists).where(recording_lists.c.agency == agency)
    rows = (await conn.execute(query.order_by(recording_lists.c.version.desc()))).mappings()
    return tuple(RecordingList(**row) for row in rows)


async def find_list(conn: Connection, list_id: int) -> RecordingList | None:
    if not 0 < list_id < 1 << 63:
        return None
    query = select(recording_lists).where(recording_lists.c.id == list_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else RecordingList(**row)


async def draft_list(acts: Acts, person: Actor, agency: str) -> RecordingList:
    """The agency's draft; a new one begins as a copy of its newest list. A draft binds nobody and is not stated."""
    async with acts.of(person) as act:
        await demand_enforcing(act.conn, agency)
        earlier = await lists_of(act.conn, agency)
        if earlier and earlier[0].approved_by is None:
            return earlier[0]
        highest = (
            await act.conn.execute(
                select(func.max(recording_lists.c.version)).where(recording_lists.c.agency == agency)
            )
        ).scalar()
        added = await act.conn.execute(
            insert(recording_lists).values(
                agency=agency, version=(highest or 0) + 1, edit=1, edited_by=act.by, edited_time=act.time
            )
        )
        assert added.inserted_primary_key is not None
        list_id = int(added.inserted_primary_key[0])
        if earlier:
            await _keep_rows(act.conn, list_id, await list_rows(act.conn, earlier[0].id))
        found = await find_list(act.conn, list_id)
    assert found is not None
    return found


async def save_rows(acts: Acts, person: Actor, list_id: int, edit: int, rows: Sequence[ListRow]) -> RecordingList:
    """Saves what the form drawn from `edit` says. Raises Wrong: a row is wrong, the list is approved already, or somebody saved
    meanwhile (nothing is overwritten then).
    """
    check_rows(rows, CLASSES.values())
    async with acts.of(person) as act:
        now = await _draft(act.conn, list_id)
        check_saved(now, edit, _NAME)
        await _keep_rows(act.conn, list_id, rows)
        changed = {"edit": edit + 1, "edited_by": act.by, "edited_time": act.time}
        await act.conn.execute(update(recording_lists).where(recording_lists.c.id == list_id).values(**changed))
        found = await find_list(act.conn, list_id)
    assert found is not None
    return found


async def approve_list(
    acts: Acts, person: Actor, list_id: int, edit: int, from_day: date, today: date
) -> RecordingList:
    """Puts the draft in force from `from_day`. Raises Wrong: whoever edited it last approves nothing of his own, the day is over
    or is before that of the list in force, the draft was saved since the page was drawn.
    """
    async with acts.of(person) as act:
        now = await _draft(act.conn, list_id)
        await demand_enforcing(act.conn, now.agency)
        others = await lists_of(act.conn, now.agency)
        check_approval(now, edit, act.by, from_day, today, others, _NAME)
        rows = await list_rows(act.conn, list_id)
        check_rows(rows, CLASSES.values())
        digest = digest_of(rows)
        event = ListApproved(now.name, now.agency, now.version, digest, act.by, from_day.isoformat())
        stated = await act.state(event)
        approved = {
            "approved_by": act.by,
            "approved_time": stated.time,
            "from_day": from_day.isoformat(),
            "sha256": digest,
            "log_index": stated.index,
        }
        await act.conn.execute(update(recording_lists).where(recording_lists.c.id == list_id).values(**approved))
        found = await find_list(act.conn, list_id)
    assert found is not None
    return found


async def excuse(acts: Acts, person: Actor, case_id: int, stage: Stage, item: str, reason: str) -> None:
    """Says why something required is not there. Raises Wrong for what is not missing, NoSuchCase."""
    text = reason_of(reason)
    async with acts.of(person) as act:
        whole = await whole_case(act.conn, case_id)
        if whole is None:
            raise NoSuchCase(case_id)
        if whole.case.stage is Stage.ARCHIVED:
            raise Wrong("案卷已归档", "the file is archived", "stage")
        missing = {(need.stage, need.item) for need in whole.needs() if need.state is NeedState.MISSING}
        if (stage, item) not in missing:
            raise Wrong("此项并不缺少，无需说明", "this is not missing: nothing is to be excused", "item")
        said = await act.commit_text("excuse", whole.case.name, text)
        event = CoverageExcused(whole.case.name, stage.value, item, act.by, said.sha256)
        index = await written(act, event, case_id, whole.case.version, "excused", stage, about=item, said_id=said.id)
        row = {"case_id": case_id, "stage": stage, "item": item, "reason": said.id, "by": act.by, "time": act.time}
        await act.conn.execute(insert(case_excuses).values(**row, log_index=index))


async def _draft(conn: Connection, list_id: int) -> RecordingList:
    now = await find_list(conn, list_id)
    if now is None:
        raise Wrong("没有这份清单", "no such list", "list")
    if now.approved_by is not None:
        raise Wrong(
            "已批准的清单不能修改，请另拟新版", "an approved list is never changed: draft a new version", "list"
        )
    return now


async def _keep_rows(conn: Connection, list_id: int, rows: Sequence[ListRow]) -> None:
    await conn.execute(delete(recording_list_rows).where(recording_list_rows.c.list_id == list_id))
    if rows:
        values = [asdict(row) | {"list_id": list_id, "place": place} for place, row in enumerate(rows)]
        await conn.execute(insert(recording_list_rows), values)
