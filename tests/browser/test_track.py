"""The track of a film in a real browser: choosing a point, in the sketch or in the list, takes the player to its moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from browser.conftest import FOOTAGE, Seeded, living
from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import ClipDerived
from liuhen_protocol.statement import Subject
from liuhen_protocol.track import Point, write_track
from liuhen_server.people.roles import Role
from support.device import TestDock

pytestmark = pytest.mark.xdist_group("browser")
WALKED = [(0, 0), (600, 100), (1300, 900), (1500, 2500), (2400, 2800), (2300, 3900)]  # ten-millionths, north and east
TRACK = [
    Point(n * 1000, 415_772_110 + north, 1_204_510_250 + east, f"2026-11-20T18:02:{11 + n}")
    for n, (north, east) in enumerate(WALKED[:5])
]

READY = """() => new Promise(done => {
    const video = document.querySelector('[data-picture]');
    const look = () => { if (video.readyState >= 1) done(true); };
    video.addEventListener('loadedmetadata', look);
    look();
})"""
AT = """at => new Promise(done => {
    const video = document.querySelector('[data-picture]');
    const look = () => { if (video.currentTime === at) done(at); };
    for (const event of ['seeking', 'seeked', 'timeupdate']) video.addEventListener(event, look);
    look();
})"""


async def _seed(seeded: Seeded, folder: Path, dock: TestDock) -> None:
    film = (FOOTAGE / "bigbuckbunny.mp4").read_bytes()
    seeded.clips["film"] = digest_of(film).sha256
    data = write_track(TRACK)
    digest = digest_of(data)
    derived = ClipDerived(
        seeded.clips["film"], "track", "text/csv", "subtitles", "ffmpeg 5.1.9", digest.size, digest.chunk_root
    )
    async with dock.connected():
        clip = {"session": "s-1", "recorder": "0000127", "officer": "210327"}
        await dock.send(dock.collected(film, "0000127_21032720261120180211_0001.MP4", **clip))
        await dock.upload(film)
        await dock.send(
            dock.seal(derived, subject=Subject("0000127_21032720261120180211_0001.track.csv", digest.sha256))
        )
        await dock.upload(data)
        assert await dock.receipt(digest.sha256)


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with living(tmp_path_factory.mktemp("track"), _seed) as seeded:
        yield seeded


@pytest.mark.parametrize("size", [(1366, 768), (390, 844)], ids=["desk", "phone"])
def test_point_of_the_track_takes_the_player_to_its_moment(
    county: Seeded, chromium: Browser, size: tuple[int, int]
) -> None:
    name = f"track{size[0]}"
    context = chromium.new_context(ignore_https_errors=True, viewport={"width": size[0], "height": size[1]})
    page = context.new_page()
    page.goto(county.url + "/sign-in")
    page.fill("#name", name)
    page.fill("#password", county.account(name, Role.REVIEWER))
    page.click("form.panel button")
    page.wait_for_url("**/todo")
    page.goto(county.address("film"))
    page.evaluate(READY)
    page.locator("circle[data-seek='3000']").click()
    assert page.evaluate(AT, 3) == 3
    page.get_by_text("位置列表（5 处）").click()
    row = page.get_by_role("row").filter(has_text="2026-11-20 18:02:12")
    expect(row).to_contain_text("41.577271")
    row.get_by_role("button", name="00:01").press("Enter")
    assert page.evaluate(AT, 1) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
