"""The API for the agency's own case system: what the pages of cases do, for a program that holds an account's token."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.metadata import version

from aiohttp import hdrs, web
from sqlalchemy import select

from liuhen_server.cases.api import (
    Json,
    Unfit,
    case_json,
    check_query,
    coverage_json,
    document_json,
    etag_of,
    link_json,
    matches,
    parties_from,
    read_body,
    summary_json,
)
from liuhen_server.cases.api_document import BASE, document
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.fields import reason_of
from liuhen_server.cases.linking import Goal, link_clips, unlink_clip
from liuhen_server.cases.lists import excuse
from liuhen_server.cases.reading import WholeCase, case_of, whole_case
from liuhen_server.cases.record import Changes, New, change_case, move_case, open_case
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.registry.officers import Officer, officer_of
from liuhen_server.registry.schema import officers
from liuhen_server.web.case_list import Filters, cases_of, wanted_cases
from liuhen_server.web.case_papers import download, take_paper
from liuhen_server.web.case_request import CASE, case_asked_for
from liuhen_server.web.case_views import seen
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import UPLOAD, Problem, session_of
from liuhen_server.web.routes import get, patch, post

__all__ = ["ROUTES"]


async def describe(request: web.Request) -> web.StreamResponse:
    return _json(document(version("liuhen-server")))


async def list_cases(request: web.Request) -> web.StreamResponse:
    check_query(request.query, "listCases")
    filters = Filters.of(request)
    wanted = await wanted_cases(request, filters)
    async with request.app[CONTEXT].database.read() as conn:
        _, found = await cases_of(conn, wanted, filters.turn)
    older = filters.address(found.older, BASE + "/cases") if found.older else None
    return _json({"cases": [summary_json(case_of(row)) for row in found.rows], "next": older})


async def add(request: web.Request) -> web.StreamResponse:
    context, person, body = request.app[CONTEXT], session_of(request).person, await _body(request, "NewCase")
    if not person.agency:
        raise Problem("no_agency", 409)
    async with context.database.read() as conn:
        handlers = await _officers_with(conn, person.agency, body["handlers"])
    new = New(
        agency=person.agency,
        enforcement=str(body["class"]),
        title=str(body["title"]),
        handlers=handlers,
        number=str(body.get("number", "")),
        parties=parties_from(body) or (),
    )
    case = await open_case(request.app[ACTS], person, new, context.today())
    return await _case(request, case.id, 201, {hdrs.LOCATION: f"{BASE}/cases/{case.id}"})


async def show(request: web.Request) -> web.StreamResponse:
    return await _case(request, request[CASE].case.id, 200)


async def change(request: web.Request) -> web.StreamResponse:
    """Under the version that was read (If-Match); under an older one nothing is saved."""
    context, whole, person = request.app[CONTEXT], request[CASE], session_of(request).person
    body = await _body(request, "CaseChange")
    given = request.headers.get(hdrs.IF_MATCH)
    if given is None:
        raise Problem("if_match", 428)
    if not matches(given, etag_of(whole)):
        raise Problem("outdated", 412, more={"etag": etag_of(whole)})
    handlers = None
    if "handlers" in body:
        async with context.database.read() as conn:
            handlers = await _officers_with(conn, whole.case.agency, body["handlers"])
    changes = Changes(_text(body, "title"), _text(body, "number"), parties_from(body), handlers, _text(body, "class"))
    await change_case(request.app[ACTS], person, whole.case.id, whole.case.version, changes, context.today())
    return await _case(request, whole.case.id, 200)


async def move(request: web.Request) -> web.StreamResponse:
    whole, person, body = request[CASE], session_of(request).person, await _body(request, "StageMove")
    before, after, given = Stage(str(body["before"])), Stage(str(body["after"])), str(body.get("reason", ""))
    reason = reason_of(given) if given.strip() else ""
    today = request.app[CONTEXT].today()
    await move_case(request.app[ACTS], person, whole.case.id, before, after, reason, today)
    return await _case(request, whole.case.id, 200)


async def coverage(request: web.Request) -> web.StreamResponse:
    return _json(coverage_json(request[CASE].needs()))


async def excuse_missing(request: web.Request) -> web.StreamResponse:
    whole, person, body = request[CASE], session_of(request).person, await _body(request, "Excuse")
    stage, item, reason = Stage(str(body["stage"])), str(body["item"]), str(body["reason"])
    await excuse(request.app[ACTS], person, whole.case.id, stage, item, reason)
    return _json(coverage_json((await _again(request)).needs()))


async def list_documents(request: web.Request) -> web.StreamResponse:
    whole = request[CASE]
    return _json({"documents": [document_json(each, whole) for each in whole.documents]})


async def add_document(request: web.Request) -> web.StreamResponse:
    """multipart/form-data with the fields of the page's form, the file last."""
    if request.content_type != "multipart/form-data":
        raise web.HTTPUnsupportedMediaType
    try:
        request[UPLOAD] = await request.multipart()
        added = await take_paper(request)
    except (ValueError, LookupError) as error:
        if isinstance(error, Wrong):
            raise
        raise Unfit("", f"this is no multipart form: {str(error)[:100]}") from error
    return _json(document_json(added, request[CASE]), 201)


async def list_links(request: web.Request) -> web.StreamResponse:
    return _links(request[CASE])


async def link(request: web.Request) -> web.StreamResponse:
    whole, person, body = request[CASE], session_of(request).person, await _body(request, "NewLinks")
    goal = Goal(whole.case.id, Stage(str(body["stage"])), str(body.get("item", "")))
    given = body["clips"]
    assert isinstance(given, list), "the schema says so"
    wanted = [(each["dock"], each["sha256"]) for each in given]
    await link_clips(request.app[ACTS], person, goal, wanted, "hand" if len(wanted) == 1 else "bulk")
    return _links(await _again(request))


async def unlink(request: web.Request) -> web.StreamResponse:
    whole, person, body = request[CASE], session_of(request).person, await _body(request, "Reason")
    link_id = int(request.match_info["link"])
    if all(each.id != link_id for each in whole.links):
        raise Problem("no_such_link", 404)
    await unlink_clip(request.app[ACTS], person, whole.case.id, link_id, str(body["reason"]))
    return _links(await _again(request))


def _links(whole: WholeCase) -> web.Response:
    return _json({"links": [link_json(each) for each in whole.links]})


async def _again(request: web.Request) -> WholeCase:
    """The case as it is after the act."""
    await case_asked_for(request)
    return request[CASE]


async def _case(
    request: web.Request, case_id: int, status: int, headers: Mapping[str, str] | None = None
) -> web.Response:
    async with request.app[CONTEXT].database.read() as conn:
        whole = await whole_case(conn, case_id)
        assert whole is not None, "cases are never deleted"
        query = select(officers).where(officers.c.id.in_(whole.officers))
        known: dict[int, Officer] = {row["id"]: officer_of(row) for row in (await conn.execute(query)).mappings()}
    return _json(case_json(whole, known), status, {hdrs.ETAG: etag_of(whole), **(headers or {})})


async def _officers_with(conn: Connection, agency: str, certificates: object) -> tuple[int, ...]:
    """The agency's officers with these certificates. Raises Wrong for one that there is not."""
    assert isinstance(certificates, list), "the schema says so"
    wanted = {str(each).strip().upper() for each in certificates}
    query = select(officers.c.certificate, officers.c.id).where(
        officers.c.agency == agency, officers.c.certificate.in_(wanted)
    )
    found = {row.certificate: int(row.id) for row in await conn.execute(query)}
    if missing := sorted(wanted - found.keys()):
        raise Wrong(
            f"本执法主体没有执法证号 {missing[0]}",
            f"no officer of this agency has the certificate {missing[0]}",
            "handlers",
        )
    return tuple(sorted(found.values()))


def _text(body: Json, name: str) -> str | None:
    return str(body[name]) if name in body else None


async def _body(request: web.Request, schema: str) -> Json:
    if request.content_type not in ("application/json", "application/merge-patch+json"):
        raise web.HTTPUnsupportedMediaType
    return read_body(await request.read(), schema)


def _json(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


async def _opening(request: web.Request) -> Thing:
    """A case that is not there yet belongs to the agency of whoever opens it."""
    return Thing("case-new", session_of(request).person.agency)


_NUMBER = "[1-9][0-9]{0,17}"
_CASE = BASE + "/cases/{case:" + _NUMBER + "}"
ROUTES = (
    get(BASE + "/openapi.json", describe, Action.ENTER),
    get(BASE + "/cases", list_cases, Action.SEE_CASES),
    post(BASE + "/cases", add, Action.OPEN_CASES, _opening),
    get(_CASE, seen(show, "program"), Action.SEE_CASES, case_asked_for),
    patch(_CASE, change, Action.WORK_CASES, case_asked_for),
    post(_CASE + "/stage", move, Action.WORK_CASES, case_asked_for),
    get(_CASE + "/coverage", seen(coverage, "program"), Action.SEE_CASES, case_asked_for),
    post(_CASE + "/coverage/excuses", excuse_missing, Action.WORK_CASES, case_asked_for),
    get(_CASE + "/documents", seen(list_documents, "program"), Action.SEE_CASES, case_asked_for),
    post(_CASE + "/documents", add_document, Action.WORK_CASES, case_asked_for, upload=True),
    get(_CASE + "/documents/{document:" + _NUMBER + "}", download, Action.SEE_CASES, case_asked_for),
    get(_CASE + "/links", seen(list_links, "program"), Action.SEE_CASES, case_asked_for),
    post(_CASE + "/links", link, Action.WORK_CASES, case_asked_for),
    post(_CASE + "/links/{link:" + _NUMBER + "}/end", unlink, Action.WORK_CASES, case_asked_for),
)
