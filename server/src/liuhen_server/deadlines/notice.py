"""A year's notice of days off and days worked (国务院办公厅 节假日安排), read from a small table and judged before it counts.

The table names only what differs from Monday to Friday: a weekday that is off (休), a Saturday or Sunday that is worked (班).
A notice may reach back into December of the year before, as some did. Where a notice is loaded, it goes before what
`chinese_calendar` carries; a year with neither stays provisional (`calendar.announced`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache

from liuhen_server.cases.calendar import Calendar, announced
from liuhen_server.cases.said import Said, Wrong

__all__ = [
    "MOST_ROWS",
    "Judged",
    "Notice",
    "calendar_with",
    "check_number",
    "check_year",
    "judge",
    "read_table",
    "table_text",
]

MOST_ROWS = 120
FIRST_YEAR, LAST_YEAR = 2004, 2099
USUAL_WORKING_DAYS = range(242, 256)
"""Working days of a year under the notices of 2004 to 2026: 248 to 252. Beyond this range the page asks to look again."""

_OFF = frozenset({"休", "休息", "放假", "否", "off", "no", "0"})
_WORKED = frozenset({"班", "上班", "工作", "是", "work", "worked", "yes", "1"})
_HEADINGS = frozenset({"日期", "day", "date"})
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]00:00(?::00)?)?\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Notice:
    """`number` is its source, as the notice itself has it (国办发明电〔2025〕7号). `days`: whether a day is worked."""

    year: int
    number: str
    days: tuple[tuple[date, bool], ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What a notice would change, before anything is kept. `against`: days on which the calendar in force says otherwise, with what
    the notice says; `doubts`: what may be a slip, to be looked at, and keeps nobody from loading it.
    """

    notice: Notice
    working_days: int
    known: bool
    against: tuple[tuple[date, bool], ...]
    doubts: tuple[Said, ...]


def check_year(text: str) -> int:
    """Raises Wrong."""
    year = int(text) if re.fullmatch(r"\d{4}", text, re.ASCII) else 0
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Wrong(
            f"年份须为 {FIRST_YEAR} 至 {LAST_YEAR}", f"the year is one from {FIRST_YEAR} to {LAST_YEAR}", "year"
        )
    return year


def check_number(text: str) -> str:
    """Raises Wrong: without its number nobody can look the notice up."""
    number = " ".join(text.split())
    if not number or len(number) > 80 or not number.isprintable():
        raise Wrong(
            "请填写通知文号（不超过 80 字），如 国办发明电〔2025〕7号",
            "give the notice's number, at most 80 signs",
            "number",
        )
    return number


def read_table(year: int, number: str, rows: Iterable[Sequence[str]]) -> Notice:
    """The rows of a sheet or of what was typed: the day, and 休 or 班 (a third cell, the holiday's name, is not read). Raises Wrong for
    the first row that is none, a day that stands twice or belongs to another year, and a table without a day off.
    """
    days: dict[date, bool] = {}
    for place, cells in enumerate(rows, 1):
        if place > MOST_ROWS:
            raise Wrong(f"通知不会超过 {MOST_ROWS} 行", f"a notice has no more than {MOST_ROWS} rows", "table")
        first = cells[0].strip() if cells else ""
        if place == 1 and first.lower() in _HEADINGS:
            continue
        day, worked = _day(first), _worked(cells[1] if len(cells) > 1 else "")
        if day is None or worked is None:
            raise Wrong(
                f"第 {place} 行看不懂：须为日期和“休”或“班”，如 2027-02-06 休",
                f"row {place} is not understood: a day and 休 (off) or 班 (worked), such as 2027-02-06 休",
                "table",
            )
        if day.year != year and (day.year, day.month) != (year - 1, 12):
            raise Wrong(
                f"第 {place} 行的 {day} 不在 {year} 年（或上年 12 月）内",
                f"row {place}: {day} is not in {year}, nor in the December before",
                "table",
            )
        if day in days:
            raise Wrong(f"第 {place} 行：{day} 已出现过", f"row {place}: {day} stands there twice", "table")
        days[day] = worked
    if all(worked for worked in days.values()):
        raise Wrong("表中没有放假的日子", "the table has no day off", "table")
    return Notice(year, number, tuple(sorted(days.items())))


def table_text(notice: Notice) -> str:
    """The table as `read_table` reads it back, a line for each day."""
    return "\n".join(f"{day} {'班' if worked else '休'}" for day, worked in notice.days)


def _day(text: str) -> date | None:
    found = _DAY.match(text)
    try:
        return date(int(found[1]), int(found[2]), int(found[3])) if found else None
    except ValueError:
        return None


def _worked(text: str) -> bool | None:
    word = text.strip().lower()
    return False if word in _OFF else True if word in _WORKED else None


def judge(notice: Notice, before: Callable[[date], bool | None]) -> Judged:
    """`before`: what was known of each day until now (`Calendar.says`)."""
    says = calendar_with((notice,), before).says
    every = [date(notice.year, 1, 1) + timedelta(days=n) for n in range(367)]
    year = [day for day in every if day.year == notice.year]
    early = [day for day, _ in notice.days if day.year < notice.year]
    against = tuple((day, bool(says(day))) for day in [*early, *year] if before(day) not in (None, says(day)))
    working = sum(bool(says(day)) for day in year)
    doubts = list[Said]()
    if working not in USUAL_WORKING_DAYS:
        doubts.append(
            Said(
                f"全年 {working} 个工作日，往年为 248 至 252 个：是否漏了或多了日子？",
                f"{working} working days in the year, where others had 248 to 252: is a day missing, or one too many?",
            )
        )
    if as_usual := [day for day, worked in notice.days if worked == (day.weekday() < 5)]:
        listed = ", ".join(f"{day:%m-%d}" for day in as_usual[:8])
        doubts.append(
            Said(
                f"{listed}：按星期本来如此，是否写错了日子？",
                f"{listed}: so it is anyway, by the day of the week. Is the day right?",
            )
        )
    return Judged(notice, working, before(date(notice.year, 7, 1)) is not None, against, tuple(doubts))


def calendar_with(notices: Iterable[Notice], otherwise: Callable[[date], bool | None] = announced) -> Calendar:
    """The calendar under these notices: what a notice names, else Monday to Friday in its year, else what is known `otherwise`."""
    return _calendar(tuple(sorted(notices, key=lambda notice: notice.year)), otherwise)


@lru_cache(maxsize=8)
def _calendar(by_year: tuple[Notice, ...], otherwise: Callable[[date], bool | None]) -> Calendar:
    """The same one for the same notices, so that what was counted by it need not be counted again."""
    named: Mapping[date, bool] = {day: worked for notice in by_year for day, worked in notice.days}
    years = frozenset(notice.year for notice in by_year)

    def says(day: date) -> bool | None:
        if (known := named.get(day)) is not None:
            return known
        return day.weekday() < 5 if day.year in years else otherwise(day)

    return Calendar(lru_cache(maxsize=4_096)(says))
