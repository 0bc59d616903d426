"""Everything that belongs to the rounds of a case, for whoever shows them: what was submitted, asked, found and answered. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, select

from liuhen_server.acts import said
from liuhen_server.cases.calendar import Calendar
from liuhen_server.cases.clocks import Clock
from liuhen_server.database import Connection
from liuhen_server.review.reading import rounds_of
from liuhen_server.review.rules import Round, State
from liuhen_server.review.schema import review_checks, review_consultations, review_parts, review_problems, reviews
from liuhen_server.review.terms import clock_of

__all__ = ["Answered", "Consultation", "Detail", "details_of", "find_consultation", "texts_of"]


@dataclass(frozen=True, slots=True)
class Consultation:
    """A question to the justice department (prereview), counsel or coordination, and its answer; words are in `said`."""

    id: int
    case_id: int
    review_id: int
    kind: str
    question: int
    asked_by: str
    asked_time: str
    whom: str
    answer: int | None
    answered_by: str | None
    answered_time: str | None

    @property
    def name(self) -> str:
        """How it stands in the log."""
        return f"consultation-{self.id}"


@dataclass(frozen=True, slots=True)
class Answered:
    """A problem of an opinion, and what a handler answered; words are in `said`."""

    number: int
    item: str
    problem: int
    answer: int | None
    answered_by: str | None
    answered_time: str | None


@dataclass(frozen=True, slots=True)
class Detail:
    """One round with all that belongs to it. `parts`: documents' ids by part; `checks`: answers by item. Numbers of words are of `said`."""

    round: Round
    agency: str
    submitted_time: str
    report: int
    taken_time: str | None
    extended_by: str | None
    extended_time: str | None
    extension: int | None
    opinion_time: str | None
    opinion: int | None
    submitted_index: int
    opinion_index: int | None
    parts: Mapping[str, tuple[int, ...]]
    checks: Mapping[str, str]
    problems: tuple[Answered, ...]
    consultations: tuple[Consultation, ...]

    @property
    def words(self) -> frozenset[int]:
        """Every text of it."""
        found = {self.report, self.extension, self.opinion}
        found |= {each for problem in self.problems for each in (problem.problem, problem.answer)}
        found |= {each for asked in self.consultations for each in (asked.question, asked.answer)}
        return frozenset(each for each in found if each is not None)

    @property
    def people(self) -> frozenset[str]:
        """Whoever did something in it."""
        own = self.round
        found = {own.submitted_by.person, self.extended_by, *(each.answered_by for each in self.problems)}
        found |= {each.person for each in (own.taken_by, own.opinion_by) if each is not None}
        found |= {each for asked in self.consultations for each in (asked.asked_by, asked.answered_by)}
        return frozenset(each for each in found if each is not None)

    def clock(self, today: date, calendar: Calendar) -> Clock | None:
        """None for a round that was withdrawn."""
        if self.round.state is State.WITHDRAWN:
            return None
        day = self.round.opinion_day
        return clock_of(
            date.fromisoformat(self.round.submitted_day),
            None if day is None else date.fromisoformat(day),
            today,
            calendar,
            extended=self.extended_by is not None,
        )


async def details_of(conn: Connection, case_id: int) -> tuple[Detail, ...]:
    """The rounds of the case, the newest first."""
    rows = {
        row["id"]: row for row in (await conn.execute(select(reviews).where(reviews.c.case_id == case_id))).mappings()
    }
    parts: dict[int, dict[str, list[int]]] = {}
    for row in await conn.execute(select(review_parts).where(review_parts.c.review_id.in_(rows))):
        parts.setdefault(row.review_id, {}).setdefault(row.part, []).append(row.document_id)
    checks: dict[int, dict[str, str]] = {}
    for row in await conn.execute(select(review_checks).where(review_checks.c.review_id.in_(rows))):
        checks.setdefault(row.review_id, {})[row.item] = row.answer
    problems: dict[int, list[Answered]] = {}
    query = select(review_problems).where(review_problems.c.review_id.in_(rows)).order_by(review_problems.c.number)
    for found in (await conn.execute(query)).mappings():
        problems.setdefault(found["review_id"], []).append(Answered(**_values(found, Answered)))
    asked: dict[int, list[Consultation]] = {}
    questions = select(review_consultations).where(review_consultations.c.case_id == case_id)
    for found in (await conn.execute(questions.order_by(review_consultations.c.id))).mappings():
        asked.setdefault(found["review_id"], []).append(Consultation(**_values(found, Consultation)))
    return tuple(
        Detail(
            round=each,
            **{name: rows[each.id][name] for name in _OWN},
            parts={part: tuple(ids) for part, ids in parts.get(each.id, {}).items()},
            checks=checks.get(each.id, {}),
            problems=tuple(problems.get(each.id, ())),
            consultations=tuple(asked.get(each.id, ())),
        )
        for each in reversed(await rounds_of(conn, case_id))
    )


async def find_consultation(conn: Connection, case_id: int, consultation_id: int) -> Consultation | None:
    own = (review_consultations.c.id == consultation_id) & (review_consultations.c.case_id == case_id)
    row = (await conn.execute(select(review_consultations).where(own))).mappings().one_or_none()
    return None if row is None else Consultation(**_values(row, Consultation))


async def texts_of(conn: Connection, ids: Collection[int]) -> dict[int, str]:
    """What people wrote; empty where it was disposed of."""
    rows = await conn.execute(select(said.c.id, said.c.text).where(said.c.id.in_(set(ids))))
    return {row.id: row.text or "" for row in rows}


_OWN = (
    "agency",
    "submitted_time",
    "report",
    "taken_time",
    "extended_by",
    "extended_time",
    "extension",
    "opinion_time",
    "opinion",
    "submitted_index",
    "opinion_index",
)


def _values(row: RowMapping, kind: type) -> dict[str, Any]:
    return {each.name: row[each.name] for each in fields(kind)}
