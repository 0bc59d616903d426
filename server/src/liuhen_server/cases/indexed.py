"""A case as it is found: by its number, its subject, its parties, and who handles it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import select

from liuhen_server.cases.schema import case_handlers, case_parties, cases
from liuhen_server.database import Connection
from liuhen_server.registry.schema import officers
from liuhen_server.search.index import Indexed, put
from liuhen_server.search.words import GAP

__all__ = ["CASE", "cases_to_find", "keep_findable"]

CASE = "case"


async def keep_findable(conn: Connection, case_id: int) -> None:
    """To be called in the act that opened or changed the case."""
    await put(conn, await _documents(conn, [case_id]))


async def cases_to_find(conn: Connection, position: int, most: int) -> tuple[Sequence[Indexed], int | None]:
    """Every case again, from a position on (`search.sources.Source`)."""
    query = select(cases.c.id).where(cases.c.id > position).order_by(cases.c.id).limit(most)
    ids = list((await conn.execute(query)).scalars())
    return await _documents(conn, ids), ids[-1] if len(ids) == most else None


async def _documents(conn: Connection, ids: Sequence[int]) -> list[Indexed]:
    words: dict[int, list[str]] = defaultdict(list)
    about: dict[int, set[str]] = defaultdict(set)
    parties = select(case_parties).where(case_parties.c.case_id.in_(ids)).order_by(case_parties.c.place)
    for row in await conn.execute(parties):
        words[row.case_id] += [row.name, row.code, row.representative]
    handlers = (
        select(case_handlers.c.case_id, officers.c.id, officers.c.name, officers.c.certificate)
        .join(officers, officers.c.id == case_handlers.c.officer_id)
        .where(case_handlers.c.case_id.in_(ids), case_handlers.c.until_time.is_(None))
        .order_by(officers.c.id)
    )
    for handler in await conn.execute(handlers):
        words[handler.case_id] += [handler.name, handler.certificate]
        about[handler.case_id].add(f"officer-{handler.id}")
    found = []
    for case in await conn.execute(select(cases).where(cases.c.id.in_(ids)).order_by(cases.c.id)):
        text = GAP.join(each for each in (case.number, case.title, *words[case.id]) if each)
        found.append(Indexed(CASE, str(case.id), case.agency, case.opened_time, text, frozenset(about[case.id])))
    return found
