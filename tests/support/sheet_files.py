"""Sheets as people and attackers make them: xlsx written by hand, part by part, so that any part can be what nobody would save."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml."
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
HEADER = ("案号", "执法类别", "案由", "当事人", "承办人证号")


def cell(place: int, text: str) -> str:
    return f'<c r="{chr(65 + place)}{{row}}" t="inlineStr"><is><t>{escape(text)}</t></is></c>'


def sheet_xml(rows: Iterable[Sequence[str]], more: str = "", before: str = "") -> str:
    """`more`: rows as XML, after the others."""
    out = [before, f'<worksheet xmlns="{MAIN}"><sheetData>']
    for number, row in enumerate(rows, 1):
        cells = "".join(cell(place, text) for place, text in enumerate(row)).replace("{row}", str(number))
        out.append(f'<row r="{number}">{cells}</row>')
    return "".join([*out, more, "</sheetData></worksheet>"])


def xlsx(sheet: str, extra: dict[str, bytes] | None = None, main: str = "sheet.main+xml") -> bytes:
    """A workbook of one sheet; `extra`: other members, `main`: what the workbook says it is."""
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{package}content-types"><Default Extension="rels" ContentType="application/vnd.'
        'openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES if "macro" not in main else ""}{main}"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPES}worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}relationships"><Relationship Id="a" Type="{office}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{office}"><sheets><sheet name="S" sheetId="1" r:id="b"/>'
        "</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}relationships"><Relationship Id="b" '
        f'Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, text)
        for name, data in (extra or {}).items():
            packed.writestr(name, data)
    return out.getvalue()


def case_row(serial: int, certificates: str = "21132100、21132101", **more: str) -> tuple[str, ...]:
    given = {
        "案号": f"朝县市监罚〔2026〕{serial}号",
        "执法类别": "行政处罚",
        "案由": f"案由 {serial}",
        "当事人": "大华超市",
        "承办人证号": certificates,
    }
    return tuple((given | more)[name] for name in HEADER)


def csv_bytes(rows: Iterable[Sequence[str]], encoding: str = "utf-8") -> bytes:
    return "".join(",".join(row) + "\r\n" for row in rows).encode(encoding)
