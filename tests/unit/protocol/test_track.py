"""A track is read as it was written, and what is no track is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_protocol.errors import Malformed
from liuhen_protocol.track import MOST_BYTES, MOST_POINTS, Point, read_track, write_track

HEAD = b"ms,latitude,longitude,recorder_time\n"
LATITUDES, LONGITUDES = st.integers(-900_000_000, 900_000_000), st.integers(-1_800_000_000, 1_800_000_000)


@st.composite
def tracks(draw: st.DrawFn) -> tuple[Point, ...]:
    times = sorted(draw(st.sets(st.integers(0, 999_999_999), min_size=1, max_size=30)))
    clocks = st.sampled_from([None, "2026-11-20T18:02:11"])
    return tuple(Point(at, draw(LATITUDES), draw(LONGITUDES), draw(clocks)) for at in times)


@given(tracks())
def test_track_is_read_as_it_was_written(points: tuple[Point, ...]) -> None:
    assert read_track(write_track(points)) == points


def test_track_is_a_text_anybody_can_read() -> None:
    points = (Point(1000, 415_772_110, 1_204_510_250, "2026-11-20T18:02:12"), Point(2000, -5, 0))
    assert (
        write_track(points) == HEAD + b"1000,41.5772110,120.4510250,2026-11-20T18:02:12\n2000,-0.0000005,0.0000000,\n"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"",
        HEAD,
        HEAD + b"1,1.0000000,1.0000000,",
        b"1,1.0000000,1.0000000,\n",
        HEAD + b"1,1.0,1.0,\n",
        HEAD + b"1,91.0000000,1.0000000,\n",
        HEAD + b"1,1.0000000,180.0000001,\n",
        HEAD + b"2,1.0000000,1.0000000,\n2,1.0000000,1.0000000,\n",
        HEAD + b"2,1.0000000,1.0000000,\n1,1.0000000,1.0000000,\n",
        HEAD + b"-1,1.0000000,1.0000000,\n",
        HEAD + b"1,nan,1.0000000,\n",
        HEAD + b"1,1.0000000,1.0000000,<script>\n",
        HEAD + "١,1.0000000,1.0000000,\n".encode(),
        HEAD + b"1,1.0000000,1.0000000,\n\n",
        HEAD + b"".join(b"%d,1.0000000,1.0000000,\n" % at for at in range(MOST_POINTS + 1)),
        HEAD + b"x" * MOST_BYTES,
    ],
    ids=range(16),
)
def test_what_is_no_track_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        read_track(data)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_track_or_refused(data: bytes) -> None:
    try:
        read_track(HEAD + data)
    except Malformed:
        return
