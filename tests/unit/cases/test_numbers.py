"""A case number is read in every way people write it, kept in one, and what is none is told why."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.numbers import CaseNumber, next_number, normalised, parse_number
from liuhen_server.cases.said import Wrong

REAL = CaseNumber("朝县市监罚", 2019, 12)


@pytest.mark.parametrize(
    "written",
    [
        "朝县市监罚〔2019〕12号",
        "朝县市监罚[2019]12号",
        "朝县市监罚(2019)12号",
        "朝县市监罚（2019）12号",
        "朝县市监罚【2019】12号",
        "朝县市监罚［2019］12号",
        "朝县市监罚〖2019〗12号",
        "朝县市监罚{2019}12号",
        "朝县市监罚《2019》12号",
        "朝县市监罚〔２０１９〕１２号",
        "朝县市监罚〔2019〕第12号",
        "朝县市监罚〔2019〕012号",
        "朝县市监罚〔2019〕12",
        " 朝县 市监罚 〔 2019 〕 12 号\n",
        "朝县市监罚\u200b〔2019〕\u202e12号",
        "朝县市监罚\u3000〔2019〕12号",
    ],
)
def test_every_way_of_writing_it_is_the_same_number(written: str) -> None:
    assert parse_number(written) == REAL
    assert str(parse_number(written)) == "朝县市监罚〔2019〕12号"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("", "empty"),
        ("   ", "empty"),
        ("12", "no case number"),
        ("朝县市监罚2019年12号", "no case number"),
        ("朝县市监罚〔2019〕12号附件", "no case number"),
        ("〔2019〕12号", "no word"),
        ("朝县市监罚〔19〕12号", "four digits"),
        ("朝县市监罚〔9999〕12号", "four digits"),
        ("朝县市监罚〔二〇一九〕12号", "four digits"),
        ("朝县市监罚〔2019〕0号", "serial"),
        ("朝县市监罚〔2019〕号", "serial"),
        ("朝县市监罚〔2019〕十二号", "serial"),
        ("朝县市监罚〔2019〕99999999号", "serial"),
        ("朝县市监罚〔2019〕-1号", "serial"),
        ("<b>罚</b>〔2019〕12号", "the word"),
        ("罚'; DROP TABLE cases; --〔2019〕12号", "word"),
        ("罚" * 33 + "〔2019〕12号", "at most 32"),
        ("罚" * 200, "at most 80"),
    ],
)
def test_what_is_none_is_told_why(written: str, says: str) -> None:
    with pytest.raises(Wrong, match=says) as error:
        parse_number(written)
    assert error.value.field == "number"


def test_the_same_case_with_and_without_zi() -> None:
    assert parse_number("朝县市监罚字〔2019〕第12号").key == REAL.key
    assert parse_number("字〔2019〕12号").key == "字〔2019〕12号"


def test_the_next_number_leaves_gaps_as_they_are() -> None:
    assert str(next_number("朝县市监", "罚", 2026, [1, 2, 7])) == "朝县市监罚〔2026〕8号"
    assert next_number("朝县市监", "罚", 2026, []).serial == 1


WORDS = st.text("朝县市监罚许检强征ABCxyz0189·-", min_size=1, max_size=32)


@given(WORDS, st.integers(1949, 2199), st.integers(1, 9_999_999))
def test_what_is_written_is_read_again(word: str, year: int, serial: int) -> None:
    number = CaseNumber(word, year, serial)
    assert parse_number(str(number)) == number
    assert normalised(str(number)) == str(number)


@given(st.text(max_size=120))
def test_any_text_is_a_number_or_told_why(text: str) -> None:
    try:
        number = parse_number(text)
    except Wrong:
        return
    assert parse_number(str(number)) == number


@given(WORDS, st.integers(1949, 2199), st.lists(st.integers(1, 9_000_000)))
def test_a_new_number_was_never_taken(word: str, year: int, taken: list[int]) -> None:
    assert next_number(word, "", year, taken).serial not in taken
