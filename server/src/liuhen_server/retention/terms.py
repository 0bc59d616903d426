"""How long a clip is kept: pure rules over days, with floors that no table, link or hold can undercut.

Floors: a clip of no case 180 days, one of a case as long as the case's file, and without end what is evidence, shows enforcement
being obstructed, a major or mass incident, coercion, or is before a court (公安机关现场执法视音频记录工作规定, 2016, art. 13). A case's file is
kept for ten years at the least after it is archived, thirty where no table says otherwise (国家档案局令第8号 art. 7: 永久、30年、10年).

Days are those of the agency's zone. A clip's term is the latest of all that is said of it, so whatever is added can only lengthen it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from liuhen_server.cases.classes import EnforcementClass
from liuhen_server.cases.said import Said, Wrong

__all__ = [
    "DEFAULT",
    "FILE_YEARS",
    "FILE_YEARS_FLOOR",
    "GROUNDS",
    "UNLINKED_FLOOR_DAYS",
    "Ground",
    "Held",
    "Linked",
    "Table",
    "Term",
    "TermRow",
    "Why",
    "check_table",
    "is_without_end",
    "longest",
    "term_of",
]

UNLINKED_FLOOR_DAYS = 180
FILE_YEARS_FLOOR = 10
FILE_YEARS = 30
MOST_DAYS, MOST_YEARS, MOST_ROWS = 3_650, 100, 500
PERMANENT_CLASSES = frozenset({"coercion"})


class Ground(StrEnum):
    """Why something is held."""

    EVIDENCE = "evidence"
    OBSTRUCTION = "obstruction"
    MAJOR = "major"
    LITIGATION = "litigation"
    COMPLAINT = "complaint"
    OTHER = "other"


GROUNDS: dict[Ground, Said] = {
    Ground.EVIDENCE: Said("用作证据", "used as evidence"),
    Ground.OBSTRUCTION: Said("妨碍执法", "obstruction of enforcement"),
    Ground.MAJOR: Said("重大或群体性事件", "major or mass incident"),
    Ground.LITIGATION: Said("复议或诉讼", "reconsideration or litigation"),
    Ground.COMPLAINT: Said("投诉举报", "complaint"),
    Ground.OTHER: Said("其他", "other"),
}
_WITHOUT_END = frozenset({Ground.EVIDENCE, Ground.OBSTRUCTION, Ground.MAJOR, Ground.LITIGATION})


def is_without_end(ground: Ground) -> bool:
    """Whether what is held on this ground is kept for ever: such a hold has no last day, and ends only as a mistake."""
    return ground in _WITHOUT_END


class Why(StrEnum):
    """What a clip's term rests on."""

    UNLINKED = "unlinked"
    OPEN_CASE = "open_case"
    FILE = "file"
    PERMANENT = "permanent"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class TermRow:
    """`years` after the file is archived; None: without end. `item` is a row of the recording list, empty for the whole class."""

    enforcement: str
    item: str
    years: int | None


@dataclass(frozen=True, slots=True)
class Table:
    """An agency's own terms. Where it says less than the floor, the floor holds."""

    unlinked_days: int
    rows: tuple[TermRow, ...] = ()


DEFAULT = Table(UNLINKED_FLOOR_DAYS)
"""For an agency without an approved table: files are kept `FILE_YEARS`."""


@dataclass(frozen=True, slots=True)
class Linked:
    """A case the clip belongs or belonged to. `archived`: the day its file was closed, None: it is open. `unlinked`: the day on
    which the clip left it, None: it has not.
    """

    enforcement: str
    item: str
    archived: date | None
    unlinked: date | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A hold on the clip or its case. `until` None: without end. `released`: the day it was ended by a person."""

    ground: Ground
    until: date | None
    released: date | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """`ends`: the last day on which the clip is kept; None: none is known."""

    ends: date | None
    why: Why

    def over(self, today: date) -> bool:
        return self.ends is not None and self.ends < today


def term_of(since: date, linked: Iterable[Linked], held: Iterable[Held], table: Table) -> Term:
    """`since`: the day on which the archive had stored the clip, or it was collected, whichever is later: a dock's clock that was
    wrong by years must not end a term.
    """
    days = max(table.unlinked_days, UNLINKED_FLOOR_DAYS)
    found = [Term(_after_days(since, days), Why.UNLINKED)]
    found += [_of_case(each, table, days) for each in linked]
    found += [term for each in held if (term := _of_hold(each, days)) is not None]
    return longest(found)


def longest(terms: Iterable[Term]) -> Term:
    """The one that ends last; for ever is longest. Raises ValueError for none."""
    return max(terms, key=lambda term: (term.ends is None, term.ends or date.min))


def _of_case(linked: Linked, table: Table, days: int) -> Term:
    if linked.unlinked is not None:  # it counts as one of no case from that day on, not from the day it was recorded
        return Term(_after_days(linked.unlinked, days), Why.UNLINKED)
    years = _file_years(linked, table)
    if years is None:
        return Term(None, Why.PERMANENT)
    if linked.archived is None:
        return Term(None, Why.OPEN_CASE)
    return Term(_after_years(linked.archived, years), Why.FILE)


def _of_hold(held: Held, days: int) -> Term | None:
    if held.released is None:
        return Term(held.until, Why.HELD)
    if is_without_end(
        held.ground
    ):  # it was taken for what is kept for ever: the shortest term runs from the correction
        return Term(_after_days(held.released, days), Why.HELD)
    return None


def _file_years(linked: Linked, table: Table) -> int | None:
    """The longest of what the table says of the class and of the item, never below the floor; None: for ever."""
    if linked.enforcement in PERMANENT_CLASSES:
        return None
    of_class = [row.years for row in table.rows if (row.enforcement, row.item) == (linked.enforcement, "")]
    of_item = [row.years for row in table.rows if (row.enforcement, row.item) == (linked.enforcement, linked.item)]
    found = [FILE_YEARS_FLOOR, *(of_class or [FILE_YEARS]), *of_item]
    known = [years for years in found if years is not None]
    return max(known) if len(known) == len(found) else None


def _after_days(day: date, days: int) -> date | None:
    try:
        return day + timedelta(days=days)
    except OverflowError:
        return None


def _after_years(day: date, years: int) -> date | None:
    """The same day of the year; of 29 February, the day after 28 February where there is none."""
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1) if day.year + years <= date.max.year else None


def check_table(table: Table, classes: Collection[EnforcementClass]) -> None:
    """Raises Wrong for a table that would cut a term below its floor, or that names what is not there."""
    if not UNLINKED_FLOOR_DAYS <= table.unlinked_days <= MOST_DAYS:
        raise Wrong(
            f"未关联案件的音像记录至少保存 {UNLINKED_FLOOR_DAYS} 天，最多 {MOST_DAYS} 天",
            f"a clip of no case is kept {UNLINKED_FLOOR_DAYS} days at the least, {MOST_DAYS} at the most",
            "unlinked_days",
        )
    if len(table.rows) > MOST_ROWS:
        raise Wrong(f"期限表最多 {MOST_ROWS} 行", f"a table of terms has at most {MOST_ROWS} rows", "rows")
    known, seen = {each.key: each for each in classes}, set[tuple[str, str]]()
    for number, row in enumerate(table.rows, 1):
        where, place = f"第 {number} 行：", f"row {number}: "
        if row.enforcement not in known:
            raise Wrong(where + "没有这个执法类别", place + "no such class", "rows")
        if len(row.item) > 32 or not row.item.isprintable() or (row.enforcement, row.item) in seen:
            raise Wrong(where + "清单序号过长或重复", place + "the item is too long or there twice", "rows")
        seen.add((row.enforcement, row.item))
        name = known[row.enforcement].name
        if row.years is not None and row.enforcement in PERMANENT_CLASSES:
            raise Wrong(f"{where}{name.zh}须永久保存", f"{place}{name.en} is kept for ever", "rows")
        if row.years is not None and not FILE_YEARS_FLOOR <= row.years <= MOST_YEARS:
            raise Wrong(
                f"{where}案卷至少保存 {FILE_YEARS_FLOOR} 年，最多 {MOST_YEARS} 年",
                f"{place}a file is kept {FILE_YEARS_FLOOR} years at the least, {MOST_YEARS} at the most",
                "rows",
            )
