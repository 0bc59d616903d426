"""The reviewers of an agency: how many there are for its officers, and whether they hold the legal qualification. It warns and never blocks.

At least 5 % of the officers (the county's plan: 原则上). Whoever reviews penalties for the first time holds the legal qualification
(行政处罚法 art. 58); the rule came with 2018, and who reviewed before is not asked for it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import func, insert, select, update

from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.fields import day_of, one_line
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.people.roles import Role
from liuhen_server.people.schema import people
from liuhen_server.registry.changes import state_row
from liuhen_server.registry.schema import officers
from liuhen_server.review.schema import reviewers

__all__ = ["PERCENT", "Qualified", "Ratio", "Reviewer", "keep_reviewer", "ratio_of", "reviewers_of", "standing"]

PERCENT = 5
ASKED_SINCE = date(2018, 1, 1)
"""行政处罚法 of 2017, art. 38, in force from then on: now art. 58."""


class Qualified(StrEnum):
    """`EXEMPT`: reviewed before the rule; `UNKNOWN`: nobody wrote down since when."""

    QUALIFIED = "qualified"
    EXEMPT = "exempt"
    LACKING = "lacking"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reviewer:
    """An account that may give opinions. `version` 0: nothing was written down of it yet."""

    person_id: int
    name: str
    officer: int | None
    agency: str
    first_day: str | None = None
    qualification: str = ""
    remark: str = ""
    version: int = 0

    @property
    def number(self) -> str:
        return f"person-{self.person_id}"

    @property
    def qualified(self) -> Qualified:
        return standing(self.first_day, self.qualification)


@dataclass(frozen=True, slots=True)
class Ratio:
    """`reviewers`: people, not accounts; `needed`: 5 % of `officers`, and one at least where there are any."""

    reviewers: int
    officers: int

    @property
    def needed(self) -> int:
        return -(-self.officers * PERCENT // 100)

    @property
    def suffices(self) -> bool:
        return self.reviewers >= self.needed

    @property
    def percent(self) -> float | None:
        return None if self.officers == 0 else round(self.reviewers * 100 / self.officers, 1)


def standing(first_day: str | None, qualification: str) -> Qualified:
    if qualification.strip():
        return Qualified.QUALIFIED
    if first_day is None:
        return Qualified.UNKNOWN
    return Qualified.EXEMPT if date.fromisoformat(first_day) < ASKED_SINCE else Qualified.LACKING


def ratio_of(found: Collection[Reviewer], officers: int) -> Ratio:
    """Two accounts of one officer are one person."""
    persons = {("officer", each.officer) if each.officer is not None else ("person", each.person_id) for each in found}
    return Ratio(len(persons), officers)


async def reviewers_of(conn: Connection, agency: str) -> tuple[Reviewer, ...]:
    """Whose account holds the role today, by name."""
    query = (
        select(
            people,
            reviewers.c.first_day,
            reviewers.c.qualification,
            reviewers.c.remark,
            reviewers.c.version.label("kept"),
        )
        .join(reviewers, reviewers.c.person_id == people.c.id, isouter=True)
        .where(people.c.agency == agency, people.c.disabled.is_(False))
        .order_by(people.c.display_name, people.c.id)
    )
    return tuple(
        Reviewer(
            row.id,
            row.display_name,
            row.officer,
            agency,
            row.first_day,
            row.qualification or "",
            row.remark or "",
            row.kept or 0,
        )
        for row in await conn.execute(query)
        if Role.REVIEWER.value in row.roles.split()
    )


async def officers_at_work(conn: Connection, agency: str) -> int:
    query = select(func.count()).where(officers.c.agency == agency, officers.c.active.is_(True))
    return int((await conn.execute(query)).scalar_one())


async def keep_reviewer(
    acts: Acts,
    person: Actor,
    agency: str,
    person_id: int,
    version: int,
    first_day: str,
    qualification: str,
    remark: str,
    today: date,
) -> Reviewer:
    """Writes it down under the version the form was drawn from. Raises Wrong: no reviewer of the agency, somebody saved meanwhile, a day
    that is none or is to come.
    """
    day = day_of(first_day, "first_day").isoformat() if first_day.strip() else None
    if day is not None and day > today.isoformat():
        raise Wrong("日期不能晚于今天", "this day is still to come", "first_day")
    row = {
        "first_day": day,
        "qualification": one_line(qualification, "qualification", 64, empty=True),
        "remark": one_line(remark, "remark", 200, empty=True),
    }
    async with acts.of(person) as act:
        now = next((each for each in await reviewers_of(act.conn, agency) if each.person_id == person_id), None)
        if now is None:
            raise Wrong("不是本机关的法制审核人员", "this is no reviewer of the agency", "person")
        if now.version != version:
            raise Wrong("他人刚保存过，请重新核对", "somebody has saved it since; look at it again", "version")
        what = "changed" if now.version else "created"
        stated = await state_row(act, f"reviewer-{person_id}", version + 1, row, what)
        kept = row | {"version": version + 1, "by": act.by, "time": stated.time, "log_index": stated.index}
        if now.version:
            await act.conn.execute(update(reviewers).where(reviewers.c.person_id == person_id).values(**kept))
        else:
            await act.conn.execute(insert(reviewers).values(person_id=person_id, **kept))
        (found,) = [each for each in await reviewers_of(act.conn, agency) if each.person_id == person_id]
    return found
