"""The figures by SQL: one query a source, added up by the database. The list of cases behind a figure asks the same rows.

`rows` is the only place that says what is counted; the sums group it, the lists filter it, so that the two cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, literal, or_, select, true, union_all
from sqlalchemy.sql.selectable import Subquery

from liuhen_server.cases.schema import case_documents, cases
from liuhen_server.database import Connection
from liuhen_server.decisions.schema import decision_ends, decisions, draft_results, executions
from liuhen_server.statistics.figures import ANY, BEFORE, COURT, Cell, Figure, Part, Source

__all__ = ["MOST_LISTED", "Scope", "cases_behind", "cells_of", "rows"]

MOST_LISTED = 500
_FIRST_DOCUMENTS = ("application", "acceptance", "seizure")
_DECISION_DOCUMENTS = ("decision", "result")


@dataclass(frozen=True, slots=True)
class Scope:
    """What is counted: a year (2026) of one agency; None: of all of them."""

    year: int
    agency: str | None

    @property
    def last(self) -> str:
        return f"{self.year:04d}-12-31"

    def of(self, agency: ColumnElement[str]) -> ColumnElement[bool]:
        return true() if self.agency is None else agency == self.agency

    def holds(self, day: ColumnElement[str]) -> ColumnElement[bool]:
        return and_(day >= f"{self.year:04d}-01-01", day <= self.last)


def rows(source: Source, scope: Scope) -> Select[Any]:
    """What is counted of a source, one row each: agency, enforcement, kind, day, case_id, fen."""
    match source:
        case Source.DECISIONS:
            return _decided(scope)
        case Source.DOCUMENTS:
            return _first_documents(scope)
        case Source.COURT:
            return _asked_the_court(scope)
        case Source.BEFORE:
            return _decided_before(scope)
        case Source.ENDED:
            return _ended(scope)


def _decided(scope: Scope) -> Select[Any]:
    """Made in the year. One that was replaced by the year's end is not counted: its successor is."""
    replaced = exists().where(
        decision_ends.c.decision_id == decisions.c.id,
        decision_ends.c.how == "changed",
        decision_ends.c.replaced_by.is_not(None),
        decision_ends.c.day <= scope.last,
    )
    # a fine and what is confiscated stand in the decision's own row; what a levy brings is the sum of its results
    results = select(func.coalesce(func.sum(draft_results.c.fen), 0)).where(
        draft_results.c.draft_id == decisions.c.draft_id
    )
    fen = case(
        (decisions.c.enforcement == "levy", results.scalar_subquery()),
        else_=decisions.c.fine_fen + decisions.c.confiscated_fen,
    )
    return select(
        decisions.c.agency,
        decisions.c.enforcement,
        decisions.c.kind,
        decisions.c.dated.label("day"),
        decisions.c.case_id,
        fen.label("fen"),
    ).where(scope.holds(decisions.c.dated), scope.of(decisions.c.agency), ~replaced)


def _first_documents(scope: Scope) -> Select[Any]:
    """Once per case and kind, on the day of the first one."""
    return _of_cases(_papers(_FIRST_DOCUMENTS, scope).subquery(), scope)


def _asked_the_court(scope: Scope) -> Select[Any]:
    """Once per case, also where the execution alone says so."""
    executed = (
        select(decisions.c.case_id, literal(COURT).label("kind"), executions.c.day)
        .join(decisions, decisions.c.id == executions.c.decision_id)
        .where(executions.c.how == "court", executions.c.day <= scope.last)
    )
    return _of_cases(union_all(_papers((COURT,), scope), executed).subquery(), scope)


def _papers(kinds: tuple[str, ...], scope: Scope) -> Select[Any]:
    return select(case_documents.c.case_id, case_documents.c.kind, case_documents.c.dated.label("day")).where(
        case_documents.c.kind.in_(kinds), case_documents.c.current, case_documents.c.dated <= scope.last
    )


def _decided_before(scope: Scope) -> Select[Any]:
    """Cases that were past their decision when drafts came: once each, on the day of the first document that says it."""
    papers = (
        select(case_documents.c.case_id, literal(BEFORE).label("kind"), case_documents.c.dated.label("day"))
        .join(cases, cases.c.id == case_documents.c.case_id)
        .where(
            cases.c.decided_before,
            case_documents.c.kind.in_(_DECISION_DOCUMENTS),
            case_documents.c.current,
            case_documents.c.dated <= scope.last,
        )
    )
    return _of_cases(papers.subquery(), scope)


def _of_cases(papers: Subquery, scope: Scope) -> Select[Any]:
    first = (
        select(papers.c.case_id, papers.c.kind, func.min(papers.c.day).label("day"))
        .group_by(papers.c.kind, papers.c.case_id)  # the order of the index
        .having(scope.holds(func.min(papers.c.day)))
        .subquery()
    )
    return (
        select(cases.c.agency, cases.c.enforcement, first.c.kind, first.c.day, first.c.case_id, literal(0).label("fen"))
        .join(cases, cases.c.id == first.c.case_id)
        .where(scope.of(cases.c.agency))
    )


def _ended(scope: Scope) -> Select[Any]:
    return (
        select(
            decisions.c.agency,
            decisions.c.enforcement,
            decision_ends.c.how.label("kind"),
            decision_ends.c.day,
            decisions.c.case_id,
            literal(0).label("fen"),
        )
        .join(decisions, decisions.c.id == decision_ends.c.decision_id)
        .where(
            decision_ends.c.how.in_(("revoked", "void")), scope.holds(decision_ends.c.day), scope.of(decisions.c.agency)
        )
    )


async def cells_of(conn: Connection, scope: Scope) -> tuple[Cell, ...]:
    """Everything that is counted in this scope, added up by agency, source, class, kind and month."""
    found = []
    for source in Source:
        each = rows(source, scope).subquery()
        month = func.substr(each.c.day, 6, 2).label("month")
        counted = select(each.c.agency, each.c.enforcement, each.c.kind, month, each.c.fen).subquery()
        keys = (counted.c.agency, counted.c.enforcement, counted.c.kind, counted.c.month)
        query = select(*keys, func.count(), func.sum(counted.c.fen)).group_by(*keys)
        found += [
            Cell(agency, source, enforcement, kind, at, int(count), int(fen or 0))
            for agency, enforcement, kind, at, count, fen in await conn.execute(query)
        ]
    return tuple(found)


async def cases_behind(
    conn: Connection, figure: Figure, scope: Scope, limit: int = MOST_LISTED
) -> tuple[tuple[int, str, int], ...]:
    """What a figure counts: (case, day, fen), newest first, one for each that was counted."""
    queries = []
    for part in figure.parts:
        counted = rows(part.source, scope).subquery()
        queries.append(select(counted.c.case_id, counted.c.day, counted.c.fen).where(_has(counted, part)))
    every = union_all(*queries).subquery()
    query = select(every.c.case_id, every.c.day, every.c.fen).order_by(every.c.day.desc(), every.c.case_id.desc())
    return tuple((int(row[0]), row[1], int(row[2] or 0)) for row in await conn.execute(query.limit(limit)))


def _has(counted: Subquery, part: Part) -> ColumnElement[bool]:
    """`Part.has`, as SQL: a test holds the two together."""
    return and_(
        counted.c.kind.in_(sorted(part.kinds)),
        true() if part.enforcement == ANY else counted.c.enforcement == part.enforcement,
        or_(literal(part.unlike) == "", counted.c.enforcement != part.unlike),
    )
