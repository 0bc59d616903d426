"""Holding a clip or a case, and releasing it; the list of holds stands on the page of retention (disposal_pages.py)."""

from __future__ import annotations

from datetime import date

from aiohttp import web

from liuhen_server.cases.fields import day_of
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.retention.holds import Hold, find_hold, hold_case, hold_clip, release
from liuhen_server.retention.terms import Ground
from liuhen_server.web.case_page import CASE_PATH
from liuhen_server.web.case_request import CASE, case_asked_for, field
from liuhen_server.web.clip_request import CLIP, clip_asked_for
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import post

__all__ = ["ROUTES"]

HOLD = web.RequestKey("hold", Hold)
_CLIP = "/clips/{dock}/{sha256:[0-9a-f]{64}}"


async def _given(request: web.Request) -> tuple[Ground, date | None, str]:
    ground, until = await field(request, "ground"), await field(request, "until")
    if ground not in {each.value for each in Ground}:
        raise Wrong("请选择暂停处置的事由", "choose on which ground it is held", "ground")
    day = day_of(until, "until") if until.strip() else None
    return Ground(ground), day, await field(request, "reason")


async def of_clip(request: web.Request) -> web.StreamResponse:
    clip, back = request[CLIP], f"/clips/{request[CLIP].dock}/{request[CLIP].sha256}"
    try:
        ground, until, reason = await _given(request)
        person, today = session_of(request).person, request.app[CONTEXT].today()
        await hold_clip(request.app[ACTS], person, clip.dock, clip.sha256, ground, until, reason, today)
    except Wrong as wrong:
        return _refused(request, wrong.said, back)
    raise web.HTTPSeeOther(back)


async def of_case(request: web.Request) -> web.StreamResponse:
    case = request[CASE].case
    try:
        ground, until, reason = await _given(request)
        person, today = session_of(request).person, request.app[CONTEXT].today()
        await hold_case(request.app[ACTS], person, case.id, ground, until, reason, today)
    except Wrong as wrong:
        return _refused(request, wrong.said, f"/cases/{case.id}")
    raise web.HTTPSeeOther(f"/cases/{case.id}")


async def _hold_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_hold(conn, int(request.match_info["hold"]))
    if found is None:
        raise Problem("no_such_hold", 404)
    request[HOLD] = found
    return Thing(found.name, found.agency)


async def end(request: web.Request) -> web.StreamResponse:
    try:
        person = session_of(request).person
        await release(request.app[ACTS], person, request[HOLD].id, await field(request, "reason"))
    except Wrong as wrong:
        return _refused(request, wrong.said, "/retention")
    raise web.HTTPSeeOther("/retention")


def _refused(request: web.Request, why: Said, back: str) -> web.StreamResponse:
    return page(request, "not_done.html", status=422, wrong=why, back=back)


ROUTES = (
    post(_CLIP + "/hold", of_clip, Action.SET_HOLDS, clip_asked_for),
    post(CASE_PATH + "/hold", of_case, Action.SET_HOLDS, case_asked_for),
    post("/holds/{hold:[1-9][0-9]{0,17}}/release", end, Action.RELEASE_HOLDS, _hold_asked_for),
)
