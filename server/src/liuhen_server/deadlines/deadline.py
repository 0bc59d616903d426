"""One thing that has to be done by a day, and the seam by which every room says which of its things have to be.

A room hands in a `Source`: what of its tables somebody still has to do, each as a `Deadline` that names its rule with the law behind
it, the day, and who must act. `sources.SOURCES` is the one table of them; pages, reminders and statistics read that alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from sqlalchemy import ColumnElement, true

from liuhen_server.cases.calendar import Calendar
from liuhen_server.cases.said import Said
from liuhen_server.database import Connection
from liuhen_server.people.roles import Role
from liuhen_server.registry.agencies import codes_of

__all__ = ["Deadline", "Rule", "Source", "Standing", "Who", "Within", "by_urgency", "concerns", "last_day", "until"]


class Standing(StrEnum):
    RUNNING = "running"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Rule:
    """`days`: how many, working days where `working`; None where the law gives no count but a day. `source`: where it is written."""

    key: str
    name: Said
    days: int | None
    working: bool
    source: Said


@dataclass(frozen=True, slots=True)
class Who:
    """Who must act: accounts by number (`person-7`), officers by id, and whoever has one of these roles in the agency."""

    people: frozenset[str] = frozenset()
    officers: frozenset[int] = frozenset()
    roles: frozenset[Role] = frozenset()


@dataclass(frozen=True, slots=True)
class Deadline:
    """`about` as the log names it (`case-31`), `name` as people do; `agency` a code; `began` the day it counts from. `left`: days
    after today up to `due`, of the rule's kind, negative when it is over. `provisional`: a day on the way lies in a year without a
    notice. `url`: the page where it is done.
    """

    about: str
    name: str
    agency: str
    who: Who
    rule: Rule
    began: date
    due: date
    left: int
    standing: Standing
    provisional: bool
    url: str

    @property
    def key(self) -> str:
        return f"{self.about} {self.rule.key}"


@dataclass(frozen=True, slots=True)
class Within:
    """How far somebody asks: of one agency (None: of all), of one officer's own cases (None: of everybody's). A source may give more
    of other people's than was asked for, never less.
    """

    calendar: Calendar
    agency: str | None = None
    officer: int | None = None

    def holds(self, agency: ColumnElement[str]) -> ColumnElement[bool]:
        """The WHERE of a source: rows of the agency asked about, and of those it carries on for."""
        return true() if self.agency is None else agency.in_(codes_of(self.agency))


Source = Callable[[Connection, date, Within], Awaitable[Iterable[Deadline]]]


class Somebody(Protocol):
    """What is asked of a person: `accounts.Person` is one."""

    @property
    def number(self) -> str: ...
    @property
    def roles(self) -> frozenset[Role]: ...
    @property
    def agency(self) -> str | None: ...
    @property
    def officer(self) -> int | None: ...
    @property
    def before(self) -> frozenset[str]: ...


def concerns(person: Somebody, deadline: Deadline) -> bool:
    """Whether this person must act. Roles and officers count in the deadline's own agency alone, or its successor."""
    who = deadline.who
    if person.number in who.people:
        return True
    if person.agency != deadline.agency and deadline.agency not in person.before:
        return False
    return (person.officer is not None and person.officer in who.officers) or not who.roles.isdisjoint(person.roles)


def last_day(rule: Rule, began: date, calendar: Calendar) -> tuple[date, bool]:
    """The last day of a rule that counts, and whether it is provisional. The day it begins is not counted (民法典 art. 201)."""
    assert rule.days is not None, rule.key
    if rule.working:
        counted = calendar.working_days_after(began, rule.days)
        return counted.day, counted.provisional
    return date.fromordinal(began.toordinal() + rule.days), False


def until(
    due: date,
    today: date,
    calendar: Calendar,
    *,
    about: str,
    name: str,
    agency: str,
    who: Who,
    rule: Rule,
    began: date,
    url: str,
    provisional: bool = False,
) -> Deadline:
    """The deadline as it stands today."""
    left, unsure = (due - today).days, False
    if rule.working:
        counted = calendar.working_days_between(today, due)
        left, unsure = counted.days, counted.provisional
    standing = Standing.RUNNING if today <= due else Standing.OVERDUE
    if standing is Standing.OVERDUE:
        left = min(left, -1)  # over, although no working day was lost yet
    return Deadline(about, name, agency, who, rule, began, due, left, standing, provisional or unsure, url)


def by_urgency(found: Iterable[Deadline]) -> list[Deadline]:
    """What is overdue first, the longest first; then what ends next."""
    return sorted(found, key=lambda each: (each.due, each.about, each.rule.key))
