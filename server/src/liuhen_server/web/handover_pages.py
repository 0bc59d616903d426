"""The work handbook, and what was handed over to whom with which receipt."""

from __future__ import annotations

import asyncio
from functools import partial

from aiohttp import web

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.record_list_pdf import NoFont
from liuhen_server.cases.said import Wrong
from liuhen_server.handover.acts import (
    Handover,
    as_sent,
    body_of,
    find_handover,
    hand_over,
    handovers_of,
    receive,
)
from liuhen_server.handover.compiled import compiled
from liuhen_server.handover.package import contents_of, handbook_in
from liuhen_server.handover.printed import handbook_pdf
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.registry.agencies import every_agency
from liuhen_server.web.case_request import names_of
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import read_form
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.media import attachment
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

_HANDOVER = web.RequestKey("handover", Handover)
_ONE = "/handovers/{handover:[1-9][0-9]{0,17}}"
_PDF = {"Content-Type": "application/pdf", "Content-Security-Policy": "default-src 'none'; sandbox"}


async def _found(request: web.Request) -> Handover:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_handover(conn, int(request.match_info["handover"]))
    if found is None:
        raise Problem("no_such_handover", 404)
    request[_HANDOVER] = found
    return found


async def _to_read(request: web.Request) -> Thing:
    """Both agencies read it: to whoever is asking it is of his own."""
    found, own = await _found(request), session_of(request).person.agencies
    return Thing(f"handover-{found.id}", found.to_agency if found.to_agency in own else found.agency)


async def _to_receive(request: web.Request) -> Thing:
    found = await _found(request)
    return Thing(f"handover-{found.id}", found.to_agency)


async def _own_agency(request: web.Request) -> Thing:
    return Thing("handover-new", session_of(request).person.agency)


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, 200)


async def _draw(request: web.Request, status: int, wrong: Wrong | None = None) -> web.StreamResponse:
    person = session_of(request).person
    every = visible(person, Action.SEE_HANDOVERS) is Scope.ALL
    async with request.app[CONTEXT].database.read() as conn:
        found = await handovers_of(conn, None if every else person.agency or "")
        agencies = {each.code: each for each in await every_agency(conn)}
        names = await names_of(conn, {number for each in found for number in (each.by, each.received_by or "")}, ())
    return page(
        request,
        "handovers.html",
        status=status,
        found=found,
        agencies=agencies,
        names=names,
        classes=CLASSES,
        own=person.agency,
        own_codes=person.agencies,
        hands=may(request, Action.HAND_OVER) and bool(person.agency),
        receives=may(request, Action.HAND_OVER),
        oversees=may(request, Action.SUPERVISE),
        wrong=wrong.said if wrong is not None else None,
    )


async def handbook(request: web.Request) -> web.StreamResponse:
    """As it is in force today, to be read or printed; nothing is handed over by it."""
    person, context = session_of(request).person, request.app[CONTEXT]
    if not person.agency:
        raise Problem("no_agency", 409)
    try:
        async with context.database.read() as conn:
            found = await compiled(conn, person.agency, context.today())
        body = await asyncio.to_thread(handbook_pdf, found, context.now().astimezone(context.zone))
    except NoFont as error:
        raise Problem("no_font", 503) from error
    except Wrong as wrong:
        return await _draw(request, 409, wrong)
    return web.Response(
        body=body, headers=_PDF | {"Content-Disposition": attachment(f"{found.agency}_执法工作手册.pdf")}
    )


async def send(request: web.Request) -> web.StreamResponse:
    person, context, form = session_of(request).person, request.app[CONTEXT], await read_form(request)
    if not person.agency:
        raise Problem("no_agency", 409)
    to, enforcement = form["to"] or None, form["enforcement"] if form["to"] else ""
    printed = partial(handbook_pdf, now=context.now().astimezone(context.zone))
    try:
        await hand_over(
            context.database, request.app[ACTS], person, person.agency, to, enforcement, context.today(), printed
        )
    except NoFont as error:
        raise Problem("no_font", 503) from error
    except Wrong as wrong:
        return await _draw(request, 422, wrong)
    raise web.HTTPSeeOther("/handovers")


async def receipt(request: web.Request) -> web.StreamResponse:
    """What exactly was handed over, when, and who received it. The papers are read only from what the log vouches for."""
    held = request[_HANDOVER]
    async with request.app[CONTEXT].database.read() as conn:
        body = await as_sent(conn, held)
        agencies = {each.code: each for each in await every_agency(conn)}
        names = await names_of(conn, {held.by, held.received_by or ""}, ())
    papers = () if body is None else await asyncio.to_thread(contents_of, body)
    return page(
        request,
        "handover.html",
        held=held,
        papers=papers,
        whole=body is not None,
        agencies=agencies,
        names=names,
        classes=CLASSES,
    )


async def printed(request: web.Request) -> web.StreamResponse:
    """The handbook as it was handed over."""
    held = request[_HANDOVER]
    async with request.app[CONTEXT].database.read() as conn:
        body = await as_sent(conn, held)
    if body is None:
        raise Problem("handover_altered", 409)
    name = held.name.removesuffix(".zip").removesuffix(".pdf") + ".pdf"
    pdf = await asyncio.to_thread(handbook_in, body)
    return web.Response(body=pdf, headers=_PDF | {"Content-Disposition": attachment(name)})


async def file(request: web.Request) -> web.StreamResponse:
    held = request[_HANDOVER]
    async with request.app[CONTEXT].database.read() as conn:
        body = await body_of(conn, held.id)
    headers = {**_PDF, "Content-Disposition": attachment(held.name)}
    if held.name.endswith(".zip"):
        headers["Content-Type"] = "application/zip"
    return web.Response(body=body, headers=headers)


async def receive_own(request: web.Request) -> web.StreamResponse:
    """An agency's head: what was handed to it."""
    return await _receive(request)


async def receive_handbook(request: web.Request) -> web.StreamResponse:
    """The justice department: handbooks alone."""
    if request[_HANDOVER].to_agency is not None:
        raise Problem("no_such_handover", 404)
    return await _receive(request)


async def _receive(request: web.Request) -> web.StreamResponse:
    try:
        await receive(request.app[ACTS], session_of(request).person, request[_HANDOVER].id)
    except Wrong as wrong:
        return await _draw(request, 409, wrong)
    raise web.HTTPSeeOther("/handovers")


ROUTES = (
    get("/handovers", show, Action.SEE_HANDOVERS),
    get("/handbook.pdf", handbook, Action.SEE_HANDOVERS),
    post("/handovers", send, Action.HAND_OVER, _own_agency),
    get(_ONE, receipt, Action.SEE_HANDOVERS, _to_read),
    get(_ONE + "/handbook.pdf", printed, Action.SEE_HANDOVERS, _to_read),
    get(_ONE + "/file", file, Action.SEE_HANDOVERS, _to_read),
    post(_ONE + "/receive", receive_own, Action.HAND_OVER, _to_receive),
    post(_ONE + "/filed", receive_handbook, Action.SUPERVISE, _to_read),
)
