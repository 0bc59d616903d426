"""Positions in the subtitles of a film: recorders with an Ambarella A9 write one line a second into the first subtitle stream. Pure.

    $G:2026-11-20 18:02:11-N41.5772110-E120.4510250

What ffmpeg made of the stream (SubRip) comes from footage nobody can vouch for: what is not of this form is passed over, and only so much of it is read.
The form is from public descriptions; it was not tried on such a recorder yet.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from liuhen_protocol.track import MOST_POINTS, Point

__all__ = ["MOST_SUBTITLES", "points_of"]

MOST_SUBTITLES = 8 << 20
"""Bytes of SubRip text that are looked at."""

_SHOWN = re.compile(r"(\d\d):([0-5]\d):([0-5]\d),(\d{3}) --> ", re.ASCII)
_PLACE = re.compile(
    r"\$G:(\d{4})[-/](\d\d)[-/](\d\d) (\d\d:\d\d:\d\d)-([NS])(\d{1,2})\.(\d{1,7})\d*-([EW])(\d{1,3})\.(\d{1,7})",
    re.ASCII,
)


def points_of(subtitles: bytes) -> tuple[Point, ...]:
    """In the order of the film; a place that is none (0, 0: no satellites yet) and a second line of one moment are left out."""
    found: list[Point] = []
    for point in _points(subtitles[:MOST_SUBTITLES].decode("utf-8", "replace")):
        if len(found) == MOST_POINTS:
            break
        if not found or point.at_ms > found[-1].at_ms:
            found.append(point)
    return tuple(found)


def _points(text: str) -> Iterator[Point]:
    at_ms: int | None = None
    for line in text.split("\n"):
        if shown := _SHOWN.match(line):
            hours, minutes, seconds, thousandths = (int(part) for part in shown.groups())
            at_ms = ((hours * 60 + minutes) * 60 + seconds) * 1000 + thousandths
        elif at_ms is not None and (place := _PLACE.search(line[:1000])):
            year, month, day, clock, north, *_ = place.groups()
            latitude = _e7(place[6], place[7]) * (1 if north == "N" else -1)
            longitude = _e7(place[9], place[10]) * (1 if place[8] == "E" else -1)
            on_earth = abs(latitude) <= 900_000_000 and abs(longitude) <= 1_800_000_000
            if on_earth and (latitude or longitude):
                yield Point(at_ms, latitude, longitude, f"{year}-{month}-{day}T{clock}")
            at_ms = None


def _e7(whole: str, part: str) -> int:
    return int(whole) * 10_000_000 + int(part.ljust(7, "0"))
