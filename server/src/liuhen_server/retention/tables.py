"""An agency's own terms (保存期限表): drafted, approved by another person with a day from which they are in force, never changed after.

No row can say less than the floor (`terms.check_table`); whoever puts one into the database all the same gets the floor.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import delete, insert, select, update

from liuhen_protocol.case_events import ListApproved
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.approval import check_approval, check_saved, digest_of
from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.enforcing import demand_enforcing
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.database import Connection
from liuhen_server.registry.agencies import codes_of
from liuhen_server.retention.schema import retention_rows, retention_tables
from liuhen_server.retention.terms import DEFAULT, Table, TermRow, check_table

__all__ = [
    "TermsTable",
    "approve_table",
    "draft_table",
    "find_table",
    "save_table",
    "table_in_force",
    "tables_in_force",
    "tables_of",
]

_NAME = Said("期限表", "table")


@dataclass(frozen=True, slots=True)
class TermsTable:
    """A version of an agency's terms. `approved_by` None: a draft, of which an agency has one at most."""

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
    table: Table

    @property
    def name(self) -> str:
        return f"terms-{self.id}"


async def tables_of(conn: Connection, agency: str) -> tuple[TermsTable, ...]:
    """The newest first."""
    query = select(retention_tables.c.id).where(retention_tables.c.agency == agency)
    ids = (await conn.execute(query.order_by(retention_tables.c.version.desc()))).scalars().all()
    found = [await find_table(conn, each) for each in ids]
    return tuple(each for each in found if each is not None)


async def find_table(conn: Connection, table_id: int) -> TermsTable | None:
    if not 0 < table_id < 1 << 63:
        return None
    query = select(retention_tables).where(retention_tables.c.id == table_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        return None
    names = [each for each in TermsTable.__dataclass_fields__ if each != "table"]
    rows = await conn.execute(
        select(retention_rows).where(retention_rows.c.table_id == table_id).order_by(retention_rows.c.place)
    )
    kept = tuple(TermRow(each.enforcement, each.item, each.years) for each in rows)
    return TermsTable(**{name: row[name] for name in names}, table=Table(row["unlinked_days"], kept))


async def table_in_force(conn: Connection, agency: str, today: date) -> Table:
    query = select(retention_tables.c.id).where(
        retention_tables.c.agency == agency, retention_tables.c.from_day <= today.isoformat()
    )
    newest = query.order_by(retention_tables.c.from_day.desc(), retention_tables.c.version.desc()).limit(1)
    found = (await conn.execute(newest)).scalar()
    held = None if found is None else await find_table(conn, found)
    return DEFAULT if held is None else held.table


async def tables_in_force(conn: Connection, agency: str, today: date) -> tuple[Table, ...]:
    """The agency's and those of the agencies it carries on for: a merger shortens no term. One at the least."""
    codes = [str(each) for each in (await conn.execute(codes_of(agency))).scalars()]
    return tuple([await table_in_force(conn, each, today) for each in codes or [agency]])


async def draft_table(acts: Acts, person: Actor, agency: str) -> TermsTable:
    """The agency's draft; a new one begins as a copy of its newest table. A draft binds nobody and is not stated."""
    async with acts.of(person) as act:
        await demand_enforcing(act.conn, agency)
        earlier = await tables_of(act.conn, agency)
        if earlier and earlier[0].approved_by is None:
            return earlier[0]
        begins = earlier[0].table if earlier else DEFAULT
        row = {"agency": agency, "version": earlier[0].version + 1 if earlier else 1, "edit": 1}
        row |= {"edited_by": act.by, "edited_time": act.time, "unlinked_days": begins.unlinked_days}
        added = await act.conn.execute(insert(retention_tables).values(**row))
        assert added.inserted_primary_key is not None
        table_id = int(added.inserted_primary_key[0])
        await _keep_rows(act.conn, table_id, begins)
        found = await find_table(act.conn, table_id)
    assert found is not None
    return found


async def save_table(acts: Acts, person: Actor, table_id: int, edit: int, table: Table) -> TermsTable:
    """Saves what the form drawn from `edit` says. Raises Wrong: a term below its floor, the table is approved already, or somebody
    saved meanwhile (nothing is overwritten then).
    """
    check_table(table, CLASSES.values())
    async with acts.of(person) as act:
        now = await _draft(act.conn, table_id)
        check_saved(now, edit, _NAME)
        await _keep_rows(act.conn, table_id, table)
        changed = {"edit": edit + 1, "edited_by": act.by, "edited_time": act.time}
        this = retention_tables.c.id == table_id
        await act.conn.execute(
            update(retention_tables).where(this).values(**changed, unlinked_days=table.unlinked_days)
        )
        found = await find_table(act.conn, table_id)
    assert found is not None
    return found


async def approve_table(acts: Acts, person: Actor, table_id: int, edit: int, from_day: date, today: date) -> TermsTable:
    """Puts the draft in force from `from_day`. Raises Wrong: whoever edited it last approves nothing of his own, the day is over
    or before that of the table in force, the draft was saved since the page was drawn.
    """
    async with acts.of(person) as act:
        now = await _draft(act.conn, table_id)
        await demand_enforcing(act.conn, now.agency)
        others = await tables_of(act.conn, now.agency)
        check_approval(now, edit, act.by, from_day, today, others, _NAME)
        check_table(now.table, CLASSES.values())
        digest = digest_of(now.table)
        event = ListApproved(now.name, now.agency, now.version, digest, act.by, from_day.isoformat())
        stated = await act.state(event)
        approved = {"approved_by": act.by, "approved_time": stated.time, "from_day": from_day.isoformat()}
        approved |= {"sha256": digest}
        this = retention_tables.c.id == table_id
        await act.conn.execute(update(retention_tables).where(this).values(**approved, log_index=stated.index))
        found = await find_table(act.conn, table_id)
    assert found is not None
    return found


async def _draft(conn: Connection, table_id: int) -> TermsTable:
    now = await find_table(conn, table_id)
    if now is None:
        raise Wrong("没有这份期限表", "no such table", "table")
    if now.approved_by is not None:
        raise Wrong(
            "已批准的期限表不能修改，请另拟新版", "an approved table is never changed: draft a new version", "table"
        )
    return now


async def _keep_rows(conn: Connection, table_id: int, table: Table) -> None:
    await conn.execute(delete(retention_rows).where(retention_rows.c.table_id == table_id))
    if table.rows:
        values = [asdict(row) | {"table_id": table_id, "place": place} for place, row in enumerate(table.rows)]
        await conn.execute(insert(retention_rows), values)
