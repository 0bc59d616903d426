"""Retention on one page: holds and disposal lists of the agency; and a disposal list, which one person draws and another approves."""

from __future__ import annotations

from aiohttp import web
from sqlalchemy import select

from liuhen_server.acts import said
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.database import Connection
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.registry.agencies import every_agency
from liuhen_server.retention.disposal import (
    DRAWN,
    DisposalList,
    approve,
    draw,
    find_disposal_list,
    lists_of,
    rows_of,
    withdraw,
)
from liuhen_server.retention.holds import Hold, lasting, reasons_of
from liuhen_server.retention.terms import GROUNDS
from liuhen_server.web.case_request import field, names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

LIST = web.RequestKey("disposal_list", DisposalList)
LIST_PATH = "/retention/lists/{disposal:[1-9][0-9]{0,17}}"
MOST_ENDED = 30


async def _own_agency(request: web.Request) -> Thing:
    return Thing("disposal-new", session_of(request).person.agency)


async def _list_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_disposal_list(conn, int(request.match_info["disposal"]))
    if found is None:
        raise Problem("no_such_list", 404)
    request[LIST] = found
    return Thing(found.name, found.agency)


async def show_all(request: web.Request) -> web.StreamResponse:
    return await _overview(request, 200)


async def _overview(request: web.Request, status: int, wrong: Said | None = None) -> web.StreamResponse:
    person, today = session_of(request).person, request.app[CONTEXT].today()
    agency = None if visible(person, Action.SEE_RETENTION) is Scope.ALL else person.agency or ""
    async with request.app[CONTEXT].database.read() as conn:
        now, ended = await lasting(conn, agency, today), await lasting(conn, agency, today, ended=True)
        holds = (*now, *ended[:MOST_ENDED])
        lists = await lists_of(conn, agency)
        who = {each.by for each in holds} | {each.released_by or "" for each in holds}
        who |= {each.drawn_by for each in lists} | {each.ended_by or "" for each in lists}
        names = await names_of(conn, who, ())
        agencies = {each.code: each.short for each in await every_agency(conn)}
        reasons = await reasons_of(conn, holds)
        numbers = await _case_numbers(conn, holds)
    return page(
        request,
        "retention.html",
        status=status,
        now=now,
        ended=ended[:MOST_ENDED],
        lists=lists,
        names=names,
        agencies=agencies,
        reasons=reasons,
        numbers=numbers,
        grounds=GROUNDS,
        everywhere=agency is None,
        may_draw=bool(person.agency) and may(request, Action.DRAW_DISPOSAL),
        may_release=may(request, Action.RELEASE_HOLDS),
        sees_terms=bool(person.agency) and may(request, Action.SEE_TERMS),
        sees_cases=may(request, Action.SEE_CASES),
        wrong=wrong,
    )


async def _case_numbers(conn: Connection, holds: tuple[Hold, ...]) -> dict[int, str]:
    ids = {each.case_id for each in holds if each.case_id is not None}
    rows = await conn.execute(select(cases.c.id, cases.c.number).where(cases.c.id.in_(ids)))
    return {row.id: row.number for row in rows}


async def draw_up(request: web.Request) -> web.StreamResponse:
    person, context = session_of(request).person, request.app[CONTEXT]
    if not person.agency:
        raise Problem("no_agency", 409)
    try:
        drawn = await draw(request.app[ACTS], person, person.agency, context.today(), context.zone)
    except Wrong as wrong:
        return await _overview(request, 409, wrong.said)
    raise web.HTTPSeeOther(f"/retention/lists/{drawn.id}")


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, 200)


async def _draw(request: web.Request, status: int, wrong: Said | None = None) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        held = await find_disposal_list(conn, request[LIST].id) or request[LIST]
        rows = await rows_of(conn, held.id)
        names = await names_of(conn, {held.drawn_by, held.ended_by or ""}, ())
        reason = (await conn.execute(select(said.c.text).where(said.c.id == (held.reason or 0)))).scalar()
    person, waits = session_of(request).person, held.state == DRAWN
    ends = waits and may(request, Action.APPROVE_DISPOSAL)
    return page(
        request,
        "disposal.html",
        status=status,
        held=held,
        rows=rows,
        bytes=sum(row.size for row in rows if row.state != "taken_off"),
        names=names,
        reason=reason or "",
        ends=ends,
        own=held.drawn_by == person.number,
        sees_clips=may(request, Action.SEE_EVIDENCE),
        wrong=wrong,
    )


async def approve_list(request: web.Request) -> web.StreamResponse:
    held, context = request[LIST], request.app[CONTEXT]
    try:
        version, person = number(await field(request, "version")), session_of(request).person
        await approve(request.app[ACTS], person, held.id, version, context.today(), context.zone)
    except Wrong as wrong:
        return await _draw(request, 409, wrong.said)
    raise web.HTTPSeeOther(f"/retention/lists/{held.id}")


async def withdraw_list(request: web.Request) -> web.StreamResponse:
    held = request[LIST]
    try:
        version, reason = number(await field(request, "version")), await field(request, "reason")
        await withdraw(request.app[ACTS], session_of(request).person, held.id, version, reason)
    except Wrong as wrong:
        return await _draw(request, 409, wrong.said)
    raise web.HTTPSeeOther(f"/retention/lists/{held.id}")


ROUTES = (
    get("/retention", show_all, Action.SEE_RETENTION),
    post("/retention/lists", draw_up, Action.DRAW_DISPOSAL, _own_agency),
    get(LIST_PATH, show, Action.SEE_RETENTION, _list_asked_for),
    post(LIST_PATH + "/approve", approve_list, Action.APPROVE_DISPOSAL, _list_asked_for),
    post(LIST_PATH + "/withdraw", withdraw_list, Action.APPROVE_DISPOSAL, _list_asked_for),
)
