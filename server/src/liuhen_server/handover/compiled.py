"""The agency's work handbook (执法工作手册) as it is in force on a day: what other rooms hold, gathered into sections of tables. Reads alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.clocks import CLOCKS
from liuhen_server.cases.coverage import METHOD_NAMES
from liuhen_server.cases.reading import list_rows
from liuhen_server.cases.schema import recording_lists
from liuhen_server.database import Connection
from liuhen_server.registry.agencies import find_agency
from liuhen_server.registry.schema import officers
from liuhen_server.retention.tables import table_in_force
from liuhen_server.review.checklist import CHECKLIST
from liuhen_server.review.schema import major_list_rows, major_lists
from liuhen_server.supervision.acts import KINDS, records_of

__all__ = ["Handbook", "Section", "compiled"]

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """`source`: which version, in force since when, with its digest; empty where the archive's own rules are meant. `heads` and
    `rows` have the same width.
    """

    title: str
    source: str
    heads: tuple[str, ...]
    rows: Rows


@dataclass(frozen=True, slots=True)
class Handbook:
    """In Chinese, as it is printed. `only`: the one class it is of; empty: of all."""

    agency: str
    day: str
    only: str
    sections: tuple[Section, ...]


async def compiled(conn: Connection, agency: str, today: date, only: str = "") -> Handbook:
    """Raises LookupError for an agency that is not known."""
    known = await find_agency(conn, agency)
    if known is None:
        raise LookupError(agency)
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
        await _recording(conn, agency, today, only, names),
        await _major(conn, agency, today, only, names),
        Section(
            "法制审核内容",
            "",
            ("序号", "内容"),
            tuple((str(n), each.zh) for n, each in enumerate(CHECKLIST.values(), 1)),
        ),
        Section("办理时限", "", ("执法类别", "事项", "时限", "依据"), clocks),
        await _terms(conn, agency, today, only, names),
    ]
    if not only:
        found += [await _officers(conn, agency), await _people(conn, agency)]
    return Handbook(known.name, today.isoformat(), names.get(only, ""), tuple(each for each in found if each.rows))


def _in_force(version: int, from_day: str, sha256: str | None) -> str:
    return f"第 {version} 版，自 {from_day} 起生效，SHA-256：{sha256}"


async def _recording(conn: Connection, agency: str, today: date, only: str, names: dict[str, str]) -> Section:
    table = recording_lists.c
    query = select(table.id, table.version, table.from_day, table.sha256).where(
        table.agency == agency, table.from_day <= today.isoformat()
    )
    now = (await conn.execute(query.order_by(table.from_day.desc(), table.version.desc()).limit(1))).one_or_none()
    heads = ("序号", "执法类别", "事项", "环节", "方式", "起止和内容", "保存期限")
    if now is None:
        return Section("音像记录事项清单", "", heads, ())
    rows = [row for row in await list_rows(conn, now.id) if only in ("", row.enforcement)]
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
    )
    return Section("音像记录事项清单", _in_force(now.version, now.from_day, now.sha256), heads, shown)


async def _major(conn: Connection, agency: str, today: date, only: str, names: dict[str, str]) -> Section:
    table, row = major_lists.c, major_list_rows.c
    query = select(table.id, table.version, table.from_day, table.sha256).where(
        table.agency == agency, table.from_day <= today.isoformat()
    )
    now = (await conn.execute(query.order_by(table.from_day.desc(), table.version.desc()).limit(1))).one_or_none()
    heads = ("序号", "执法类别", "事项", "金额", "依据", "备注")
    if now is None:
        return Section("重大执法决定法制审核目录清单", "", heads, ())
    found = await conn.execute(
        select(row.item, row.enforcement, row.what, row.least_fen, row.source, row.remark)
        .where(row.list_id == now.id)
        .order_by(row.place)
    )
    shown = tuple(
        (each.item, names[each.enforcement], each.what, _yuan(each.least_fen), each.source, each.remark)
        for each in found
        if only in ("", each.enforcement)
    )
    return Section("重大执法决定法制审核目录清单", _in_force(now.version, now.from_day, now.sha256), heads, shown)


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d} 元以上" if fen else "不限"


async def _terms(conn: Connection, agency: str, today: date, only: str, names: dict[str, str]) -> Section:
    table = await table_in_force(conn, agency, today)
    rows: list[tuple[str, ...]] = [("未关联案件的音像", "", f"{table.unlinked_days} 日")]
    rows += [
        (names.get(each.enforcement, ""), each.item or "全类", "永久" if each.years is None else f"{each.years} 年")
        for each in table.rows
        if only in ("", each.enforcement)
    ]
    return Section("音像记录保存期限", "", ("类别", "事项", "期限"), tuple(rows))


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
