"""A program of another house works with cases over the API, with aiohttp alone: every answer is checked by the API's own document."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from jsonschema import Draft202012Validator
from sqlalchemy import insert

from liuhen_protocol.events import DockEnrolled
from liuhen_server.acts import MACHINE, Acts
from liuhen_server.cases.lists import draft_list
from liuhen_server.cases.record import New, open_case
from liuhen_server.database.schema import clips, docks
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.operations.opening import opened
from liuhen_server.people.accounts import Person, add_person
from liuhen_server.people.changes import end_token, give_token
from liuhen_server.people.roles import Role
from liuhen_server.registry.officers import Officer, add_officer
from support.case_office import PDF
from support.device import World, running_archive
from support.people import OTHERS, our_agency

pytestmark = pytest.mark.asyncio(loop_scope="module")
NEW: dict[str, Any] = {
    "class": "penalty",
    "title": "销售过期食品",
    "number": "朝县市监罚〔2026〕12号",
    "handlers": ["LN-1001", "LN-1002"],
    "parties": [{"kind": "organisation", "name": "大华超市", "code": "92211321MA0XX0000X"}],
}


@dataclass
class Program:
    """What the case system knows: an address, a token, and the document that it was given."""

    session: aiohttp.ClientSession
    url: str
    token: str
    document: dict[str, Any]
    world: World
    people: dict[str, Person]
    theirs: int

    async def ask(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
        """Status, headers and JSON; what the document does not say of this answer fails here."""
        given = {
            "Authorization": f"Bearer {self.token}",
            **{name.replace("_", "-"): text for name, text in headers.items()},
        }
        form = body if isinstance(body, aiohttp.FormData) else None
        async with self.session.request(
            method, self.url + path, json=None if form else body, data=form, headers=given
        ) as response:
            value = await response.json(content_type=None)
            self.check(method, path.partition("?")[0], response.status, response.content_type, value)
            return response.status, response.headers, value

    def check(self, method: str, path: str, status: int, media: str, value: object) -> None:
        template = next(
            each for each in self.document["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[0-9]+", each), path)
        )
        said = self.document["paths"][template][method.lower()]["responses"]
        assert str(status) in said, f"{method} {template} answers {status}: {value}"
        schema = said[str(status)]["content"][media]["schema"]
        whole = {**schema, "components": self.document["components"]}
        Draft202012Validator(whole).validate(value)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def program(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Program]:
    async with running_archive(tmp_path_factory.mktemp("api")) as world, AsyncExitStack() as stack:
        async with opened(world.config) as archive:
            people = {}
            async with archive.database.write() as conn:
                agency, other = await our_agency(conn), await our_agency(conn, OTHERS)
                own = [(await add_officer(conn, Officer(f"LN-100{n}", f"某{n}", agency))).id for n in (1, 2, 3)]
                foreign = [(await add_officer(conn, Officer(f"LX-100{n}", f"他{n}", other))).id for n in (1, 2)]
                for name, role in (
                    ("system", Role.HANDLER),
                    ("reviewer", Role.REVIEWER),
                    ("head", Role.HEAD),
                ):
                    people[name] = await add_person(
                        conn,
                        name=name,
                        display_name=name,
                        roles=frozenset({role}),
                        one_time_hash="x",
                        now=1,
                        agency=agency,
                        officer=None if name == "head" else own[0],
                    )
                row: dict[str, object] = {
                    "sha256": "ab" * 32,
                    "dock": "dock-1",
                    "kind": "original",
                    "size": 9,
                    "chunk_root": "ab" * 32,
                }
                row |= {
                    "name": "a.MP4",
                    "important": False,
                    "promised_index": 1,
                    "collected_time": "2026-11-20T10:00:00.000Z",
                }
                await conn.execute(insert(clips).values(**row))
                enrolled = await archive.chain.append(conn, DockEnrolled("dock-1", agency, "ab" * 32, "00" * 32, None))
                known: dict[str, object] = {
                    "name": "dock-1",
                    "agency": agency,
                    "public_key": "ab" * 32,
                    "state": "enrolled",
                }
                known |= {"enrolled_index": enrolled.index, "enrolled_time": enrolled.time}
                await conn.execute(insert(docks).values(**known))
            acts, day = Acts(archive.database, archive.chain, utc_now, os.urandom), date(2026, 11, 20)
            theirs = await open_case(acts, MACHINE, New(other, "penalty", "乙", tuple(foreign)), day)
            await draft_list(acts, MACHINE, agency)
        connector = aiohttp.TCPConnector(ssl=False)
        session = await stack.enter_async_context(aiohttp.ClientSession(connector=connector))
        url = f"https://127.0.0.1:{world.ports.people.port}"
        async with session.get(url + "/api/v1/openapi.json") as response:
            document = await response.json()
        yield Program(session, url, await token(world, people["system"]), document, world, people, theirs.id)


async def token(world: World, person: Person) -> str:
    async with opened(world.config) as archive:
        acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
        async with acts.of(MACHINE) as act:
            return (await give_token(act, person.id, int(utc_now().timestamp()), os.urandom))[1]


async def test_a_case_from_opening_to_a_stage_with_its_documents_and_links(program: Program) -> None:
    status, headers, case = await program.ask("POST", "/api/v1/cases", NEW)
    assert (status, case["number"], case["stage"]) == (201, NEW["number"], "initiation")
    assert [each["certificate"] for each in case["handlers"]] == NEW["handlers"]
    here, tag = headers["Location"], headers["ETag"]

    status, _, again = await program.ask("POST", "/api/v1/cases", {**NEW, "number": "朝县市监罚字(2026)第 012 号"})
    assert (status, again["code"], again["case"]["href"]) == (409, "number-taken", here), "a retry is told where it is"

    change = {"title": "销售过期乳品", "handlers": ["LN-1001", "LN-1003"]}
    assert (await program.ask("PATCH", here, change))[0] == 428
    status, headers, changed = await program.ask("PATCH", here, change, If_Match=tag)
    assert (status, changed["title"], changed["parties"]) == (
        200,
        "销售过期乳品",
        [{**NEW["parties"][0], "representative": "", "contact": ""}],
    )
    status, _, told = await program.ask("PATCH", here, {"title": "又改"}, If_Match=tag)
    assert status == 412 and told["etag"] == headers["ETag"]

    form = aiohttp.FormData()
    for name, text in (("what", "initiation:filing"), ("dated", "2026-11-20")):
        form.add_field(name, text)
    form.add_field("file", PDF, filename="立案审批表.pdf", content_type="application/pdf")
    status, _, paper = await program.ask("POST", here + "/documents", form)
    assert (status, paper["kind_name"], paper["current"]) == (201, "立案审批表", True)
    async with program.session.get(
        program.url + paper["href"], headers={"Authorization": f"Bearer {program.token}"}
    ) as got:
        assert await got.read() == PDF
    assert (await program.ask("GET", here + "/documents"))[2]["documents"] == [paper]

    move = {"before": "initiation", "after": "investigation"}
    status, headers, moved = await program.ask("POST", here + "/stage", move)
    assert (status, moved["stage"]) == (200, "investigation")
    invisible = {"before": "investigation", "after": "initiation", "reason": "退回\u0001\u202e"}
    assert (await program.ask("POST", here + "/stage", invisible))[0] == 422
    assert (await program.ask("POST", here + "/stage", move))[0] == 409, "somebody moved it: told, not done twice"
    assert (await program.ask("PATCH", here, {"title": "x"}, If_Match=tag))[0] == 412

    status, _, covered = await program.ask("GET", here + "/coverage")
    lacks = {need["item"] for need in covered["needs"] if need["state"] == "missing"}
    assert not covered["complete"] and "document:interview" in lacks
    excuse = {"stage": "investigation", "item": "document:interview", "reason": "当事人死亡"}
    status, _, covered = await program.ask("POST", here + "/coverage/excuses", excuse)
    assert status == 200 and covered["missing"] == len(lacks) - 1

    status, _, listed = await program.ask("GET", "/api/v1/cases?text=" + "乳品")
    assert [each["href"] for each in listed["cases"]] == [here] and listed["next"] is None


async def test_a_filter_with_a_slip_in_it_is_refused(program: Program) -> None:
    for query in ("class=penalti", "stage=x", "whose=AAA", "clas=penalty", "older=x", "text=" + "长" * 81):
        assert (await program.ask("GET", "/api/v1/cases?" + query))[0] == 422, query
    status, _, listed = await program.ask("GET", "/api/v1/cases?class=inspection&whose=mine")
    assert (status, listed["cases"]) == (200, [])


async def test_clips_are_linked_and_unlinked_with_their_history(program: Program) -> None:
    _, headers, _ = await program.ask("POST", "/api/v1/cases", {**NEW, "number": "朝县市监罚〔2026〕13号"})
    here = headers["Location"]
    wanted = {"stage": "initiation", "clips": [{"dock": "dock-1", "sha256": "cd" * 32}]}
    assert (await program.ask("POST", here + "/links", wanted))[0] == 422
    assert (await program.ask("POST", here + "/links", {**wanted, "clips": []}))[0] == 422
    assert (await program.ask("GET", here + "/links"))[2] == {"links": []}, "all or none"
    wanted["clips"] = [{"dock": "dock-1", "sha256": "ab" * 32}]
    status, _, linked = await program.ask("POST", here + "/links", wanted)
    (link,) = linked["links"]
    assert (status, link["how"], link["method"], link["unlinked_time"]) == (200, "hand", "video", None)
    status, _, ended = await program.ask("POST", f"{here}/links/{link['id']}/end", {"reason": "关联错了"})
    assert status == 200 and ended["links"][0]["unlinked_time"] is not None
    assert (await program.ask("POST", f"{here}/links/{link['id']}/end", {"reason": "再来"}))[0] == 422
    assert (await program.ask("POST", here + "/links/999/end", {"reason": "错"}))[0] == 404


DRAFT: dict[str, Any] = {
    "after": 0,
    "procedure": "ordinary",
    "party_kind": "organisation",
    "facts": "销售过期食品，有现场笔录为证",
    "basis": "《食品安全法》第一百二十四条",
    "discretion": "情节一般",
    "performance": "十五日内缴纳",
    "remedies": "六十日内可申请行政复议",
    "results": [{"kind": "fine", "content": "罚款二十万元", "fen": 20_000_000}],
}


async def test_a_program_drafts_and_decides_and_comes_past_no_review(program: Program) -> None:
    _, headers, _ = await program.ask("POST", "/api/v1/cases", {**NEW, "number": "朝县市监罚〔2026〕14号"})
    here, handler = headers["Location"], program.token
    status, _, large = await program.ask("POST", here + "/drafts", DRAFT)
    assert (status, large["needs_review"], [each["key"] for each in large["why"]]) == (201, True, ["row:处罚-2"])
    assert (await program.ask("POST", here + "/drafts", DRAFT))[0] == 409, "somebody wrote one meanwhile"
    assert (await program.ask("POST", here + "/drafts", {**DRAFT, "results": []}))[0] == 422
    for before, after in (("initiation", "investigation"), ("investigation", "review")):
        assert (await program.ask("POST", here + "/stage", {"before": before, "after": after}))[0] == 200
    past = {"before": "review", "after": "decision"}
    status, _, told = await program.ask("POST", here + "/stage", past)
    assert (status, told["code"], told["reasons"][0]["key"]) == (422, "not-decided", "not-reviewed")
    today = large["time"][:10]
    decide = {"draft": large["id"], "dated": today}
    assert (await program.ask("POST", here + "/decisions", decide))[0] == 403, "the handler's program decides nothing"
    try:
        program.token = await token(program.world, program.people["head"])
        status, _, told = await program.ask("POST", here + "/decisions", decide)
        assert (status, told["code"], told["reasons"][0]["key"]) == (422, "not-decided", "not-reviewed")
    finally:
        program.token = handler
    small = {**DRAFT, "after": 1, "results": [{"kind": "warning", "content": "警告"}]}
    assert (await program.ask("POST", here + "/drafts", small))[2]["needs_review"] is False
    assert (await program.ask("POST", here + "/stage", past))[0] == 200
    assert len((await program.ask("GET", here + "/drafts"))[2]["drafts"]) == 2
    assert (await program.ask("GET", here + "/decisions"))[2] == {"decisions": []}
    assert (
        await program.ask("POST", here + "/decisions/1/services", {"how": "direct", "receiver": "甲", "day": today})
    )[0] == 422


async def test_another_agency_s_case_is_refused_by_every_route(program: Program) -> None:
    there = f"/api/v1/cases/{program.theirs}"
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"title": "x"}),
        ("GET", "/documents", None),
        ("GET", "/links", None),
        ("GET", "/coverage", None),
        ("POST", "/stage", {"before": "initiation", "after": "investigation"}),
    ):
        status, _, told = await program.ask(method, there + path, body, If_Match="*")
        assert status == 403 and "乙" not in str(told), path
    assert (await program.ask("GET", "/api/v1/cases/99999"))[0] == 404
    assert all(each["agency"] == "scjg" for each in (await program.ask("GET", "/api/v1/cases"))[2]["cases"])


async def test_without_a_living_token_nothing_opens_and_a_cookie_is_none(program: Program) -> None:
    for authorization in (None, "Bearer lht_" + "A" * 43, f"Basic {program.token}", "Bearer", "Bearer " + "é" * 20):
        headers = {"Authorization": authorization} if authorization else {}
        async with program.session.get(program.url + "/api/v1/cases", headers=headers) as response:
            assert response.status == 401 and response.headers["WWW-Authenticate"].startswith("Bearer")
            assert response.content_type == "application/problem+json"
    cookie = {"Cookie": f"__Host-liuhen={program.token}"}
    async with program.session.get(program.url + "/api/v1/cases", headers=cookie) as response:
        assert response.status == 401
    bearer = {"Authorization": f"Bearer {program.token}"}
    async with program.session.get(program.url + "/cases", headers=bearer, allow_redirects=False) as response:
        assert response.status == 303, "a token opens no page"


async def test_a_token_ends_when_it_is_taken_back(program: Program) -> None:
    kept, reviewer = program.token, program.people["reviewer"]
    program.token = await token(program.world, reviewer)
    try:
        assert (await program.ask("GET", "/api/v1/cases"))[0] == 200
        assert (await program.ask("POST", "/api/v1/cases", NEW))[0] == 403, "it may what the account may"
        async with opened(program.world.config) as archive:
            acts = Acts(archive.database, archive.chain, utc_now, os.urandom)
            async with acts.of(MACHINE) as act:
                await end_token(act, reviewer.id)
        assert (await program.ask("GET", "/api/v1/cases"))[0] == 401
    finally:
        program.token = kept


async def test_hostile_requests_are_answered_as_the_document_says(program: Program) -> None:
    bearer = {"Authorization": f"Bearer {program.token}"}
    for data, media, status in (
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
        (b"title=x", "application/x-www-form-urlencoded", 415),
        (b'{"class":"penalty","title":"\\u0000","handlers":["LN-1001","LN-1002"]}', "application/json", 422),
        (b'{"class":"penalty","title":"x","handlers":["LN-1001","LX-1001"]}', "application/json", 422),
        (b'{"class":"penalty","title":"x","number":"12","handlers":["LN-1001","LN-1002"]}', "application/json", 422),
        (b" " * (600 << 10), "application/json", 413),
    ):
        headers = {**bearer, "Content-Type": media}
        async with program.session.post(program.url + "/api/v1/cases", data=data, headers=headers) as response:
            told = await response.json(content_type=None)
            assert response.status == status, told
            program.check("POST", "/api/v1/cases", response.status, response.content_type, told)
    for method, path in (
        ("DELETE", "/api/v1/cases/1"),
        ("GET", "/api/v1/nothing"),
        ("GET", "/api/"),
        ("GET", "/api/v1/cases/0"),
    ):
        async with program.session.request(method, program.url + path, headers=bearer) as response:
            assert response.status in (404, 405) and response.content_type == "application/problem+json", path
