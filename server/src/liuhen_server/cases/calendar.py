"""Working days: the State Council's yearly notice (节假日安排, with its 调休) as `chinese_calendar` carries it.

A year whose notice is not in it is counted as Monday to Friday, and whatever was counted through such a day says so:
`provisional`. Where the law gives days, the day something begins is not counted (民法典 art. 201).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta, timezone
from functools import lru_cache

import chinese_calendar

__all__ = ["CHINA", "OFFICIAL", "Calendar", "Counted", "Due", "announced"]

CHINA = timezone(timedelta(hours=8), "UTC+08:00")
"""The zone whose days are counted."""

LONGEST = 2_000
"""Days one count may go over: more than five years, which no clock of the law has."""


@dataclass(frozen=True, slots=True)
class Counted:
    """`days` may be negative: so many days too late. `provisional`: a year on the way was not announced yet."""

    days: int
    provisional: bool


@dataclass(frozen=True, slots=True)
class Due:
    day: date
    provisional: bool


@lru_cache(maxsize=4_096)
def announced(day: date) -> bool | None:
    """Whether the notice makes this a working day; None for a year without a notice."""
    try:
        return bool(chinese_calendar.is_workday(day))
    except NotImplementedError:
        return None


@dataclass(frozen=True, slots=True)
class Calendar:
    """`says` answers for one day as `announced` does."""

    says: Callable[[date], bool | None] = announced

    def is_working(self, day: date) -> bool:
        said = self.says(day)
        return day.weekday() < 5 if said is None else said

    def is_provisional(self, day: date) -> bool:
        return self.says(day) is None

    def working_days_after(self, begins: date, days: int) -> Due:
        """The day on which the `days`-th working day after `begins` ends; `begins` itself is not counted. Zero days end on
        `begins`. Raises ValueError for a count beyond `LONGEST`.
        """
        if not 0 <= days <= LONGEST:
            raise ValueError(f"{days} working days: a count goes from 0 to {LONGEST}")
        return _after(self.says, begins, days)

    def first_working_from(self, day: date) -> Due:
        """`day`, or the first working day after it."""
        provisional = self.is_provisional(day)
        while not self.is_working(day):
            day += timedelta(days=1)
            provisional |= self.is_provisional(day)
        return Due(day, provisional)

    def working_days_between(self, today: date, due: date) -> Counted:
        """How many working days are left after `today` up to and with `due`; negative where `due` is over."""
        sign = 1 if due >= today else -1
        earlier, later = min(today, due), max(today, due)
        if (later - earlier).days > LONGEST:  # so old that nobody counts its working days: the weeks say enough
            return Counted(sign * ((later - earlier).days * 5 // 7), True)
        counted = _counted(self.says, earlier, later)
        return Counted(sign * counted.days, counted.provisional)


@lru_cache(maxsize=16_384)
def _counted(says: Callable[[date], bool | None], earlier: date, later: date) -> Counted:
    """The same few days are asked about for every case of a county."""
    days, provisional = 0, False
    for step in range(1, (later - earlier).days + 1):
        day = earlier + timedelta(days=step)
        said = says(day)
        provisional |= said is None
        days += day.weekday() < 5 if said is None else said
    return Counted(days, provisional)


@lru_cache(maxsize=16_384)
def _after(says: Callable[[date], bool | None], begins: date, days: int) -> Due:
    day, left, provisional = begins, days, False
    while left:
        day += timedelta(days=1)
        said = says(day)
        provisional |= said is None
        left -= day.weekday() < 5 if said is None else said
    return Due(day, provisional)


OFFICIAL = Calendar()
