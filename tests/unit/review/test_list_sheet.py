"""A major-decision list by sheet: what was written out is read back the same, and a sheet with a bad row gives no list at all."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from liuhen_server.cases.said import Wrong
from liuhen_server.cases.sheets import write_csv, write_xlsx
from liuhen_server.decisions.outcomes import outcomes_of
from liuhen_server.review.criteria import DEFAULT_ROWS, MOST_ROWS, MajorRow
from liuhen_server.review.list_sheet import COLUMNS, read_major_sheet, sheet_of
from support.sheet_files import sheet_xml, xlsx

HEADER = tuple(column.zh for column in COLUMNS.values())
GOOD = ("1", "行政处罚", "对个人罚款一万元以上", "罚款、没收违法所得、没收非法财物", "", "个人", "10,000", "", "")
kinds = [each.key for each in outcomes_of("penalty") if each.money]
texts = st.text("食品经营罚款ab1（）、=+@-", max_size=12)
filled = texts.map(lambda text: f"甲{text}")
rows = st.builds(
    MajorRow,
    item=filled,
    enforcement=st.just("penalty"),
    what=filled,
    kinds=st.lists(st.sampled_from(kinds), unique=True).map(tuple),
    procedure=st.sampled_from(["", "summary", "ordinary"]),
    party_kind=st.sampled_from(["", "person", "organisation"]),
    least_fen=st.integers(0, 10**13),
    source=texts,
    remark=texts,
)


def as_xlsx(lines: Sequence[Sequence[str]]) -> io.BytesIO:
    out = io.BytesIO()
    write_xlsx("目录", lines, out)
    return out


def refused(file: io.BytesIO) -> str:
    with pytest.raises(Wrong) as caught:
        read_major_sheet(file)
    return caught.value.said.zh


@settings(max_examples=30)
@given(st.lists(rows, min_size=1, max_size=5, unique_by=lambda row: row.item))
def test_what_was_written_out_is_read_back_the_same(listed: list[MajorRow]) -> None:
    assert list(read_major_sheet(as_xlsx(list(sheet_of(listed))))) == listed
    assert list(read_major_sheet(io.BytesIO(b"".join(write_csv(sheet_of(listed)))))) == listed


def test_the_sample_goes_out_and_comes_back() -> None:
    assert read_major_sheet(as_xlsx(list(sheet_of(DEFAULT_ROWS)))) == DEFAULT_ROWS


def test_columns_come_in_any_order_and_in_either_language() -> None:
    turned = [tuple(reversed(HEADER)), tuple(reversed(GOOD))]
    english = [
        tuple(column.en for column in COLUMNS.values()),
        ("1", "penalty", "x", "fine", "any", "person", "", "", ""),
    ]
    (row,) = read_major_sheet(as_xlsx(turned))
    assert (row.kinds[0], row.party_kind, row.least_fen) == ("fine", "person", 1_000_000)
    assert read_major_sheet(as_xlsx(english))[0].kinds == ("fine",)


def test_every_bad_row_is_named_by_its_number_and_nothing_is_taken() -> None:
    bad = [
        HEADER,
        GOOD,
        ("2", "行政表扬", *GOOD[2:]),
        ("3", "行政处罚", "x", "罚站", *GOOD[4:]),
        ("4", *GOOD[1:6], "很多", "", ""),
        ("5", *GOOD[1:4], "快办程序", *GOOD[5:]),
        ("6", *GOOD[1:5], "政府", *GOOD[6:]),
        ("", *GOOD[1:]),
        GOOD,
    ]
    said = refused(as_xlsx(bad))
    for number, why in (
        (3, "请选择类别"),
        (4, "没有这种决定：罚站"),
        (5, "金额应为元"),
        (6, "程序只能是"),
        (7, "当事人应为个人或单位"),
        (8, "编号须填写"),
        (9, "编号与第 2 行重复"),
    ):
        assert f"第 {number} 行：{why}" in said
    assert "第 2 行：" not in said


def test_a_formula_is_named_by_its_cell_and_never_evaluated() -> None:
    formula = '<row r="3"><c r="B3"><f>1+1</f><v>2</v></c></row>'
    assert "第 3 行：第 2 列，单元格里是公式" in refused(io.BytesIO(xlsx(sheet_xml([HEADER, GOOD], formula))))


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([HEADER[:-1], GOOD[:-1]], "缺少列：备注"),
        ([(*HEADER, "密级"), (*GOOD, "")], "不认识的列：密级"),
        ([(*HEADER, "备注"), (*GOOD, "")], "重复的列：备注"),
        ([HEADER], "没有内容"),
        ([HEADER, *[GOOD] * (MOST_ROWS + 1)], f"最多 {MOST_ROWS} 行"),
    ],
    ids=["missing", "unknown", "twice", "empty", "too-many"],
)
def test_a_sheet_of_other_columns_or_too_many_rows_is_refused(lines: list[tuple[str, ...]], why: str) -> None:
    assert why in refused(as_xlsx(lines))


def test_macros_and_what_is_no_sheet_are_refused() -> None:
    assert "不收带宏" in refused(io.BytesIO(xlsx(sheet_xml([HEADER, GOOD]), {"xl/vbaProject.bin": b"x"})))
    assert "文件是空的" in refused(io.BytesIO(b""))


def test_of_very_many_bad_rows_the_first_are_named_and_the_others_counted() -> None:
    bad = [(str(n), "行政表扬", *GOOD[2:]) for n in range(30)]
    said = refused(as_xlsx([HEADER, *bad]))
    assert "第 21 行" in said and "第 22 行" not in said and "另有 10 处" in said


def test_blanks_and_line_breaks_within_a_cell_are_blanks() -> None:
    cells = (
        "\u30001\u00a0",
        "行政处罚",
        "对个人罚款\n一万元以上",
        "罚款；\n没收违法所得、没收非法财物",
        "",
        "\u3000个人",
        "10,000",
        "办法\u3000第三条",
        "",
    )
    (row,) = read_major_sheet(io.BytesIO(b"".join(write_csv([HEADER, cells]))))
    assert (row.item, row.what, row.source) == ("1", "对个人罚款 一万元以上", "办法 第三条")
    assert (len(row.kinds), row.party_kind) == (2, "person")


def test_a_sign_that_is_not_seen_is_said_to_be_one() -> None:
    said = refused(io.BytesIO(b"".join(write_csv([HEADER, GOOD, ("2", "行政处罚", "罚\u200b款", *GOOD[3:])]))))
    assert "第 3 行：含有不可见的字符" in said and "每格最多" not in said
