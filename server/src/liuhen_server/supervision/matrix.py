"""How every agency stands, item by item: read off the other rooms' tables, so that the justice department never asks for a table again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import ColumnElement, String, Table, cast, func, literal, select

from liuhen_protocol.moment import format_time
from liuhen_server.cases.coverage_time import Figures, Measured, figures_of, month_before
from liuhen_server.cases.linking import is_linked
from liuhen_server.cases.reading import case_of, needs_of_cases
from liuhen_server.cases.said import Said
from liuhen_server.cases.schema import cases, recording_lists
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.deadlines.deadline import Standing, Within
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.deadlines.rules import UPLOAD
from liuhen_server.deadlines.sources import everything_due
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.registry.agencies import Agency, agencies_of_docks, docks_of, every_agency
from liuhen_server.registry.recorders import equipment_of
from liuhen_server.registry.schema import agency_mergers, officers
from liuhen_server.review.reviewers import ratio_of, reviewers_of
from liuhen_server.review.schema import major_lists
from liuhen_server.statistics.schema import statistics_reports
from liuhen_server.supervision.schema import self_reports, supervision_opinions, supervision_records

__all__ = ["ITEMS", "UNLINKED_AFTER", "Cell", "Item", "Row", "matrix"]

UNLINKED_AFTER = timedelta(days=30)
"""How long a recording may belong to no case before it is counted here."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Item:
    """A column. `source`: where the plan or the law asks for it. `due`: the plan's own day, where it names one (month and day)."""

    key: str
    name: Said
    source: Said
    due: str = ""


def _item(key: str, zh: str, en: str, source_zh: str, source_en: str, due: str = "") -> Item:
    return Item(key, Said(zh, en), Said(source_zh, source_en), due)


ITEMS = (
    _item("recording-list", "音像记录清单", "recording list", "工作方案三（一）3", "plan, part 3 (1) 3", "07-30"),
    _item("major-list", "法制审核目录", "major-decision list", "工作方案四（一）4", "plan, part 4 (1) 4", "07-30"),
    _item("officers", "执法人员（持证）", "officers with a certificate", "工作方案二（一）3", "plan, part 2 (1) 3"),
    _item("reviewers", "法制审核人员", "legal reviewers", "工作方案四（一）2", "plan, part 4 (1) 2"),
    _item("equipment", "记录仪配备", "recorders to officers", "工作方案三（一）4", "plan, part 3 (1) 4"),
    _item("overdue", "超期事项", "overdue", "各项时限", "the clocks"),
    _item("coverage", "上月录像覆盖", "coverage of last month", "工作方案三（一）3", "plan, part 3 (1) 3"),
    _item("late", "逾期上传", "recorders not uploaded in time", "执法全过程记录制度", "system of recording"),
    _item("unlinked", "未关联音像", "unlinked recordings", "工作方案三（二）2", "plan, part 3 (2) 2"),
    _item("items-public", "事项清单公示", "item list public", "考核指标", "assessment", "09-30"),
    _item("decisions-public", "决定公示", "decisions public", "考核指标", "assessment", "11-30"),
    _item("statistics", "上年统计年报", "last year's statistics", "工作方案二（二）8", "plan, part 2 (2) 8", "01-31"),
    _item("self-report", "自查报告", "self-inspection report", "工作方案五（四）", "plan, part 5 (4)", "10-31"),
    _item("opinions", "监督意见", "open opinions", "行政执法监督条例", "supervision regulations"),
    _item("responsible", "第一责任人", "responsible person", "工作方案一（三）", "plan, part 1 (3)"),
)


@dataclass(frozen=True, slots=True)
class Cell:
    """`state`: holds, undecided (asked for and not there yet), broken (over its day, or none at all), open (a figure that nothing judges)."""

    state: str
    text: str
    url: str


@dataclass(frozen=True, slots=True)
class Row:
    agency: Agency
    cells: Mapping[str, Cell]


async def matrix(conn: Connection, today: date, only: str | None = None) -> tuple[Row, ...]:
    """Every active agency, or one."""
    known = [each for each in await every_agency(conn, active=True) if only is None or each.code == only]
    codes = [each.code for each in known]
    lists, majors = await _in_force(conn, recording_lists, today), await _in_force(conn, major_lists, today)
    equipment, certified = await equipment_of(conn), await _certified(conn, today)
    within = Within(await calendar_in_force(conn), only)
    late_ones = [each for each in await everything_due(conn, today, within) if each.standing is Standing.OVERDUE]
    heirs = await _heirs(conn)  # what an agency that was merged left open is its successor's to finish
    overdue = Counter(heirs.get(each.agency, each.agency) for each in late_ones)
    not_uploaded = Counter(heirs.get(each.agency, each.agency) for each in late_ones if each.rule.key == UPLOAD.key)
    unlinked, month = await _unlinked(conn, today, only), month_before(today.isoformat()[:7])
    covered = await _covered(conn, month, codes)
    items_public, decided_public = await _published(conn, "item-list"), await _published(conn, "decision")
    signed = await _counts(
        conn,
        statistics_reports.c.agency,
        statistics_reports.c.year == today.year - 1,
        statistics_reports.c.signed_by.is_not(None),
    )
    reports_public = await _reports_public(conn, today.year - 1)
    reported = await _counts(conn, self_reports.c.agency, self_reports.c.year == today.year)
    opinions = supervision_opinions.c
    asked = _carried_on(await _counts(conn, opinions.agency, opinions.state != "closed"), heirs)
    over = opinions.due < today.isoformat()
    late = _carried_on(await _counts(conn, opinions.agency, opinions.state == "open", over), heirs)
    responsible = await _counts(
        conn,
        supervision_records.c.agency,
        supervision_records.c.kind == "responsible",
        supervision_records.c.ended_by.is_(None),
    )
    rows = []
    for agency in known:
        code = agency.code
        good, every = certified.get(code, (0, 0))
        ratio, has = ratio_of(await reviewers_of(conn, code), every), equipment.get(code)
        percent = has.percent if has is not None else None
        here, tables = f"/supervision/{code}", f"/statistics?year={today.year - 1}"
        cells = {
            "recording-list": _there(code in lists, lists.get(code, ""), today, "07-30", "/lists"),
            "major-list": _there(code in majors, majors.get(code, ""), today, "07-30", "/major-lists"),
            "officers": Cell("holds" if every and good == every else "undecided" if good else "broken", f"{good}/{every}", f"/officers?agency={code}"),
            "reviewers": Cell("holds" if every and ratio.reviewers >= ratio.needed else "undecided", f"{ratio.reviewers}/{ratio.needed}", here),
            "equipment": Cell("open" if percent else "undecided", "–" if percent is None else f"{percent} %", "/agencies"),
            "overdue": Cell("broken" if overdue[code] else "holds", str(overdue[code]), f"/todo?agency={code}"),
            "coverage": _coverage(covered.get((code, month), Figures()), f"/coverage/cases?agency={code}&month={month}"),
            "late": Cell("broken" if not_uploaded[code] else "holds", str(not_uploaded[code]), f"/todo?agency={code}&rule={UPLOAD.key}"),
            "unlinked": Cell("undecided" if unlinked[code] else "holds", str(unlinked[code]), f"/clips?agency={code}&unlinked={UNLINKED_AFTER.days}"),
            "items-public": _there(code in items_public, str(items_public.get(code, "")), today, "09-30", here),
            "decisions-public": Cell("open", str(decided_public.get(code, 0)), here),
            "statistics": _there(code in reports_public, str(today.year - 1), today, "01-31", f"{tables}&agency={code}", on_its_way=code in signed),
            "self-report": _there(code in reported, str(today.year), today, "10-31", here),
            "opinions": Cell("broken" if late[code] else "undecided" if asked[code] else "holds", str(asked[code]), here),
            "responsible": Cell("holds" if responsible.get(code) else "undecided", str(responsible.get(code, 0)), here),
        }  # fmt: skip
        rows.append(Row(agency, cells))
    return tuple(rows)


def _there(there: bool, text: str, today: date, due: str, url: str, *, on_its_way: bool = False) -> Cell:
    """What has to be there by a day of the year."""
    if there:
        return Cell("holds", text, url)
    return Cell("broken" if today.isoformat()[5:] > due else "undecided", text if on_its_way else "", url)


async def _heirs(conn: Connection) -> dict[str, str]:
    """Agency that was merged → who carries on."""
    merged = select(agency_mergers.c.agency, agency_mergers.c.heir).where(agency_mergers.c.heir.is_not(None))
    return {row.agency: row.heir for row in await conn.execute(merged)}


def _carried_on(counts: Mapping[str, int], heirs: Mapping[str, str]) -> Counter[str]:
    found = Counter[str]()
    for agency, count in counts.items():
        found[heirs.get(agency, agency)] += count
    return found


async def _reports_public(conn: Connection, year: int) -> frozenset[str]:
    """Agencies whose annual report of that year is public."""
    query = (
        select(statistics_reports.c.agency)
        .join(
            public_items,
            public_items.c.about == literal("statistics-", String).concat(cast(statistics_reports.c.id, String)),
        )
        .join(public_versions, public_versions.c.item_id == public_items.c.id)
        .where(public_items.c.agency == statistics_reports.c.agency, public_items.c.kind == "statistics")
        .where(statistics_reports.c.year == year, public_versions.c.state == "published")
    )
    return frozenset((await conn.execute(query)).scalars())


async def _in_force(conn: Connection, table: Table, today: date) -> dict[str, str]:
    """Agency → the day from which its list is in force."""
    columns = table.c
    query = select(columns.agency, func.max(columns.from_day)).where(columns.from_day <= today.isoformat())
    return {row[0]: row[1] for row in await conn.execute(query.group_by(columns.agency))}


async def _certified(conn: Connection, today: date) -> dict[str, tuple[int, int]]:
    """Agency → (active officers whose certificate is good, active officers)."""
    query = select(officers.c.agency, officers.c.expires).where(officers.c.active.is_(True))
    good, every = Counter[str](), Counter[str]()
    for agency, expires in await conn.execute(query):
        every[agency] += 1
        good[agency] += expires is not None and expires >= today.isoformat()
    return {agency: (good[agency], count) for agency, count in every.items()}


def _coverage(figures: Figures, url: str) -> Cell:
    """What is missing opens the cases in which it is; where nothing is, all that had something to be recorded."""
    if figures.share is None:
        return Cell("open", "–", url)
    return Cell(
        "undecided" if figures.missing else "holds",
        f"{figures.share} %",
        f"{url}&what=missing" if figures.missing else url,
    )


async def _covered(conn: Connection, month: str, codes: Sequence[str]) -> dict[tuple[str, str], Figures]:
    """Of cases that were opened in that month, by (agency, month), as the page of coverage counts them."""
    query = select(cases).where(
        cases.c.agency.in_(codes),
        cases.c.opened_day >= f"{month}-01",
        cases.c.opened_day <= f"{month}-31",
        cases.c.list_id.is_not(None),
        # along its index: the day of the agency's zone begins and ends at most a day beside that of UTC
        cases.c.opened_time >= (date.fromisoformat(f"{month}-01") - timedelta(days=1)).isoformat(),
        cases.c.opened_time < (date.fromisoformat(f"{month}-28") + timedelta(days=5)).isoformat(),
    )
    every = [case_of(row) for row in (await conn.execute(query.order_by(cases.c.id))).mappings()]
    measured = []
    for start in range(0, len(every), _AT_ONCE):
        some = every[start : start + _AT_ONCE]
        asked = await needs_of_cases(conn, some)
        measured += [Measured(case.id, case.agency, month, asked[case.id][1]) for case in some]
    return figures_of(measured)


async def _unlinked(conn: Connection, today: date, only: str | None) -> Counter[str]:
    """By agency: originals of its docks that have been here for a month and belong to no case."""
    before = format_time(datetime.combine(today - UNLINKED_AFTER, time(), UTC))
    query = select(clips.c.dock, func.count()).where(
        clips.c.kind == "original",
        clips.c.disposed_index.is_(None),
        clips.c.collected_time < before,
        ~is_linked(),
    )
    if only is not None:
        query = query.where(clips.c.dock.in_(docks_of(only)))
    agencies, found = await agencies_of_docks(conn), Counter[str]()
    for dock, count in await conn.execute(query.group_by(clips.c.dock)):
        found[agencies.get(dock, "")] += count
    return found


async def _published(conn: Connection, kind: str) -> dict[str, int]:
    query = (
        select(public_items.c.agency, func.count(public_items.c.id.distinct()))
        .join(public_versions, public_versions.c.item_id == public_items.c.id)
        .where(public_items.c.kind == kind, public_versions.c.state == "published")
    )
    return {row[0]: row[1] for row in await conn.execute(query.group_by(public_items.c.agency))}


async def _counts(conn: Connection, agency: ColumnElement[str], *where: ColumnElement[bool]) -> dict[str, int]:
    query = select(agency, func.count()).where(*where).group_by(agency)
    return {row[0]: row[1] for row in await conn.execute(query)}
