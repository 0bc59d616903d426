"""The clock of one round: seven working days from complete material, three more for a complicated case where the head allows them.

How many and where that is written stands in the one table of deadlines; here a round is counted as every clock of a case is, so that it
is shown as they are.
"""

from __future__ import annotations

from datetime import date

from liuhen_server.cases.calendar import OFFICIAL, Calendar
from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.clocks import Clock, ClockRule, clocks_of
from liuhen_server.deadlines.deadline import Rule
from liuhen_server.deadlines.rules import REVIEW, REVIEW_EXTENDED

__all__ = ["clock_of"]

_BEGINS, _ENDS = "review:submitted", "review:opinion"
_ANY = next(iter(CLASSES))


def clock_of(
    submitted: date, opinion: date | None, today: date, calendar: Calendar = OFFICIAL, *, extended: bool = False
) -> Clock:
    """`opinion` None: it has none yet. A round that is submitted today has all of its days."""
    events = {_BEGINS: submitted} | ({} if opinion is None else {_ENDS: opinion})
    rule = _as_clock(REVIEW_EXTENDED if extended else REVIEW)
    (clock,) = clocks_of(_ANY, events, max(today, submitted), calendar, (rule,))
    return clock


def _as_clock(rule: Rule) -> ClockRule:
    assert rule.days is not None
    return ClockRule(
        rule.key, rule.name, frozenset(CLASSES), (_BEGINS,), (_ENDS,), rule.days, rule.working, rule.source
    )
