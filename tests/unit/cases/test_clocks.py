"""The clocks of the law: days of the right kind, over holidays and the year's end, ended by what ends them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.clocks import CLOCKS, Clock, ClockState, clocks_of

D = date.fromisoformat


def one(key: str, events: dict[str, str], today: str, enforcement: str = "penalty") -> Clock:
    found = clocks_of(enforcement, {name: D(day) for name, day in events.items()}, D(today))
    (clock,) = [each for each in found if each.rule.key == key]
    return clock


@pytest.mark.parametrize(
    ("key", "begins", "began", "due"),
    [
        # 90 calendar days from filing, wherever they end
        ("penalty-decision", "document:filing", "2026-01-05", "2026-04-05"),
        ("penalty-decision", "document:filing", "2025-11-30", "2026-02-28"),
        (
            "penalty-decision",
            "document:filing",
            "2025-07-03",
            "2025-10-01",
        ),  # a holiday: the agency's limit is not moved
        # registered keeping: seven working days
        ("keeping", "document:keeping", "2026-11-20", "2026-12-01"),
        (
            "keeping",
            "document:keeping",
            "2026-02-12",
            "2026-02-28",
        ),  # Spring Festival, with two Saturdays that are worked
        ("keeping", "document:keeping", "2025-09-30", "2025-10-16"),  # National Day
        ("keeping", "document:keeping", "2025-12-29", "2026-01-08"),  # the year's end
        # a hearing is asked for within five working days
        ("hearing-request", "document:hearing-notice", "2026-04-30", "2026-05-11"),  # Labour Day; the 9th is worked
        ("penalty-service", "document:decision", "2026-11-20", "2026-12-01"),
        ("seizure", "document:seizure", "2026-01-31", "2026-03-02"),
    ],
)
def test_last_days(key: str, begins: str, began: str, due: str) -> None:
    clock = one(key, {begins: began}, began)
    assert (clock.due.isoformat(), clock.state, clock.ended) == (due, ClockState.RUNNING, None)
    assert not clock.provisional


def test_the_day_counts_down_and_then_below_zero() -> None:
    events = {"document:keeping": "2026-11-20"}
    assert [one("keeping", events, day).left for day in ("2026-11-20", "2026-11-23", "2026-11-30", "2026-12-01")] == [
        7,
        6,
        1,
        0,
    ]
    late = one("keeping", events, "2026-12-03")
    assert (late.left, late.state) == (-2, ClockState.OVERDUE)


def test_what_ends_it_ends_it() -> None:
    events = {"document:filing": "2026-01-05", "document:decision": "2026-03-01"}
    assert one("penalty-decision", events, "2026-11-01").state is ClockState.KEPT
    assert (
        one("penalty-decision", {**events, "document:decision": "2026-04-06"}, "2026-11-01").state is ClockState.MISSED
    )
    assert one("penalty-decision", {**events, "document:decision": "2026-04-06"}, "2026-11-01").left == -1
    planned = one("penalty-decision", {**events, "document:decision": "2026-04-02"}, "2026-02-01")
    assert planned.state is ClockState.RUNNING  # the day on the document has not come


def test_a_decision_from_before_the_filing_ends_nothing() -> None:
    events = {"document:filing": "2026-01-05", "document:decision": "2025-12-01"}
    assert one("penalty-decision", events, "2026-01-06").ended is None


def test_filing_is_the_document_or_else_the_stage() -> None:
    assert one("penalty-decision", {"stage:investigation": "2026-01-09"}, "2026-01-09").began == D("2026-01-09")
    both = {"stage:investigation": "2026-01-09", "document:filing": "2026-01-05"}
    assert one("penalty-decision", both, "2026-01-09").began == D("2026-01-05")


def test_a_right_of_the_party_ends_by_itself() -> None:
    clock = one("hearing-request", {"document:hearing-notice": "2026-11-02"}, "2026-12-20")
    assert (clock.state, clock.ended) == (ClockState.KEPT, None)


def test_a_year_without_a_notice_is_provisional() -> None:
    assert one("keeping", {"document:keeping": "2039-12-28"}, "2039-12-28").provisional
    assert not one("penalty-decision", {"document:filing": "2039-12-28"}, "2039-12-28").provisional  # calendar days


def test_clocks_that_run_stand_before_those_that_ended() -> None:
    events = {
        "document:filing": "2026-01-05",
        "document:keeping": "2026-01-05",
        "document:keeping-decision": "2026-01-06",
    }
    found = clocks_of("penalty", {name: D(day) for name, day in events.items()}, D("2026-01-07"))
    assert [clock.rule.key for clock in found] == ["penalty-decision", "keeping"]


def test_every_clock_begins_and_ends_with_what_its_classes_have() -> None:
    for rule in CLOCKS:
        for key in rule.classes:
            table = CLASSES[key].table
            has = {f"document:{kind.key}" for row in table for kind in row.documents}
            has |= {f"stage:{row.stage}" for row in table} | {"stage:archived"}
            assert has & set(rule.begins), (rule.key, key)
            assert has & set(rule.ends), (rule.key, key)


@settings(deadline=None)  # the first year that is asked for is read from the notice
@given(st.dates(date(2015, 1, 1), date(2030, 12, 31)), st.integers(0, 400))
def test_the_state_says_what_the_days_say(began: date, later: int) -> None:
    events = {"document:filing": began, "document:keeping": began, "document:seizure": began}
    found = clocks_of("penalty", events, began + timedelta(days=later))
    assert len(found) == 3
    for clock in found:
        assert (clock.state is ClockState.OVERDUE) == (clock.left < 0)
        assert clock.due >= clock.began
