"""The notices that were loaded: one for a year, each loading an act with its whole table behind the statement's commitment."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import RowMapping, insert, select, update

from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.calendar import Calendar
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.deadlines.notice import Notice, calendar_with, read_table, table_text
from liuhen_server.deadlines.schema import calendar_notices
from liuhen_server.registry.changes import state_row

__all__ = ["Loaded", "calendar_in_force", "every_notice", "find_notice", "load_notice"]


@dataclass(frozen=True, slots=True)
class Loaded:
    """A notice in force: who loaded this version of it, and which entry of the log says so."""

    notice: Notice
    version: int
    by: str
    time: str
    log_index: int


async def calendar_in_force(conn: Connection) -> Calendar:
    """What everything that counts working days counts by."""
    return calendar_with(each.notice for each in await every_notice(conn))


async def every_notice(conn: Connection) -> tuple[Loaded, ...]:
    """The newest year first."""
    rows = await conn.execute(select(calendar_notices).order_by(calendar_notices.c.year.desc()))
    return tuple(_loaded(row) for row in rows.mappings())


async def find_notice(conn: Connection, year: int) -> Loaded | None:
    query = select(calendar_notices).where(calendar_notices.c.year == year)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _loaded(row)


def _loaded(row: RowMapping) -> Loaded:
    rows = [line.split() for line in row["days"].splitlines()]
    notice = read_table(row["year"], row["number"], rows)
    return Loaded(notice, row["version"], row["by"], row["time"], row["log_index"])


async def load_notice(acts: Acts, person: Actor, notice: Notice, version: int) -> Loaded:
    """Puts it in force, in the place of the `version` of this year that was looked at (0: there was none). Raises Wrong where
    somebody loaded another meanwhile, or this one is in force already.
    """
    async with acts.of(person) as act:
        now = await find_notice(act.conn, notice.year)
        held = 0 if now is None else now.version
        if held != version:
            raise Wrong(
                f"{notice.year} 年的通知刚由他人载入，请重新试算",
                f"somebody else has loaded the notice of {notice.year} since: try it again",
                "version",
            )
        if now is not None and now.notice == notice:
            raise Wrong("与现行内容相同，无须载入", "this is what is in force already", "table")
        number, what = f"calendar-{notice.year}", "changed" if held else "created"
        said = {"year": notice.year, "number": notice.number, "days": table_text(notice)}
        stated = await state_row(act, number, held + 1, said, what)
        row = {"number": notice.number, "days": table_text(notice), "version": held + 1, "by": act.by}
        row |= {"time": stated.time, "log_index": stated.index}
        if held:
            this = calendar_notices.c.year == notice.year
            await act.conn.execute(update(calendar_notices).where(this).values(**row))
        else:
            await act.conn.execute(insert(calendar_notices).values(**row, year=notice.year))
    return Loaded(notice, held + 1, act.by, stated.time, stated.index)
