"""Text as words that an index keeps, so that any part of a Chinese word is found, with the same answer from every database.

Chinese, Japanese and Korean signs stand singly, in their order: two signs beside each other are a phrase of two words, and
every part of a longer word is found by its phrase. Latin words and numbers stand whole and end at punctuation. Nothing is
left to the tokenizer of a database: what they call a letter differs from one to the other and with their versions.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence

__all__ = ["GAP", "LONGEST", "NO_WORD", "VERSION", "index_text", "joined", "pairs", "words_of", "words_with_places"]

VERSION = 6
"""Raised whenever a text would give other words, or another room is read: an index of another version is made anew."""

GAP = "\x1f"
"""Between fields of one text: no phrase goes over it."""

LONGEST = 64  # signs of a word; longer ones are cut, in texts and in questions alike. A SHA-256 is as long
MOST_WORDS = 16_000  # PostgreSQL counts the places of words up to 16,383
MOST_SIGNS = 200_000
MOST_TIMES = 255  # places of one word in one text that PostgreSQL keeps
NO_WORD = "_"  # keeps a place free; no question has it

_SINGLE = (
    "\u3005-\u3007\u3040-\u30ff\u3100-\u312f\u31a0-\u31ff"  # 々〆〇, kana, bopomofo
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"  # ideographs, hangul
    "\ue000-\uf8ff"  # private use: rare signs of names in Chinese systems
    "\U00020000-\U0003ffff\U000f0000-\U0010fffd"
)
_SINGLE_SIGN = re.compile(rf"[{_SINGLE}]")
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
    return " ".join(kept)


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
