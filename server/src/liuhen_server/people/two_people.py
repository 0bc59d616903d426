"""Whether two names of the log are two people: another account of the same officer is the same person."""

from __future__ import annotations

from sqlalchemy import func, select

from liuhen_server.database import Connection
from liuhen_server.people.schema import people

__all__ = ["are_two_people"]


async def are_two_people(conn: Connection, first: str, second: str) -> bool:
    """Two accounts (person-7, person-9), and not both of one officer."""
    if first == second:
        return False
    ids = [int(each.removeprefix("person-")) for each in (first, second) if each.removeprefix("person-").isdigit()]
    query = select(func.count(), func.count(func.distinct(people.c.officer))).where(
        people.c.id.in_(ids), people.c.officer.is_not(None)
    )
    known, different = (await conn.execute(query)).one()
    return bool(known < 2 or different == 2)
