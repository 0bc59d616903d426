"""Major-decision lists (重大执法决定法制审核目录清单): drafted, approved by another person with a day from which they are in force, never changed after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import delete, func, insert, select, update

from liuhen_protocol.case_events import ListApproved
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.approval import check_approval, check_saved, digest_of
from liuhen_server.cases.enforcing import demand_enforcing
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.database import Connection
from liuhen_server.review.criteria import DEFAULT_ROWS, MajorRow, check_major_rows
from liuhen_server.review.reading import rows_of_list
from liuhen_server.review.schema import major_list_rows, major_lists

__all__ = [
    "MajorList",
    "approve_major_list",
    "draft_major_list",
    "find_major_list",
    "major_lists_of",
    "save_major_rows",
]

_NAME = Said("目录", "list")


@dataclass(frozen=True, slots=True)
class MajorList:
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
        return f"major-{self.id}"


async def major_lists_of(conn: Connection, agency: str) -> tuple[MajorList, ...]:
    """The newest first."""
    query = select(major_lists).where(major_lists.c.agency == agency).order_by(major_lists.c.version.desc())
    return tuple(MajorList(**row) for row in (await conn.execute(query)).mappings())


async def find_major_list(conn: Connection, list_id: int) -> MajorList | None:
    if not 0 < list_id < 1 << 63:
        return None
    row = (await conn.execute(select(major_lists).where(major_lists.c.id == list_id))).mappings().one_or_none()
    return None if row is None else MajorList(**row)


async def draft_major_list(acts: Acts, person: Actor, agency: str) -> MajorList:
    """The agency's draft; a new one begins as a copy of its newest list, the first one as the sample rows. A draft binds nobody and is
    not stated.
    """
    async with acts.of(person) as act:
        await demand_enforcing(act.conn, agency)
        earlier = await major_lists_of(act.conn, agency)
        if earlier and earlier[0].approved_by is None:
            return earlier[0]
        query = select(func.max(major_lists.c.version)).where(major_lists.c.agency == agency)
        highest = (await act.conn.execute(query)).scalar()
        row = {"agency": agency, "version": (highest or 0) + 1, "edit": 1, "edited_by": act.by}
        added = await act.conn.execute(insert(major_lists).values(**row, edited_time=act.time))
        assert added.inserted_primary_key is not None
        list_id = int(added.inserted_primary_key[0])
        await _keep_rows(act.conn, list_id, await rows_of_list(act.conn, earlier[0].id) if earlier else DEFAULT_ROWS)
        found = await find_major_list(act.conn, list_id)
    assert found is not None
    return found


async def save_major_rows(acts: Acts, person: Actor, list_id: int, edit: int, rows: Sequence[MajorRow]) -> MajorList:
    """Saves what the form drawn from `edit` says. Raises Wrong: a row is wrong, the list is approved already, or somebody saved
    meanwhile (nothing is overwritten then).
    """
    check_major_rows(rows)
    async with acts.of(person) as act:
        check_saved(await _draft(act.conn, list_id), edit, _NAME)
        await _keep_rows(act.conn, list_id, rows)
        changed = {"edit": edit + 1, "edited_by": act.by, "edited_time": act.time}
        await act.conn.execute(update(major_lists).where(major_lists.c.id == list_id).values(**changed))
        found = await find_major_list(act.conn, list_id)
    assert found is not None
    return found


async def approve_major_list(
    acts: Acts, person: Actor, list_id: int, edit: int, from_day: date, today: date
) -> MajorList:
    """Puts the draft in force from `from_day`. Raises Wrong as `check_approval`, and for rows that cannot be."""
    async with acts.of(person) as act:
        now = await _draft(act.conn, list_id)
        await demand_enforcing(act.conn, now.agency)
        check_approval(now, edit, act.by, from_day, today, await major_lists_of(act.conn, now.agency), _NAME)
        rows = await rows_of_list(act.conn, list_id)
        check_major_rows(rows)
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
        await act.conn.execute(update(major_lists).where(major_lists.c.id == list_id).values(**approved))
        found = await find_major_list(act.conn, list_id)
    assert found is not None
    return found


async def _draft(conn: Connection, list_id: int) -> MajorList:
    now = await find_major_list(conn, list_id)
    if now is None:
        raise Wrong("没有这份目录", "no such list", "list")
    if now.approved_by is not None:
        raise Wrong(
            "已批准的目录不能修改，请另拟新版", "an approved list is never changed: draft a new version", "list"
        )
    return now


async def _keep_rows(conn: Connection, list_id: int, rows: Sequence[MajorRow]) -> None:
    await conn.execute(delete(major_list_rows).where(major_list_rows.c.list_id == list_id))
    values = [
        asdict(row) | {"kinds": " ".join(row.kinds), "list_id": list_id, "place": place}
        for place, row in enumerate(rows)
    ]
    if values:
        await conn.execute(insert(major_list_rows), values)
