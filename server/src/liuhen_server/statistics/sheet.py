"""An agency's annual tables as a workbook in the printed form: one sheet a table on A4, titled, ruled, with places to sign."""

from __future__ import annotations

from decimal import Decimal
from typing import BinaryIO

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, Side
from openpyxl.worksheet.worksheet import Worksheet

from liuhen_server.statistics.figures import TABLES, StatisticsTable, Value

__all__ = ["ten_thousand_yuan", "write_report"]

_THIN = Side(style="thin")
_RULED = Border(left=_THIN, right=_THIN, top=_THIN, bottom=_THIN)
_CENTRE, _LEFT = Alignment("center", "center", wrap_text=True), Alignment("left", "center", wrap_text=True)
_WIDTHS = (8, 46, 14, 18)


def ten_thousand_yuan(fen: int) -> Decimal:
    """万元, as the printed tables have money: exact, six places."""
    return Decimal(fen) / 1_000_000


def write_report(agency: str, year: int, values: dict[str, Value], words: str, remark: str, out: BinaryIO) -> None:
    """`remark` says what the report is (signed, with its digest, or a draft). Numbers are numbers; every text is text."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for place, table in enumerate(TABLES, 1):
        _table(book.create_sheet(f"表{place}"), f"表{place}", table, agency, year, values, remark)
    _words(book.create_sheet("文字说明"), agency, year, words, remark)
    book.properties.creator = "留痕"
    book.save(out)


def _table(
    sheet: Worksheet, place: str, table: StatisticsTable, agency: str, year: int, values: dict[str, Value], remark: str
) -> None:
    _page(sheet, f"{year} 年度{table.name.zh}统计表", agency, place)
    money = any(figure.money for figure in table.figures)
    heads = ("序号", "项目", "数量（件）", "金额（万元）") if money else ("序号", "项目", "数量（件）", "")
    _row(sheet, 4, heads, bold=True)
    row = 5
    for figure in table.figures:
        value = values[figure.key]
        if figure.rare and not value.count:
            continue
        _row(sheet, row, (row - 4, figure.name.zh, value.count, None), bold=figure.total)
        if figure.money:
            sheet.cell(row, 4, ten_thousand_yuan(value.fen)).number_format = "0.00####"
        row += 1
    _end(sheet, row, remark)


def _words(sheet: Worksheet, agency: str, year: int, words: str, remark: str) -> None:
    _page(sheet, f"{year} 年度行政执法总体情况", agency, "")
    row = 4
    for line in words.split("\n") or [""]:
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=4)
        cell = _put(sheet, row, 1, line)
        cell.alignment = _LEFT
        sheet.row_dimensions[row].height = 18 * (1 + len(line) // 42)
        row += 1
    _end(sheet, row, remark)


def _page(sheet: Worksheet, title: str, agency: str, place: str) -> None:
    for number, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCD"[number]].width = width
    for row, text, size in ((1, place, 10), (2, title, 16), (3, f"填报单位：{agency}", 10)):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=4)
        cell = _put(sheet, row, 1, text)
        cell.font, cell.alignment = Font(size=size, bold=size == 16), _CENTRE if size == 16 else _LEFT
    sheet.row_dimensions[2].height = 30
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_options.horizontalCentered = True


def _row(sheet: Worksheet, row: int, cells: tuple[object, ...], *, bold: bool) -> None:
    for column, value in enumerate(cells, 1):
        cell = _put(sheet, row, column, value)
        cell.border, cell.font = _RULED, Font(bold=bold)
        cell.alignment = _LEFT if column == 2 and row > 4 else _CENTRE


def _end(sheet: Worksheet, row: int, remark: str) -> None:
    said = (
        "同一决定有多种处罚的，按最重的一种计一件；金额以决定书为准。",
        remark,
        "填表人：          审核人：          负责人：          日期：    年  月  日",
    )
    for place, text in enumerate(said):
        sheet.merge_cells(start_row=row + place, start_column=1, end_row=row + place, end_column=4)
        cell = _put(sheet, row + place, 1, text)
        cell.font, cell.alignment = Font(size=9), _LEFT
        sheet.row_dimensions[row + place].height = 28


def _put(sheet: Worksheet, row: int, column: int, value: object) -> Cell:
    """A text stays a text, whatever it begins with; without the signs that a cell cannot hold."""
    cell = sheet.cell(row, column)
    if isinstance(value, str):
        cell.value = "".join(sign for sign in value if sign.isprintable())
        cell.data_type = "s"
    else:
        cell.value = value
    return cell
