"""Where a recorder was, out of the subtitles of its film: by real ffmpeg, in the dock and in the worker of another user."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_agent.proxy import ProxyFailed, ProxyLimits
from liuhen_agent.proxy.make import make_track
from liuhen_agent.proxy.subtitles import MOST_SUBTITLES, points_of
from liuhen_protocol.track import MOST_POINTS, read_track
from support.tracks import READ, SPOKEN, film, srt

LIMITS = ProxyLimits(hang_seconds=20, total_seconds=60)


async def test_positions_in_the_subtitles_become_a_track_and_the_film_is_only_read(tmp_path: Path) -> None:
    clip = film(tmp_path / "clip.mp4", srt(*SPOKEN))
    before = clip.read_bytes()
    result = await make_track(clip, tmp_path / "track", LIMITS)
    assert read_track(result.path.read_bytes()) == READ
    assert (result.media_type, result.recipe) == ("text/csv", "subtitles") and result.tool.startswith("ffmpeg ")
    assert clip.read_bytes() == before


@pytest.mark.parametrize("subtitles", [None, srt("执法记录仪", "0000127"), srt("$G:2026-11-20 18:02:11-N0.0-E0.0")])
async def test_film_that_says_nothing_of_it_has_no_track(tmp_path: Path, subtitles: str | None) -> None:
    with pytest.raises(ProxyFailed) as failed:
        await make_track(film(tmp_path / "clip.mp4", subtitles), tmp_path / "track", LIMITS)
    assert failed.value.reason == "no-track"
    assert not list(tmp_path.glob("track*"))


async def test_what_is_no_film_has_no_track(tmp_path: Path) -> None:
    (tmp_path / "clip.mp4").write_bytes(b"not a film at all" * 100)
    with pytest.raises(ProxyFailed):
        await make_track(tmp_path / "clip.mp4", tmp_path / "track", LIMITS)


@pytest.mark.parametrize(
    ("text", "latitude_e7", "longitude_e7"),
    [
        ("$G:2026-11-20 18:02:11-N41.577211-E120.451025", 415_772_110, 1_204_510_250),
        ("<font size=1>$G:2026/11/20 18:02:11-S1.5-W0.25</font>", -15_000_000, -2_500_000),
        ("0000127 $G:2026-11-20 18:02:11-N41.57721134567-E120.451025 12km/h", 415_772_113, 1_204_510_250),
    ],
)
def test_position_is_read(text: str, latitude_e7: int, longitude_e7: int) -> None:
    (point,) = points_of(srt(text).encode())
    assert (point.latitude_e7, point.longitude_e7) == (latitude_e7, longitude_e7)


@pytest.mark.parametrize(
    "text",
    [
        "$G:2026-11-20 18:02:11-N91.0-E120.4",
        "$G:2026-11-20 18:02:11-N41.5-E180.1",
        "$G:2026-11-20 18:02:11-N-41.5-E120.4",
        "$G:2026-11-20 18:02:11-N٤١.5-E120.4",
        "$G:2026-11-20-N41.5-E120.4",
        "$G: -N-E",
        " " * 2000 + "$G:2026-11-20 18:02:11-N41.5-E120.4",
    ],
)
def test_what_is_no_position_is_passed_over(text: str) -> None:
    assert points_of(srt(text).encode()) == ()


def test_only_so_much_is_read() -> None:
    cue = "\n00:00:00,{:03d} --> 00:00:01,000\n$G:2026-11-20 18:02:11-N41.5-E120.4\n"
    assert len(points_of("".join(cue.format(n % 1000) for n in range(3000)).encode())) == 1000, (
        "each moment once, in order"
    )
    hours = "\n{:02d}:{:02d}:{:02d},000 --> x\n$G:2026-11-20 18:02:11-N41.5-E120.4\n"
    many = "".join(hours.format(n // 3600, n // 60 % 60, n % 60) for n in range(MOST_POINTS + 500)).encode()
    assert len(points_of(many)) == MOST_POINTS
    assert points_of(b"x" * MOST_SUBTITLES + srt(*SPOKEN).encode()) == ()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_a_fault(data: bytes) -> None:
    points_of(b"\n00:00:00,000 --> 00:00:01,000\n$G:2026-11-20 18:02:11-N" + data)
