"""Private data is found wherever it stands, with its reason; what nobody decided about is not public."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.publicity.masking import (
    Choice,
    Found,
    Sort,
    apply,
    carried_over,
    check_digit,
    masked_name,
    suggest,
    undecided,
)


def found_in(text: str, names: tuple[str, ...] = (), public: tuple[str, ...] = ()) -> tuple[Found, ...]:
    return suggest([("facts", text)], names, public)


@pytest.mark.parametrize(
    ("text", "sort", "what"),
    [
        ("身份证号11010519491231002X，男", Sort.ID_NUMBER, "11010519491231002X"),
        ("身份证１１０１０５１９４９１２３１００２Ｘ", Sort.ID_NUMBER, "１１０１０５１９４９１２３１００２Ｘ"),
        ("证号 110105 19491231 002X。", Sort.ID_NUMBER, "110105 19491231 002X"),
        ("证号110105194912310021。", Sort.ID_NUMBER, "110105194912310021"),
        ("旧证号110105491231002", Sort.ID_NUMBER, "110105491231002"),
        ("电话13912345678。", Sort.PHONE, "13912345678"),
        ("电话139-1234-5678", Sort.PHONE, "139-1234-5678"),
        ("拨打+8613912345678", Sort.PHONE, "+8613912345678"),
        ("座机0421-2812345", Sort.PHONE, "0421-2812345"),
        ("转入6222021234567890128账户", Sort.BANK_CARD, "6222021234567890128"),
        ("驾驶辽N·12345小型客车", Sort.PLATE, "辽N·12345"),
        ("驾驶辽ND12345新能源车", Sort.PLATE, "辽ND12345"),
        ("住址：朝阳县光明街道幸福小区3号楼2单元501室，", Sort.ADDRESS, "朝阳县光明街道幸福小区3号楼2单元501室"),
        ("送至新华路二段12号", Sort.ADDRESS, "送至新华路二段12号"),
        ("证人张三丰称其看见", Sort.NAME, "张三丰"),
        ("邻居欧阳修在场", Sort.NAME, "欧阳修"),
    ],
)
def test_what_may_be_private_is_found_with_its_reason(text: str, sort: Sort, what: str) -> None:
    (each,) = found_in(text)
    assert (each.sort, each.text, text[each.start : each.end]) == (sort, what, what)
    assert each.reason.zh and what not in apply("facts", text, [each])


@pytest.mark.parametrize(
    "text",
    [
        "罚款3500元",
        "91211321MA0TXXXX3K",
        "《食品安全法》第一百二十四条第一款第（五）项",
        "2026年11月20日",
        "批号20261120001",
        "",
    ],
)
def test_what_is_not_private_is_left_alone(text: str) -> None:
    assert found_in(text) == ()


def test_names_of_the_case_are_found_and_the_party_is_not() -> None:
    found = found_in("李静将货卖给王小明，王小明付款", names=("王小明", "李静"), public=("李静",))
    assert [(each.text, each.instead) for each in found] == [("王小明", "王某某")] * 2
    assert apply("facts", "李静将货卖给王小明，王小明付款", found) == "李静将货卖给王某某，王某某付款"


@pytest.mark.parametrize(
    ("name", "masked"),
    [("张三丰", "张某某"), ("张三", "张某"), ("欧阳修", "欧阳某"), ("司马相如", "司马某某"), ("李", "李某")],
)
def test_a_name_keeps_its_surname_alone(name: str, masked: str) -> None:
    assert masked_name(name) == masked


def test_a_decision_is_kept_for_the_very_same_thing_and_for_nothing_else() -> None:
    first = [replace(each, choice=Choice.KEEP) for each in found_in("电话13912345678")]
    after = carried_over(found_in("其电话13912345678，另一电话13912345679"), first)
    assert [each.choice for each in after] == [Choice.KEEP, None]
    assert undecided(after) == 1


numbers = st.builds(
    lambda area, year, month, day, order: f"{area}{year:04d}{month:02d}{day:02d}{order:03d}",
    st.sampled_from(["211321", "110105", "440300"]),
    st.integers(1930, 2020),
    st.integers(1, 12),
    st.integers(1, 28),
    st.integers(0, 999),
)
around = st.text(st.sampled_from("，。的人在其号称甲乙丙：（）\n "), max_size=12)


@given(numbers, around, around)
def test_every_identity_number_in_any_words_is_found_and_gone_when_masked(first: str, before: str, after: str) -> None:
    number = first + check_digit(first)
    text = before + number + after
    found = found_in(text)
    assert any(each.sort is Sort.ID_NUMBER and each.text == number for each in found)
    assert number not in apply("facts", text, found)


@given(st.text(st.characters(codec="utf-8") | st.sampled_from("0123456789Xx139辽N号路村住址张证人"), max_size=200))
def test_any_text_is_searched_without_harm_and_what_stands_around_stays(text: str) -> None:
    found = found_in(text)
    ends = [0, *(each.end for each in found)]
    assert all(text[each.start : each.end] == each.text for each in found)
    assert all(each.start >= end for each, end in zip(found, ends, strict=False)), "nothing overlaps"
    kept = [replace(each, choice=Choice.KEEP) for each in found]
    assert apply("facts", text, kept) == text
    masked, at = apply("facts", text, found), 0
    for each in found:
        outside = text[at : each.start]
        assert outside in masked
        at = each.end
