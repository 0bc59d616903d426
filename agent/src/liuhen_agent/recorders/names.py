"""What a clip's name says: device, officer, time, number, importance. And what is missing in a series of numbers.

Patterns come from the recorder's profile (named groups device, officer, time, seq, important; all but time optional).
Times in names are the recorder's local time and are never trusted alone. Ids of zeros mean "unassigned": None.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise


@dataclass(frozen=True)
class ClipName:
    """`time`: "2026-11-22T10:00:00", local, without a zone; None if the digits are not a date."""

    device: str | None
    officer: str | None
    time: str | None
    seq: int | None
    important: bool


@dataclass(frozen=True)
class Gap:
    """`missing` numbers are absent between the files named `after` and `before` (safe paths)."""

    after: str
    before: str
    missing: int


NOTHING_KNOWN = ClipName(None, None, None, None, False)


def parse_name(path: str, patterns: Sequence[re.Pattern[str]]) -> ClipName | None:
    """`path`: safe text. The first pattern that fits decides; None if none does."""
    name = path.rsplit("/", 1)[-1]
    for pattern in patterns:
        if found := pattern.match(name):
            groups = found.groupdict()
            seq = groups.get("seq")
            return ClipName(
                device=assigned(groups.get("device")),
                officer=assigned(groups.get("officer")),
                time=_time(groups.get("time")),
                seq=int(seq) if seq and seq.isascii() and seq.isdigit() else None,
                important=bool(groups.get("important")),
            )
    return None


def assigned(identity: str | None) -> str | None:
    """The id, or None where it is empty, zeros or filling (recorders.md: zero ids mean unassigned)."""
    text = (identity or "").strip(" \0")
    return text if text.strip("0 _-") else None


def _time(digits: str | None) -> str | None:
    if digits is None:
        return None
    plain = re.sub(r"[^0-9]", "", digits)
    if not plain.isascii() or len(plain) != 14:
        return None
    try:
        return datetime.strptime(plain, "%Y%m%d%H%M%S").isoformat()  # the recorder's clock has no zone
    except ValueError:
        return None


def numbering_gaps(names: Iterable[tuple[str, ClipName]]) -> tuple[Gap, ...]:
    """Gaps in the numbers of each (device, day), in path order of the file after which numbers are missing.

    A series is looked at only between its smallest and its largest number: what was before or after cannot be known.
    Equal numbers (two files of one recording) are no gap.
    """
    series: dict[tuple[str | None, str], dict[int, str]] = defaultdict(dict)
    for path, name in sorted(names, key=lambda item: item[0]):
        if name.seq is not None and name.time is not None:
            series[name.device, name.time[:10]].setdefault(name.seq, path)
    gaps = []
    for numbers in series.values():
        ordered = sorted(numbers)
        for before, after in pairwise(ordered):
            if after - before > 1:
                gaps.append(Gap(after=numbers[before], before=numbers[after], missing=after - before - 1))
    return tuple(sorted(gaps, key=lambda gap: (gap.after, gap.before)))
