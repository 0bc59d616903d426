"""Which language a browser reads: Chinese unless it chose English; and how times, sizes and terms are written."""

import unicodedata
from datetime import datetime, timezone
from enum import StrEnum

from aiohttp import web

from liuhen_protocol.moment import parse_time
from liuhen_server.cases.said import Said
from liuhen_server.web.texts import TEXTS

__all__ = ["LANGUAGE_COOKIE", "Language", "Words", "language_of"]

LANGUAGE_COOKIE = "__Host-liuhen-language"


class Language(StrEnum):
    CHINESE = "zh"
    ENGLISH = "en"


def language_of(request: web.Request) -> Language:
    return Language.ENGLISH if request.cookies.get(LANGUAGE_COOKIE) == Language.ENGLISH else Language.CHINESE


class Words:
    """The catalogue in one language, and the forms that depend on it."""

    def __init__(self, language: Language, zone: timezone) -> None:
        self.language = language
        self.zone = zone

    @property
    def html_lang(self) -> str:
        return "zh-CN" if self.language is Language.CHINESE else "en"

    def __call__(self, key: str, /, **values: object) -> str:
        """The text of `key` with its places filled; that of `key.one` where there is one and `count` is 1, as English has it.
        Raises KeyError for a key the catalogue does not have.
        """
        one = f"{key}.one"
        text = TEXTS[one if values.get("count") == 1 and one in TEXTS else key]
        return (text.zh if self.language is Language.CHINESE else text.en).format(**values)

    def reason(self, code: str) -> str:
        """What a dock's code means, with the code; the code alone, made plain, where it is none that is known."""
        key = f"reason.{code}"
        return self("reason", why=self(key), code=code) if key in TEXTS else self.plain(code)

    def other(self) -> "Words":
        """The catalogue in the other language: for the one sentence that stands on a page in both."""
        other = Language.ENGLISH if self.language is Language.CHINESE else Language.CHINESE
        return Words(other, self.zone)

    def said(self, said: Said) -> str:
        """A sentence of a rule."""
        return said.zh if self.language is Language.CHINESE else said.en

    def known(self, key: str, otherwise: str) -> str:
        """The text of a key that was put together from data, or the data itself."""
        return self(key) if key in TEXTS else otherwise

    def moment(self, stated: str | int | datetime) -> datetime:
        """A statement's time, Unix seconds or a moment, in the agency's zone."""
        if isinstance(stated, str):
            parsed = parse_time(stated)
            try:
                return parsed.astimezone(self.zone)
            except OverflowError:  # a dock's clock at the end of time: the zone's hours are beyond what a date can be
                return parsed.replace(tzinfo=self.zone)
        if isinstance(stated, int):
            return datetime.fromtimestamp(stated, self.zone)
        return stated.astimezone(self.zone)

    def time(self, stated: str | int | datetime) -> str:
        return f"{self.moment(stated):%Y-%m-%d %H:%M:%S}"

    def time_with_zone(self, stated: str | int | datetime) -> str:
        return f"{self.moment(stated):%Y-%m-%d %H:%M:%S} {self.zone.tzname(None)}"

    def size(self, count: int) -> str:
        """Bytes in a unit people read: `86.2 MB` (powers of ten, as disks are sold)."""
        value, unit = float(count), "B"
        for unit in ("B", "kB", "MB", "GB", "TB"):
            if value < 1000 or unit == "TB":
                break
            value /= 1000
        return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"

    def exact_size(self, count: int) -> str:
        return self("unit.bytes", count=f"{count:,}")

    def plain(self, name: str) -> str:
        """A name from a recorder as it can be shown: what is invisible or turns the direction of writing is spelt out, so
        that `gpj.exe` cannot pass for `exe.jpg`.
        """
        return "".join(sign if _is_plain(sign) else f"⟨U+{ord(sign):04X}⟩" for sign in name)

    def plain_lines(self, text: str) -> str:
        """Words of a person or a statement as they can be shown; their line breaks stay."""
        return "\n".join(self.plain(line) for line in text.split("\n"))

    def file_name(self, path: str) -> str:
        """The last part of a path, or all of it where there is none."""
        return self.plain(path.rpartition("/")[2] or path)

    def count(self, number: int, most: int) -> str:
        """A count that was not taken further than `most`: `9,999`, `10,000+`."""
        return f"{most:,}+" if number > most else f"{number:,}"

    def wait(self, seconds: int) -> str:
        if seconds < 60:
            return self("unit.seconds", count=seconds)
        return self("unit.minutes", count=-(-seconds // 60))


def _is_plain(sign: str) -> bool:
    return sign == " " or (
        sign.isprintable() and unicodedata.category(sign) not in ("Cf", "Cc", "Cs", "Co", "Cn", "Zl")
    )
