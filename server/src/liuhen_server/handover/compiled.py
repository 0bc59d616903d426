"""The agency's work handbook (执法工作手册) as it is in force on a day: what other rooms hold, gathered into sections of tables. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from liuhen_server.cases.approval import in_force
from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.clocks import CLOCKS
from liuhen_server.cases.coverage import METHOD_NAMES
from liuhen_server.cases.lists import lists_of
from liuhen_server.cases.reading import list_rows
from liuhen_server.database import Connection
from liuhen_server.handover.in_force import MAJOR, RECORDING, TEMPLATES, TERMS, Paper, papers_in_force
from liuhen_server.publicity.content import read_content
from liuhen_server.registry.agencies import find_agency
from liuhen_server.registry.schema import officers
from liuhen_server.retention.tables import table_in_force
from liuhen_server.review.checklist import CHECKLIST
from liuhen_server.review.lists import major_lists_of
from liuhen_server.review.reading import rows_of_list
from liuhen_server.supervision.acts import KINDS, records_of

__all__ = ["Handbook", "Section", "compiled"]

Rows = tuple[tuple[str, ...], ...]
_CLASS = "执法类别"


@dataclass(frozen=True, slots=True)
class Section:
    """`source`: which version, in force since when, with its digest; empty where the archive's own rules are meant. `heads` and
    `rows` have the same width; a guide or a chart is `text` in lines instead.
    """

    title: str
    source: str
    heads: tuple[str, ...]
    rows: Rows
    text: str = ""


@dataclass(frozen=True, slots=True)
class Handbook:
    """In Chinese, as it is printed. `only`: the one class it is of; empty: of all. `papers`: what it was compiled from, beside the
    archive's own rules and its registry.
    """

    agency: str
    day: str
    only: str
    sections: tuple[Section, ...]
    papers: tuple[Paper, ...]


async def compiled(conn: Connection, agency: str, today: date, only: str = "") -> Handbook:
    """Raises LookupError for an agency that is not known, Wrong where something in force is not what the log says was approved."""
    known = await find_agency(conn, agency)
    if known is None:
        raise LookupError(agency)
    papers = await papers_in_force(conn, agency, today, only)
    source = {each.kind: each.source for each in papers if not each.key}
    classes = [each for key, each in CLASSES.items() if only in ("", key)]
    names = {each.key: each.name.zh for each in CLASSES.values()}
    stages = tuple(
        (
            rules.name.zh,
            row.name.zh,
            "、".join(kind.name.zh for kind in row.documents if kind.required) or "–",
            "、".join(kind.name.zh for kind in row.documents if not kind.required and kind.key != "other") or "–",
        )
        for rules in classes
        for row in rules.table
    )
    clocks = tuple(
        (
            "、".join(names[key] for key in names if key in clock.classes),
            clock.name.zh,
            f"{clock.days} {'个工作日' if clock.working else '日'}",
            clock.source.zh,
        )
        for clock in CLOCKS
        if not only or only in clock.classes
    )
    found = [
        Section("各类执法的环节和文书", "", ("执法类别", "环节", "必备文书", "视情文书"), stages),
        await _recording(conn, agency, today, only, names, source.get(RECORDING, "")),
        await _major(conn, agency, today, only, names, source.get(MAJOR, "")),
        Section(
            "法制审核内容",
            "",
            ("序号", "内容"),
            tuple((str(n), each.zh) for n, each in enumerate(CHECKLIST.values(), 1)),
        ),
        Section("办理时限", "", ("执法类别", "事项", "时限", "依据"), clocks),
        await _terms(conn, agency, today, only, names, source.get(TERMS, "")),
    ]
    for paper in papers:
        found += _public(paper, names.get(only, "")) if paper.key else []
    templates = tuple(
        (each.title, str(each.version), each.by, each.day, str(each.index), each.sha256, each.file)
        for each in papers
        if each.kind == TEMPLATES
    )
    heads = ("文书", "版本", "启用人", "启用时间", "日志条目", "SHA-256", "文件")
    found.append(Section(TEMPLATES, "", heads, templates))
    if not only:
        found += [await _officers(conn, agency), await _people(conn, agency)]
    held = tuple(each for each in found if each.rows or each.text)
    return Handbook(known.name, today.isoformat(), names.get(only, ""), held, papers)


async def _recording(
    conn: Connection, agency: str, today: date, only: str, names: dict[str, str], source: str
) -> Section:
    now = in_force(await lists_of(conn, agency), today)
    rows = () if now is None else await list_rows(conn, now.id)
    shown = tuple(
        (
            row.item,
            names[row.enforcement],
            row.what,
            CLASSES[row.enforcement].stage_name(row.stage).zh,
            METHOD_NAMES[row.method].zh + ("" if row.required else "（可选）"),
            "；".join(text for text in (row.begins, row.content, row.ends) if text),
            row.retention,
        )
        for row in rows
        if only in ("", row.enforcement)
    )
    return Section(RECORDING, source, ("序号", "执法类别", "事项", "环节", "方式", "起止和内容", "保存期限"), shown)


async def _major(conn: Connection, agency: str, today: date, only: str, names: dict[str, str], source: str) -> Section:
    now = in_force(await major_lists_of(conn, agency), today)
    rows = () if now is None else await rows_of_list(conn, now.id)
    shown = tuple(
        (each.item, names[each.enforcement], each.what, _yuan(each.least_fen), each.source, each.remark)
        for each in rows
        if only in ("", each.enforcement)
    )
    return Section(MAJOR, source, ("序号", "执法类别", "事项", "金额", "依据", "备注"), shown)


def _public(paper: Paper, only: str) -> list[Section]:
    """As it is public; of the list of items only the class's own, where it is of one class."""
    content = read_content(paper.body.decode())
    found = [Section(content.title, paper.source, (), (), content.text)] if content.text else []
    for sheet in content.sheets:
        at = sheet.columns.index(_CLASS) if only and _CLASS in sheet.columns else None
        rows = tuple(row for row in sheet.rows if at is None or only in row[at])
        title = "：".join(each for each in (content.title, sheet.title) if each)
        found.append(Section(title, paper.source, sheet.columns, rows))
    return found


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d} 元以上" if fen else "不限"


async def _terms(conn: Connection, agency: str, today: date, only: str, names: dict[str, str], source: str) -> Section:
    table = await table_in_force(conn, agency, today)
    rows: list[tuple[str, ...]] = [("未关联案件的音像", "", f"{table.unlinked_days} 日")]
    rows += [
        (names.get(each.enforcement, ""), each.item or "全类", "永久" if each.years is None else f"{each.years} 年")
        for each in table.rows
        if only in ("", each.enforcement)
    ]
    return Section(TERMS, source, ("类别", "事项", "期限"), tuple(rows))


async def _officers(conn: Connection, agency: str) -> Section:
    table = officers.c
    query = select(table.name, table.certificate, table.post, table.area, table.expires).where(
        table.agency == agency, table.active.is_(True)
    )
    found = await conn.execute(query.order_by(table.certificate))
    rows = tuple((each.name, each.certificate, each.post, each.area, each.expires or "–") for each in found)
    return Section("执法人员", "", ("姓名", "执法证号", "职务", "执法区域", "证件有效期至"), rows)


async def _people(conn: Connection, agency: str) -> Section:
    found = await records_of(conn, agency)
    rows = tuple(
        (KINDS[each["kind"]].zh, each["name"], each["what"], each["day"])
        for each in found
        if each["kind"] in ("responsible", "counsel")
    )
    return Section("责任人和法律顾问", "", ("种类", "姓名或单位", "内容", "日期"), rows)
