"""A film through the clip page in headless Chromium: each range is fetched from the archive over TLS, hashed, compared and handed to the player's worker;
against the bits a second that playing it takes."""

from __future__ import annotations

import asyncio
import json
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
from playwright.sync_api import Page, sync_playwright

from house.bench.docked import Docked, docked
from house.bench.made_log import collected
from house.bench.measure import Goal, Result, progress
from house.county import command
from liuhen_agent.sync.archive import Archive, connector
from liuhen_agent.sync.uploads import digest_of, pieces_of
from liuhen_protocol.statement import Subject

CHROMIUM = "/usr/bin/chromium-headless-shell"
FILM_SECONDS = 60
PLAYING_MBIT = 6.0  # what body-worn recorders write at 1080p
NAME = "0000127_21032720261120180211_0001.MP4"
# Asks for the film as a player does, from where the last answer ended, until its end; gives bytes and milliseconds.
READ_THROUGH = """async () => {
  const address = document.querySelector("video").src;
  const began = performance.now();
  let at = 0, size = Infinity;
  while (at < size) {
    const answer = await fetch(address, { headers: { Range: `bytes=${at}-` } });
    if (answer.status !== 206) throw new Error(`the worker answered ${answer.status}`);
    size = Number(answer.headers.get("Content-Range").split("/")[1]);
    at += (await answer.arrayBuffer()).byteLength;
  }
  return [at, performance.now() - began];
}"""


def make_film(target: Path) -> None:
    source = f"testsrc2=size=1280x720:rate=10:duration={FILM_SECONDS},noise=alls=30:allf=t"
    coding = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-b:v",
        "6M",
        "-minrate",
        "6M",
        "-maxrate",
        "6M",
        "-bufsize",
        "6M",
    ]
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, *coding]
    subprocess.run([*ffmpeg, "-g", "20", "-pix_fmt", "yuv420p", "-movflags", "+faststart", str(target)], check=True)


async def _sent(dock: Docked, film: Path) -> str:
    digest = await asyncio.to_thread(digest_of, film)
    event, _ = collected(0)
    event = replace(event, size=digest.size, chunk_root=digest.chunk_root)
    async with aiohttp.ClientSession(connector=connector(dock.context)) as session:
        archive = Archive(session, dock.url, "dock-1")
        await archive.send_entries([dock.writer.state(event, Subject(NAME, digest.sha256))])
        url = await archive.create_upload(digest.sha256, NAME, digest.size)
        await archive.send_bytes(url, 0, digest.size, digest.size, pieces_of(film, 0, digest.size, lambda sent: None))
    return digest.sha256


def _signed_in(page: Page, dock: Docked) -> None:
    added = command(
        "liuhen-server", "user", "add", "--data", dock.county.archive, "bench", "--role", "justice_supervisor", "--json"
    )
    given = json.loads(added.stdout)["one_time_password"]
    chosen = secrets.token_urlsafe(24)
    page.goto(dock.county.people_url + "/sign-in")
    for field, value in (("name", "bench"), ("password", given)):
        page.fill(f"#{field}", value)
    page.click("form.panel button")
    for field, value in (("current", given), ("new", chosen), ("again", chosen)):
        page.fill(f"#{field}", value)
    page.click("form.panel button")
    page.wait_for_url("**/clips")


def _read_through(page: Page, address: str) -> float:
    """Mbit/s of one reading from the first byte to the last, on a page that was opened anew."""
    page.goto(address)
    page.locator("[data-mark].holds").wait_for(timeout=60_000)
    size, milliseconds = page.evaluate(READ_THROUGH)
    page.locator("[data-bar] rect.broken").wait_for(state="detached")
    return float(size) * 8 / 1e6 / (float(milliseconds) / 1000)


def _readings(dock: Docked, sha256: str) -> list[float]:
    """Three, the slowest first."""
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--ignore-certificate-errors"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        page = browser.new_page(ignore_https_errors=True)
        _signed_in(page, dock)
        progress("browser-verify: three readings")
        readings = [_read_through(page, f"{dock.county.people_url}/clips/dock-1/{sha256}") for _ in range(3)]
        browser.close()
    return sorted(readings)


def run(work: Path) -> Iterator[Result]:
    film = work / "film.mp4"
    progress(f"browser-verify: a film of {FILM_SECONDS} s")
    make_film(film)
    with docked(work / "county") as dock:
        sha256 = asyncio.run(_sent(dock, film))
        readings = _readings(dock, sha256)
    yield Result(
        "browser-verify",
        readings[1],
        "Mbit/s",
        "playing a clip of 6 Mbit/s",
        PLAYING_MBIT,
        Goal(4.0),
    )
