"""The track of a film: where its recorder was by its own word, as a text anybody can read (spec: docs/spec/track.md).

A dock takes it out of the film and states it as a derivative of the film (`clip.derived`, role `track`), so what is read here may be as hostile as
the film itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from liuhen_protocol.errors import Malformed

__all__ = ["MEDIA_TYPE", "MOST_BYTES", "MOST_POINTS", "ROLE", "Point", "read_track", "write_track"]

ROLE = "track"
MEDIA_TYPE = "text/csv"
MOST_POINTS = 20_000
"""More than five hours, one a second."""

MOST_BYTES = 64 * MOST_POINTS
_HEAD = "ms,latitude,longitude,recorder_time"
_LINE = re.compile(r"(\d{1,9}),(-?\d{1,2}\.\d{7}),(-?\d{1,3}\.\d{7}),(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Point:
    """`at_ms`: place in the film. Degrees (WGS 84 as the recorder says) in ten-millionths, so that no float is written.
    `recorder_time`: the recorder's own local time, or None.
    """

    at_ms: int
    latitude_e7: int
    longitude_e7: int
    recorder_time: str | None = None

    @property
    def latitude(self) -> float:
        return self.latitude_e7 / 1e7

    @property
    def longitude(self) -> float:
        return self.longitude_e7 / 1e7


def write_track(points: Iterable[Point]) -> bytes:
    """One line each, after a line that names the columns."""
    lines = [_HEAD]
    for point in points:
        lines.append(
            f"{point.at_ms},{_degrees(point.latitude_e7)},{_degrees(point.longitude_e7)},{point.recorder_time or ''}"
        )
    return ("\n".join(lines) + "\n").encode()


def read_track(data: bytes) -> tuple[Point, ...]:
    """The points, at least one, each later in the film than the one before. Raises Malformed."""
    if len(data) > MOST_BYTES:
        raise Malformed(f"track: more than {MOST_BYTES} bytes")
    try:
        head, *lines = data.decode("ascii").split("\n")
    except ValueError as error:
        raise Malformed("track: not ASCII") from error
    if head != _HEAD or not lines or lines.pop() != "" or not 0 < len(lines) <= MOST_POINTS:
        raise Malformed("track: not the lines of a track")
    found: list[Point] = []
    for line in lines:
        match = _LINE.fullmatch(line)
        if match is None:
            raise Malformed("track: a line that is no point")
        point = Point(int(match[1]), _e7(match[2]), _e7(match[3]), match[4])
        if abs(point.latitude_e7) > 900_000_000 or abs(point.longitude_e7) > 1_800_000_000:
            raise Malformed("track: no place on earth")
        if found and point.at_ms <= found[-1].at_ms:
            raise Malformed("track: the points are not in order")
        found.append(point)
    return tuple(found)


def _degrees(e7: int) -> str:
    whole, part = divmod(abs(e7), 10_000_000)
    return f"{'-' if e7 < 0 else ''}{whole}.{part:07d}"


def _e7(text: str) -> int:
    return int(text.replace(".", ""))
