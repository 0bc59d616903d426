"""A sketch of a track: its line, where it begins and ends, and how long a hundred metres are. No map: nothing is asked of anybody outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, floor, log10, radians

from liuhen_protocol.track import Point
from liuhen_server.custody.tracks import thinned

__all__ = ["HEIGHT", "WIDTH", "Dot", "Sketch", "sketch_of"]

WIDTH, HEIGHT = 640, 320
MOST_DOTS = 40
_EDGE = 32
_METRES_A_DEGREE = 111_195.0
_LEAST_METRES = 20.0
"""What stands still is not blown up to the noise of its receiver."""


@dataclass(frozen=True, slots=True)
class Dot:
    x: float
    y: float
    point: Point


@dataclass(frozen=True, slots=True)
class Sketch:
    """In the units of a drawing WIDTH by HEIGHT, north above. `line`: points of an SVG polyline; `bar` is as long as `metres`."""

    line: str
    dots: tuple[Dot, ...]
    metres: int
    bar: float


def sketch_of(points: Sequence[Point]) -> Sketch:
    """`points`: at least one. A county is small enough to be drawn flat."""
    middle = radians((min(each.latitude for each in points) + max(each.latitude for each in points)) / 2)
    east = [(each.longitude - points[0].longitude + 540) % 360 - 180 for each in points]  # across the date line too
    xs = [degrees * cos(middle) * _METRES_A_DEGREE for degrees in east]
    ys = [-(each.latitude - points[0].latitude) * _METRES_A_DEGREE for each in points]
    wide, high = max(max(xs) - min(xs), _LEAST_METRES), max(max(ys) - min(ys), _LEAST_METRES)
    scale = min((WIDTH - 2 * _EDGE) / wide, (HEIGHT - 2 * _EDGE) / high)
    left = WIDTH / 2 - (min(xs) + max(xs)) / 2 * scale
    top = HEIGHT / 2 - (min(ys) + max(ys)) / 2 * scale
    drawn = [
        Dot(round(left + x * scale, 1), round(top + y * scale, 1), point)
        for x, y, point in zip(xs, ys, points, strict=True)
    ]
    chosen = set(thinned(points, MOST_DOTS))
    metres = _round_metres(WIDTH / 4 / scale)
    return Sketch(
        " ".join(f"{dot.x},{dot.y}" for dot in drawn),
        tuple(dot for dot in drawn if dot.point in chosen),
        metres,
        round(metres * scale, 1),
    )


def _round_metres(most: float) -> int:
    """The longest of 1, 2, 5, 10, 20, … metres that is not longer."""
    power = 10 ** floor(log10(max(most, 1.0)))
    return int(max(each * power for each in (1, 2, 5) if each * power <= max(most, 1.0)))
