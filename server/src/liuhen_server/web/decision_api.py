"""Drafts and decisions for the agency's own case system: what the case's page does, for a program that holds an account's token."""

from __future__ import annotations

import json

from aiohttp import web

from liuhen_server.cases.api import Json, read_body
from liuhen_server.cases.api_shapes import BASE
from liuhen_server.cases.fields import day_of
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.decisions.api import (
    decision_json,
    draft_json,
    given_from,
    performed_from,
    proposal_from,
    served_from,
)
from liuhen_server.decisions.deciding import decide, end_decision
from liuhen_server.decisions.drafting import write_draft
from liuhen_server.decisions.reading import Decision, decisions_of, drafts_of
from liuhen_server.decisions.serving import execute, serve
from liuhen_server.people.roles import Action
from liuhen_server.web.case_request import CASE, case_asked_for
from liuhen_server.web.case_views import seen
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import session_of
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]


async def list_drafts(request: web.Request) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        found = await drafts_of(conn, request[CASE].case.id)
    return _json({"drafts": [draft_json(each) for each in found]})


async def write(request: web.Request) -> web.StreamResponse:
    case, body = request[CASE].case, await _body(request, "NewDraft")
    proposal, after = proposal_from(body, case.enforcement), body["after"]
    assert isinstance(after, int), "the schema says so"
    person, today = session_of(request).person, request.app[CONTEXT].today()
    draft = await write_draft(request.app[ACTS], person, case.id, after, proposal, today)
    return _json(draft_json(draft), 201)


async def list_decisions(request: web.Request) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        found = await decisions_of(conn, request[CASE].case.id)
    return _json({"decisions": [decision_json(each) for each in found]})


async def make(request: web.Request) -> web.StreamResponse:
    context, case, person = request.app[CONTEXT], request[CASE].case, session_of(request).person
    given = given_from(await _body(request, "NewDecision"))
    async with context.database.read() as conn:
        calendar = await calendar_in_force(conn)
    return _decision(await decide(request.app[ACTS], person, case.id, given, context.today(), calendar), 201)


async def add_service(request: web.Request) -> web.StreamResponse:
    given, person = served_from(await _body(request, "NewService")), session_of(request).person
    acts, today = request.app[ACTS], request.app[CONTEXT].today()
    return _decision(await serve(acts, person, request[CASE].case.id, _asked_for(request), given, today), 201)


async def add_execution(request: web.Request) -> web.StreamResponse:
    given, person = performed_from(await _body(request, "NewExecution")), session_of(request).person
    acts, today = request.app[ACTS], request.app[CONTEXT].today()
    return _decision(await execute(acts, person, request[CASE].case.id, _asked_for(request), given, today), 201)


async def end(request: web.Request) -> web.StreamResponse:
    body, person = await _body(request, "DecisionEnd"), session_of(request).person
    replaced_by = body.get("replaced_by")
    assert replaced_by is None or isinstance(replaced_by, int), "the schema says so"
    ended = await end_decision(
        request.app[ACTS],
        person,
        request[CASE].case.id,
        _asked_for(request),
        str(body["how"]),
        day_of(str(body["day"]), "day"),
        str(body["reason"]),
        request.app[CONTEXT].today(),
        replaced_by,
    )
    return _decision(ended, 200)


def _asked_for(request: web.Request) -> int:
    return int(request.match_info["decision"])


def _decision(decision: Decision, status: int) -> web.Response:
    return _json(decision_json(decision), status)


async def _body(request: web.Request, schema: str) -> Json:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    return read_body(await request.read(), schema)


def _json(value: object, status: int = 200) -> web.Response:
    body = json.dumps(value, ensure_ascii=False).encode()
    return web.Response(status=status, body=body, content_type="application/json")


_NUMBER = "[1-9][0-9]{0,17}"
_CASE = BASE + "/cases/{case:" + _NUMBER + "}"
_ONE = _CASE + "/decisions/{decision:" + _NUMBER + "}"
ROUTES = (
    get(_CASE + "/drafts", seen(list_drafts, "program"), Action.SEE_CASES, case_asked_for),
    post(_CASE + "/drafts", write, Action.DRAFT_DECISIONS, case_asked_for),
    get(_CASE + "/decisions", seen(list_decisions, "program"), Action.SEE_CASES, case_asked_for),
    post(_CASE + "/decisions", make, Action.DECIDE, case_asked_for),
    post(_ONE + "/services", add_service, Action.WORK_CASES, case_asked_for),
    post(_ONE + "/executions", add_execution, Action.WORK_CASES, case_asked_for),
    post(_ONE + "/end", end, Action.DECIDE, case_asked_for),
)
