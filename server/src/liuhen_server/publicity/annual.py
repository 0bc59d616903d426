"""An agency's annual report that was signed becomes public (行政执法统计年报), by 31 January: collected in one act, then as everything else."""

from __future__ import annotations

from decimal import Decimal

from sqlalchemy import select

from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.publicity.content import Content, Sheet
from liuhen_server.publicity.fill import wan
from liuhen_server.publicity.items import Version, collect, versions_of
from liuhen_server.publicity.rules import State
from liuhen_server.publicity.schema import public_items
from liuhen_server.registry.agencies import find_agency
from liuhen_server.statistics.reports import Report, publication

__all__ = ["KIND", "collect_report", "content_of_report", "public_version_of"]

KIND = "statistics"
_COLUMNS = ("项目", "数量（件）", "金额（万元）")


def content_of_report(agency: str, report: Report) -> Content:
    """The tables and the words as they were signed; `agency` is its name. Raises Wrong for a draft."""
    try:
        said = publication(report)
    except ValueError as error:
        raise Wrong("统计年报尚未签发，不能公示", "a draft is not made public: it is signed first", "report") from error
    sheets = tuple(
        Sheet(
            f"表{place} {table['table']}",
            _COLUMNS,
            tuple((row["item"], str(row["count"]), _money(row.get("fen"))) for row in table["rows"]),
        )
        for place, table in enumerate(said["tables"], 1)
    )
    correction = f"（更正第 {report.version} 版）" if report.version > 1 else ""
    signed = f"{report.signed_day} 签发，日志条目 {report.log_index}"
    return Content(
        KIND, f"{agency}{report.year}年行政执法统计年报{correction}", {}, sheets, f"{report.words}\n{signed}"
    )


def _money(fen: int | None) -> str:
    """万元; empty where a figure has no money."""
    return "" if fen is None else (wan(fen) or str(Decimal(0)))


async def collect_report(conn: Connection, acts: Acts, person: Actor, report: Report) -> Version:
    """The first of the three people; `conn` reads what there is. Raises Wrong: it is a draft, in hand, or public already."""
    agency, before = await find_agency(conn, report.agency), await public_version_of(conn, report)
    if before is not None and before.state is State.PUBLISHED:
        raise Wrong("这份年报已经公示", "the report is public already", "report")
    content = content_of_report(agency.name if agency is not None else report.agency, report)
    return await collect(acts, person, report.agency, KIND, report.name, content)


async def public_version_of(conn: Connection, report: Report) -> Version | None:
    """The newest version of what is public of it."""
    item = public_items.c
    this = (item.agency == report.agency) & (item.kind == KIND) & (item.about == report.name)
    found = (await conn.execute(select(item.id).where(this))).scalar()
    versions = () if found is None else await versions_of(conn, found)
    return versions[0] if versions else None
