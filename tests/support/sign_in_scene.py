"""Somebody with a browser, an archive, and the identity provider that the archive asks who it is: a stand-in, over real sockets."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
from multidict import CIMultiDictProxy
from sqlalchemy import func, select
from yarl import URL

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import Archive, found, opened
from liuhen_server.people import changes
from liuhen_server.people.accounts import Person, add_person, set_password
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.roles import Role
from liuhen_server.people.schema import people_sessions
from liuhen_server.people.sessions import COOKIE
from liuhen_server.serve import running
from support.device import World, archive_config
from support.identity_provider import StandIn, standing_in
from support.people import our_agency

PASSWORD = "一本正经 correct horse 17"
SUBJECT = "u-1001"


@dataclass
class Browser:
    session: aiohttp.ClientSession
    url: str

    async def get(self, path: str) -> tuple[int, CIMultiDictProxy[str], str]:
        async with self.session.get(self.url + path, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.text()

    async def post(self, path: str, **fields: str) -> tuple[int, str]:
        async with self.session.post(self.url + path, data=fields, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def begin(self, goal: str = "/clips") -> str:
        """The address at the provider that the browser is sent to."""
        status, headers, _ = await self.get(f"/sign-in/provider?next={goal}")
        assert status == 303
        return str(headers["Location"])

    async def at_provider(self, address: str) -> str:
        """Signs in there, without a word: the path and query that lead back to the archive."""
        async with self.session.get(URL(address, encoded=True), allow_redirects=False) as answer:
            assert answer.status == 303, await answer.text()
            back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    async def sign_in(self, goal: str = "/clips") -> tuple[int, str]:
        status, _, text = await self.get(await self.at_provider(await self.begin(goal)))
        return status, text

    @property
    def has_session(self) -> bool:
        return COOKIE in self.session.cookie_jar.filter_cookies(URL(self.url))

    def cookie(self, name: str) -> str:
        return self.session.cookie_jar.filter_cookies(URL(self.url))[name].value


@dataclass
class Scene:
    world: World
    archive: Archive
    provider: StandIn
    person: Person
    new_browser: Callable[[], Browser]

    async def sessions(self) -> int:
        async with self.archive.database.read() as conn:
            return int((await conn.execute(select(func.count()).select_from(people_sessions))).scalar_one())

    async def link(self, subject: str = SUBJECT, issuer: str | None = None) -> None:
        acts = Acts(self.archive.database, self.archive.chain, utc_now, os.urandom)
        async with acts.of(MACHINE) as act:
            await changes.link_subject(act, self.person.id, issuer or self.provider.address, subject)


@asynccontextmanager
async def scene_in(folder: Path) -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        provider = await stack.enter_async_context(standing_in(folder / "sso"))
        config = replace(archive_config(folder / "archive"), provider=provider.settings)
        await found(config)
        world = World(config, await stack.enter_async_context(running(config)), folder)
        sessions: list[aiohttp.ClientSession] = []
        archive = await stack.enter_async_context(opened(config))
        async with archive.database.write() as conn:
            hashed = PasswordWork().hash_now(PASSWORD)
            person = await add_person(
                conn,
                name="zhang",
                display_name="张伟",
                roles=frozenset({Role.REVIEWER}),
                one_time_hash=hashed,
                now=int(time.time()),
                agency=await our_agency(conn),
            )
            await set_password(conn, person.id, hashed)

        def new_browser() -> Browser:
            jar, connector = aiohttp.CookieJar(unsafe=True, quote_cookie=False), aiohttp.TCPConnector(ssl=False)
            sessions.append(aiohttp.ClientSession(connector=connector, cookie_jar=jar))
            return Browser(sessions[-1], f"https://127.0.0.1:{world.ports.people.port}")

        yield Scene(world, archive, provider, person, new_browser)
        for session in sessions:
            await session.close()
