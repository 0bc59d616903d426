"""Check-out at the dock: the page on the telephone or screen beside it. What stands in the bays, and one button to take it."""

from __future__ import annotations

from urllib.parse import urlencode

import segno
from aiohttp import web
from sqlalchemy import select

from liuhen_protocol.moment import format_time
from liuhen_server.custody.stays import find_stay
from liuhen_server.database import Connection
from liuhen_server.database.schema import docks
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import agency_of_dock
from liuhen_server.registry.check_out import check_out, put_back, readiness, standing_in, why_not
from liuhen_server.registry.docks import ENROLLED
from liuhen_server.registry.docks import find as find_dock
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.officers import Officer, find_officer
from liuhen_server.registry.recorders import recorder_of_serial
from liuhen_server.web.case_request import names_of
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import read_form
from liuhen_server.web.guard import Problem, may, of_reachable_docks, session_of
from liuhen_server.web.recorder_request import officers_to_choose
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post
from liuhen_server.web.stay_pages import STAY, STAYS

__all__ = ["ROUTES"]


async def _asked_for(request: web.Request) -> Thing:
    """The recorder of the stay that the address names. One that is not in the register is its dock's; another agency's that
    stands here is nobody's to take: who may take it does not see this dock, who sees the dock may not take it.
    """
    await request.app[STAYS].catch_up()
    async with request.app[CONTEXT].database.read() as conn:
        stay = await find_stay(conn, int(request.match_info["index"]))
        if stay is None:
            raise Problem("no_such_stay", 404)
        recorder = await recorder_of_serial(conn, stay.recorder)
        dock = await agency_of_dock(conn, stay.dock)
        known = await find_dock(conn, stay.dock)
    if known is None or known.state != ENROLLED:  # nobody hears any more what stands there
        raise Problem("no_such_dock", 404)
    request[STAY] = stay
    if recorder is None:
        return Thing(f"stay-{stay.docked_index}", dock)
    return Thing(recorder.number, dock if recorder.agency == dock else None)


async def show(request: web.Request) -> web.StreamResponse:
    await request.app[STAYS].catch_up()
    return await _draw(request, request.query.get("dock", ""), 200)


async def take(request: web.Request) -> web.StreamResponse:
    form, stay = await read_form(request), request[STAY]
    officer = session_of(request).person.officer
    if form["officer"] and form["officer"] != str(officer):
        if not may(request, Action.KEEP_RECORDERS):  # in another's name: who may write down any holding
            raise Problem("forbidden", 403)
        officer = form.number("officer")
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await check_out(act, stay.docked_index, officer, request.app[CONTEXT].today())
    except Mistakes as mistakes:
        return await _draw(request, stay.dock, 409, mistakes, form["officer"])
    raise _back(stay.dock)


async def give_back(request: web.Request) -> web.StreamResponse:
    stay, person = request[STAY], session_of(request).person
    whose = None if may(request, Action.KEEP_RECORDERS) else person.officer or 0
    try:
        async with request.app[ACTS].of(person) as act:
            await put_back(act, stay.docked_index, whose)
    except Mistakes as mistakes:
        return await _draw(request, stay.dock, 409, mistakes)
    except Outdated:
        pass  # somebody ended it meanwhile: it is as was asked for
    raise _back(stay.dock)


def _back(dock: str) -> web.HTTPSeeOther:
    return web.HTTPSeeOther("/check-out?" + urlencode({"dock": dock}))


async def _draw(
    request: web.Request, dock: str, status: int, mistakes: Mistakes | None = None, chosen: str = ""
) -> web.StreamResponse:
    context, person = request.app[CONTEXT], session_of(request).person
    async with context.database.read() as conn:
        speaking = docks.c.state == ENROLLED
        every = select(docks.c.name).where(of_reachable_docks(request, docks.c.name, Action.CHECK_OUT), speaking)
        names = list((await conn.execute(every.order_by(docks.c.name))).scalars())
        if dock and dock not in names:
            raise Problem("no_such_dock", 404)
        here = dock or (names[0] if len(names) == 1 else "")
        standing = await standing_in(conn, here, format_time(context.now())) if here else []
        own = await find_officer(conn, person.officer) if person.officer is not None else None
        ready = await readiness(conn, [each.stay for each in standing])
        bays = [(each, ready[each.stay.docked_index], why_not(each, own, context.today())) for each in standing]
        held = {each.held.officer for each in standing if each.held is not None}
        who = await names_of(conn, (), held | {each.last for each in standing if each.last is not None})
        colleagues = await _colleagues(request, conn, own)
    address = f"{request.url.origin()}/check-out?{urlencode({'dock': here})}"
    return page(
        request,
        "check_out.html",
        status=status,
        docks=names,
        dock=here,
        agency=person.agency,
        bays=bays,
        own=own,
        certified=own is not None and own.certified(context.today()),
        names=who,
        told=mistakes.fields["recorder"] if mistakes is not None and "recorder" in mistakes.fields else "",
        refused=mistakes is not None,
        chosen=chosen,
        colleagues=colleagues,
        keeps=may(request, Action.KEEP_RECORDERS),
        address=address,
        picture=segno.make(address, error="m").svg_inline(scale=4, border=4, light="#fff", dark="#000", omitsize=True),
    )


async def _colleagues(request: web.Request, conn: Connection, own: Officer | None) -> list[Officer]:
    """For whom this person may check out beside himself: officers of the agency whose certificate is good today."""
    if not may(request, Action.KEEP_RECORDERS):
        return []
    today = request.app[CONTEXT].today()
    of_agency = await officers_to_choose(conn, session_of(request).person.agency or "")
    return [each for each in of_agency if each.certified(today) and (own is None or each.id != own.id)]


_ONE = "/check-out/{index:[0-9]{1,18}}"
ROUTES = (
    get("/check-out", show, Action.CHECK_OUT),
    post(_ONE, take, Action.CHECK_OUT, _asked_for),
    post(_ONE + "/back", give_back, Action.CHECK_OUT, _asked_for),
)
