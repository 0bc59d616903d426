"""Who is reminded of how much on a day: three working days before, one before, on the last day, overdue each working day; never twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_server.cases.calendar import OFFICIAL
from liuhen_server.cases.said import Said
from liuhen_server.deadlines.deadline import Deadline, Rule, Who, until
from liuhen_server.deadlines.reminding import Addressee, Message, Moment, messages_of, moment_of
from liuhen_server.people.accounts import Person
from liuhen_server.people.roles import Role

D = date.fromisoformat
RULE = Rule("r", Said("某事", "thing"), 7, True, Said("某法", "law"))


def person(number: int, *roles: Role, agency: str | None = "scjg", officer: int | None = None) -> Person:
    return Person(number, "p", "P", frozenset(roles), "", False, None, False, agency, officer)


HANDLER = person(7, Role.HANDLER, officer=1)
HEAD = person(4, Role.HEAD)
JUSTICE = person(9, Role.JUSTICE_SUPERVISOR, agency=None)


def due(day: str, agency: str = "scjg", officer: int = 1, began: str = "2025-01-02", name: str = "n") -> Deadline:
    return until(
        D(day),
        D(began),
        OFFICIAL,
        about=f"case-{day}-{agency}-{officer}",
        name=name,
        agency=agency,
        who=Who(officers=frozenset({officer})),
        rule=RULE,
        began=D(began),
        url="/",
    )


def told(deadlines: list[Deadline], who: Person, day: str, last: str | None = None) -> Message | None:
    found = messages_of(deadlines, [Addressee(who.number, who, last=D(last) if last else None)], D(day), OFFICIAL)
    return found[0] if found else None


@pytest.mark.parametrize(
    ("end", "day", "moment"),
    [
        ("2026-12-01", "2026-11-25", Moment.FAR),
        ("2026-12-01", "2026-11-26", Moment.THREE_DAYS),
        (
            "2026-12-01",
            "2026-11-27",
            Moment.THREE_DAYS,
        ),  # two left: it is told on this day where nothing went out on the 26th
        ("2026-12-01", "2026-11-30", Moment.ONE_DAY),
        ("2026-12-01", "2026-12-01", Moment.LAST_DAY),
        ("2026-12-01", "2026-12-02", Moment.OVERDUE),
        ("2026-11-29", "2026-11-27", Moment.LAST_DAY),  # it ends on a Sunday: the Friday is the last day to do it
        ("2026-02-22", "2026-02-14", Moment.LAST_DAY),  # within Spring Festival; the 14th is a Saturday that is worked
        ("2026-02-25", "2026-02-13", Moment.THREE_DAYS),  # 14, 24, 25
        ("2025-10-09", "2025-09-30", Moment.ONE_DAY),  # over National Day
        ("2026-01-04", "2025-12-31", Moment.ONE_DAY),  # over the year's end; the 4th is a Sunday that is worked
        ("2041-01-02", "2040-12-31", Moment.THREE_DAYS),  # a year that nobody knows: Monday to Friday
    ],
)
def test_how_near_the_last_day_is_counts_working_days(end: str, day: str, moment: Moment) -> None:
    assert moment_of(D(end), D(day), OFFICIAL) is moment


def test_a_person_hears_three_days_before_one_day_before_on_the_day_and_while_it_is_overdue() -> None:
    last, heard = None, list[tuple[str, tuple[int, int, int]]]()
    for n in range(14):
        day = (date(2026, 11, 23) + timedelta(days=n)).isoformat()
        if (found := told([due("2026-12-01")], HANDLER, day, last)) is not None:
            heard.append((day, (found.overdue, found.last_day, found.soon)))
            last = day
    assert heard == [
        ("2026-11-26", (0, 0, 1)),
        ("2026-11-30", (0, 0, 1)),
        ("2026-12-01", (0, 1, 0)),
        ("2026-12-02", (1, 0, 0)),
        ("2026-12-03", (1, 0, 0)),
        ("2026-12-04", (1, 0, 0)),
    ]


def test_what_could_not_be_sent_on_its_day_is_told_on_the_next() -> None:
    assert told([due("2026-12-01")], HANDLER, "2026-11-27", "2026-11-25") is not None
    assert told([due("2026-12-01")], HANDLER, "2026-11-27", "2026-11-26") is None
    assert told([due("2026-12-01", began="2026-11-26")], HANDLER, "2026-11-27", "2026-11-26") is not None


def test_the_overdue_goes_to_the_head_of_the_agency_and_to_the_justice_department() -> None:
    ours, theirs, soon = due("2026-11-20"), due("2026-11-19", "jtys"), due("2026-11-24")
    every = [ours, theirs, soon]
    head, justice = told(every, HEAD, "2026-11-23"), told(every, JUSTICE, "2026-11-23")
    assert head is not None and (head.overdue, head.soon, head.own) == (1, 0, ())
    assert justice is not None and (justice.overdue, justice.soon) == (2, 0)
    handler = told(every, HANDLER, "2026-11-23")
    assert handler is not None and handler.own == (ours, soon) and (handler.overdue, handler.soon) == (1, 1)
    stranger = person(11, Role.HANDLER, agency="jtys", officer=99)
    assert told(every, stranger, "2026-11-23") is None
    assert told([soon], HEAD, "2026-11-23") is None


def test_a_group_is_told_of_its_agency_or_of_all() -> None:
    every = [due("2026-11-20"), due("2026-11-19", "jtys"), due("2026-11-24", "jtys")]
    one, both = (Addressee("webhook-a", agencies=frozenset({"jtys"})), Addressee("webhook-b"))
    found = messages_of(every, [one, both], D("2026-11-23"), OFFICIAL)
    assert [(each.to, each.overdue, each.soon, each.own) for each in found] == [
        ("webhook-a", 1, 1, ()),
        ("webhook-b", 2, 1, ()),
    ]


@pytest.mark.parametrize("day", ["2026-11-21", "2026-02-17", "2026-10-01", "2026-01-01"])
def test_on_a_day_off_nobody_is_reminded(day: str) -> None:
    assert told([due("2025-12-01")], HANDLER, day) is None


@settings(deadline=None)  # years are read from the notice as they are asked for
@given(
    st.lists(st.dates(date(2025, 12, 1), date(2026, 3, 31)), min_size=1, max_size=6),
    st.dates(date(2025, 12, 1), date(2026, 3, 1)),
    st.lists(st.booleans(), min_size=30, max_size=30),
)
def test_over_any_days_on_which_the_archive_ran_each_last_day_is_told_before_it_and_never_twice_a_day(
    ends: list[date], start: date, runs: list[bool]
) -> None:
    """`runs`: on which days something could be sent. Whatever has its last day on a day on which it ran was told of by then."""
    deadlines, last, days = [due(end.isoformat()) for end in ends], None, list[date]()
    for n, ran in enumerate(runs):
        day = start + timedelta(days=n)
        for _ in range(2 if ran else 0):
            found = messages_of(deadlines, [Addressee(HANDLER.number, HANDLER, last=last)], day, OFFICIAL)
            if found:
                assert OFFICIAL.is_working(day) and day not in days
                days.append(day)
                last = day
        for end in ends:
            if ran and end == day and OFFICIAL.is_working(day):
                assert last == day, "the last day itself is told"
            if ran and end < day and OFFICIAL.is_working(day):
                assert last == day, "so is every working day after it"
