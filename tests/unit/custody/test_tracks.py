"""The track of a film at the archive: who may see it sees it drawn and listed, and only bytes that the dock signed are believed."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import ClipDerived
from liuhen_protocol.statement import Subject
from liuhen_protocol.track import Point, write_track
from liuhen_server.custody.tracks import thinned
from liuhen_server.people.roles import Role
from liuhen_server.web.sketch import HEIGHT, WIDTH, sketch_of
from support.device import TestDock, World, running_archive
from unit.people.test_people_listener import signed_in

asyncio_module = pytest.mark.asyncio(loop_scope="module")
CLIP, OTHER, PLAIN = os.urandom(2000), os.urandom(2001), os.urandom(2002)
NORTH = tuple(Point(n * 1000, 415_772_110 + n * 900, 1_204_510_250, f"2026-11-20T18:02:{n:02d}") for n in range(30))


async def derived(dock: TestDock, original: bytes, data: bytes) -> None:
    digest = digest_of(data)
    event = ClipDerived(
        digest_of(original).sha256, "track", "text/csv", "subtitles", "ffmpeg 5.1.9", digest.size, digest.chunk_root
    )
    await dock.send(dock.seal(event, subject=Subject("film.track.csv", digest.sha256)))
    await dock.upload(data)
    assert await dock.receipt(digest.sha256)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running_archive(tmp_path_factory.mktemp("tracks")) as world:
        dock = await world.dock()
        async with dock.connected():
            for data in (CLIP, OTHER, PLAIN):
                await dock.send(dock.collected(data))
                await dock.upload(data)
                assert await dock.receipt(digest_of(data).sha256)
            await derived(dock, CLIP, write_track(NORTH))
            await derived(dock, OTHER, b"ms,latitude,longitude,recorder_time\n1,41.5,<script>alert(1)</script>,\n")
        yield world


def address(data: bytes) -> str:
    return f"/clips/dock-1/{digest_of(data).sha256}"


@asyncio_module
async def test_track_is_drawn_and_listed_and_each_place_leads_to_its_moment(world: World) -> None:
    async with signed_in(world, "wang-track") as reader:
        text = (await reader.get(address(CLIP)))[2].decode()
    assert "拍摄轨迹" in text and '<polyline class="way"' in text and "41.577211" in text and "120.451025" in text
    seeks = re.findall(r'<button type="button" class="plain mono" data-seek="(\d+)">', text)
    assert seeks == [str(point.at_ms) for point in NORTH]
    assert text.count('<circle class="dot"') == len(NORTH)


@asyncio_module
async def test_who_may_not_see_the_footage_is_not_shown_where_it_was_made(world: World) -> None:
    async with signed_in(world, "auditor-track", Role.AUDITOR) as reader:
        text = (await reader.get(address(CLIP)))[2].decode()
    assert "41.577" not in text and "120.451" not in text and "您不能观看本影像" in text


@asyncio_module
async def test_what_is_no_track_is_said_so_and_never_shown(world: World) -> None:
    async with signed_in(world, "li-track") as reader:
        text = (await reader.get(address(OTHER)))[2].decode()
        plain = (await reader.get(address(PLAIN)))[2].decode()
    assert "不是所签名的内容，或不是轨迹" in text and "<script>alert" not in text and "polyline" not in text
    assert "没有位置数据" in plain


@asyncio_module
async def test_changed_bytes_of_a_track_are_not_shown(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock, data = await world.dock(), write_track(NORTH)
        async with dock.connected():
            await dock.send(dock.collected(CLIP))
            await dock.upload(CLIP)
            await derived(dock, CLIP, data)
        sha256 = digest_of(data).sha256
        stored = world.config.store_folder / "sha256" / sha256[:2] / sha256[2:4] / sha256
        stored.chmod(0o600)
        stored.write_bytes(data.replace(b"41.577", b"41.578"))
        async with signed_in(world, "zhang-track") as reader:
            text = (await reader.get(address(CLIP)))[2].decode()
    assert "41.57" not in text and "不是所签名的内容" in text


def test_sketch_keeps_north_above_and_its_bar_is_as_long_as_it_says() -> None:
    sketch = sketch_of(NORTH)
    assert sketch.dots[0].y > sketch.dots[-1].y and sketch.dots[0].x == sketch.dots[-1].x == WIDTH / 2
    length = 29 * 900 / 1e7 * 111_195
    drawn = sketch.dots[0].y - sketch.dots[-1].y
    assert abs(sketch.bar / sketch.metres - drawn / length) < 0.01


def test_one_place_is_a_sketch_too() -> None:
    (dot,) = sketch_of(NORTH[:1]).dots
    assert (dot.x, dot.y) == (WIDTH / 2, HEIGHT / 2)


EVERYWHERE = st.builds(
    lambda at, up, along: Point(at, up, along),
    st.integers(0, 10**8),
    st.integers(-900_000_000, 900_000_000),
    st.integers(-1_800_000_000, 1_800_000_000),
)


@given(st.lists(EVERYWHERE, min_size=1, max_size=100, unique_by=lambda point: point.at_ms))
def test_every_track_fits_its_sketch(points: list[Point]) -> None:
    sketch = sketch_of(points)
    assert all(0 <= dot.x <= WIDTH and 0 <= dot.y <= HEIGHT for dot in sketch.dots)
    assert len(sketch.dots) <= 40 and sketch.metres >= 1 and sketch.bar <= WIDTH


@given(st.lists(EVERYWHERE, min_size=2, max_size=100), st.integers(2, 20))
def test_thinning_keeps_the_ends(points: list[Point], most: int) -> None:
    kept = thinned(points, most)
    assert len(kept) == min(most, len(points)) and (kept[0], kept[-1]) == (points[0], points[-1])
