"""Sheets as offices have them, xlsx and CSV: read row by row as plain text, and written so that no cell does anything.

A sheet comes from anybody. What a program could run (formulas, macros, embedded objects) or fetch (external links, connections) is
refused; nothing is ever evaluated. What would grow (a zip bomb, XML entities, a sheet of a million rows, a row of a million cells) is refused before
it does: rows are read one at a time, and no more than are asked for.
"""

from __future__ import annotations

import codecs
import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, BinaryIO

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.reader.excel import ExcelReader
from openpyxl.styles import Font
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._reader import WorkSheetParser

from liuhen_server.cases.said import Said, Wrong

__all__ = ["MOST_FILE_BYTES", "Row", "read_rows", "write_csv", "write_xlsx"]

MOST_FILE_BYTES = 5 << 20
MOST_UNPACKED = 24 << 20
MOST_MEMBERS = 300
MOST_COLUMNS = 64
MOST_TAGS = 200_000
MOST_TAGS_OF_A_ROW = 20_000

_RUNS = ("vbaproject", "xl/macrosheets/", "xl/dialogsheets/", "xl/activex/", "xl/embeddings/", "xl/ctrlprops/")
_FETCHES = ("xl/externallinks/", "xl/connections", "xl/querytables/", "xl/webextensions/")
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula when it opens a CSV (and signs that move it to a cell's beginning)."""


@dataclass(frozen=True, slots=True)
class Row:
    """`number` as the spreadsheet shows it, from 1. `bad`: cells that could not be taken as text, by place."""

    number: int
    cells: tuple[str, ...]
    bad: tuple[tuple[int, Said], ...] = ()

    @property
    def empty(self) -> bool:
        return not self.bad and not any(self.cells)


def read_rows(file: BinaryIO) -> Iterator[Row]:
    """The rows that are not empty, one by one: of an xlsx its first sheet. What the file is is decided by its bytes. Raises
    Wrong for a file that is not taken, at the latest when its rows are read to that place.
    """
    file.seek(0, io.SEEK_END)
    size = file.tell()
    file.seek(0)
    if size == 0:
        raise _wrong("文件是空的", "the file is empty")
    if size > MOST_FILE_BYTES:
        most = MOST_FILE_BYTES >> 20
        raise _wrong(f"文件超过 {most} MB，请分成几个文件", f"the file has more than {most} MB; make several of it")
    head = file.read(8)
    file.seek(0)
    if head.startswith(b"PK\x03\x04"):
        rows = _xlsx_rows(file)
    elif head.startswith(b"\xd0\xcf\x11\xe0"):
        raise _wrong(
            "这是加密的表格或旧版 .xls 文件，请去掉密码，另存为 .xlsx",
            "this is an encrypted workbook or an old .xls; save it as .xlsx without a password",
        )
    else:
        rows = _csv_rows(file)
    return (row for row in rows if not row.empty)


# --- xlsx


def _xlsx_rows(file: BinaryIO) -> Iterator[Row]:
    """By openpyxl's parser of one sheet: opening the workbook as a whole would read every sheet through before its first row."""
    _check_package(file)
    try:
        reader = ExcelReader(file, read_only=True, keep_links=False)
        with reader.archive:
            reader.read_manifest()
            reader.read_strings()
            reader.read_workbook()
            apply_stylesheet(reader.archive, reader.wb)
            _, first = next(reader.parser.find_sheets())
            with reader.archive.open(first.target) as member:
                parser = WorkSheetParser(
                    _Measured(member),
                    reader.shared_strings,
                    epoch=reader.wb.epoch,
                    date_formats=reader.wb._date_formats,
                    timedelta_formats=reader.wb._timedelta_formats,
                )
                for number, cells in parser.parse():
                    yield _row(number, cells)
    except (Wrong, MemoryError):
        raise
    except (
        Exception
    ) as error:  # whatever a reader of a foreign format raises for what is none; forbidden entities among it
        raise _wrong(
            "xlsx 文件已损坏，或含有不允许的内容，请用表格软件打开后另存",
            "the xlsx is damaged, or holds what is not allowed",
        ) from error


class _Measured:
    """A sheet's XML as it is unpacked. A single row is kept until it ends: one of a million cells is not waited for."""

    def __init__(self, member: IO[bytes]) -> None:
        self._member, self._open = member, 0

    def read(self, size: int = -1) -> bytes:
        piece = self._member.read(min(size, 1 << 16) if size > 0 else 1 << 16)
        _, ended, rest = piece.rpartition(b"</row")
        self._open = rest.count(b"<") if ended else self._open + rest.count(b"<")
        if self._open > MOST_TAGS_OF_A_ROW:
            raise _wrong("表格中有一行过长", "a row of the sheet is too long")
        return piece


def _check_package(file: BinaryIO) -> None:
    """By its index alone: nothing is unpacked before. What a member really holds is never read beyond what the index says."""
    try:
        with zipfile.ZipFile(file) as packed:
            members = packed.infolist()
            names = [each.filename.lower().lstrip("/") for each in members]
            unpacked = sum(each.file_size for each in members)
            if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED:
                raise _wrong("xlsx 解开后过大，已拒收", "the xlsx unpacks to too much and was not taken")
            if "[content_types].xml" not in names or not any(name.startswith("xl/") for name in names):
                raise _wrong("这不是 xlsx 表格", "this is no xlsx")
            types = packed.read(members[names.index("[content_types].xml")]).lower()
            if sum(_tags(packed, each) for each in members if _is_read_whole(each.filename)) > MOST_TAGS:
                raise _wrong(
                    "表格内容过多，请分成几个文件，或另存为 CSV",
                    "there is too much in the sheet; make several, or save it as CSV",
                )
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        if isinstance(error, Wrong):
            raise
        raise _wrong("xlsx 文件已损坏或已加密", "the xlsx is damaged or encrypted") from error
    finally:
        file.seek(0)
    if b"macroenabled" in types or any(part in name for name in names for part in _RUNS):
        raise _wrong(
            "不收带宏或嵌入对象的表格，请另存为不带宏的 .xlsx",
            "sheets with macros or embedded objects are not taken; save it as .xlsx without",
        )
    if any(part in name for name in names for part in _FETCHES):
        raise _wrong(
            "表格引用了外部文件或数据连接，请断开链接（粘贴为数值）后再传",
            "the sheet refers to other files or connections; break the links (paste as values) and send it again",
        )


def _is_read_whole(name: str) -> bool:
    """Of everything but the sheets, a tree is made before the first row: strings, styles, the workbook's own parts."""
    return name.lower().endswith((".xml", ".rels")) and "worksheets/sheet" not in name.lower()


def _tags(packed: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    with packed.open(member) as opened:
        return sum(piece.count(b"<") for piece in iter(lambda: opened.read(1 << 16), b""))


def _row(number: int, cells: Sequence[Mapping[str, object]]) -> Row:
    found = dict[int, str]()
    bad = list[tuple[int, Said]]()
    for cell in cells:
        place = cell["column"]
        assert isinstance(place, int)
        if place > MOST_COLUMNS:
            continue
        text, wrong = _text(cell["value"], str(cell["data_type"]))
        if text:
            found[place - 1] = text
        if wrong is not None:
            bad.append((place - 1, wrong))
    return Row(number, tuple(found.get(place, "") for place in range(max(found, default=-1) + 1)), tuple(bad))


def _text(value: object, data_type: str) -> tuple[str, Said | None]:
    if value is None:
        return "", None
    if data_type == "f":
        return "", Said("单元格里是公式，请粘贴为数值", "there is a formula in the cell; paste it as a value")
    if data_type == "e":
        return "", Said("单元格里是错误值，请改正", "the cell holds an error; put it right")
    if isinstance(value, str):
        return value.strip(), None
    if isinstance(value, bool):
        return ("TRUE" if value else "FALSE"), None
    if isinstance(value, datetime):
        return value.date().isoformat(), None
    if isinstance(value, date):
        return value.isoformat(), None
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int) and abs(value) < 10**15:
        return str(value), None
    if isinstance(value, float) and abs(value) < 1e15:
        # an amount: as the spreadsheet shows it, in fifteen digits at most
        return format(Decimal(f"{value:.15g}"), "f"), None
    if isinstance(value, int | float):
        return "", Said(
            "长号码按数字存放，末几位已丢失，请把这一列设为文本格式后重新输入",
            "a long number was kept as a number and lost its last digits; make the column text and type it anew",
        )
    return "", Said("请把单元格设为文本", "make the cell text")


# --- CSV


def _csv_rows(file: BinaryIO) -> Iterator[Row]:
    text = io.TextIOWrapper(file, _encoding(file), newline="")
    try:
        first = text.readline()
        text.seek(0)
        delimiter = "\t" if "\t" in first and "," not in first else ","
        reader = csv.reader(text, delimiter=delimiter, strict=True)
        number = 1  # a cell may have several lines, and a spreadsheet counts rows
        for number, cells in enumerate(reader, 1):
            yield Row(number, tuple(_plain(cell.strip()) for cell in cells[:MOST_COLUMNS]))
    except csv.Error as error:
        raise _wrong(
            f"CSV 第 {number} 行之后读不下去（引号不成对，或一格过长）",
            f"the CSV cannot be read behind row {number} (an odd quotation mark, or a cell that is too long)",
        ) from error
    finally:
        if not file.closed:
            text.detach()


def _plain(cell: str) -> str:
    """Without the apostrophe that `write_csv` (or a spreadsheet) sets before a sign that would begin a formula."""
    return cell[1:] if len(cell) > 1 and cell[0] == "'" and cell[1] in _DANGEROUS else cell


def _encoding(file: BinaryIO) -> str:
    """UTF-8 with or without its mark, or GB18030 (which GBK and GB2312 are part of). Every byte is looked at once."""
    head = file.read(4)
    file.seek(0)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _encoded("是 UTF-16 编码", "is in UTF-16")
    for encoding in ("utf-8-sig", "gb18030"):
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            while piece := file.read(1 << 16):
                if b"\x00" in piece:
                    raise _wrong("只收 xlsx 和 CSV 文件", "only xlsx and CSV files are taken")
                decoder.decode(piece)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        finally:
            file.seek(0)
        return encoding
    raise _encoded("既不是 UTF-8 也不是 GB18030 编码", "is neither in UTF-8 nor in GB18030")


def _encoded(zh: str, en: str) -> Wrong:
    return _wrong(
        f"文件{zh}，请另存为“CSV UTF-8（逗号分隔）”", f"the file {en}; save it as “CSV UTF-8 (comma delimited)”"
    )


# --- writing


def write_csv(rows: Iterable[Sequence[str]]) -> Iterator[bytes]:
    """UTF-8 with its mark, as spreadsheets want it. A cell that a spreadsheet would run begins with an apostrophe."""
    yield codecs.BOM_UTF8
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    for row in rows:
        writer.writerow([_harmless(cell) for cell in row])
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()


def _harmless(cell: str) -> str:
    return "'" + cell if cell.startswith(_DANGEROUS) else cell


def write_xlsx(
    title: str,
    rows: Iterable[Sequence[str]],
    out: BinaryIO,
    widths: Sequence[int] = (),
    second: tuple[str, Sequence[Sequence[str]]] | None = None,
) -> None:
    """One sheet of text, the first row of it bold and kept in sight; `second`: a sheet of explanations. Every cell is text,
    and says so: what begins with = is shown, never run.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "A2"
    for place, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
        sheet.column_dimensions[get_column_letter(place)].number_format = "@"
    for number, row in enumerate(rows):
        sheet.append([_cell(sheet, text, bold=number == 0) for text in row])
    if second is not None:
        notes = book.create_sheet(second[0])
        for place, width in enumerate((24, 90), 1):
            notes.column_dimensions[get_column_letter(place)].width = width
        for number, note in enumerate(second[1]):
            notes.append([_cell(notes, text, bold=number == 0) for text in note])
    book.save(out)


def _cell(sheet: object, text: str, *, bold: bool) -> object:
    if not text:
        return None
    cell = WriteOnlyCell(sheet, value="".join(sign for sign in text if sign.isprintable() or sign == "\n"))
    cell.data_type = "s"
    cell.number_format = "@"
    cell.quotePrefix = text.startswith(_DANGEROUS)
    if bold:
        cell.font = Font(bold=True)
    return cell


def _wrong(zh: str, en: str) -> Wrong:
    return Wrong(zh, en, "file")
