"""The sample county with its pages, and everybody who works there, each in a browser of his own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner
from playwright.sync_api import Locator, Page

from browser.conftest import Loop, Seeded, Visitor
from liuhen_server.command import main
from liuhen_server.web.context import CHINA
from support.sample import PASSWORD, sample_county

__all__ = ["TODAY", "Walk", "living_sample", "opened"]

New = Callable[..., Visitor]
PICTURES = os.environ.get("LIUHEN_PICTURES")  # a folder: what is looked at by people
TODAY = datetime.now(CHINA).date()


async def _live(seeded: Future[Seeded], stop: asyncio.Event, folder: Path, loop: Loop) -> None:
    try:
        async with sample_county(folder, TODAY) as filled:
            seeded.set_result(Seeded(filled.url, filled.config, loop.call))
            await stop.wait()
    except BaseException as error:
        if not seeded.done():
            seeded.set_exception(error)
        raise


@contextmanager
def living_sample(folder: Path) -> Iterator[Seeded]:
    """Serves until the block is left."""
    loop, seeded, stop = Loop(), Future[Seeded](), asyncio.Event()
    life = asyncio.run_coroutine_threadsafe(_live(seeded, stop, folder, loop), loop.loop)
    try:
        yield seeded.result(120)
    finally:
        loop.loop.call_soon_threadsafe(stop.set)
        life.result(60)
        loop.close()


class Walk:
    """Everybody in a browser of his own, and the pictures in their order. `pictures`: what their names begin with; `number`: of the
    case, as soon as it has one.
    """

    def __init__(self, visit: New, county: Seeded, pictures: str) -> None:
        self._visit, self.county, self._there, self._pictures, self._name = (
            visit,
            county,
            dict[str, Visitor](),
            0,
            pictures,
        )
        self.number = ""

    def __call__(self, name: str) -> Page:
        """The page of this person, who signs in where he did not yet."""
        if name not in self._there:
            visitor = self._there[name] = self._visit()
            visitor.sign_in(name, PASSWORD)
            visitor.page.wait_for_url(lambda url: "/sign-in" not in url)
        return self._there[name].page

    def at(self, name: str, address: str) -> Page:
        page = self(name)
        page.goto(address if address.startswith("https:") else self.county.url + address)
        return page

    def again(self, name: str, address: str) -> Page:
        """Signed in anew: rights that were given count from then on."""
        self._there.pop(name).context.close()
        return self.at(name, address)

    def picture(self, page: Page, name: str) -> None:
        self._pictures += 1
        if PICTURES:
            page.screenshot(path=Path(PICTURES) / f"{self._name}-{self._pictures:02}-{name}.png", full_page=True)

    def command(self, *arguments: str | Path) -> str:
        """What `liuhen-server` says, while the archive goes on serving."""
        asked = [*map(str, arguments), "--data", str(self.county.config.folder)]
        done = self.county.call(asyncio.to_thread(CliRunner().invoke, main, asked))
        assert done.exit_code == 0, done.output
        return str(done.stdout)

    def complaints(self) -> set[str]:
        return {each for visitor in self._there.values() for each in visitor.complaints}


def opened(page: Page, summary: str, within: str = "main") -> Locator:
    """The part of the page that this summary opens."""
    found = page.locator(f"{within} details", has=page.locator("summary", has_text=summary)).first
    found.locator("summary").first.click()
    return found
