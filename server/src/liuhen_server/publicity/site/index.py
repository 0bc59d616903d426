"""Search without a server: which pairs of neighbouring signs stand in which item, in small scripts that a page loads as it needs them.

A page opened from a disk may load scripts and nothing else, so each shard is one call of a function. Chinese has no spaces to part
words at: pairs of signs find any part of a name or a number; what is found is then compared with the whole of what was typed.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterator, Sequence

from liuhen_server.publicity.site.folder import SiteFolder

__all__ = ["RECORDS", "SearchIndex", "pairs", "shard_of", "squeezed"]

RECORDS = 250  # items of one shard of records
MOST_PAIRS = 120  # of one item: a text as long as a book is found by its beginning
_HELD = 1_000_000  # pairs kept in memory before they go to the disk
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def squeezed(text: str) -> str:
    """As it is compared: compatible forms made one, small letters, signs that are neither letter nor number left out. Of signs that
    JavaScript counts as two (beyond the first plane) nothing is left either: both sides count alike.
    """
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(sign for sign in folded if ord(sign) < 0x10000 and unicodedata.category(sign)[0] in "LN")


def pairs(texts: Sequence[str]) -> list[str]:
    """The pairs of neighbouring signs of each text, each once, in their order."""
    found: dict[str, None] = {}
    for text in texts:
        plain = squeezed(text)
        for at in range(len(plain) - 1):
            found[plain[at : at + 2]] = None
            if len(found) == MOST_PAIRS:
                return list(found)
    return list(found)


def shard_of(pair: str, shards: int) -> int:
    """The same in `search.js`."""
    return (ord(pair[0]) * 31 + ord(pair[1])) % shards


class SearchIndex:
    """Give it every item in its order; `end` writes the scripts. Memory does not grow with the number of items."""

    def __init__(self, folder: SiteFolder, items: int) -> None:
        self._folder = folder
        self.shards = max(4, min(1024, 1 << (items // 100).bit_length()))
        self._held: list[list[str]] = [[] for _ in range(self.shards)]
        self._count = 0
        self._records: list[Sequence[str]] = []
        self.items = 0

    def add(self, texts: Sequence[str], record: Sequence[str]) -> None:
        """`texts` are what it is found by, `record` is what a page shows of it: address, title, line below, day, agency."""
        for pair in pairs(texts):
            self._held[shard_of(pair, self.shards)].append(f"{pair}{self.items}\n")
            self._count += 1
        self._records.append(record)
        self.items += 1
        if len(self._records) == RECORDS:
            self._write_records()
        if self._count >= _HELD:
            self._spill()

    def end(self) -> None:
        if self._records:
            self._write_records()
        self._spill()
        for number in range(self.shards):
            part = self._folder.aside(f"pairs-{number}")
            found: dict[str, list[int]] = {}
            if part.exists():
                with part.open(encoding="utf-8") as lines:
                    for line in lines:
                        found.setdefault(line[:2], []).append(int(line[2:]))
                part.unlink()
            packed = {pair: _packed(found[pair]) for pair in sorted(found)}
            self._folder.write(f"search/p{number}.js", _call("p", number, packed))
        about = {"items": self.items, "shards": self.shards, "records": RECORDS}
        self._folder.write("search/about.js", _call("about", 0, about))

    def _write_records(self) -> None:
        number = (self.items - 1) // RECORDS
        self._folder.write(f"search/r{number}.js", _call("r", number, self._records))
        self._records = []

    def _spill(self) -> None:
        for number, lines in enumerate(self._held):
            if lines:
                with self._folder.aside(f"pairs-{number}").open("a", encoding="utf-8") as part:
                    part.writelines(lines)
                lines.clear()
        self._count = 0


def _call(what: str, number: int, value: object) -> bytes:
    """A script of one call. No text in it can end the script or begin another: every sign that could is escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return f'liuhenFound("{what}",{number},{text});\n'.encode()


def _packed(numbers: Sequence[int]) -> str:
    """Differences in base 36, parted by spaces."""
    return " ".join(_steps(numbers))


def _steps(numbers: Sequence[int]) -> Iterator[str]:
    before = 0
    for number in numbers:
        yield _base36(number - before)
        before = number


def _base36(number: int) -> str:
    digits = ""
    while number >= 36:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return _DIGITS[number] + digits
