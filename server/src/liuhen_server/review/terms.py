"""How long a review may take: seven working days from complete material, three more for a complicated case where the head allows them.

Liaoning's rule (辽宁省重大行政执法决定法制审核办法) as it is quoted; another province has another. Counted as every clock is.
"""

from __future__ import annotations

from datetime import date

from liuhen_server.cases.calendar import OFFICIAL, Calendar
from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.clocks import Clock, ClockRule, clocks_of
from liuhen_server.cases.said import Said

__all__ = ["DAYS", "MORE_DAYS", "clock_of"]

DAYS, MORE_DAYS = 7, 3
_BEGINS, _ENDS = "review:submitted", "review:opinion"
_SOURCE = Said("辽宁省重大行政执法决定法制审核办法", "Liaoning's rules on legal review")
_ANY = next(iter(CLASSES))
_USUAL = ClockRule(
    "legal-review", Said("法制审核", "Legal review"), frozenset(CLASSES), (_BEGINS,), (_ENDS,), DAYS, True, _SOURCE
)
_LONGER = ClockRule(
    "legal-review",
    Said("法制审核（已批准延长）", "Legal review (extended)"),
    frozenset(CLASSES),
    (_BEGINS,),
    (_ENDS,),
    DAYS + MORE_DAYS,
    True,
    _SOURCE,
)


def clock_of(
    submitted: date, opinion: date | None, today: date, calendar: Calendar = OFFICIAL, *, extended: bool = False
) -> Clock:
    """The clock of one round; `opinion` None: it has none yet. A day after `today` is not there yet."""
    events = {_BEGINS: submitted} | ({} if opinion is None else {_ENDS: opinion})
    (clock,) = clocks_of(_ANY, events, max(today, submitted), calendar, (_LONGER if extended else _USUAL,))
    return clock
