"""Case numbers (案号) in their real form: 朝县市监罚〔2019〕12号.

A number is the word of agency and class, the year in 〔〕 (U+3014, U+3015) and a serial without leading zeros (GB/T
9704-2012, 7.2.5: the year in full in 〔〕, the serial without 第 and without 虚位). People type the other brackets,
full-width digits, spaces, 第 and 012; all of that is read and none of it is kept.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from liuhen_server.cases.said import Wrong

__all__ = ["FIRST_YEAR", "LAST_YEAR", "LONGEST_WORD", "CaseNumber", "next_number", "normalised", "parse_number"]

LONGEST_WORD = 32
FIRST_YEAR, LAST_YEAR = 1949, 2199
MOST_SERIAL = 9_999_999

_OPENING = "([{【〔［〖《〈「（"
_CLOSING = ")]}】〕］〗》〉」）"
_BRACKETS = str.maketrans(dict.fromkeys(_OPENING, "〔") | dict.fromkeys(_CLOSING, "〕"))
_WHOLE = re.compile(r"(?P<word>[^〔〕]*)〔(?P<year>[^〔〕]*)〕第?(?P<serial>[^〔〕号]*)号?")
_WORD = re.compile(r"[\u3400-\u9fffA-Za-z0-9〔〕·-]+")


@dataclass(frozen=True, slots=True, order=True)
class CaseNumber:
    """`word` is that of agency and class together: 朝县市监罚. Made by `parse_number` or `next_number`."""

    word: str
    year: int
    serial: int

    def __str__(self) -> str:
        return f"{self.word}〔{self.year}〕{self.serial}号"

    @property
    def key(self) -> str:
        """What two writings of one number have in common: 罚字〔2019〕12号 and 罚〔2019〕12号 are one case of an agency."""
        return f"{_without_zi(self.word)}〔{self.year}〕{self.serial}号".lower()


def parse_number(text: str) -> CaseNumber:
    """Raises Wrong, which says what is not a case number's form."""
    plain = normalised(text)
    if not plain:
        raise Wrong("请填写案号", "the case number is empty", "number")
    if len(plain) > 80:
        raise Wrong("案号过长，最多 80 个字", "a case number has at most 80 characters", "number")
    found = _WHOLE.fullmatch(plain)
    if found is None:
        raise Wrong(
            f"“{_shown(plain)}”不是案号：应为“朝县市监罚〔2019〕12号”的形式",
            f"“{_shown(plain)}” is no case number: it looks like 朝县市监罚〔2019〕12号",
            "number",
        )
    return CaseNumber(_checked_word(found["word"]), _checked_year(found["year"]), _checked_serial(found["serial"]))


def normalised(text: str) -> str:
    """The same text without spaces and invisible signs, with plain digits and 〔〕 for every kind of bracket. What is
    asked for in a search box goes through this as well.
    """
    compatible = unicodedata.normalize("NFKC", text)
    visible = "".join(
        sign
        for sign in compatible
        if unicodedata.category(sign) not in ("Zs", "Zl", "Zp", "Cc", "Cf", "Cs", "Cn", "Co")
    )
    return visible.translate(_BRACKETS)


def next_number(agency_word: str, class_word: str, year: int, taken: Iterable[int]) -> CaseNumber:
    """The number after the highest serial taken in this year; gaps that were left stay gaps, for a number that was
    given once may stand on paper. Raises Wrong for a word that cannot stand in a number.
    """
    return CaseNumber(_checked_word(agency_word + class_word), _checked_year(str(year)), max(taken, default=0) + 1)


def _checked_word(word: str) -> str:
    if not word:
        raise Wrong(
            "案号缺少机关代字，如“朝县市监罚”",
            "the case number has no word of agency and class, as 朝县市监罚",
            "number",
        )
    if len(word) > LONGEST_WORD or not _WORD.fullmatch(word):
        raise Wrong(
            f"机关代字“{_shown(word)}”只能有汉字、字母、数字，最多 {LONGEST_WORD} 个字",
            f"the word “{_shown(word)}” may hold Chinese signs, letters and digits, at most {LONGEST_WORD}",
            "number",
        )
    return word


def _checked_year(year: str) -> int:
    if not (year.isascii() and year.isdigit() and len(year) == 4 and FIRST_YEAR <= int(year) <= LAST_YEAR):
        raise Wrong(
            f"年份“{_shown(year)}”应为四位数字，如〔2019〕",
            f"the year “{_shown(year)}” should have four digits, as 〔2019〕",
            "number",
        )
    return int(year)


def _checked_serial(serial: str) -> int:
    if not (serial.isascii() and serial.isdigit() and len(serial) <= 12 and 1 <= int(serial) <= MOST_SERIAL):
        raise Wrong(
            f"顺序号“{_shown(serial)}”应为 1 到 {MOST_SERIAL} 的数字",
            f"the serial “{_shown(serial)}” should be a number from 1 to {MOST_SERIAL}",
            "number",
        )
    return int(serial)


def _without_zi(word: str) -> str:
    return word.removesuffix("字") or word


def _shown(text: str) -> str:
    return text if len(text) <= 40 else text[:40] + "…"
