"""The pages about people under attack: other sites' forms, scripts and SQL in every field, ids made up, somebody else's account."""

from __future__ import annotations

import html
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import func, select
from yarl import URL

from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import add_person, find_person, list_people, set_password
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.roles import Action, Role
from liuhen_server.people.sessions import COOKIE, form_token
from liuhen_server.registry.officers import Officer, add_officer, list_officers
from liuhen_server.registry.schema import agencies, officers
from liuhen_server.web.app import MOST_FORM_BYTES, ROUTES
from support.device import World, running_archive
from support.people import OTHERS, our_agency

pytestmark = pytest.mark.asyncio(loop_scope="module")
PASSWORD = "一本正经 correct horse 17"
SCRIPT = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
SQL = "x'); DROP TABLE people; --"
ROLES = (Role.SYSTEM_ADMINISTRATOR, Role.SECURITY_ADMINISTRATOR, Role.AUDITOR, Role.HEAD)


@dataclass
class Browser:
    session: aiohttp.ClientSession
    url: str

    @property
    def token(self) -> str:
        return form_token(self.session.cookie_jar.filter_cookies(URL(self.url))[COOKIE].value)

    async def get(self, path: str) -> tuple[int, str]:
        async with self.session.get(self.url + path, allow_redirects=False) as answer:
            return answer.status, await answer.text()

    async def post(self, path: str, /, **fields: str) -> tuple[int, str]:
        given = {"token": self.token} | fields
        async with self.session.post(self.url + path, data=given, allow_redirects=False) as answer:
            return answer.status, await answer.text()


@dataclass
class County:
    world: World
    browsers: dict[Role, Browser]
    officer: Officer
    foreign: Officer


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def county(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[County]:
    async with running_archive(tmp_path_factory.mktemp("attacked")) as world, AsyncExitStack() as stack:
        async with opened(world.config) as archive, archive.database.write() as conn:
            agency = await our_agency(conn)
            other = await our_agency(conn, OTHERS)
            officer = await add_officer(conn, Officer("LN-1", "王丽", agency))
            foreign = await add_officer(conn, Officer("JT-1", "李强", other))
            hashed = PasswordWork().hash_now(PASSWORD)
            for role in ROLES:
                name = role.value.replace("_", "-")
                added = await add_person(
                    conn,
                    name=name,
                    display_name=name,
                    roles=frozenset({role}),
                    one_time_hash=hashed,
                    now=1,
                    agency=agency,
                )
                await set_password(conn, added.id, hashed)
        browsers = {}
        for role in ROLES:
            jar, connector = aiohttp.CookieJar(unsafe=True), aiohttp.TCPConnector(ssl=False)
            session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector, cookie_jar=jar))
            browser = Browser(session, f"https://127.0.0.1:{world.ports.people.port}")
            form = re.search(r'name="token" value="([0-9a-f]{64})"', (await browser.get("/sign-in"))[1])
            assert form is not None
            data = {"token": form[1], "name": role.value.replace("_", "-"), "password": PASSWORD}
            async with session.post(browser.url + "/sign-in", data=data, allow_redirects=False) as answer:
                assert answer.status == 303
            browsers[role] = browser
        yield County(world, browsers, officer, foreign)


def filled(path: str) -> str:
    places = {"person": "1", "officer": "1", "code": "scjg", "dock": "d", "sha256": "0" * 64}
    return re.sub(r"\{(\w+)(?::[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}", lambda match: places.get(match[1], "1"), path)


async def test_no_form_of_another_site_does_anything(county: County) -> None:
    """Every POST of the table: without the session's token it is refused before anything is asked or written. The interface of
    programs takes no cookie at all: there the browser is nobody.
    """
    posts = [route for route in ROUTES if route.method == "POST" and route.action is not Action.ENTER]
    assert len(posts) > 10
    async with opened(county.world.config) as archive, archive.database.read() as conn:
        before = await list_people(conn)
    for role, browser in county.browsers.items():
        for route in posts:
            refused = 401 if route.path.startswith("/api/") else 403
            for token in ("", "0" * 64, form_token("another session")):
                status, _ = await browser.post(filled(route.path), token=token, name="mallory", display_name="m")
                assert status == refused, (role, route.path)
    async with opened(county.world.config) as archive, archive.database.read() as conn:
        assert await list_people(conn) == before


async def test_scripts_in_every_text_field_are_shown_as_text(county: County) -> None:
    system, security = county.browsers[Role.SYSTEM_ADMINISTRATOR], county.browsers[Role.SECURITY_ADMINISTRATOR]
    name = SCRIPT[:60]
    row = {"code": "xss", "name": name, "short": "<b>局</b>", "case_word": "朝县叉"}
    assert (await system.post("/agencies", **row))[0] == 303
    officer = {"certificate": "XSS-1", "name": name, "agency": "xss", "post": name, "area": name}
    assert (await system.post("/officers", **officer))[0] == 303
    status, shown = await system.post("/accounts", name="xss", display_name=name)
    assert status == 200 and "data-one-time" in shown
    pages = [shown]
    async with opened(county.world.config) as archive, archive.database.read() as conn:
        person = await find_person(conn, "xss")
        found = await list_officers(conn, text="XSS-1")
    assert person is not None
    assert (await security.post(f"/accounts/{person.id}/unlock", reason=SCRIPT))[0] == 303
    for path in ("/agencies", "/agencies/xss", "/officers", f"/officers/{found.officers[0].id}", "/accounts"):
        pages.append((await system.get(path))[1])
    pages += [(await security.get(f"/accounts/{person.id}"))[1]]
    pages += [
        (await county.browsers[Role.AUDITOR].get(path))[1] for path in ("/audit", f"/officers?text={SCRIPT[:30]}")
    ]
    pages += [(await system.post("/officers", **officer | {"certificate": SCRIPT, "expires": SCRIPT}))[1]]
    pages += [(await system.post("/agencies", **row | {"code": SCRIPT, "credit_code": SCRIPT}))[1]]
    pages += [(await system.post("/accounts", name=SCRIPT, display_name=SCRIPT))[1]]
    for page in pages:
        assert "<script>alert" not in page and "<img src=x" not in page
    assert sum(html.escape("<script>alert(1)")[:20] in page for page in pages) >= 9, "it is shown, as text"


async def test_sql_in_every_field_and_address_is_text(county: County) -> None:
    system, auditor = county.browsers[Role.SYSTEM_ADMINISTRATOR], county.browsers[Role.AUDITOR]
    await system.post("/officers", certificate="SQL-1", name=SQL, agency=SQL, post=SQL)
    assert (await system.post("/officers", certificate="SQL-1", name=SQL, agency="scjg", post=SQL))[0] == 303
    assert (await system.post("/accounts", name=SQL, display_name=SQL))[0] == 422
    for query in (
        f"/officers?text={SQL}",
        f"/officers?agency={SQL}",
        "/officers?text=%25_%00",
        "/officers?page=" + "9" * 40,
    ):
        assert (await system.get(query))[0] == 200
    for query in (
        f"/audit?by={SQL}",
        f"/audit?kind={SQL}",
        "/audit?before=" + "9" * 40,
        "/audit?before=-1",
        "/audit?by=%00",
    ):
        assert (await auditor.get(query))[0] == 200
    async with opened(county.world.config) as archive, archive.database.read() as conn:
        assert (await list_officers(conn, text=SQL)).total == 1
        assert len(await list_people(conn)) >= len(ROLES)


async def test_numbers_that_are_nobody_s_are_a_page_and_never_a_traceback(county: County) -> None:
    system = county.browsers[Role.SYSTEM_ADMINISTRATOR]
    for path in ("/officers/0", "/officers/" + "9" * 18, "/officers/" + "9" * 19, "/officers/-1", "/officers/1e3"):
        assert (await system.get(path))[0] == 404, path
    for path in ("/accounts/0", "/accounts/" + "9" * 18, "/agencies/nowhere", "/agencies/%00", "/agencies/..%2f"):
        assert (await system.get(path))[0] == 404, path
    security = county.browsers[Role.SECURITY_ADMINISTRATOR]
    assert (await security.post("/accounts/999999/rights", roles="head"))[0] == 404
    assert (await system.post("/officers/1", version=str(10**17), certificate="LN-1", name="n", agency="scjg"))[
        0
    ] == 409


async def test_a_head_cannot_keep_another_agency_s_officers_nor_move_his_own_there(county: County) -> None:
    head = county.browsers[Role.HEAD]
    row = {"certificate": "HD-1", "name": "新人", "version": "1"}
    assert (await head.post(f"/officers/{county.foreign.id}", **row, agency="scjg"))[0] == 403
    assert (await head.get(f"/officers/{county.foreign.id}"))[0] == 403
    assert (await head.post("/officers", **row, agency=OTHERS.code))[0] == 422
    assert (await head.post(f"/officers/{county.officer.id}", **row, agency=OTHERS.code))[0] == 422
    assert (await head.get("/officers?agency=" + OTHERS.code))[1].count("李强") == 0
    async with opened(county.world.config) as archive, archive.database.read() as conn:
        moved = select(func.count()).select_from(officers).where(officers.c.certificate == "HD-1")
        assert (await conn.execute(moved)).scalar_one() == 0


async def test_nobody_gives_himself_a_right_nor_what_is_not_his_to_give(county: County) -> None:
    async with opened(county.world.config) as archive, archive.database.read() as conn:
        people = {next(iter(each.roles)): each for each in await list_people(conn) if each.roles}
    security, system = people[Role.SECURITY_ADMINISTRATOR], people[Role.SYSTEM_ADMINISTRATOR]
    own = county.browsers[Role.SECURITY_ADMINISTRATOR]
    for what in ("rights", "reset", "unlock", "disable", "enable", "second-factor"):
        assert (await own.post(f"/accounts/{security.id}/{what}", roles="auditor", version="1"))[0] == 403, what
        maker = county.browsers[Role.SYSTEM_ADMINISTRATOR]
        assert (await maker.post(f"/accounts/{security.id}/{what}", roles="", version="1"))[0] == 403, what
    assert (await county.browsers[Role.SYSTEM_ADMINISTRATOR].post(f"/accounts/{system.id}/appoint"))[0] == 403
    assert (await own.post("/accounts", name="mallory", display_name="m"))[0] == 403
    assert (await own.post(f"/accounts/{system.id}/rights", roles="publisher", version="1"))[0] == 422
    async with opened(county.world.config) as archive, archive.database.read() as conn:
        now = {each.id: each for each in await list_people(conn)}
        assert (now[security.id], now[system.id]) == (security, system)
        assert await find_person(conn, "mallory") is None


async def test_a_form_with_files_floods_of_boxes_or_long_texts_is_an_answer(county: County) -> None:
    system = county.browsers[Role.SYSTEM_ADMINISTRATOR]
    assert (await system.post("/officers", certificate="X" * 60_000))[0] == 422
    assert (await system.post("/officers", certificate="X" * MOST_FORM_BYTES))[0] == 413
    form = aiohttp.FormData({"token": system.token, "certificate": os.urandom(4).hex()})
    form.add_field("name", b"\x00\xff" * 100, filename="x.bin")
    async with system.session.post(system.url + "/officers", data=form) as answer:
        assert answer.status == 400
    many = "&".join(["token=" + system.token] + [f"classes=c{n}" for n in range(3000)])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    async with system.session.post(system.url + "/officers", data=many, headers=headers) as answer:
        assert answer.status in (413, 422)
    async with opened(county.world.config) as archive, archive.database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(agencies))).scalar_one() >= 2
