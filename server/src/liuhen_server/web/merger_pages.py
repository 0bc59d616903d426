"""An agency is merged into another, on the agency's own page: one person proposes it, another confirms (docs/adr/0027)."""

from __future__ import annotations

from aiohttp import web

from liuhen_server.cases.fields import day_of
from liuhen_server.cases.said import Wrong
from liuhen_server.merging.acts import Answer, decide, propose
from liuhen_server.people.roles import Action
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import Form, read_form
from liuhen_server.web.guard import Problem, session_of
from liuhen_server.web.registry_pages import AGENCY, ONE_AGENCY, agency_asked_for, agency_form
from liuhen_server.web.routes import post

__all__ = ["ROUTES"]

_FIELDS = ("into", "day", "document", "reason")


async def propose_merger(request: web.Request) -> web.StreamResponse:
    agency, form, today = request[AGENCY], await read_form(request), request.app[CONTEXT].today()
    typed = {name: form[name] for name in _FIELDS}
    try:
        day = day_of(typed["day"], "day")
        given = (typed["into"], day, typed["document"], typed["reason"], today)
        await propose(request.app[ACTS], session_of(request).person, agency.code, *given)
    except Wrong as wrong:
        return await agency_form(request, agency, 422, wrong=wrong.said, typed_merger=typed)
    raise web.HTTPSeeOther(f"/agencies/{agency.code}")


async def decide_merger(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    if form["do"] not in (Answer.CONFIRM, Answer.REFUSE):
        raise Problem("stale_form", 422)
    return await _decided(request, form, Answer(form["do"]))


async def withdraw_merger(request: web.Request) -> web.StreamResponse:
    return await _decided(request, await read_form(request), Answer.WITHDRAW)


async def _decided(request: web.Request, form: Form, answer: Answer) -> web.StreamResponse:
    agency, number = request[AGENCY], int(request.match_info["merger"])
    try:
        today = request.app[CONTEXT].today()
        await decide(
            request.app[ACTS], session_of(request).person, number, form.number("version"), answer, today, agency.code
        )
    except Wrong as wrong:
        return await agency_form(request, agency, 409 if wrong.field == "version" else 422, wrong=wrong.said)
    raise web.HTTPSeeOther(f"/agencies/{agency.code}")


_ONE_MERGER = ONE_AGENCY + "/mergers/{merger:[1-9][0-9]{0,17}}"
ROUTES = (
    post(ONE_AGENCY + "/mergers", propose_merger, Action.KEEP_AGENCIES, agency_asked_for),
    post(_ONE_MERGER, decide_merger, Action.GIVE_RIGHTS, agency_asked_for),
    post(_ONE_MERGER + "/withdraw", withdraw_merger, Action.KEEP_AGENCIES, agency_asked_for),
)
