"""Texts as words, and questions: what people type finds what they mean, however it is written."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.search.facets import Reach, days_between, may_see, of_document, seen
from liuhen_server.search.question import answers, ask, spans
from liuhen_server.search.sources import clip_document
from liuhen_server.search.words import GAP, LONGEST, index_text, words_of


def finds(typed: str, text: str) -> bool:
    return answers(ask(typed), index_text(text).split(" "))


def test_chinese_signs_stand_singly_and_latin_words_and_numbers_whole() -> None:
    assert index_text("朝阳县DSJ-A9记录仪 0000127_0001.MP4") == "朝 阳 县 dsj a9 记 录 仪 0000127 0001 mp4"


@pytest.mark.parametrize("part", ["市场监督管理局", "监督", "督管", "理局", "朝", "局"])
def test_any_part_of_a_chinese_word_is_found(part: str) -> None:
    assert finds(part, "朝阳县市场监督管理局")


@pytest.mark.parametrize("typed", ["督监", "监 省", "朝县", "管理所"])
def test_signs_in_another_order_or_not_beside_each_other_are_not_found(typed: str) -> None:
    assert not finds(typed, "朝阳县市场监督管理局")


@pytest.mark.parametrize(
    "typed", ["0000127", "0001", "mp4", "0000127_210327", "210327_0001.MP4", "ＭＰ４", "mp4 0000127"]
)
def test_a_file_is_found_by_each_part_of_its_name(typed: str) -> None:
    assert finds(typed, "0000127_210327_0001.MP4")


@pytest.mark.parametrize(
    "typed", ["0000127_2103", "0000127_21032", "DSJ7A01_0123", "dsj7a01_0123", "0000127_210327202611201802"]
)
def test_a_clip_is_found_by_its_recorder_and_the_first_of_the_officers_digits(typed: str) -> None:
    names = ("0000127_21032720261120180211_0001.MP4", "DSJ7A01_01234520261122100000_0001_IMP.MP4")
    texts = [clip_document("ab" * 32, "dock-03", "scjg", "2026-11-20T10:02:11.000Z", (name,)).text for name in names]
    assert [finds(typed, text) for text in texts] == [name.casefold().startswith(typed.casefold()) for name in names]
    assert not any(
        finds(each, text) for each in ("0000127_210", "0000128_2103", "_2103", "0127_2103") for text in texts
    )


def test_part_of_a_number_is_another_number() -> None:
    assert not finds("00001", "0000127_210327_0001.MP4")
    assert not finds("2103", "0000127_210327_0001.MP4")


def test_a_digest_is_found_by_its_beginning_of_eight_digits() -> None:
    digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    assert finds(digest, f"a.MP4{GAP}{digest}") and finds(digest[:8].upper(), digest) and finds(digest[:20], digest)
    assert not finds(digest[:7], digest) and not finds(digest[:8] + "0", digest)


@pytest.mark.parametrize(
    "typed",
    [
        "2026-11-20",
        "2026/11/20",
        "2026.11.20",
        "20261120",
        "2026年11月20日",
        "11月20日",
        "2026年11月",
        "2026-11",
        "202611",
    ],
)
def test_a_day_is_found_however_it_is_written(typed: str) -> None:
    assert finds(typed, f"a.MP4{GAP}2026年11月20日")


@pytest.mark.parametrize(
    "typed", ["2026-01-05", "2026-1-5", "2026年1月5日", "2026年01月05日", "20260105", "2026-01", "202601"]
)
@pytest.mark.parametrize(
    "text", ["现场 2026-01-05 b.mp4", "2026.1.5", "自2026年1月5日起", "2026年01月05日", "a_20260105.pdf"]
)
def test_a_day_with_one_digit_is_the_day_with_two(typed: str, text: str) -> None:
    assert finds(typed, text)
    assert not any(finds(other, text) for other in ("2026-13-05", "2026-1-6", "2026-02", "20260106"))


@pytest.mark.parametrize("text", [f"2026年1月{GAP}5日", f"2026{GAP}01-05", "2026年1月5件", "2026-31-05", "12026-01-05"])
def test_numbers_that_are_no_day_are_found_as_none(text: str) -> None:
    assert not finds("2026-01-05", text)


def test_a_text_of_nothing_but_days_stays_within_what_a_database_counts() -> None:
    days = " ".join(
        f"{year}-{month:02}-{day:02}" for year in range(1990, 2060) for month in range(1, 13) for day in range(1, 29)
    )
    words = index_text(days).split(" ")
    assert len(words) <= 16_383 and finds("1990-01-05", days)


@pytest.mark.parametrize(
    "typed", ["罚〔2019〕12号", "罚[2019]12号", "罚【2019】12号", "罚（2019）12号", "〔2019〕12号", "罚〔2019〕第012号"]
)
def test_a_case_number_is_found_in_any_brackets(typed: str) -> None:
    assert finds(typed, "朝县市监罚〔2019〕12号")


def test_no_phrase_goes_over_a_gap_between_fields() -> None:
    assert not finds("甲乙", f"甲{GAP}乙") and finds("甲 乙", f"甲{GAP}乙")


def test_what_is_typed_is_never_an_error_and_never_syntax() -> None:
    for typed in (
        "",
        " ",
        '"',
        "a AND",
        "NEAR(",
        "* ^ - :",
        "words:x",
        "'; DROP",
        "\\",
        "\x00",
        "\ud800",
        "(((",
        "a\x1fb",
        "_kclip",
    ):
        question = ask(typed)
        assert "_" not in question.for_sqlite()
    assert ask('"').parts == ()


def test_a_question_of_ten_thousand_letters_is_cut() -> None:
    question = ask("罚 " * 5_000 + "督" * 10_000)
    assert len(question.parts) <= 12 and len(question.for_postgresql()) < 5_000
    assert len(ask("x" * 10_000).parts[0][0].words[0]) == LONGEST


@given(st.text(max_size=200))
def test_the_words_of_a_text_are_what_a_tokenizer_at_blanks_gives_back(text: str) -> None:
    for word in index_text(text).split():
        assert word == "_" or (not any(sign in "'\"\\_ " for sign in word) and len(word) <= LONGEST)
    assert words_of(text) == words_of(unicodedata.normalize("NFKC", text))


signs = st.sampled_from("朝阳市场监督管理局罚〔〕2019aB9é _-.\x1fⅫ①ﬁがｶﾞ")


@given(st.text(signs, max_size=40), st.text(signs, min_size=1, max_size=6))
def test_what_is_marked_is_found(text: str, typed: str) -> None:
    question = ask(typed)
    marked = spans(question, text)
    assert all(0 <= begin < end <= len(text) for begin, end in marked)
    assert all(one[1] < other[0] for one, other in pairwise(marked))
    if question.parts and answers(question, words_of(text)):
        assert marked


def test_what_is_marked_are_the_signs_as_they_were_written() -> None:
    text = "朝陽ＭＰ４ 2026-11-20 x"
    assert [text[a:b] for a, b in spans(ask("mp4 20261120"), text)] == ["ＭＰ４", "2026-11-20"]
    text = "2026年1月5日 20260105 2026-1-5"
    assert [text[a:b] for a, b in spans(ask("2026-01-05"), text)] == text.split()


@given(st.dates(date(1971, 1, 1), date(2199, 12, 31)), st.integers(0, 5_000), st.integers(-40, 5_040))
def test_days_are_covered_by_few_years_months_thirds_and_days(first: date, length: int, other: int) -> None:
    last = min(first + timedelta(days=length), date(2199, 12, 31))
    cover = set(days_between("clip", first, last))
    try:
        asked = first + timedelta(days=other)
    except OverflowError:
        return
    if asked <= date(2199, 12, 31):
        assert bool(cover & set(of_document("clip", None, (), asked))) == (first <= asked <= last)
    assert len(cover) <= 2 * (10 + 2 + 11) + length // 365 + 1


@given(st.booleans(), st.sampled_from([None, "甲局", "乙局"]), st.sets(st.sampled_from(["officer-1", "officer-2"])))
def test_what_a_person_may_see_is_the_same_by_facets_and_by_rule(
    everything: bool, agency: str | None, about: set[str]
) -> None:
    reach = Reach(None if everything else frozenset({"甲局"}), frozenset({"officer-2"}))
    facets = set(of_document("clip", agency, about, None))
    limits = seen(reach)
    assert may_see({"clip": reach}, "clip", agency, about) == (limits is None or bool(facets & set(limits)))
    assert not may_see({"stay": reach}, "clip", agency, about)
    assert seen(Reach(frozenset())) == []
