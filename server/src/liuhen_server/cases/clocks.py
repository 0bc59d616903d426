"""The clocks of the law: what starts each, what ends it, how many days, of which kind, and where it is written.

A clock counts from the day after what starts it (民法典 art. 201). Days are working days where the law says so (行政处罚法 art. 85: 二日,
三日, 五日, 七日; 行政强制法 art. 69: ten days and less; 行政许可法 art. 82: all of them), calendar days otherwise. A limit upon the agency
is not moved when it ends on a day off: the earlier day is the safe one. A right of the party is (民法典 art. 203).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from liuhen_server.cases.calendar import OFFICIAL, Calendar
from liuhen_server.cases.said import Said

__all__ = ["CLOCKS", "Clock", "ClockRule", "ClockState", "clocks_of", "document_event", "stage_event"]


def document_event(kind: str) -> str:
    """The day that stands on the first document of this kind."""
    return f"document:{kind}"


def stage_event(stage: str) -> str:
    """The day on which the case first came into this stage."""
    return f"stage:{stage}"


class ClockState(StrEnum):
    RUNNING = "running"
    OVERDUE = "overdue"
    KEPT = "kept"
    MISSED = "missed"  # ended, but after its last day


@dataclass(frozen=True, slots=True)
class ClockRule:
    """`begins`: the first of these events that the case has. `ends`: the earliest of these. `of_party`: a right of the party,
    whose end nobody of the agency misses: it ends by itself.
    """

    key: str
    name: Said
    classes: frozenset[str]
    begins: tuple[str, ...]
    ends: tuple[str, ...]
    days: int
    working: bool
    source: Said
    of_party: bool = False


@dataclass(frozen=True, slots=True)
class Clock:
    """`left`: days after today up to the last one, of the rule's kind; negative when it is over. Of a clock that has ended,
    counted on the day it ended. `provisional`: a day on the way lies in a year without a notice.
    """

    rule: ClockRule
    began: date
    due: date
    ended: date | None
    left: int
    state: ClockState
    provisional: bool


_PENALTY, _LICENCE, _COERCION = frozenset({"penalty"}), frozenset({"licence"}), frozenset({"coercion"})
_ALL = frozenset({"licence", "penalty", "coercion", "levy", "inspection"})


def _law(law: str, english: str, article: str) -> Said:
    return Said(f"《{law}》第{article}条", f"{english}, art. {article}")


_PUBLICITY = Said("行政执法公示制度", "System of publicity")

CLOCKS: tuple[ClockRule, ...] = (
    ClockRule(
        "penalty-decision",
        Said("作出处罚决定", "Decision"),
        _PENALTY,
        (document_event("filing"), stage_event("investigation")),
        (document_event("decision"), stage_event("archived")),
        90,
        False,
        _law("行政处罚法", "Administrative Penalty Law", "60"),
    ),
    ClockRule(
        "keeping",
        Said("先行登记保存的处理决定", "Decision on what is kept"),
        _PENALTY,
        (document_event("keeping"),),
        (document_event("keeping-decision"),),
        7,
        True,
        _law("行政处罚法", "Administrative Penalty Law", "56"),
    ),
    ClockRule(
        "hearing-request",
        Said("当事人可以要求听证", "The party may ask for a hearing"),
        _PENALTY,
        (document_event("hearing-notice"),),
        (document_event("hearing-request"),),
        5,
        True,
        _law("行政处罚法", "Administrative Penalty Law", "64"),
        of_party=True,
    ),
    ClockRule(
        "penalty-service",
        Said("送达处罚决定书", "Service of the decision"),
        _PENALTY,
        (document_event("decision"),),
        (document_event("service-receipt"),),
        7,
        True,
        _law("行政处罚法", "Administrative Penalty Law", "61"),
    ),
    ClockRule(
        "seizure",
        Said("查封、扣押期限", "Term of seal or seizure"),
        _PENALTY | _COERCION,
        (document_event("seizure"),),
        (document_event("release"), document_event("disposal"), document_event("extension")),
        30,
        False,
        _law("行政强制法", "Administrative Coercion Law", "25"),
    ),
    ClockRule(
        "licence-completion",
        Said("一次告知补正或受理", "Telling what is missing, or acceptance"),
        _LICENCE,
        (document_event("application"),),
        (document_event("completion-notice"), document_event("acceptance")),
        5,
        True,
        _law("行政许可法", "Administrative Licence Law", "32"),
    ),
    ClockRule(
        "licence-decision",
        Said("作出许可决定", "Decision"),
        _LICENCE,
        (document_event("acceptance"),),
        (document_event("decision"), stage_event("archived")),
        20,
        True,
        _law("行政许可法", "Administrative Licence Law", "42"),
    ),
    ClockRule(
        "licence-service",
        Said("颁发、送达许可证件", "Delivery of the licence"),
        _LICENCE,
        (document_event("decision"),),
        (document_event("service-receipt"),),
        10,
        True,
        _law("行政许可法", "Administrative Licence Law", "44"),
    ),
    ClockRule(
        "publish-quick",
        Said("公示决定", "Publication of the decision"),
        _PENALTY | _LICENCE,
        (document_event("decision"),),
        (document_event("publication"),),
        7,
        True,
        _PUBLICITY,
    ),
    ClockRule(
        "publish",
        Said("公示决定", "Publication of the decision"),
        _ALL - _PENALTY - _LICENCE,
        (document_event("decision"), document_event("result")),
        (document_event("publication"),),
        20,
        True,
        _PUBLICITY,
    ),
)


def clocks_of(
    enforcement: str,
    events: Mapping[str, date],
    today: date,
    calendar: Calendar = OFFICIAL,
    rules: tuple[ClockRule, ...] = CLOCKS,
) -> tuple[Clock, ...]:
    """The clocks of a case of this class that have started, the ones still running first and the next to end first.

    `events` holds the first day of each event (`document_event`, `stage_event`).
    """
    found = [
        _clock(rule, began, _end(rule, events, began), today, calendar)
        for rule in rules
        if enforcement in rule.classes and (began := _begin(rule, events)) is not None and began <= today
    ]
    return tuple(sorted(found, key=lambda clock: (clock.ended is not None, clock.due, clock.rule.key)))


def _begin(rule: ClockRule, events: Mapping[str, date]) -> date | None:
    return next((events[event] for event in rule.begins if event in events), None)


def _end(rule: ClockRule, events: Mapping[str, date], began: date) -> date | None:
    """What came before the clock started did not end it: a second decision has a clock of its own."""
    return min((events[event] for event in rule.ends if event in events and events[event] >= began), default=None)


def _clock(rule: ClockRule, began: date, ended: date | None, today: date, calendar: Calendar) -> Clock:
    due, provisional = _due(rule, began, calendar)
    until = today if ended is None else min(ended, today)
    if rule.working:
        counted = calendar.working_days_between(until, due)
        left, unsure = counted.days, counted.provisional
    else:
        left, unsure = (due - until).days, False
    state = _state(rule, due, ended, today)
    if state is ClockState.OVERDUE:
        left = min(
            left, -1
        )  # over since Friday evening, on a Saturday no working day was lost yet: it is over all the same
    return Clock(rule, began, due, ended, left, state, provisional or unsure)


def _due(rule: ClockRule, began: date, calendar: Calendar) -> tuple[date, bool]:
    if rule.working:
        counted = calendar.working_days_after(began, rule.days)
        return counted.day, counted.provisional
    due = began + timedelta(days=rule.days)
    if not rule.of_party:
        return due, False
    moved = calendar.first_working_from(due)
    return moved.day, moved.provisional


def _state(rule: ClockRule, due: date, ended: date | None, today: date) -> ClockState:
    if ended is not None and ended <= today:
        return ClockState.KEPT if ended <= due else ClockState.MISSED
    if today <= due:
        return ClockState.RUNNING
    return ClockState.KEPT if rule.of_party else ClockState.OVERDUE
