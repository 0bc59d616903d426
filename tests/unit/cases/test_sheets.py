"""A sheet is read as text and never run, fetched from or grown by; a sheet that is written does nothing when it is opened."""

from __future__ import annotations

import csv
import io
import tracemalloc
import zipfile
from datetime import date

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.case_sheet import COLUMNS, MOST_ROWS, Sheet, judge, read_sheet
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.sheets import MOST_FILE_BYTES, Row, read_rows, write_csv, write_xlsx
from liuhen_server.registry.officers import Officer
from support.sheet_files import HEADER, case_row, cell, csv_bytes, sheet_xml, xlsx

TODAY = date(2026, 11, 20)
WANG = Officer("21132100", "王磊", "scjg", id=1)
LI = Officer("21132101", "李静", "scjg", classes=frozenset({"penalty"}), id=2)
KNOWN = {each.certificate: each for each in (WANG, LI)}
ONE = [HEADER, case_row(1)]


def rows(data: bytes) -> list[Row]:
    return list(read_rows(io.BytesIO(data)))


def sheet(data: bytes) -> Sheet:
    return read_sheet(read_rows(io.BytesIO(data)))


def refused(data: bytes) -> str:
    with pytest.raises(Wrong) as error:
        rows(data)
    return error.value.said.en


def mistakes(*lines: tuple[str, ...], header: tuple[str, ...] = HEADER) -> list[tuple[int, str, str]]:
    """Row, column and what is wrong, of a sheet in an archive that has number 7 already."""
    read = sheet(xlsx(sheet_xml([header, *lines])))
    taken = {"朝县市监罚〔2026〕7号": "朝县市监罚〔2026〕7号"}
    good, wrong = judge(read, "scjg", KNOWN, taken, TODAY)
    assert not (good and wrong)
    return [(each.row, each.column.zh, each.said.en) for each in wrong]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_is_read_in_the_encodings_that_offices_have(encoding: str) -> None:
    read = sheet(csv_bytes([HEADER, case_row(1, 案由="无照经营（𠀀）")], encoding))
    assert [draft.title for draft in read.drafts] == ["无照经营（𠀀）"]


def test_a_sheet_and_its_csv_say_the_same() -> None:
    assert sheet(xlsx(sheet_xml(ONE))) == sheet(csv_bytes(ONE))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (csv_bytes(ONE, "utf-16"), "UTF-16"),
        (csv_bytes(ONE, "utf-8") + b"\xff\xff", "neither in UTF-8 nor in GB18030"),
        (b"", "empty"),
        (b"a\x00b", "only xlsx and CSV"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "encrypted workbook or an old"),
        ("案号,案由\r\n\"没有结束".encode(), "odd quotation mark"),
        (b"x" * (MOST_FILE_BYTES + 1), "more than 5 MB"),
        (b"PK\x03\x04 and then nothing", "damaged"),
    ],
    ids=["utf-16", "no encoding", "empty", "binary", "xls", "quotes", "large", "zip"],
)  # fmt: skip
def test_what_is_no_sheet_is_refused_with_the_way_out(data: bytes, says: str) -> None:
    assert says in refused(data)


@pytest.mark.parametrize(
    ("extra", "main", "says"),
    [
        ({"xl/vbaProject.bin": b"x"}, "sheet.main+xml", "macros"),
        ({}, "application/vnd.ms-excel.sheet.macroEnabled.main+xml", "macros"),
        ({"xl/macrosheets/sheet1.xml": b"<x/>"}, "sheet.main+xml", "macros"),
        ({"xl/embeddings/oleObject1.bin": b"x"}, "sheet.main+xml", "embedded"),
        ({"xl/externalLinks/externalLink1.xml": b"<x/>"}, "sheet.main+xml", "other files or connections"),
        ({"xl/connections.xml": b"<x/>"}, "sheet.main+xml", "other files or connections"),
    ],
    ids=["vba", "xlsm", "macro sheet", "object", "external link", "connection"],
)
def test_macros_objects_and_links_to_elsewhere_are_refused(extra: dict[str, bytes], main: str, says: str) -> None:
    assert says in refused(xlsx(sheet_xml(ONE), extra, main))


def test_a_formula_is_refused_by_its_cell_and_never_evaluated() -> None:
    formula = '<row r="2"><c r="C2"><f>1+1</f><v>2</v></c></row>'
    array = '<row r="3"><c r="A3"><f t="array" ref="A3:A3">SUM(B1:B2)</f><v>2</v></c></row>'
    read = sheet(xlsx(sheet_xml([HEADER], formula + array)))
    wrong = [(each.row, each.column.zh) for each in read.mistakes if "formula" in each.said.en]
    assert wrong == [(2, "案由"), (3, "案号")] and read.drafts == ()
    as_text = sheet(xlsx(sheet_xml([HEADER, case_row(1, 案由="=1+1")])))
    assert as_text.drafts[0].title == "=1+1"


def test_a_zip_bomb_stays_packed() -> None:
    bomb = xlsx(sheet_xml(ONE), {"xl/media/a.bin": b"\x00" * (40 << 20)})
    assert len(bomb) < 100_000
    assert "unpacks to too much" in refused(bomb)
    assert "unpacks to too much" in refused(xlsx(sheet_xml(ONE), {f"xl/m/{n}": b"" for n in range(400)}))


def test_an_index_that_lies_about_sizes_is_not_believed() -> None:
    data = bytearray(xlsx("<x/>" + "<y/>" * 500_000))
    for at in range(len(data) - 4):
        if data[at : at + 4] == b"PK\x01\x02" and b"sheet1" in data[at + 46 : at + 80]:
            data[at + 24 : at + 28] = (100).to_bytes(4, "little")  # of its unpacked size
    assert "damaged" in refused(bytes(data))


@pytest.mark.parametrize("part", ["sheet", "strings"])
def test_xml_entities_are_refused(part: str) -> None:
    laughs = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>'
    if part == "sheet":
        data = xlsx(sheet_xml([("&c;",)], before=laughs).replace("&amp;", "&"))
    else:
        data = xlsx(
            laughs + '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">&c;</worksheet>'
        )
    assert "not allowed" in refused(data)


def test_a_file_of_this_machine_is_not_read_through_an_entity() -> None:
    outside = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
    assert "not allowed" in refused(xlsx(sheet_xml([("&a;",)], before=outside).replace("&amp;", "&")))


def test_fifty_thousand_rows_are_refused_in_little_memory() -> None:
    """What is kept does not grow with the file: most of it is the packed file itself."""
    many = [HEADER, *(case_row(n) for n in range(1, 50_001))]
    for data in (xlsx(sheet_xml(many)), csv_bytes(many)):
        tracemalloc.start()
        with pytest.raises(Wrong) as error:
            sheet(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert f"more than {MOST_ROWS} rows" in error.value.said.en
        assert peak < 12 << 20


def test_a_row_at_the_end_of_a_million_is_not_waited_for() -> None:
    far = f'<row r="999999999">{cell(0, "x")}</row>'.replace("{row}", "999999999")
    assert [row.number for row in rows(xlsx(sheet_xml([HEADER], far)))] == [1, 999999999]


def test_a_row_or_a_list_of_strings_that_would_fill_the_memory_is_refused() -> None:
    assert "a row of the sheet is too long" in refused(xlsx(sheet_xml([], "<row>" + "<c/>" * 100_000 + "</row>")))
    strings = b"<sst>" + b"<si/>" * 300_000 + b"</sst>"
    assert "too much in the sheet" in refused(xlsx(sheet_xml(ONE), {"xl/sharedStrings.xml": strings}))


@pytest.mark.parametrize(
    ("header", "says"),
    [
        (("案号", "案由", "当事人"), "missing: Class, Handlers"),
        ((*HEADER, "备注"), "unknown: 备注"),
        ((*HEADER, "案由"), "there twice: 案由"),
        (("a", "b"), "unknown: a, b"),
    ],
    ids=["missing", "unknown", "twice", "other sheet"],
)
def test_columns_that_do_not_fit_are_named(header: tuple[str, ...], says: str) -> None:
    with pytest.raises(Wrong) as error:
        sheet(csv_bytes([header, case_row(1)]))
    assert says in error.value.said.en


def test_each_bad_row_is_named_with_its_column_and_what_to_do() -> None:
    assert mistakes(
        case_row(1),
        case_row(2, 案由=""),
        case_row(3, 执法类别="行政奖励"),
        case_row(4, certificates="21132100"),
        case_row(5, certificates="21132100，99999999"),
        case_row(1, 案由="又一件"),
        case_row(7),
        case_row(8, 案号="12号"),
        case_row(9, 执法类别="许可"),
    ) == [
        (3, "案由", "this must be filled in"),
        (4, "执法类别", "no such class; there are licence, penalty, coercion, levy, inspection"),
        (5, "承办人证号", "at least two officers handle a case (Administrative Penalty Law, art. 42), at most 20"),
        (6, "承办人证号", "no officer with the certificate 99999999; check it, or register the officer first"),
        (7, "案号", "the number stands in row 2 too; take one away"),
        (8, "案号", "the number 朝县市监罚〔2026〕7号 is in the archive; take the row away"),
        (9, "案号", "“12号” is no case number: it looks like 朝县市监罚〔2019〕12号"),
        (10, "承办人证号", "the certificate of 李静 does not cover Licence"),
    ]


def test_one_number_written_in_two_ways_is_one_number() -> None:
    again = case_row(1, 案号="朝县市监罚字(2026)第 001 号")
    assert [(row, column) for row, column, _ in mistakes(case_row(1), again)] == [(3, "案号")]


def test_a_long_number_that_a_spreadsheet_has_rounded_is_not_guessed() -> None:
    header = (*HEADER, "证件号码")
    rounded = '<row r="2">' + "".join(cell(n, text) for n, text in enumerate(case_row(1))).replace("{row}", "2")
    rounded += '<c r="F2"><v>2.1132119900101123E17</v></c></row>'
    read = sheet(xlsx(sheet_xml([header], rounded)))
    assert [(each.row, each.column.zh) for each in read.mistakes] == [(2, "证件号码")]


def test_certificates_that_are_numbers_in_the_sheet_are_taken() -> None:
    row = '<row r="2">' + "".join(cell(n, text) for n, text in enumerate(case_row(1, certificates="")[:4]))
    row = row.replace("{row}", "2") + '<c r="E2"><v>21132100</v></c></row>'
    assert sheet(xlsx(sheet_xml([HEADER], row))).drafts[0].certificates == ("21132100",)


def test_several_parties_stand_in_one_order() -> None:
    header = (*HEADER, "当事人类型", "联系方式")
    parts = (*case_row(1, 当事人="大华超市；张三"), "单位；个人", "")
    (draft,) = sheet(csv_bytes([header, parts])).drafts
    assert [(each.kind, each.name) for each in draft.parties] == [("organisation", "大华超市"), ("person", "张三")]
    assert [(row, column) for row, column, _ in mistakes((*parts[:5], "单位", ""), header=header)] == [
        (2, "当事人类型")
    ]


@given(st.lists(st.lists(st.text(max_size=20), min_size=3, max_size=3), max_size=5))
def test_what_is_written_comes_back_and_nothing_of_it_runs(table: list[list[str]]) -> None:
    plain = [["".join(sign for sign in text if sign.isprintable()).strip() for text in row] for row in table]
    data = b"".join(write_csv(plain))
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")):
        assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r")) for text in row)
    kept = [row for row in plain if any(row)]
    assert not kept or [list(row.cells) for row in rows(data)] == [
        [text.removeprefix("'") if text[1:2] in tuple("=+-@") and text[:1] == "'" else text for text in row]
        for row in kept
    ]


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
def test_an_exported_cell_never_begins_a_formula(sign: str) -> None:
    attack = sign + 'cmd|"/c calc"!A1'
    out = io.BytesIO()
    write_xlsx("案件", [["案由"], [attack]], out)
    (cell_,) = openpyxl.load_workbook(io.BytesIO(out.getvalue())).worksheets[0]["A2:A2"][0]
    assert (cell_.value, cell_.data_type, cell_.quotePrefix) == (attack, "s", True)
    with zipfile.ZipFile(io.BytesIO(out.getvalue())) as packed:
        assert b"<f>" not in packed.read("xl/worksheets/sheet1.xml")
    (line,) = csv.reader(io.StringIO(b"".join(write_csv([[attack]])).decode("utf-8-sig")))
    assert line == ["'" + attack]


def test_an_exported_sheet_is_a_sheet_that_can_be_read_again() -> None:
    names = [column.name.zh for column in COLUMNS]
    line = [
        "朝县市监罚〔2026〕9号",
        "行政处罚",
        "甲",
        "大华超市",
        "单位",
        "",
        "",
        "",
        "21132100、21132101",
        "启动",
        "2026-11-20",
        "王磊",
    ]
    out = io.BytesIO()
    write_xlsx("案件", [names, line], out)
    read = sheet(out.getvalue())
    assert [draft.number for draft in read.drafts] == ["朝县市监罚〔2026〕9号"]
    assert [each.zh for each in read.ignored] == ["环节", "立案日期", "承办人"]


def test_an_amount_with_a_fraction_is_an_amount_and_a_long_number_is_not() -> None:
    cells = (
        '<row r="2"><c r="A2"><v>1234.5</v></c><c r="B2"><v>0.1</v></c><c r="C2"><v>1234567890123456789</v></c></row>'
    )
    _, row = rows(xlsx(sheet_xml([("甲", "乙", "丙")], cells)))
    assert row.cells == ("1234.5", "0.1") and [place for place, _ in row.bad] == [2]
