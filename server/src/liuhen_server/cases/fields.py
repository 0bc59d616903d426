"""What forms and sheets give as text, taken as it may be kept: trimmed, one line, nothing invisible, not too long."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, timezone

from liuhen_protocol.moment import format_time
from liuhen_server.cases.reading import Party
from liuhen_server.cases.said import Wrong

__all__ = ["all_seen", "day_of", "moment_of", "one_line", "parties_of", "reason_of", "spaced"]

MOST_PARTIES = 50
LONGEST_REASON = 2_000
PARTY_KINDS = ("person", "organisation")
_SPACES = str.maketrans(dict.fromkeys("\t\u00a0\u3000", " "))
"""Blanks that offices type and paste: the tab, the space that does not break, and the wide one that begins a Chinese paragraph."""
_PARTY_CODE = re.compile(r"[0-9A-Za-z-]{0,32}\Z")


def spaced(text: str) -> str:
    """With each blank that people type (tab, U+00A0, U+3000) as a space."""
    return text.translate(_SPACES)


def all_seen(text: str) -> bool:
    """Whether every sign of it is seen or is a blank that people type; line breaks are for the caller to allow."""
    return spaced(text).isprintable()


def one_line(given: str, field: str, most: int, *, empty: bool = False) -> str:
    """Raises Wrong, naming the field."""
    text = spaced(unicodedata.normalize("NFC", given)).strip()
    if not text and not empty:
        raise Wrong("此项必须填写", "this must be filled in", field)
    if len(text) > most:
        raise Wrong(f"最多 {most} 个字", f"at most {most} characters", field)
    if not text.isprintable():
        raise Wrong("含有不可见的字符，请重新输入", "there are invisible characters in it; type it anew", field)
    return text


def reason_of(given: str, field: str = "reason") -> str:
    """A reason may have several lines. Raises Wrong for none."""
    text = unicodedata.normalize("NFC", given).replace("\r\n", "\n").strip()
    if not text:
        raise Wrong("请说明理由", "say why", field)
    if len(text) > LONGEST_REASON:
        raise Wrong(f"理由最多 {LONGEST_REASON} 个字", f"a reason has at most {LONGEST_REASON} characters", field)
    if not all_seen(text.replace("\n", "")):
        raise Wrong("含有不可见的字符，请重新输入", "there are invisible characters in it; type it anew", field)
    return text


def day_of(given: str, field: str) -> date:
    """A day as forms and sheets write it: 2026-11-20. Raises Wrong."""
    try:
        day = date.fromisoformat(given.strip())
    except ValueError:
        day = None
    if day is None or len(given.strip()) != 10 or not 1990 <= day.year <= 2199:
        raise Wrong("日期应为 2026-11-20 的形式", "a day is written as 2026-11-20", field)
    return day


def moment_of(day: date, clock: str, zone: timezone, field: str) -> str:
    """A time of that day in the agency's zone, such as 14:05, as statements write times. Raises Wrong."""
    if not re.fullmatch(r"([01][0-9]|2[0-3]):[0-5][0-9]", clock.strip()):
        raise Wrong("时间应为 14:05 的形式", "a time is written as 14:05", field)
    hour, minute = (int(part) for part in clock.strip().split(":"))
    return format_time(datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone))


def parties_of(given: Iterable[Party]) -> tuple[Party, ...]:
    """As they may be kept, without those that are empty. Raises Wrong."""
    found = []
    for party in given:
        if not any((party.name.strip(), party.code.strip(), party.representative.strip(), party.contact.strip())):
            continue
        if party.kind not in PARTY_KINDS:
            raise Wrong("当事人类型应为个人或单位", "a party is a person or an organisation", "parties")
        code = one_line(party.code, "parties", 32, empty=True).upper()
        if not _PARTY_CODE.match(code):
            raise Wrong(
                "证件号或统一社会信用代码只能有字母和数字", "a party's code holds letters and digits only", "parties"
            )
        found.append(
            Party(
                party.kind,
                one_line(party.name, "parties", 120),
                code,
                one_line(party.representative, "parties", 64, empty=True),
                one_line(party.contact, "parties", 64, empty=True),
            )
        )
    if len(found) > MOST_PARTIES:
        raise Wrong(f"当事人最多 {MOST_PARTIES} 名", f"a case has at most {MOST_PARTIES} parties", "parties")
    return tuple(found)
