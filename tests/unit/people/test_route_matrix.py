"""Every route asked as every role, as an account without any, and as nobody: a new route without a rule fails here.

What is expected is read off the table `ACCESS` alone; the pages are asked over TLS as a browser asks them.
"""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy
from sqlalchemy import insert, select

from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import AccessRefused, RecorderDocked, RecorderIdentity
from liuhen_protocol.statement import read_statement
from liuhen_server.acts import MACHINE, Acts
from liuhen_server.cases.lists import draft_list
from liuhen_server.cases.record import New, open_case
from liuhen_server.database.schema import entries
from liuhen_server.handover.schema import handovers
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import Person, add_person, set_password
from liuhen_server.people.roles import ACCESS, GIVEN, Action, Role, Scope
from liuhen_server.people.schema import api_tokens
from liuhen_server.people.sessions import new_token, token_digest
from liuhen_server.publicity.content import Content, Sheet
from liuhen_server.publicity.items import collect
from liuhen_server.publicity.kinds import KINDS
from liuhen_server.registry.changes import keep_recorder
from liuhen_server.registry.faults import report_fault
from liuhen_server.registry.officers import Officer, add_officer
from liuhen_server.registry.recorders import Recorder
from liuhen_server.retention.holds import hold_case
from liuhen_server.retention.schema import disposal_lists
from liuhen_server.retention.tables import draft_table
from liuhen_server.retention.terms import Ground
from liuhen_server.review.lists import draft_major_list
from liuhen_server.statistics.reports import draft_report
from liuhen_server.supervision import acts as oversight
from liuhen_server.web.app import ROUTES
from liuhen_server.web.render import modules_version
from liuhen_server.web.routes import Route, check_rules, get, mount
from support.device import World, running_archive
from support.people import OTHERS, our_agency

from .conftest import RIGHT, quick_work
from .test_people_listener import Reader, visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")
CLIP = os.urandom(2000)
SHA256 = digest_of(CLIP).sha256
NOBODY, NO_ROLE = "nobody", "no role"
ASKING = [NOBODY, NO_ROLE, *sorted(role.value for role in GIVEN)]
NO_HEADERS: CIMultiDictProxy[str] = CIMultiDictProxy(CIMultiDict())
_LAST = "/sign-out"  # ends the session of whoever asks


@dataclass
class County:
    world: World
    readers: dict[str, Reader]
    people: dict[str, Person]
    places: dict[str, str]
    """What stands for `{dock}`, `{index}`, … in the addresses: things of the agency that everybody here is of."""

    tokens: dict[str, str]
    """Of each who asks: programs are asked about by token, browsers by session."""

    async def program(self, asking: str, method: str, path: str) -> int:
        """A request without a cookie: with the token of `asking`, or with none."""
        headers = {"Authorization": f"Bearer {self.tokens[asking]}"} if asking in self.tokens else {}
        url, connector = f"https://127.0.0.1:{self.world.ports.people.port}{path}", aiohttp.TCPConnector(ssl=False)
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.request(method, url, json={} if method != "GET" else None, headers=headers) as response,
        ):
            assert response.status < 400 or response.content_type == "application/problem+json", path
            return response.status

    def address(self, path: str) -> str:
        return re.sub(r"\{(\w+)(?::[^{}]*(?:\{[^{}]*\}[^{}]*)*)?\}", lambda match: self.places[match[1]], path)


async def person(world: World, name: str, roles: set[Role], agency: str | None, officer: int | None) -> Person:
    async with opened(world.config) as archive, archive.database.write() as conn:
        hashed = quick_work.hash_now(RIGHT)
        added = await add_person(
            conn,
            name=name,
            display_name=name,
            roles=frozenset(roles),
            one_time_hash=hashed,
            now=1,
            agency=agency,
            officer=officer,
        )
        await set_password(conn, added.id, hashed)
    return added


async def _a_token(world: World, holder: Person) -> str:
    """Also for those to whom nobody would give one: what it opens is the table's matter, not the giver's."""
    token = "lht_" + new_token(os.urandom)
    row = {"person_id": holder.id, "token_sha256": token_digest(token), "created": 1, "good_until": 1 << 33}
    async with opened(world.config) as archive, archive.database.write() as conn:
        await conn.execute(insert(api_tokens).values(**row))
    return token


async def _a_case(world: World, agency: str, handlers: tuple[int, ...]) -> dict[str, str]:
    """A case of the agency that all of its officers here handle, held; the drafts of its lists, and a list to be disposed of."""
    async with opened(world.config) as archive:
        acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
        case = await open_case(acts, MACHINE, New(agency, "penalty", "案由", handlers), date(2026, 11, 20))
        hold = await hold_case(acts, MACHINE, case.id, Ground.OTHER, None, "待查", date(2026, 11, 20))
        table = await draft_table(acts, MACHINE, agency)
        waiting = {"agency": agency, "day": "2026-11-20", "state": "drawn", "version": 1, "drawn_by": "person-999"}
        async with archive.database.write() as conn:
            await conn.execute(insert(disposal_lists).values(**waiting, id=1, drawn_time=hold.time, drawn_index=1))
        recording_list = await draft_list(acts, MACHINE, agency)
        report = await draft_report(acts, MACHINE, agency, 2025, date(2026, 11, 20))
        major = await draft_major_list(acts, MACHINE, agency)
        today = date(2026, 11, 20)
        check = await oversight.announce(acts, MACHINE, agency, date(2026, 1, 1), date(2026, 12, 31), 1)
        opinion = await oversight.give_opinion(acts, MACHINE, agency, "", date(2026, 12, 1), "请说明", today)
        filed = await oversight.file_report(acts, MACHINE, agency, 2026, "自查", today)
        row = {
            "agency": OTHERS.code,
            "to_agency": agency,
            "what": "class",
            "enforcement": "licence",
            "name": "手册.pdf",
            "body": b"%PDF",
        }
        async with archive.database.write() as conn:
            more = {"sha256": "0" * 64, "by": "person-999", "time": hold.time, "log_index": 1}
            await conn.execute(insert(handovers).values(id=1, **row, **more))
        ids = {
            "handover": 1,
            "check": check.id,
            "opinion": opinion.id,
            "filed": filed["id"],
            "report": report.id,
            "case": case.id,
            "list": recording_list.id,
            "hold": hold.id,
            "table": table.id,
            "major": major.id,
            "disposal": 1,
        }
        rows = Sheet("", KINDS["supervision-list"].columns, (("1", "食品经营", "", "", "", "", ""),))
        content = Content("supervision-list", "监管事项目录清单", {}, (rows,))
        public = await collect(acts, MACHINE, agency, "supervision-list", "", content)
        ids["public"] = public.id
        return {name: str(value) for name, value in ids.items()}


async def _a_recorder(world: World, agency: str) -> tuple[str, str]:
    """A recorder of the agency and its fault."""
    async with opened(world.config) as archive:
        acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
        async with acts.of(MACHINE) as act:
            kept = await keep_recorder(act, Recorder("0000128", agency))
            return str(kept.id), str((await report_fault(act, kept.id, "镜头进水")).id)


async def enter(stack: AsyncExitStack, world: World, name: str) -> Reader:
    reader = await stack.enter_async_context(visitor(world))
    found = re.search(r'name="token" value="([0-9a-f]{64})"', (await reader.get("/sign-in"))[2].decode())
    assert found is not None
    assert (await reader.post("/sign-in", name=name, password=RIGHT, token=found[1]))[0] == 303
    return reader


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def county(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[County]:
    async with running_archive(tmp_path_factory.mktemp("matrix")) as world, AsyncExitStack() as stack:
        dock = await world.dock()
        async with dock.connected():
            identity = RecorderIdentity("DSJ0001", "010101", None, None, None, None)
            docked = RecorderDocked("s1", "1", identity, "p", "A", "image", None, None, None, False)
            sent = await dock.send(dock.seal(docked), dock.collected(CLIP))
            await dock.upload(CLIP)
            assert await dock.receipt(SHA256)
        async with opened(world.config) as archive, archive.database.write() as conn:
            agency = await our_agency(conn)
            await our_agency(conn, OTHERS)
            officer = await add_officer(conn, Officer("LN-1", "王丽", agency, recorder_number="010101"))
            colleague = await add_officer(conn, Officer("LN-2", "刘洋", agency))
        recorder, fault = await _a_recorder(world, agency)
        of_cases = await _a_case(world, agency, (officer.id, colleague.id))
        readers = {NOBODY: await stack.enter_async_context(visitor(world))}
        people, tokens = {}, {}
        for asking in ASKING[1:]:
            name = asking.replace(" ", "-").replace("_", "-")
            roles = set() if asking == NO_ROLE else {Role(asking)}
            people[asking] = await person(world, name, roles, agency, officer.id)
            readers[asking] = await enter(stack, world, name)
            tokens[asking] = await _a_token(world, people[asking])
        places = {
            "dock": "dock-1",
            "sha256": SHA256,
            "index": str(sent["results"][0]["index"]),
            "name": "liuhen.css",
            "version": modules_version(),
            "which": "original",
            "language": "en",
            "code": agency,
            "document": "1",
            "form": "csv",
            "import": "1",
            "link": "1",
            "draft": "1",
            "decision": "1",
            **of_cases,
            "officer": str(officer.id),
            "recorder": recorder,
            "fault": fault,
            "holding": "1",
            "proposal": "1",
            "merger": "1",
            "person": str((await person(world, "somebody", set(), agency, None)).id),
        }
        yield County(world, readers, people, places, tokens)


def in_order(routes: tuple[Route, ...]) -> list[Route]:
    return sorted(routes, key=lambda route: route.path == _LAST)


@pytest.mark.parametrize("asking", ASKING)
async def test_every_route_answers_by_the_table_alone(county: County, asking: str) -> None:
    reader, wrong = county.readers[asking], []
    for route in in_order(ROUTES):
        path = county.address(route.path)
        if route.path.startswith("/api/"):
            status, headers = await county.program(asking, route.method, path), NO_HEADERS
        elif route.method == "GET":
            status, headers, _ = await reader.get(path)
        else:
            fields = {} if asking == NOBODY else {"token": reader.token}
            status, headers, _ = await reader.post(path, **fields)
        to_the_door = status == 401 or (status == 303 and headers["Location"].startswith("/sign-in"))
        if route.action is Action.ENTER:
            right = status < 500 and status != 401  # 403: the form's own token, which is of no session
        elif asking == NOBODY:
            right = to_the_door
        elif route.action is Action.OWN_ACCOUNT:
            right = status != 403
        else:
            granted = asking != NO_ROLE and Role(asking) in ACCESS[route.action]
            right = status < 500 and (status == 403) != granted and not to_the_door
        if not right:
            wrong.append(f"{route.method} {path}: {status}")
    assert wrong == []


async def test_another_agency_s_recordings_are_not_there_and_each_refusal_is_one_entry(county: County) -> None:
    world, clip = county.world, f"/clips/dock-1/{SHA256}"
    within = {role for role, scope in ACCESS[Action.SEE_EVIDENCE].items() if scope is not Scope.ALL}
    assert within == {Role.HANDLER, Role.REVIEWER, Role.HEAD, Role.ARCHIVIST}
    for n, role in enumerate(sorted(within)):
        other = await person(world, f"other-{n}", {role}, OTHERS.code, None)
        async with AsyncExitStack() as stack:
            reader = await enter(stack, world, other.name)
            assert SHA256.encode() not in (await reader.get("/clips"))[2]
            assert b"DSJ0001" not in (await reader.get("/stays"))[2]
            assert b'href="/clips/' not in (await reader.get("/search?q=dock-1"))[2]
            assert b'href="/stays/' not in (await reader.get("/search?q=DSJ0001&kind=stay"))[2]
            for path in (clip, clip, clip + "/proof", f"/stays/{county.places['index']}", clip + "/play"):
                status, _, body = await reader.get(path)
                assert status == 403 and b"DSJ_000001" not in body, path
        refused = await refusals(world, other)
        assert [(each.action, each.thing.partition("-")[0]) for each in refused] == [
            ("see_evidence", "clip"),
            ("see_evidence", "stay"),
            ("see_footage", "clip"),
        ]
        assert {each.role for each in refused} == {role.value}


async def test_a_handler_watches_his_own_and_no_other_recording_of_the_agency(county: County) -> None:
    world, clip = county.world, f"/clips/dock-1/{SHA256}"
    own = county.readers["handler"]
    if (await own.get("/clips"))[0] == 303:  # signed out by the matrix
        async with AsyncExitStack() as stack:
            assert (await (await enter(stack, world, "handler")).get(clip + "/play"))[0] == 200
    colleague = await person(world, "colleague", {Role.HANDLER}, "scjg", None)
    async with AsyncExitStack() as stack:
        reader = await enter(stack, world, "colleague")
        assert f'href="{clip}"'.encode() in (await reader.get("/search?q=dock-1"))[2]
        status, _, body = await reader.get(clip)
        assert status == 200 and b"<video" not in body and b"/original" not in body
        for path in (clip + "/play", clip + "/original"):
            assert (await reader.get(path))[0] == 403
    assert [each.thing for each in await refusals(world, colleague)] == [f"clip-{SHA256}"]


async def test_made_up_addresses_are_one_refusal_and_tell_nothing(county: County) -> None:
    asking = await person(county.world, "digger", {Role.SYSTEM_ADMINISTRATOR}, None, None)
    async with AsyncExitStack() as stack:
        reader = await enter(stack, county.world, "digger")
        for _ in range(4):
            assert (await reader.get(f"/clips/dock-1/{os.urandom(32).hex()}"))[0] == 403
        assert (await reader.get(f"/clips/dock-1/{SHA256}"))[0] == 403
    found = await refusals(county.world, asking)
    assert [each.thing.partition("-")[0] for each in found] == ["page /clips/{dock}/{sha256}", "clip"]


async def refusals(world: World, asking: Person) -> list[AccessRefused]:
    async with opened(world.config) as archive, archive.database.read() as conn:
        query = select(entries.c.envelope).where(entries.c.kind == "access.refused").order_by(entries.c.log_index)
        events = [read_statement(Envelope.parse(data).payload).event for data in (await conn.execute(query)).scalars()]
    return [each for each in events if isinstance(each, AccessRefused) and each.person == asking.number]


async def _page(request: web.Request) -> web.StreamResponse:
    return web.Response()


async def test_a_route_beside_the_table_does_not_start() -> None:
    application = web.Application()
    mount(application, [get("/here", _page, Action.SEE_LOG)])
    check_rules(application)
    with pytest.raises(ValueError, match="twice"):
        mount(application, [get("/there", _page, Action.SEE_LOG), get("/here", _page, Action.SEE_EVIDENCE)])
    beside = web.Application()
    mount(beside, [get("/here", _page, Action.SEE_LOG)])
    beside.router.add_get("/beside", _page)
    with pytest.raises(ValueError, match="/beside names no action"):
        check_rules(beside)
    with pytest.raises(ValueError, match="nobody is said"):
        mount(web.Application(), [Route("GET", "/x", _page, "dance")])  # type: ignore[arg-type]
