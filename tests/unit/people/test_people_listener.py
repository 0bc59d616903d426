"""The people listener over TLS, as a program sees it: what is refused, what headers say, what ranges give."""

from __future__ import annotations

import os
import re
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from multidict import CIMultiDictProxy
from sqlalchemy import select
from yarl import URL

from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import Envelope
from liuhen_server.acts import MACHINE, Acts
from liuhen_server.database.schema import entries
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import add_person, find_person, give_api_token, set_password
from liuhen_server.people.roles import Role
from liuhen_server.people.sessions import COOKIE, form_token
from liuhen_server.registry.changes import keep_officer
from liuhen_server.registry.officers import Officer
from liuhen_server.web.app import MOST_FORM_BYTES
from support.device import World, running_archive
from support.people import our_agency

from .conftest import RIGHT, quick_work

pytestmark = pytest.mark.asyncio(loop_scope="module")  # one running archive for all of them
CLIP = os.urandom(3_000_000)
SHA256 = digest_of(CLIP).sha256


@dataclass
class Reader:
    """A signed-in program: what a browser sends, without a browser."""

    session: aiohttp.ClientSession
    url: str

    @property
    def token(self) -> str:
        cookies = self.session.cookie_jar.filter_cookies(URL(self.url))
        return form_token(cookies[COOKIE].value)

    async def get(self, path: str, **headers: str) -> tuple[int, CIMultiDictProxy[str], bytes]:
        async with self.session.get(self.url + path, headers=headers, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.read()

    async def post(self, path: str, **fields: str) -> tuple[int, CIMultiDictProxy[str], str]:
        async with self.session.post(self.url + path, data=fields, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.text()


async def _account(world: World, name: str, role: Role) -> None:
    async with opened(world.config) as archive, archive.database.write() as conn:
        hashed = quick_work.hash_now(RIGHT)
        person = await add_person(
            conn,
            name=name,
            display_name=name,
            roles=frozenset({role}),
            one_time_hash=hashed,
            now=int(time.time()),
            agency=await our_agency(conn),
        )
        await set_password(conn, person.id, hashed)


@asynccontextmanager
async def visitor(world: World) -> AsyncIterator[Reader]:
    tls = ssl.create_default_context(cafile=str(world.config.ca_folder / "ca.pem"))
    jar = aiohttp.CookieJar(unsafe=True)  # the host is an address
    connector = aiohttp.TCPConnector(ssl=tls)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as session:
        yield Reader(session, f"https://127.0.0.1:{world.ports.people.port}")


@asynccontextmanager
async def signed_in(world: World, name: str, role: Role = Role.REVIEWER) -> AsyncIterator[Reader]:
    await _account(world, name, role)
    async with visitor(world) as reader:
        _, _, form = await reader.get("/sign-in")
        found = re.search(r'name="token" value="([0-9a-f]{64})"', form.decode())
        assert found is not None
        status, headers, _ = await reader.post("/sign-in", name=name, password=RIGHT, token=found[1])
        assert status == 303, headers
        yield reader


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with running_archive(tmp_path_factory.mktemp("people")) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(CLIP))
            await dock.upload(CLIP)
            assert await dock.receipt(SHA256)
        yield world


PLAY, PAGE = f"/clips/dock-1/{SHA256}/play", f"/clips/dock-1/{SHA256}"


async def test_nothing_is_shown_to_someone_who_is_not_signed_in(world: World) -> None:
    async with visitor(world) as stranger:
        for path in ("/", "/clips", PAGE, PLAY, PAGE + "/original", PAGE + "/proof", "/log", "/policy", "/password"):
            status, headers, body = await stranger.get(path)
            assert (status, str(headers["Location"]).split("?")[0]) == (303, "/sign-in"), path
            assert SHA256.encode() not in body


async def test_every_answer_has_the_security_headers_and_cookies_are_strict(world: World) -> None:
    async with signed_in(world, "zhang1") as reader, visitor(world) as stranger:
        for who, path in ((reader, PAGE), (reader, "/nowhere"), (stranger, "/sign-in"), (reader, PLAY)):
            _, headers, _ = await who.get(path)
            assert "default-src 'none'" in headers["Content-Security-Policy"]
            assert "unsafe" not in headers["Content-Security-Policy"]
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["X-Frame-Options"] == "DENY"
            assert "max-age" in headers["Strict-Transport-Security"]
        _, headers, _ = await stranger.get("/sign-in")
        for attribute in ("__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
            assert attribute in headers["Set-Cookie"]


async def test_form_without_its_token_does_nothing(world: World) -> None:
    async with signed_in(world, "zhang2") as reader:
        for token in ("", "0" * 64, form_token("another session")):
            status, _, _ = await reader.post("/sign-out", token=token)
            assert status == 403
        assert (await reader.get("/clips"))[0] == 200, "still signed in"
        assert (await reader.post("/sign-out", token=reader.token))[0] == 303
        assert (await reader.get("/clips"))[0] == 303


async def test_sign_in_form_without_its_token_does_nothing(world: World) -> None:
    await _account(world, "wang", Role.REVIEWER)
    async with visitor(world) as stranger:
        status, headers, _ = await stranger.post("/sign-in", name="wang", password=RIGHT, token="0" * 64)
        assert status == 403 and COOKIE + "=" not in headers.get("Set-Cookie", "")


async def test_form_of_another_kind_or_too_large_is_refused(world: World) -> None:
    async with signed_in(world, "zhang3") as reader:
        async with reader.session.post(reader.url + "/sign-out", json={"token": reader.token}) as answer:
            assert answer.status == 400
        async with reader.session.post(reader.url + "/sign-out", data={"token": "x" * MOST_FORM_BYTES}) as answer:
            assert answer.status == 413


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
async def test_signing_in_never_leads_to_another_site(world: World, away: str) -> None:
    async with visitor(world) as stranger:
        status, headers, _ = await stranger.get("/language/en?back=" + away)
        assert (status, headers["Location"]) == (303, "/")


async def test_system_administrator_sees_no_clip_and_auditor_no_footage(world: World) -> None:
    async with signed_in(world, "admin4", Role.SYSTEM_ADMINISTRATOR) as admin:
        for path in ("/clips", PAGE, PLAY, PAGE + "/original", PAGE + "/proof"):
            assert (await admin.get(path))[0] == 403, path
        assert (await admin.get("/log"))[0] == 200
    async with signed_in(world, "li5", Role.AUDITOR) as auditor:
        for path in (PLAY, PAGE + "/original"):
            assert (await auditor.get(path))[0] == 403, path
        for path in ("/clips", PAGE, PAGE + "/proof", "/log"):
            assert (await auditor.get(path))[0] == 200, path
        assert b"<video" not in (await auditor.get(PAGE))[2]


async def test_ranges_of_a_clip_are_its_bytes(world: World) -> None:
    async with signed_in(world, "zhang6") as reader:
        status, headers, body = await reader.get(PLAY)
        assert (status, body == CLIP, headers["Accept-Ranges"]) == (200, True, "bytes")
        status, headers, body = await reader.get(PLAY, Range="bytes=1048570-1048585")
        assert (status, headers["Content-Range"]) == (206, "bytes 1048570-1048585/3000000")
        assert body == CLIP[1048570:1048586]
        status, _, body = await reader.get(PLAY, Range="bytes=-7")
        assert (status, body) == (206, CLIP[-7:])
        status, headers, _ = await reader.get(PLAY, Range="bytes=3000000-")
        assert (status, headers["Content-Range"]) == (416, "bytes */3000000")
        status, _, body = await reader.get(PLAY, Range="bytes=0-0", **{"If-Range": '"another"'})
        assert (status, len(body)) == (200, len(CLIP))


async def test_download_is_the_original_under_its_own_name(world: World) -> None:
    async with signed_in(world, "zhang7") as reader:
        status, headers, body = await reader.get(PAGE + "/original")
        assert status == 200 and body == CLIP
        assert headers["Content-Disposition"].startswith('attachment; filename="DSJ_000001.MP4"')
        assert "sandbox" in headers["Content-Security-Policy"]


async def test_every_way_of_looking_is_one_entry_of_the_log_however_many_ranges(world: World) -> None:
    async with signed_in(world, "watcher") as reader:
        for path in (PAGE, PAGE, PLAY, PAGE + "/original", PAGE + "/proof"):
            assert (await reader.get(path))[0] == 200
        for start in range(0, 3_000_000, 500_000):
            assert (await reader.get(PLAY, Range=f"bytes={start}-"))[0] == 206
        async with opened(world.config) as archive, archive.database.read() as conn:
            person = await find_person(conn, "watcher")
            logged = list((await conn.execute(select(entries.c.envelope))).scalars())
        assert person is not None
        page = (await reader.get(PAGE))[2].decode()
    assert page.count(f"{person.number} watcher（") == 4
    assert not any(b"watcher" in Envelope.parse(each).payload for each in logged), (
        "the log has the number, not the name"
    )


async def test_clip_that_nobody_stated_and_bad_addresses_are_a_page_not_a_traceback(world: World) -> None:
    async with signed_in(world, "zhang9") as reader:
        for path in (f"/clips/dock-1/{'0' * 64}", "/clips/dock-1/xyz", "/clips/%00/" + SHA256, "/static/../app.py"):
            status, _, body = await reader.get(path)
            assert status == 404, path
            assert "首页".encode() in body, path
        for query in (
            "?page=-1",
            "?page=" + "9" * 50,
            "?day=2026-13-99",
            "?verdict=x",
            "?dock=%00%ff'--",
            "?day=0001-01-01",
        ):
            assert (await reader.get("/clips" + query))[0] == 200, query


async def test_entry_bundles_open_to_an_auditors_token_alone(world: World) -> None:
    await _account(world, "tokens", Role.AUDITOR)
    async with opened(world.config) as archive, archive.database.write() as conn:
        auditor = await find_person(conn, "tokens")
        assert auditor is not None
        token = await give_api_token(conn, auditor, int(time.time()), os.urandom)
    async with visitor(world) as program:
        program.url = world.url
        entries = "/log/tile/entries/000.p/1"
        assert (await program.get(entries))[0] == 403
        assert (await program.get(entries, Authorization="Bearer lht_" + "A" * 43))[0] == 403
        assert (await program.get(entries, Authorization="Bearer " + token))[0] == 200


async def test_finding_an_officer_by_a_part_of_the_name_is_an_entry_too(world: World) -> None:
    async with opened(world.config) as archive:
        async with archive.database.write() as conn:
            agency = await our_agency(conn)
        async with Acts(archive.database, archive.chain, utc_now, os.urandom).of(MACHINE) as act:
            await keep_officer(act, Officer("LN-88001", "欧阳静宜", agency))

        async def searches() -> int:
            async with archive.database.read() as conn:
                return len(
                    (await conn.execute(select(entries.c.log_index).where(entries.c.kind == "search.made"))).all()
                )

        async with signed_in(world, "seeker") as reader:
            before = await searches()
            text = (await reader.get("/search?q=MP4"))[2].decode()
            assert "DSJ_000001" in text and await searches() == before
            text = (await reader.get("/search?q=欧阳"))[2].decode()
            assert "<mark>欧阳</mark>静宜" in text and "LN-88001" in text and await searches() == before + 1
