"""What narrows a search, as words of the index beside the text's own: kind, agency, what it is about, day.

Each begins with `_`, which no word of a text or a question does. So a filter, and what a person may not see, costs no more
than one word more, and no row is read to be thrown away. Days are told by kind, and as months and thirds of a month (旬) too: an
index that is asked for many words at once weighs each of them at each document that has any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["FIRST_DAY", "LAST_DAY", "Reach", "days_between", "of_agencies", "of_document", "of_kind", "seen"]

FIRST_DAY, LAST_DAY = date(1971, 1, 1), date(2199, 12, 31)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a person sees of one kind of documents: those of `agencies` (None: of all), and besides those that are about
    something in `about` (`officer-12`, `person-7`, `dock:dock-03`).
    """

    agencies: frozenset[str] | None = None
    about: frozenset[str] = frozenset()


def of_document(kind: str, agency: str | None, about: Iterable[str], day: date | None) -> list[str]:
    """The facets of a document; `day` in the agency's zone."""
    found = [of_kind(kind), *(of_agencies([agency]) if agency else ()), *(_hashed("o", each) for each in sorted(about))]
    if day is not None:
        found += [_day(kind, day), _third(kind, day), _month(kind, day), _year(kind, day)]
    return found


def of_kind(kind: str) -> str:
    """`kind` is a word of the program's own: a to z."""
    return f"_k{kind}"


def of_agencies(agencies: Iterable[str]) -> list[str]:
    return [_hashed("a", agency) for agency in sorted(agencies)]


def seen(reach: Reach) -> list[str] | None:
    """The facets one of which a document must have to be seen; None: it is seen anyway. Empty: nothing is seen."""
    if reach.agencies is None:
        return None
    return [*of_agencies(reach.agencies), *(_hashed("o", each) for each in sorted(reach.about))]


def may_see(visible: Mapping[str, Reach], kind: str, agency: str | None, about: Iterable[str]) -> bool:
    """The same decision for one document."""
    reach = visible.get(kind)
    if reach is None:
        return False
    return reach.agencies is None or agency in reach.agencies or not reach.about.isdisjoint(about)


def days_between(kind: str, first: date, last: date) -> list[str]:
    """The fewest years, months, thirds of months and days that are together the days from `first` to `last`, both included."""
    found: list[str] = []
    first, last = max(first, FIRST_DAY), min(last, LAST_DAY)
    while first <= last:
        year_ends, month_ends, third_ends = date(first.year, 12, 31), _month_ends(first), _third_ends(first)
        if (first.month, first.day) == (1, 1) and year_ends <= last:
            found.append(_year(kind, first))
            first = year_ends + timedelta(days=1)
        elif first.day == 1 and month_ends <= last:
            found.append(_month(kind, first))
            first = month_ends + timedelta(days=1)
        elif first.day in (1, 11, 21) and third_ends <= last:
            found.append(_third(kind, first))
            first = third_ends + timedelta(days=1)
        else:
            found.append(_day(kind, first))
            first += timedelta(days=1)
    return found


def _day(kind: str, day: date) -> str:
    return f"_d{kind}{day:%Y%m%d}"


def _third(kind: str, day: date) -> str:
    return f"_t{kind}{day:%Y%m}{min((day.day - 1) // 10, 2)}"


def _month(kind: str, day: date) -> str:
    return f"_m{kind}{day:%Y%m}"


def _year(kind: str, day: date) -> str:
    return f"_y{kind}{day:%Y}"


def _third_ends(day: date) -> date:
    return _month_ends(day) if day.day > 20 else day.replace(day=10 if day.day <= 10 else 20)


def _month_ends(day: date) -> date:
    next_month = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return next_month - timedelta(days=1)


def _hashed(what: str, name: str) -> str:
    """Names of agencies are whatever an archive calls them."""
    return f"_{what}{hashlib.sha256(name.encode('utf-8', 'replace')).hexdigest()[:16]}"
