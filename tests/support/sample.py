"""A part of the sample county in a running archive, and people who are signed in there: for pages that need a county to show something."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import aiohttp
from argon2 import PasswordHasher

from house.sample import people
from house.sample.cases import CASES
from house.sample.fill import fill
from liuhen_server.config import Config
from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import find_person, set_password
from liuhen_server.people.passwords import PasswordWork
from support.device import running_archive

_CHOSEN = {*((people.MARKET, serial) for serial in (47, 52, 58, 74)), (people.CITY, 17)}
SOME = [case for case in CASES if (case.agency, case.serial) in _CHOSEN]
"""One in review that was changed, one that lacks much, one with recordings that wait for it, one archived, one of another agency."""

PASSWORD = "样例 correct horse 17"


@dataclass
class SampleCounty:
    """`url`: of the pages. `passwords`: how many one-time passwords were given."""

    config: Config
    url: str
    given: int
    stack: AsyncExitStack
    readers: dict[str, aiohttp.ClientSession] = field(default_factory=dict)

    async def page(self, who: str, path: str) -> str:
        """The page as this account sees it, asked for with a session of its own."""
        if who not in self.readers:
            session = aiohttp.ClientSession(
                self.url,
                connector=aiohttp.TCPConnector(ssl=False),
                cookie_jar=aiohttp.CookieJar(unsafe=True),
            )
            self.readers[who] = await self.stack.enter_async_context(session)
            async with session.get("/sign-in") as answer:
                token = re.search(r'name="token" value="([0-9a-f]{64})"', await answer.text())
            assert token is not None
            form = {"name": who, "password": PASSWORD, "token": token[1]}
            async with session.post("/sign-in", data=form) as answer:
                assert answer.status == 200 and answer.url.path != "/sign-in", await answer.text()
        async with self.readers[who].get(path) as answer:
            assert answer.status == 200, (path, answer.status)
            return (await answer.read()).decode("utf-8", "replace")


@asynccontextmanager
async def sample_county(folder: Path, day: date) -> AsyncIterator[SampleCounty]:
    """`SOME` of the cases as they are on that day; every account has chosen a password already."""
    hashed = PasswordWork(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)).hash_now(PASSWORD)
    async with running_archive(folder) as world, AsyncExitStack() as stack:
        given = await fill(world.config, world.url, folder / "sample", day, SOME)
        async with opened(world.config) as archive, archive.database.write() as conn:
            for each in given:
                person = await find_person(conn, each.account.name)
                assert person is not None and person.must_change, "a one-time password opens once"
                await set_password(conn, person.id, hashed)
        url = f"https://127.0.0.1:{world.ports.people.port}"
        yield SampleCounty(world.config, url, len(given), stack)
