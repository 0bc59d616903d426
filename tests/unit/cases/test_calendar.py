"""Working days follow the State Council's notice, with its days off in lieu; a year without one is said to be provisional."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.calendar import OFFICIAL, Calendar

DAYS = st.dates(date(2005, 1, 1), date(2032, 12, 31))


@pytest.mark.parametrize(
    ("day", "working"),
    [
        ("2026-02-14", True),  # a Saturday that is worked for the Spring Festival
        ("2026-02-16", False),  # the eve
        ("2026-02-23", False),
        ("2026-02-24", True),
        ("2026-02-28", True),  # a Saturday that is worked
        ("2026-05-01", False),
        ("2025-10-01", False),  # National Day and Mid-Autumn together: eight days
        ("2025-10-08", False),
        ("2025-10-11", True),  # a Saturday that is worked
        ("2026-01-01", False),
        ("2026-01-04", True),  # a Sunday that is worked
        ("2024-06-10", False),  # Dragon Boat on a Monday
        ("2026-11-21", False),  # an ordinary Saturday
        ("2026-11-23", True),
    ],
)
def test_days_of_the_notice(day: str, working: bool) -> None:
    assert OFFICIAL.is_working(date.fromisoformat(day)) is working
    assert not OFFICIAL.is_provisional(date.fromisoformat(day))


@pytest.mark.parametrize(
    ("begins", "days", "ends"),
    [
        ("2026-02-12", 5, "2026-02-26"),  # over the Spring Festival: 13, 14 (Saturday, worked), then 24, 25, 26
        ("2025-09-30", 5, "2025-10-14"),  # over National Day: 9, 10, 11 (Saturday, worked), 13, 14
        ("2025-12-29", 3, "2026-01-04"),  # over the year's end: 30, 31, then Sunday the 4th, which is worked
        ("2026-11-20", 1, "2026-11-23"),
        ("2026-11-20", 0, "2026-11-20"),
        ("2026-11-21", 7, "2026-12-01"),
    ],
)
def test_counting_over_holidays(begins: str, days: int, ends: str) -> None:
    counted = OFFICIAL.working_days_after(date.fromisoformat(begins), days)
    assert counted.day.isoformat() == ends
    assert not counted.provisional


def test_a_year_without_a_notice_is_monday_to_friday_and_says_so() -> None:
    counted = OFFICIAL.working_days_after(date(2040, 1, 2), 5)
    assert counted.day == date(2040, 1, 9)
    assert counted.provisional
    assert OFFICIAL.is_provisional(date(1990, 5, 1))


def test_a_count_has_an_end() -> None:
    never = Calendar(lambda _: False)
    with pytest.raises(ValueError, match="2000"):
        OFFICIAL.working_days_after(date(2026, 1, 1), 100_000)
    assert never.working_days_between(date(2026, 1, 1), date(2026, 3, 1)).days == 0
    assert OFFICIAL.working_days_between(date(1, 1, 1), date(9999, 12, 31)).provisional


@given(DAYS, st.integers(0, 120))
def test_counting_back_gives_what_was_counted(begins: date, days: int) -> None:
    due = OFFICIAL.working_days_after(begins, days).day
    assert OFFICIAL.working_days_between(begins, due).days == days
    assert days == 0 or OFFICIAL.is_working(due)


@given(DAYS, st.integers(0, 60))
def test_left_and_overdue_mirror_each_other(day: date, further: int) -> None:
    later = day + timedelta(days=further)
    assert OFFICIAL.working_days_between(later, day).days == -OFFICIAL.working_days_between(day, later).days


@given(DAYS)
def test_the_first_working_day_is_one_and_none_lies_between(day: date) -> None:
    first = OFFICIAL.first_working_from(day).day
    assert OFFICIAL.is_working(first)
    assert all(not OFFICIAL.is_working(day + timedelta(days=n)) for n in range((first - day).days))
