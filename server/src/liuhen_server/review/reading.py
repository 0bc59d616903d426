"""Rounds of review and lists of major decisions as the database has them, as the rules see them. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import Row, select

from liuhen_server.cases.schema import case_handlers
from liuhen_server.database import Connection
from liuhen_server.decisions.schema import decisions, drafts
from liuhen_server.people.schema import people
from liuhen_server.review.criteria import DEFAULT_ROWS, MajorRow
from liuhen_server.review.rules import Involved, Problem, Round, State, Who
from liuhen_server.review.schema import major_list_rows, major_lists, review_problems, reviews

__all__ = ["heads_in", "involved_in", "major_rows_on", "rounds_of", "rows_of_list", "who_are"]


async def who_are(conn: Connection, numbers: Collection[str]) -> dict[str, Who]:
    """Who is behind these numbers of the log (`person-7`): the officer each is, where one is."""
    ids = {int(each[7:]) for each in numbers if each.startswith("person-") and each[7:].isdigit()}
    rows = await conn.execute(select(people.c.id, people.c.officer).where(people.c.id.in_(ids)))
    officers = {f"person-{row.id}": row.officer for row in rows}
    return {each: Who(each, officers.get(each)) for each in numbers}


async def rounds_of(conn: Connection, case_id: int) -> tuple[Round, ...]:
    """Every round of the case, the first one first."""
    rows = (await conn.execute(select(reviews).where(reviews.c.case_id == case_id).order_by(reviews.c.round))).all()
    known = await who_are(
        conn, {each for row in rows for each in (row.submitted_by, row.taken_by, row.opinion_by) if each is not None}
    )
    problems: dict[int, list[Problem]] = {}
    query = select(review_problems).where(review_problems.c.review_id.in_([row.id for row in rows]))
    for each in await conn.execute(query.order_by(review_problems.c.number)):
        problems.setdefault(each.review_id, []).append(Problem(each.number, each.item, each.answer is not None))
    return tuple(_round(row, known, tuple(problems.get(row.id, ()))) for row in rows)


def _round(row: Row[tuple[object, ...]], known: dict[str, Who], problems: tuple[Problem, ...]) -> Round:
    values = row._mapping
    return Round(
        id=values["id"],
        draft_id=values["draft_id"],
        number=values["round"],
        state=_state(values["outcome"], values["taken_by"]),
        submitted_by=known[values["submitted_by"]],
        submitted_day=values["submitted_day"],
        taken_by=known.get(values["taken_by"]),
        opinion_by=known.get(values["opinion_by"]),
        opinion_day=values["opinion_day"],
        problems=problems,
        stated=values["stated"],
    )


def _state(outcome: str | None, taken_by: str | None) -> State:
    if outcome is not None:
        return State(outcome)
    return State.SUBMITTED if taken_by is None else State.TAKEN


async def involved_in(conn: Connection, case_id: int) -> Involved:
    """Who ever handled the case, and who drafted or submitted in it."""
    officers = select(case_handlers.c.officer_id).where(case_handlers.c.case_id == case_id)
    wrote = select(drafts.c.by).where(drafts.c.case_id == case_id)
    submitted = select(reviews.c.submitted_by).where(reviews.c.case_id == case_id)
    numbers = {*(await conn.execute(wrote)).scalars(), *(await conn.execute(submitted)).scalars()}
    known = await who_are(conn, numbers)
    handlers = frozenset((await conn.execute(officers)).scalars())
    return Involved(handlers, tuple(known[each] for each in sorted(numbers)))


async def heads_in(conn: Connection, case_id: int) -> tuple[Who, ...]:
    """Who decided in the case or allowed a longer term in it: none of them reviews it."""
    decided = select(decisions.c.decided_by).where(decisions.c.case_id == case_id)
    allowed = select(reviews.c.extended_by).where(reviews.c.case_id == case_id, reviews.c.extended_by.is_not(None))
    numbers = {*(await conn.execute(decided)).scalars(), *(await conn.execute(allowed)).scalars()}
    known = await who_are(conn, numbers)
    return tuple(known[each] for each in sorted(numbers))


async def major_rows_on(conn: Connection, agency: str, day: date) -> tuple[int | None, tuple[MajorRow, ...]]:
    """The agency's major-decision list in force that day; without one, `DEFAULT_ROWS` of no list."""
    query = select(major_lists.c.id).where(major_lists.c.agency == agency, major_lists.c.from_day <= day.isoformat())
    newest = query.order_by(major_lists.c.from_day.desc(), major_lists.c.version.desc()).limit(1)
    list_id = (await conn.execute(newest)).scalar()
    if list_id is None:
        return None, DEFAULT_ROWS
    return list_id, await rows_of_list(conn, list_id)


async def rows_of_list(conn: Connection, list_id: int) -> tuple[MajorRow, ...]:
    """The rows of a major-decision list, in their order."""
    rows = select(major_list_rows).where(major_list_rows.c.list_id == list_id).order_by(major_list_rows.c.place)
    return tuple(
        MajorRow(
            item=row.item,
            enforcement=row.enforcement,
            what=row.what,
            kinds=tuple(row.kinds.split()),
            procedure=row.procedure,
            party_kind=row.party_kind,
            least_fen=row.least_fen,
            source=row.source,
            remark=row.remark,
        )
        for row in await conn.execute(rows)
    )
