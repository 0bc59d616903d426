"""Whom to remind on a day, and of how much: one pure rule.

On a working day, a person hears of what he must do when three working days are left, when one is left, on the last day, and each
working day from then on; heads hear each working day what is overdue in their agency, the justice department what is overdue in all
of them, and so do groups. What fell on a day on which nothing could be sent is told on the next. A person gets one message a day at
the most; on days off nobody gets any.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from liuhen_server.cases.calendar import Calendar
from liuhen_server.deadlines.deadline import Deadline, Somebody, concerns
from liuhen_server.people.roles import Role

__all__ = ["Addressee", "Message", "Moment", "messages_of", "moment_of"]


class Moment(IntEnum):
    """How near the last day is. Each begins one more reminder; OVERDUE one every working day."""

    FAR = 0
    THREE_DAYS = 1
    ONE_DAY = 2
    LAST_DAY = 3
    OVERDUE = 4


@dataclass(frozen=True, slots=True)
class Addressee:
    """Who is reminded. `key`: person-7, or webhook-<name>. `person` None: a group, told of `agencies` or (None) of all. `last`: the day of
    the last reminder that was sent to it.
    """

    key: str
    person: Somebody | None = None
    agencies: frozenset[str] | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Message:
    """`soon`: within three working days. `own`: what the person himself must do, the most urgent first; empty for a group."""

    to: str
    day: date
    overdue: int
    last_day: int
    soon: int
    own: tuple[Deadline, ...] = ()


def moment_of(due: date, day: date, calendar: Calendar) -> Moment:
    """By working days, also where the term counts calendar days: what ends on a Sunday is told of on the Friday before."""
    if due < day:
        return Moment.OVERDUE
    left = calendar.working_days_between(day, due).days
    return (Moment.LAST_DAY, Moment.ONE_DAY, Moment.THREE_DAYS, Moment.THREE_DAYS, Moment.FAR)[min(left, 4)]


def messages_of(
    due: Sequence[Deadline], addressees: Iterable[Addressee], day: date, calendar: Calendar
) -> tuple[Message, ...]:
    """The messages of this day; none on a day off, none to somebody who had his already."""
    if not calendar.is_working(day):
        return ()
    moments = [(each, moment_of(each.due, day, calendar)) for each in due]
    near = [(each, moment) for each, moment in moments if moment is not Moment.FAR]
    found = (_message(near, addressee, day, calendar) for addressee in addressees)
    return tuple(message for message in found if message is not None)


def _message(near: Sequence[tuple[Deadline, Moment]], to: Addressee, day: date, calendar: Calendar) -> Message | None:
    if to.last is not None and to.last >= day:
        return None
    told = [(each, moment) for each, moment in near if _tells(to, each, moment)]
    if not any(_is_new(each, moment, to.last, calendar) for each, moment in told):
        return None
    count = {moment: sum(held is moment for _, held in told) for moment in Moment}
    own = tuple(each for each, _ in told if to.person is not None and concerns(to.person, each))
    soon = count[Moment.ONE_DAY] + count[Moment.THREE_DAYS]
    return Message(to.key, day, count[Moment.OVERDUE], count[Moment.LAST_DAY], soon, own)


def _tells(to: Addressee, deadline: Deadline, moment: Moment) -> bool:
    if to.person is None:
        return to.agencies is None or deadline.agency in to.agencies
    if concerns(to.person, deadline):
        return True
    if moment is not Moment.OVERDUE:
        return False
    in_charge = Role.HEAD in to.person.roles and (
        to.person.agency == deadline.agency or deadline.agency in to.person.before
    )
    return in_charge or Role.JUSTICE_SUPERVISOR in to.person.roles


def _is_new(deadline: Deadline, moment: Moment, last: date | None, calendar: Calendar) -> bool:
    """Whether it is nearer than when somebody was reminded last; what began since was not there then."""
    if moment is Moment.OVERDUE or last is None or deadline.began >= last:
        return True
    return moment_of(deadline.due, last, calendar) is not moment
