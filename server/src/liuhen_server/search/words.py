"""Text as words that an index keeps, so that any part of a Chinese word is found, with the same answer from every database.

Chinese, Japanese and Korean signs stand singly, in their order: two signs beside each other are a phrase of two words, and
every part of a longer word is found by its phrase. Latin words and numbers stand whole and end at punctuation. A day or a month
that a text names, however it writes it, is one word more (20261120, 202611): a phrase of numbers that stand in every text is dear to
ask for. Nothing is left to the tokenizer of a database: what they call a letter differs from one to the other and with their versions.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date

__all__ = [
    "GAP",
    "LONGEST",
    "NO_WORD",
    "VERSION",
    "index_text",
    "is_day",
    "joined",
    "pairs",
    "words_of",
    "words_with_places",
]

VERSION = 7
"""Raised whenever a text would give other words, or another room is read: an index of another version is made anew."""

GAP = "\x1f"
"""Between fields of one text: no phrase goes over it."""

LONGEST = 64  # signs of a word; longer ones are cut, in texts and in questions alike. A SHA-256 is as long
MOST_WORDS = 16_000  # PostgreSQL counts the places of words up to 16,383
MOST_SIGNS = 200_000
MOST_DAYS = 50  # of a text that are words of their own
MOST_TIMES = 255  # places of one word in one text that PostgreSQL keeps
NO_WORD = "_"  # keeps a place free; no question has it

_SINGLE = (
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff"  # 々〆〇, kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"  # ideographs, hangul
    "\ue000-\uf8ff"  # private use: rare signs of names in Chinese systems
    "\U00020000-\U0003ffff\U000f0000-\U0010fffd"
)
_SINGLE_SIGN = re.compile(rf"[{_SINGLE}]")
_YEAR = re.compile(r"(?:19|20)[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,2}", re.ASCII)
_JOINED = re.compile(r"([0-9a-z]{5,16})_([0-9a-z]{4,48})", re.ASCII)
_WORD = re.compile(rf"[{_SINGLE}]|[^\W_{_SINGLE}]+|{GAP}")


def words_of(text: str) -> list[str]:
    """The words in their order; a gap between fields is `_`. At most 16,000, of the first 200,000 signs."""
    found: list[str] = []
    for match in _WORD.finditer(_plain(text)[:MOST_SIGNS]):
        found.append(NO_WORD if match[0] == GAP else match[0][:LONGEST])
        if len(found) == MOST_WORDS:
            break
    return found


def index_text(text: str) -> str:
    """The words as an index takes them, a blank between: NFKC, case folded, `_` where a place is kept free."""
    seen: Counter[str] = Counter()
    kept = []
    for word in words_of(text):
        seen[word] += 1
        kept.append(word if seen[word] <= MOST_TIMES else NO_WORD)
    for word in _days_and_months(words_of(text)):
        if word not in seen:
            kept += (NO_WORD, word)
    return " ".join(kept)


def is_day(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _days_and_months(words: Sequence[str]) -> list[str]:
    """What is beside each other as 2026 11 20, 2026 11, 2026 年 11 月 20 日 or 2026 年 11 月, and the month of 20261120: each once, as one word."""
    found: dict[str, None] = {}
    for at, word in enumerate(words):
        if len(word) == 8 and _YEAR.match(word) and word.isdecimal() and is_day(*_parted(word)):
            found[word[:6]] = None
        elif _YEAR.fullmatch(word):
            behind = words[at + 1 : at + 6]
            if behind[:1] == ["年"] and behind[2:3] == ["月"]:
                behind = [behind[1], *(behind[3:4] if behind[4:5] == ["日"] else ())]
            numbers = [int(each) for each in behind[:2] if _NUMBER.fullmatch(each)]
            if behind and _NUMBER.fullmatch(behind[0]) and is_day(int(word), numbers[0], 1):
                found[f"{word}{numbers[0]:02}"] = None
                if len(numbers) == 2 and is_day(int(word), *numbers):
                    found[f"{word}{numbers[0]:02}{numbers[1]:02}"] = None
        if len(found) >= MOST_DAYS:
            break
    return list(found)


def _parted(word: str) -> tuple[int, int, int]:
    return int(word[:4]), int(word[4:6]), int(word[6:])


def pairs(words: Sequence[str]) -> list[str]:
    """Signs that stand singly beside each other, two and two, as facets: PostgreSQL's index knows where no phrase of common
    signs can be by them alone. They are no part of what is found: the phrase itself still decides.
    """
    single = [len(word) == 1 and _SINGLE_SIGN.match(word) is not None for word in words]
    found = (f"_{words[at - 1]}{words[at]}" for at in range(1, len(words)) if single[at - 1] and single[at])
    return list(dict.fromkeys(found))


def joined(name: str) -> str:
    """The first two words of a name like `0000127_21032720261120180211_0001.MP4` as one, by the few letters of the second that somebody
    typed after the first (0000127_2103): of such beginnings alone there are too many. Empty for a name of another form.
    """
    found = _JOINED.match(_plain(name[:200]))
    return f"{found[1]}{found[2]}"[:LONGEST] if found else ""


def words_with_places(text: str) -> Iterator[tuple[str, int, int]]:
    """Each word with where it begins and ends in the text as it was given: for marking what was found. Texts of 20,000
    signs at most; of longer ones the beginning.
    """
    signs: list[str] = []
    places: list[int] = []
    ends: list[int] = []
    for start, end in _clusters(text[:20_000]):
        for sign in _plain(text[start:end]):
            signs.append(sign)
            places.append(start)
            ends.append(end)
    for match in _WORD.finditer("".join(signs)):
        yield (
            NO_WORD if match[0] == GAP else match[0][:LONGEST],
            places[match.start()],
            ends[match.end() - 1],
        )


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """A sign with the marks that are written over it, or that become one sign with it."""
    start = 0
    for place in range(1, len(text)):
        if not _joins(text[start:place], text[place]):
            yield start, place
            start = place
    if text:
        yield start, len(text)


def _joins(before: str, sign: str) -> bool:
    if sign < "\u0300" or "\u3400" <= sign <= "\u9fff":  # nearly all there is, quickly
        return False
    if unicodedata.combining(sign) or len(before) > LONGEST:
        return bool(unicodedata.combining(sign))
    return _plain(before + sign) != _plain(before) + _plain(sign)  # half-width kana with its mark, parts of hangul


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
