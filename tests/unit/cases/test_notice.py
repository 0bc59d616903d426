"""A year's notice of days off: what its table may say, what it changes, and that everything counted under it says so no more."""

from __future__ import annotations

import io
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from liuhen_protocol.events import RegistryChanged
from liuhen_server.cases.calendar import OFFICIAL, announced
from liuhen_server.cases.clocks import clocks_of
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.sheets import read_rows
from liuhen_server.deadlines.notice import (
    Notice,
    calendar_with,
    check_number,
    check_year,
    judge,
    read_table,
    table_text,
)
from liuhen_server.deadlines.notices import calendar_in_force, find_notice, load_notice
from support.case_office import HANDLER, HEAD, Office

NUMBER = "国办发明电〔2039〕7号"
UNKNOWN = 2040
"""A year of which `chinese_calendar` will not know for long."""

TABLE_2040 = """\
2039-12-30 休
2040-01-02 休
2040-02-13 休
2040-02-14 休
2040-02-15 休
2040-02-16 休
2040-02-17 休
2040-02-11 班
2040-02-18 班
2040-04-04 休
2040-05-01 休
2040-06-14 休
2040-10-01 休
2040-10-02 休
2040-10-03 休
2040-10-04 休
2040-10-05 休
2040-09-29 班
2040-10-07 班
"""


def rows(text: str) -> list[list[str]]:
    return [line.split() for line in text.splitlines()]


def notice(text: str = TABLE_2040, year: int = UNKNOWN) -> Notice:
    return read_table(year, NUMBER, rows(text))


def test_a_loaded_year_is_counted_by_its_notice_and_is_provisional_no_more() -> None:
    calendar = calendar_with([notice()])
    counted = calendar.working_days_after(date(2040, 2, 9), 5)
    assert (counted.day, counted.provisional) == (date(2040, 2, 21), False)  # 10, 11 and 18 (worked), 20, 21
    before = OFFICIAL.working_days_after(date(2040, 2, 9), 5)
    assert (before.day, before.provisional) == (date(2040, 2, 16), True)


def test_the_december_before_that_a_notice_names_is_off_and_the_rest_of_it_stays_as_it_was() -> None:
    calendar = calendar_with([notice()])
    assert not calendar.is_working(date(2039, 12, 30)) and not calendar.is_provisional(date(2039, 12, 30))
    assert calendar.is_working(date(2039, 12, 29)) and calendar.is_provisional(date(2039, 12, 29))


def test_a_notice_goes_before_what_the_programme_carries() -> None:
    typed = "2026-05-01 休\n2026-05-04 班\n"
    calendar = calendar_with([notice(typed, 2026)])
    assert calendar.is_working(date(2026, 5, 4)) and not OFFICIAL.is_working(date(2026, 5, 4))
    judged = judge(notice(typed, 2026), announced)
    assert judged.known and (date(2026, 5, 4), True) in judged.against
    assert (date(2026, 5, 1), False) not in judged.against


def test_what_looks_like_a_slip_is_said_and_does_not_stop_anybody() -> None:
    judged = judge(notice("2040-01-01 休\n2040-02-13 休\n"), announced)
    assert [each.zh[:4] for each in judged.doubts] == [
        "全年 2",
        "01-0",
    ]  # too many working days; a Sunday is off anyway
    assert not judged.known and judged.against == ()
    assert judge(notice(), announced).doubts == ()


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ("2040-02-30 休", "第 1 行看不懂"),
        ("2040-02-13", "第 1 行看不懂"),
        ("2040-02-13 也许", "第 1 行看不懂"),
        ("2041-02-13 休", "不在 2040 年"),
        ("2039-11-30 休", "不在 2040 年"),
        ("2040-02-13 休\n2040-02-13 班", "已出现过"),
        ("2040-02-11 班", "没有放假的日子"),
        ("", "没有放假的日子"),
        ("\n".join(f"{date(2040, 1, 1) + timedelta(days=n)} 休" for n in range(121)), "120"),
    ],
)
def test_a_table_that_is_none_is_refused_by_its_row(table: str, why: str) -> None:
    with pytest.raises(Wrong, match=why):
        notice(table)


@pytest.mark.parametrize("year", ["", "40", "1999", "2100", "２０４０", "2040 "])
def test_a_year_is_four_digits_of_this_century(year: str) -> None:
    with pytest.raises(Wrong):
        check_year(year)


@pytest.mark.parametrize("number", ["", "   ", "国" * 81, "国办\u202e发"])
def test_a_notice_has_a_number_to_be_looked_up_by(number: str) -> None:
    with pytest.raises(Wrong):
        check_number(number)


def test_a_sheet_from_an_office_reads_as_it_stands() -> None:
    book, out = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    for row in (
        ("日期", "安排", "节日"),
        (date(2040, 2, 13), "休", "春节"),
        ("2040年2月11日", "班", ""),
        ("2040/10/1", "放假", ""),
    ):
        sheet.append(row)
    book.save(out)
    found = read_table(UNKNOWN, NUMBER, [row.cells for row in read_rows(out)])
    assert found.days == ((date(2040, 2, 11), True), (date(2040, 2, 13), False), (date(2040, 10, 1), False))
    csv = io.BytesIO("日期,安排\n2040-02-13,休\n".encode())
    assert read_table(UNKNOWN, NUMBER, [row.cells for row in read_rows(csv)]).days == ((date(2040, 2, 13), False),)


@settings(deadline=None)  # years are read from the notice as they are asked for
@given(st.dictionaries(st.dates(date(2040, 1, 1), date(2040, 12, 31)), st.booleans(), max_size=100), st.integers(0, 60))
def test_any_notice_is_read_back_as_written_and_decides_every_day_of_its_year(
    days: dict[date, bool], count: int
) -> None:
    days[date(2040, 10, 1)] = False
    made = Notice(UNKNOWN, NUMBER, tuple(sorted(days.items())))
    assert read_table(UNKNOWN, NUMBER, rows(table_text(made))) == made
    calendar = calendar_with([made])
    for n in range(366):
        day = date(2040, 1, 1) + timedelta(days=n)
        assert calendar.is_working(day) is days.get(day, day.weekday() < 5)
    due = calendar.working_days_after(date(2040, 3, 1), count)
    assert calendar.working_days_between(date(2040, 3, 1), due.day).days == count
    assert due.provisional is (due.day.year > UNKNOWN)


async def test_loading_is_an_act_with_versions_and_clocks_count_by_it(office: Office) -> None:
    first = await load_notice(office.acts, HEAD, notice(), 0)
    async with office.archive.database.read() as conn:
        calendar = await calendar_in_force(conn)
        assert await find_notice(conn, UNKNOWN) == first
    events = {"document:keeping": date(2040, 2, 9)}
    (clock,) = [each for each in clocks_of("penalty", events, date(2040, 2, 9), calendar) if each.rule.key == "keeping"]
    assert (clock.due, clock.provisional) == (date(2040, 2, 23), False)
    again = await load_notice(office.acts, HANDLER, notice(TABLE_2040 + "2040-10-08 休\n"), first.version)
    assert again.version == 2
    stated = [each.event for each in await office.stated("registry.changed")]
    changed = [each for each in stated if isinstance(each, RegistryChanged)]
    assert [(each.thing, each.what, each.version, each.by) for each in changed] == [
        ("calendar-2040", "created", 1, "person-4"),
        ("calendar-2040", "changed", 2, "person-7"),
    ]


async def test_two_who_load_at_once_do_not_overwrite_each_other(office: Office) -> None:
    await load_notice(office.acts, HEAD, notice(), 0)
    with pytest.raises(Wrong, match="刚由他人载入"):
        await load_notice(office.acts, HANDLER, notice("2040-02-13 休"), 0)
    with pytest.raises(Wrong, match="内容相同"):
        await load_notice(office.acts, HANDLER, notice(), 1)
