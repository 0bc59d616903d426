"""A term is only ever lengthened by what is added, and nothing that people edit brings it below its floor."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.said import Wrong
from liuhen_server.retention.terms import (
    DEFAULT,
    FILE_YEARS_FLOOR,
    UNLINKED_FLOOR_DAYS,
    Ground,
    Held,
    Linked,
    Table,
    Term,
    TermRow,
    Why,
    check_table,
    is_without_end,
    term_of,
)

DAY = date(2026, 11, 20)
DAYS = st.dates(date(2000, 1, 1), date(2300, 1, 1))
ITEMS = st.sampled_from(["", "1", "2"])
LINKED = st.builds(Linked, st.sampled_from(sorted(CLASSES)), ITEMS, st.none() | DAYS, st.none() | DAYS)
HELD = st.builds(Held, st.sampled_from(Ground), st.none() | DAYS, st.none() | DAYS)
ROWS = st.builds(TermRow, st.sampled_from(sorted(CLASSES)), ITEMS, st.none() | st.integers(-5, 120))
TABLES = st.builds(Table, st.integers(-10, 4_000), st.lists(ROWS, max_size=6).map(tuple))
"""Also such as nobody could approve: whoever alters the database brings nothing below the floor either."""


def not_shorter(after: Term, before: Term) -> bool:
    return after.ends is None or (before.ends is not None and after.ends >= before.ends)


@given(DAYS, st.lists(LINKED, max_size=4), st.lists(HELD, max_size=4), TABLES, LINKED, HELD)
def test_a_link_or_a_hold_more_never_shortens(
    since: date, linked: list[Linked], held: list[Held], table: Table, link: Linked, hold: Held
) -> None:
    before = term_of(since, linked, held, table)
    assert not_shorter(term_of(since, [*linked, link], held, table), before)
    assert not_shorter(term_of(since, linked, [*held, hold], table), before)


@given(DAYS, st.lists(LINKED, max_size=4), st.lists(HELD, max_size=4), TABLES)
def test_no_table_cuts_below_the_floor(since: date, linked: list[Linked], held: list[Held], table: Table) -> None:
    term = term_of(since, linked, held, table)
    assert not_shorter(term, Term(since + timedelta(days=UNLINKED_FLOOR_DAYS), Why.UNLINKED))
    for link in linked:
        if link.unlinked is None and (link.archived is None or link.enforcement == "coercion"):
            assert term.ends is None
        elif link.unlinked is None and link.archived is not None:
            assert term.ends is None or term.ends >= link.archived + timedelta(days=365 * FILE_YEARS_FLOOR)
        elif link.unlinked is not None:
            assert not_shorter(term, Term(link.unlinked + timedelta(days=UNLINKED_FLOOR_DAYS), Why.UNLINKED))


def test_a_table_below_the_floor_that_got_in_all_the_same_counts_for_nothing() -> None:
    altered = Table(1, (TermRow("penalty", "", 1), TermRow("penalty", "2", 2), TermRow("coercion", "", 1)))
    assert term_of(DAY, (), (), altered).ends == DAY + timedelta(days=180)
    assert term_of(DAY, (Linked("penalty", "2", DAY),), (), altered).ends == date(2036, 11, 20)
    assert term_of(DAY, (Linked("coercion", "", DAY),), (), altered).ends is None


@given(DAYS, st.lists(LINKED, max_size=4), st.lists(HELD, max_size=4), TABLES, st.integers(0, 50))
def test_a_table_that_says_more_never_shortens(
    since: date, linked: list[Linked], held: list[Held], table: Table, more: int
) -> None:
    rows = tuple(TermRow(r.enforcement, r.item, None if r.years is None else r.years + more) for r in table.rows)
    longer = Table(table.unlinked_days + more, rows)
    assert not_shorter(term_of(since, linked, held, longer), term_of(since, linked, held, table))


@given(TABLES)
def test_what_can_be_approved_says_nothing_below_the_floor(table: Table) -> None:
    try:
        check_table(table, CLASSES.values())
    except Wrong:
        return
    assert table.unlinked_days >= UNLINKED_FLOOR_DAYS
    assert all(row.years is None or row.years >= FILE_YEARS_FLOOR for row in table.rows)
    assert all(row.years is None for row in table.rows if row.enforcement == "coercion")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (Table(179), "180 days at the least"),
        (Table(5_000), "at the most"),
        (Table(180, (TermRow("penalty", "", 9),)), "10 years at the least"),
        (Table(180, (TermRow("penalty", "", 101),)), "at the most"),
        (Table(180, (TermRow("coercion", "", 100),)), "kept for ever"),
        (Table(180, (TermRow("tax", "", 30),)), "no such class"),
        (Table(180, (TermRow("penalty", "1", 30), TermRow("penalty", "1", None))), "there twice"),
        (Table(180, (TermRow("penalty", "x" * 33, 30),)), "too long"),
        (Table(180, tuple(TermRow("penalty", str(n), 30) for n in range(501))), "at most 500 rows"),
    ],
    ids=["days", "too many days", "years", "too many years", "coercion", "class", "twice", "item", "rows"],
)
def test_a_table_below_the_floor_is_refused(table: Table, said: str) -> None:
    with pytest.raises(Wrong, match=said):
        check_table(table, CLASSES.values())


def test_what_each_term_rests_on() -> None:
    open_case, closed = Linked("penalty", "", None), Linked("penalty", "2", DAY)
    assert term_of(DAY, (), (), DEFAULT) == Term(date(2027, 5, 19), Why.UNLINKED)
    assert term_of(DAY, (open_case,), (), DEFAULT) == Term(None, Why.OPEN_CASE)
    assert term_of(DAY, (closed,), (), DEFAULT) == Term(date(2056, 11, 20), Why.FILE)
    assert term_of(DAY, (Linked("coercion", "", DAY),), (), DEFAULT) == Term(None, Why.PERMANENT)
    own = Table(365, (TermRow("penalty", "", 10), TermRow("penalty", "2", 20)))
    assert term_of(DAY, (closed,), (), own) == Term(date(2046, 11, 20), Why.FILE)
    assert term_of(DAY, (Linked("penalty", "", DAY),), (), own) == Term(date(2036, 11, 20), Why.FILE)
    assert term_of(DAY, (Linked("licence", "", DAY, DAY + timedelta(days=30)),), (), DEFAULT).why is Why.UNLINKED
    assert term_of(DAY, (), (Held(Ground.COMPLAINT, date(2028, 1, 31)),), DEFAULT) == Term(date(2028, 1, 31), Why.HELD)
    assert term_of(DAY, (), (Held(Ground.EVIDENCE, None),), DEFAULT) == Term(None, Why.HELD)
    late = Held(Ground.EVIDENCE, None, released=date(2028, 1, 1))
    assert term_of(DAY, (), (late,), DEFAULT).ends == date(2028, 6, 29), "a mistake is not followed by disposal at once"
    assert term_of(date(2024, 2, 29), (Linked("penalty", "", date(2024, 2, 29)),), (), own).ends == date(2034, 3, 1)
    assert [ground.value for ground in Ground if not is_without_end(ground)] == ["complaint", "other"]


def test_a_term_is_over_the_day_after_it_ends() -> None:
    term = Term(DAY, Why.UNLINKED)
    assert not term.over(DAY) and term.over(DAY + timedelta(days=1))
    assert not Term(None, Why.HELD).over(date.max)


def test_a_day_beyond_the_calendar_is_no_end() -> None:
    assert term_of(date.max, (), (), DEFAULT).ends is None
    assert term_of(DAY, (Linked("penalty", "", date.max),), (), DEFAULT).ends is None
