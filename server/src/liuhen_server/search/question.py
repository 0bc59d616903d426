"""What somebody typed into the search box, as a question that both databases answer alike. Whatever is typed is one.

What stands between blanks is a phrase: its words beside each other, in their order. All phrases must be found. There are no
operators and no quotes; signs that are no words part words. The last word of a phrase may be the beginning of a longer one where
it is long enough to begin few words: eight letters or digits (digests), six digits (numbers with a date in them), four of letters and
digits that are no digest's (DSJ7 of the recorder DSJ7A01), and four after the recorder's in a file's name (0000127_2103). Dates
and case numbers are found however they are written.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

from liuhen_server.cases.numbers import parse_number
from liuhen_server.cases.said import Wrong
from liuhen_server.search.words import MOST_TIMES, NO_WORD, is_day, joined, pairs, words_of, words_with_places

__all__ = ["Phrase", "Question", "answers", "ask", "plainly", "spans"]

MOST_TYPED = 400  # signs that are read
MOST_PHRASES = 12
BEGINNING, OF_DIGITS, OF_NAMES = 8, 6, 4  # signs of a word that may go on; of shorter ones there are too many longer

_TWO_OF_A_NAME = re.compile("[0-9A-Za-z]{5,16}_[0-9A-Za-z]{4,}", re.ASCII)
_HEXADECIMAL = re.compile("[0-9a-f]+")
_DAY = re.compile(r"(?P<y>(?:19|20)\d\d)(?:[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?|(?P<mm>\d\d)(?P<dd>\d\d))")
_MONTH = re.compile(r"(?P<y>(?:19|20)\d\d)(?:[-/.年](?P<m>\d{1,2})月?|(?P<mm>\d\d))")


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words beside each other; `beginning`: the last may go on. `written`: how else what they mean may stand in a text."""

    words: tuple[str, ...]
    beginning: bool = False
    written: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """Each of `parts` must be found, in any one of its writings. No parts: nothing was asked."""

    parts: tuple[tuple[Phrase, ...], ...] = ()
    facets: tuple[tuple[str, ...], ...] = ()  # of each one at least: words of `facets.py`, never typed

    def narrowed(self, *facets: Sequence[str]) -> Question:
        return Question(self.parts, (*self.facets, *(tuple(each) for each in facets)))

    def for_sqlite(self) -> str:
        """As FTS5's MATCH reads it. Words have no quotes: nothing that was typed is syntax."""
        parts = [_any_of([_fts5(phrase) for phrase in part], " OR ") for part in self.parts]
        parts += [_any_of([f'"{word}"' for word in facet], " OR ") for facet in self.facets]
        return " AND ".join(parts)

    def for_postgresql(self) -> str:
        """As a tsquery is read, without a dictionary."""
        parts = [_any_of([_tsquery(phrase) for phrase in part], " | ") for part in self.parts]
        parts += [_any_of([f"'{word}'" for word in facet], " | ") for facet in self.facets]
        return " & ".join(parts)


def plainly(typed: str) -> str:
    """What was typed, as it can be kept and shown again: what is invisible is a blank."""
    return "".join(sign if sign.isprintable() else " " for sign in typed[:MOST_TYPED]).strip()


def ask(typed: str) -> Question:
    """Reads the first 400 signs and twelve phrases. Never raises."""
    plain = unicodedata.normalize("NFKC", typed[:MOST_TYPED])
    parts: list[tuple[Phrase, ...]] = []
    for piece in plain.split():
        part = tuple(dict.fromkeys(_writings(piece)))
        if part and part not in parts:
            parts.append(part)
        if len(parts) == MOST_PHRASES:
            break
    return Question(tuple(parts))


def spans(question: Question, text: str) -> list[tuple[int, int]]:
    """Where the question's words stand in a text, from and to, without overlaps: for marking them."""
    words = list(words_with_places(text))
    found: list[tuple[int, int]] = []
    for phrase in (phrase for part in question.parts for phrase in part):
        for each in (phrase, *(Phrase(written) for written in phrase.written)):
            for at in _places([word for word, _, _ in words], each):
                found.append((words[at][1], words[at + len(each.words) - 1][2]))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def answers(question: Question, words: Sequence[str]) -> bool:
    """Whether a text of these words is found: what both databases are held to."""
    return all(any(_places(words, phrase) for phrase in part) for part in question.parts)


def _places(words: Sequence[str], phrase: Phrase) -> list[int]:
    length = len(phrase.words)
    *before, last = phrase.words
    return [
        at
        for at in range(len(words) - length + 1)
        if list(words[at : at + length - 1]) == before
        and (words[at + length - 1].startswith(last) if phrase.beginning else words[at + length - 1] == last)
    ]


def _writings(piece: str) -> Iterator[Phrase]:
    words = tuple(word for word in words_of(piece) if word != NO_WORD)[:MOST_TIMES]
    if not words:
        return
    if day := _day_of(piece):
        yield day
        return
    yield Phrase(words, _may_go_on(words[-1]))
    if _TWO_OF_A_NAME.fullmatch(piece):
        yield Phrase((joined(piece),), True)
    with suppress(Wrong):  # no case number
        yield Phrase(tuple(words_of(str(parse_number(piece)))))


def _day_of(piece: str) -> Phrase | None:
    """A day or a month, as the index has it of every text that names it; one typed in digits alone may go on."""
    if found := _DAY.fullmatch(piece):
        year, month, day = int(found["y"]), int(found["m"] or found["mm"]), int(found["d"] or found["dd"])
        if not is_day(year, month, day):
            return None
        numbers, chinese = [month, day], [f"{month}", "月", f"{day}", "日"]
    elif found := _MONTH.fullmatch(piece):
        year, month = int(found["y"]), int(found["m"] or found["mm"])
        if not is_day(year, month, 1):
            return None
        numbers, chinese = [month], [f"{month}", "月"]
    else:
        return None
    two = [f"{each:02}" for each in numbers]
    written = {(f"{year}", *two), (f"{year}", *map(str, numbers)), (f"{year}", "年", *chinese)}
    return Phrase((f"{year}{''.join(two)}",), piece.isdecimal(), tuple(sorted(written)))


def _may_go_on(word: str) -> bool:
    if word.isdigit():
        return len(word) >= OF_DIGITS
    named = any(sign.isdigit() for sign in word) and not _HEXADECIMAL.fullmatch(word)
    return len(word) >= (OF_NAMES if named else BEGINNING)


def _any_of(writings: Sequence[str], between: str) -> str:
    return "(" + between.join(writings) + ")"


def _fts5(phrase: Phrase) -> str:
    return '"' + " ".join(phrase.words) + '"' + (" *" if phrase.beginning else "")


def _tsquery(phrase: Phrase) -> str:
    *before, last = phrase.words
    both = pairs(phrase.words)
    if len(phrase.words) == 2 and both:
        # the pair says it all, and PostgreSQL knows how common it is; of two signs beside each other it supposes that they hardly ever
        # meet, and reads every text that has both
        return f"('{both[0]}')"
    beside = " <-> ".join([*(f"'{word}'" for word in before), f"'{last}'{':*' if phrase.beginning else ''}"])
    return "(" + " & ".join([f"({beside})", *(f"'{pair}'" for pair in both)]) + ")"
