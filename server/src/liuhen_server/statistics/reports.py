"""An agency's report of a year: figures as they were counted at one moment, words, and the signature of another person.

The signature states the digest of both in the log; a report that was signed never changes, a correction is a new version.
`publication` is what the room of publicity makes public of it.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, update

from liuhen_protocol.oversight_events import StatisticsSigned
from liuhen_server.acts import MOST_TEXT, Act, Actor, Acts, check_text
from liuhen_server.cases.fields import all_seen
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.database import Connection
from liuhen_server.people.two_people import are_two_people
from liuhen_server.statistics.counting import Scope, cells_of
from liuhen_server.statistics.figures import FIGURES, MONTHS, TABLES, Cell, Value, by_month, values_of
from liuhen_server.statistics.schema import statistics_reports

__all__ = [
    "FIRST_YEAR",
    "Counted",
    "Report",
    "counted_of",
    "draft_report",
    "due_day",
    "find_report",
    "publication",
    "recount",
    "report_digest",
    "reports_of",
    "save_words",
    "sign_report",
]

FIRST_YEAR = 2000
_NAME = Said("统计年报", "report")
CHARTED = ("penalty", "licence", "coercion.measures", "coercion.executions", "levy", "inspection")


@dataclass(frozen=True, slots=True)
class Counted:
    """Figures at one moment: values by the figure's key, and the months of the totals that are charted."""

    values: dict[str, Value]
    months: dict[str, tuple[int, ...]]

    def text(self) -> str:
        """As it lies in the database and goes into the digest: names sorted, no spaces."""
        figures = {key: [value.count, value.fen] for key, value in self.values.items()}
        said = {"figures": figures, "months": {key: list(counts) for key, counts in self.months.items()}}
        return json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Counted:
        """A figure that came to the tables later is zero in an earlier report."""
        said = json.loads(text)
        values = {key: Value(*said["figures"].get(key, (0, 0))) for key in FIGURES}
        return cls(values, {key: tuple(said["months"].get(key, [0] * len(MONTHS))) for key in CHARTED})


@dataclass(frozen=True, slots=True)
class Report:
    """One version. `signed_by` None: a draft, of which an agency has one a year at most."""

    id: int
    agency: str
    year: int
    version: int
    edit: int
    edited_by: str
    edited_time: str
    drawn_time: str
    counted: Counted
    words: str
    signed_by: str | None
    signed_time: str | None
    signed_day: str | None
    sha256: str | None
    log_index: int | None

    @property
    def name(self) -> str:
        return f"statistics-{self.id}"


def counted_of(cells: tuple[Cell, ...]) -> Counted:
    return Counted(values_of(cells), {key: by_month(FIGURES[key], cells) for key in CHARTED})


def due_day(year: int) -> date:
    """Published, and sent to the justice department, by the 31 January that follows (the county's plan, part 2)."""
    return date(year + 1, 1, 31)


def report_digest(agency: str, year: int, version: int, figures: str, words: str) -> str:
    """SHA-256 over what was signed, as JSON: names sorted, no spaces, UTF-8."""
    said = {"agency": agency, "year": year, "version": version, "figures": json.loads(figures), "words": words}
    text = json.dumps(said, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def publication(report: Report) -> dict[str, Any]:
    """What is made public of a signed report. Raises ValueError for a draft."""
    if report.sha256 is None:
        raise ValueError(f"{report.name} is a draft")
    tables = [
        {
            "table": table.name.zh,
            "rows": [
                {"item": figure.name.zh, "count": value.count, **({"fen": value.fen} if figure.money else {})}
                for figure in table.figures
                if (value := report.counted.values[figure.key]).count or not figure.rare
            ],
        }
        for table in TABLES
    ]
    return {
        "year": report.year,
        "version": report.version,
        "sha256": report.sha256,
        "tables": tables,
        "text": report.words,
    }


async def reports_of(conn: Connection, agency: str | None, year: int | None = None) -> tuple[Report, ...]:
    """The newest first; `agency` None: of all of them."""
    query = select(statistics_reports).order_by(statistics_reports.c.year.desc(), statistics_reports.c.version.desc())
    if agency is not None:
        query = query.where(statistics_reports.c.agency == agency)
    if year is not None:
        query = query.where(statistics_reports.c.year == year)
    return tuple(_report(row) for row in (await conn.execute(query)).mappings())


async def find_report(conn: Connection, report_id: int) -> Report | None:
    if not 0 < report_id < 1 << 63:
        return None
    query = select(statistics_reports).where(statistics_reports.c.id == report_id)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else _report(row)


async def draft_report(acts: Acts, person: Actor, agency: str, year: int, today: date) -> Report:
    """The agency's draft for the year, counted now; the one there is, where there is one. A draft is not stated. Raises Wrong for
    a year that has not begun or is beyond what the archive counts.
    """
    if not FIRST_YEAR <= year <= today.year:
        raise Wrong(f"年份须在 {FIRST_YEAR} 至 {today.year} 之间", f"a year from {FIRST_YEAR} to {today.year}", "year")
    async with acts.of(person) as act:
        earlier = await reports_of(act.conn, agency, year)
        if earlier and earlier[0].signed_by is None:
            return earlier[0]
        highest = select(func.max(statistics_reports.c.version)).where(
            statistics_reports.c.agency == agency, statistics_reports.c.year == year
        )
        version = ((await act.conn.execute(highest)).scalar() or 0) + 1
        counted = counted_of(await cells_of(act.conn, Scope(year, agency)))
        row = {"agency": agency, "year": year, "version": version, "words": earlier[0].words if earlier else ""}
        added = await act.conn.execute(insert(statistics_reports).values(**row, edit=1, **_drawn(act, counted)))
        assert added.inserted_primary_key is not None
        return await _found(act.conn, int(added.inserted_primary_key[0]))


async def recount(acts: Acts, person: Actor, report_id: int, edit: int) -> Report:
    """Counts the draft's figures anew. Raises Wrong: it was signed, or somebody saved meanwhile."""
    async with acts.of(person) as act:
        now = await _draft(act.conn, report_id, edit)
        counted = counted_of(await cells_of(act.conn, Scope(now.year, now.agency)))
        return await _change(act, now, _drawn(act, counted))


async def save_words(acts: Acts, person: Actor, report_id: int, edit: int, words: str) -> Report:
    """Raises Wrong: it was signed, somebody saved meanwhile, or the text cannot be kept."""
    words = words.replace("\r\n", "\n").replace("\r", "\n").strip()
    if words:
        try:
            check_text(words)
            if not all_seen(words.replace("\n", "")):
                raise ValueError("there are invisible characters in it")
        except ValueError as error:
            raise Wrong(
                f"文字不超过 {MOST_TEXT} 字，不含不可见的字符",
                f"at most {MOST_TEXT} signs, none of them invisible",
                "words",
            ) from error
    async with acts.of(person) as act:
        now = await _draft(act.conn, report_id, edit)
        return await _change(act, now, {"words": words, "edited_by": act.by, "edited_time": act.time})


async def sign_report(acts: Acts, person: Actor, report_id: int, edit: int, today: date) -> Report:
    """Signs the draft as the page showed it. Raises Wrong: whoever saved it last signs nothing of his own, the year is not over,
    there are no words, somebody saved meanwhile.
    """
    async with acts.of(person) as act:
        now = await _draft(act.conn, report_id, edit)
        if now.year >= today.year:
            raise Wrong("年度尚未结束，不能签发", "the year is not over", "year")
        if not now.words:
            raise Wrong("请先填写文字说明", "the part in words is missing", "words")
        if not await are_two_people(act.conn, now.edited_by, act.by):
            raise Wrong(
                "编制人不能签发自己的统计年报，请由另一位负责人签发",
                "whoever drafted the report does not sign it: another person does",
                "by",
            )
        digest = report_digest(now.agency, now.year, now.version, now.counted.text(), now.words)
        stated = await act.state(StatisticsSigned(now.name, now.agency, now.year, now.version, digest, act.by))
        signed = {"signed_by": act.by, "signed_time": stated.time, "signed_day": today.isoformat(), "sha256": digest}
        return await _change(act, now, signed | {"log_index": stated.index}, saved=False)


def _drawn(act: Act, counted: Counted) -> dict[str, object]:
    return {"edited_by": act.by, "edited_time": act.time, "drawn_time": act.time, "figures": counted.text()}


async def _change(act: Act, now: Report, changed: dict[str, object], *, saved: bool = True) -> Report:
    this = statistics_reports.c.id == now.id
    edit = now.edit + 1 if saved else now.edit
    await act.conn.execute(update(statistics_reports).where(this).values(**changed, edit=edit))
    return await _found(act.conn, now.id)


async def _draft(conn: Connection, report_id: int, edit: int) -> Report:
    now = await find_report(conn, report_id)
    if now is None:
        raise Wrong("没有这份统计年报", "no such report", "report")
    if now.signed_by is not None:
        raise Wrong(
            "已签发的统计年报不能修改，请另拟更正版", "a signed report is never changed: draft a correction", "report"
        )
    if now.edit != edit:
        raise Wrong(
            "这份统计年报在您打开之后被保存过，请核对后再办理",
            "the report was saved since you opened it; look at it again",
            "edit",
        )
    return now


async def _found(conn: Connection, report_id: int) -> Report:
    found = await find_report(conn, report_id)
    assert found is not None
    return found


def _report(row: RowMapping) -> Report:
    values = {name: row[name] for name in Report.__dataclass_fields__ if name != "counted"}
    return Report(**values, counted=Counted.read(row["figures"]))
