"""What is public of an annual report is what was signed: nobody types a figure (docs/adr/0022), and of a year the newest signed one counts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.publicity.content import Content, Sheet, check_content, write_content
from liuhen_server.publicity.fill import wan
from liuhen_server.publicity.kinds import kind_of
from liuhen_server.publicity.masking import Found, apply
from liuhen_server.registry.agencies import find_agency
from liuhen_server.statistics.reports import Report, publication, reports_of

__all__ = ["KIND", "as_signed", "changes_what_was_signed", "check_public_form", "content_of_report", "of_the_same_year"]

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


async def as_signed(conn: Connection, agency: str, about: str, content: Content) -> None:
    """Raises Wrong: the content is not that of the report (`about`) as it was signed, or a newer one of its year is signed."""
    if content != await _content(conn, agency, about):
        raise changes_what_was_signed()


def changes_what_was_signed() -> Wrong:
    return Wrong(
        "统计年报按签发的内容公示；有错请另拟更正版年报",
        "a report is public as it was signed: draft a correction",
        "content",
    )


async def check_public_form(conn: Connection, agency: str, about: str, content: str, found: Iterable[Found]) -> None:
    """`content`, the JSON that becomes public, is the signed one without what was masked. Raises Wrong."""
    signed, masked = await _content(conn, agency, about), tuple(found)
    if content != write_content(signed.changed(lambda place, text: apply(place, text, masked))):
        raise Wrong(
            "这一版与签发的统计年报不一致，请退回后重新采集",
            "this is not the report as it was signed: return it and collect it anew",
            "content",
        )


async def of_the_same_year(conn: Connection, agency: str, about: str) -> tuple[Report, ...]:
    """Every signed report of the agency and of the year that `about` is of, the newest first."""
    signed = [each for each in await reports_of(conn, agency) if each.signed_by is not None]
    year = next((each.year for each in signed if each.name == about), None)
    return tuple(each for each in signed if each.year == year)


async def _content(conn: Connection, agency: str, about: str) -> Content:
    reports, known = await of_the_same_year(conn, agency, about), await find_agency(conn, agency)
    if not reports:
        raise Wrong("没有这份已签发的统计年报", "there is no such signed report", "about")
    if reports[0].name != about:
        raise Wrong(
            "本年度已签发更正版年报，请公示更正版",
            "a correction of this report is signed: make that public",
            "about",
        )
    name = known.name if known is not None else agency
    return check_content(kind_of(KIND), content_of_report(name, reports[0]))
