"""Sheets for everybody: CSV and xlsx written row by row, the same bytes for the same rows, and no cell that does anything.

Of the xlsx every cell is a text written into the sheet itself, never a formula; times in the package are fixed. In the CSV a cell that
a spreadsheet would run begins with an apostrophe.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

from liuhen_server.publicity.site.folder import SiteFolder

__all__ = ["SheetPair"]

_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_TIME = (1980, 1, 1, 0, 0, 0)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_PARTS = {
    "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/styles.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
    "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
    f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="{_OFFICE}/styles" '
    'Target="styles.xml"/></Relationships>',
    "xl/workbook.xml": f'{_HEAD}<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="公示" sheetId="1" r:id="rId1"/>'
    "</sheets></workbook>",
    # style 1: bold; both are text (format 49), so that what begins with = stays what it is when a cell is edited
    "xl/styles.xml": f'{_HEAD}<styleSheet xmlns="{_MAIN}"><fonts count="2"><font><sz val="11"/><name val="宋体"/></font>'
    '<font><b/><sz val="11"/><name val="宋体"/></font></fonts><fills count="1"><fill><patternFill patternType="none"/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2">'
    '<xf numFmtId="49" applyNumberFormat="1" quotePrefix="1"/><xf numFmtId="49" fontId="1" applyNumberFormat="1" applyFont="1"/></cellXfs></styleSheet>',
}


def harmless(cell: str) -> str:
    return "'" + cell if cell.startswith(_DANGEROUS) else cell


class SheetPair:
    """One table as CSV and as xlsx, `<path>.csv` and `<path>.xlsx`. Rows go to the disk as they come."""

    def __init__(self, folder: SiteFolder, path: str, columns: Sequence[str]) -> None:
        self._folder, self._path = folder, path
        name = path.replace("/", "-")
        self._csv_part, self._xml_part = folder.aside(f"{name}.csv"), folder.aside(f"{name}.xml")
        self._csv_file = self._csv_part.open("w", encoding="utf-8-sig", newline="")
        self._csv = csv.writer(self._csv_file, lineterminator="\r\n")
        self._xml = self._xml_part.open("w", encoding="utf-8", newline="")
        self._xml.write(
            f'{_HEAD}<worksheet xmlns="{_MAIN}"><sheetViews><sheetView workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
            'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetData>'
        )
        self._row(columns, 1)

    def add(self, row: Sequence[str]) -> None:
        self._row(row, 0)

    def _row(self, row: Sequence[str], style: int) -> None:
        self._csv.writerow([harmless(cell) for cell in row])
        cells = "".join(
            f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
            if cell
            else f'<c s="{style}"/>'
            for cell in row
        )
        self._xml.write(f"<row>{cells}</row>")

    def end(self) -> None:
        """Both become files of the site."""
        self._csv_file.close()
        self._xml.write("</sheetData></worksheet>")
        self._xml.close()
        self._folder.take(f"{self._path}.csv", self._csv_part)
        packed = self._xml_part.with_suffix(".xlsx")
        _pack(self._xml_part, packed)
        self._xml_part.unlink()
        self._folder.take(f"{self._path}.xlsx", packed)


def _pack(sheet: Path, packed: Path) -> None:
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for name, text in _PARTS.items():
            archive.writestr(_info(name), text.encode())
        with archive.open(_info("xl/worksheets/sheet1.xml"), "w") as member, sheet.open("rb") as rows:
            while piece := rows.read(io.DEFAULT_BUFFER_SIZE * 8):
                member.write(piece)


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _TIME)
    info.compress_type, info.create_system, info.external_attr = zipfile.ZIP_DEFLATED, 3, 0o644 << 16
    return info
