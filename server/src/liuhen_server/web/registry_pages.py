"""Agencies and officers: lists, forms, and every version that was saved. Who saves second is told what the other saved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

from aiohttp import web

from liuhen_server.cases.record import open_cases_of
from liuhen_server.cases.said import Said
from liuhen_server.merging.acts import mergers_of
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.registry.agencies import Agency, docks_of, every_agency, find_agency, unassigned_docks
from liuhen_server.registry.changes import keep_agency, keep_officer, versions
from liuhen_server.registry.docks import every as every_dock
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.officers import CLASSES, Officer, find_officer, list_officers
from liuhen_server.registry.recorders import Equipment, equipment_of
from liuhen_server.web.case_request import names_of
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import Form, read_form
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post
from liuhen_server.web.search_pages import record_search

__all__ = ["AGENCY", "ONE_AGENCY", "ROUTES", "agency_asked_for", "agency_form"]

PAGE_ROWS = 50
EXPIRES_SOON = 30  # days before a certificate's last day, in which its list says so
AGENCY = web.RequestKey("agency", Agency)
ONE_AGENCY = "/agencies/{code:[a-z0-9-]{2,32}}"
_OFFICER = web.RequestKey("officer", Officer)


async def agency_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        agency = await find_agency(conn, request.match_info["code"])
    if agency is None:
        raise Problem("no_such_agency", 404)
    request[AGENCY] = agency
    return Thing(agency.number, agency.code)


async def _officer_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        officer = await find_officer(conn, int(request.match_info["officer"]))
    if officer is None:
        raise Problem("no_such_officer", 404)
    request[_OFFICER] = officer
    return Thing(officer.number, officer.agency, frozenset({officer.id}))


def _own_agency(request: web.Request, action: Action) -> str | None:
    """The agency that this person's lists and forms are limited to; None: none, he sees all."""
    person = session_of(request).person
    return None if visible(person, action) is Scope.ALL else person.agency or ""


# --- agencies


async def agencies(request: web.Request) -> web.StreamResponse:
    own = _own_agency(request, Action.SEE_REGISTRY)
    async with request.app[CONTEXT].database.read() as conn:
        found = await every_agency(conn)
        unassigned = await unassigned_docks(conn) if own is None else []
        equipment = await equipment_of(conn)
        merged = {each.agency: each for each in await mergers_of(conn) if each.heir}
    shown = [each for each in found if own is None or each.code == own]
    names = {each.code: each.name for each in found}
    return page(
        request, "agencies.html", merged=merged, names=names, agencies=shown, unassigned=unassigned, equipment=equipment
    )


async def new_agency(request: web.Request) -> web.StreamResponse:
    return await agency_form(request, Agency("", "", "", ""), 200)


async def add_agency(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    return await _save_agency(request, _agency_of(form, form["code"].strip(), 0))


async def agency(request: web.Request) -> web.StreamResponse:
    return await agency_form(request, request[AGENCY], 200)


async def change_agency(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    return await _save_agency(request, _agency_of(form, request[AGENCY].code, form.number("version")))


def _agency_of(form: Form, code: str, version: int) -> Agency:
    return Agency(
        code=code,
        name=form["name"],
        short=form["short"],
        case_word=form["case_word"].strip(),
        credit_code=form["credit_code"],
        active=version == 0 or form["active"] == "yes",
        version=version,
    )


async def _save_agency(request: web.Request, typed: Agency) -> web.StreamResponse:
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await keep_agency(act, typed)
    except Mistakes as mistakes:
        return await agency_form(request, typed, 422, mistakes=mistakes.fields)
    except Outdated as outdated:
        return await agency_form(request, replace(typed, version=outdated.version), 409, meanwhile=True)
    raise web.HTTPSeeOther("/agencies")


async def agency_form(
    request: web.Request,
    typed: Agency,
    status: int,
    mistakes: dict[str, str] | None = None,
    meanwhile: bool = False,
    wrong: Said | None = None,
    typed_merger: Mapping[str, str] | None = None,
) -> web.StreamResponse:
    """The page of an agency, with what is wrong in its forms."""
    known, today = request.get(AGENCY), request.app[CONTEXT].today()
    async with request.app[CONTEXT].database.read() as conn:
        history = [] if known is None else await versions(conn, known.number)
        equipment = None if known is None else (await equipment_of(conn)).get(known.code, Equipment())
        of_agency = set() if known is None else {row.name for row in await conn.execute(docks_of(known.code))}
        stations = [dock for dock in await every_dock(conn) if dock.name in of_agency]
        every = await every_agency(conn)
        mergers = [] if known is None else await mergers_of(conn, known.code)
        moving = 0 if known is None or not known.active else len(await open_cases_of(conn, known.code))
        names = await names_of(
            conn, {number for each in mergers for number in (each.proposed_by, each.decided_by or "")}, ()
        )
    return page(
        request,
        "agency.html",
        equipment=equipment,
        docks=stations,
        status=status,
        draft=typed,
        known=known,
        mistakes=mistakes or {},
        meanwhile=meanwhile,
        history=history,
        may_keep=may(request, Action.KEEP_AGENCIES) and not any(each.heir for each in mergers),
        may_propose=may(request, Action.KEEP_AGENCIES),
        may_confirm=may(request, Action.GIVE_RIGHTS),
        person_number=session_of(request).person.number,
        mergers=mergers,
        agencies={each.code: each for each in every},
        successors=[each for each in every if each.active and known is not None and each.code != known.code],
        moving=moving,
        names=names,
        wrong=wrong,
        typed_merger=typed_merger or {},
        today=today,
    )


# --- officers


async def officers(request: web.Request) -> web.StreamResponse:
    """The list; a search for a person's name or number is an entry of the log."""
    context, own = request.app[CONTEXT], _own_agency(request, Action.SEE_REGISTRY)
    today = context.now().astimezone(context.zone).date()
    asked = request.query.get("agency", "")
    text = request.query.get("text", "").strip()[:64]
    text = text if text.isprintable() else ""
    number = request.query.get("page", "1")
    number_of_page = int(number) if re.fullmatch(r"[1-9][0-9]{0,5}", number) else 1
    async with context.database.read() as conn:
        known = [each for each in await every_agency(conn) if own is None or each.code == own]
        wanted = own if own is not None else (asked if asked in {each.code for each in known} else None)
        found = await list_officers(
            conn, agency=wanted, text=text, limit=PAGE_ROWS, offset=(number_of_page - 1) * PAGE_ROWS
        )
    if text:
        await record_search(request, text, found.total)
    return page(
        request,
        "officers.html",
        found=found,
        agencies={each.code: each for each in known},
        filters=_Filters(wanted or "" if own is None else "", text, number_of_page),
        classes=CLASSES,
        expires_soon=EXPIRES_SOON,
        pages=max(1, -(-found.total // PAGE_ROWS)),
        today=today,
    )


class _Filters:
    def __init__(self, agency: str, text: str, page: int) -> None:
        self.agency, self.text, self.page = agency, text, page

    @property
    def any(self) -> bool:
        return bool(self.agency or self.text)

    def address(self, number: int) -> str:
        values = {"agency": self.agency, "text": self.text, "page": str(number)}
        return "/officers?" + urlencode({name: value for name, value in values.items() if value})


async def new_officer(request: web.Request) -> web.StreamResponse:
    return await _officer_form(request, Officer("", "", _own_agency(request, Action.KEEP_OFFICERS) or ""), 200)


async def add_officer(request: web.Request) -> web.StreamResponse:
    return await _save_officer(request, _officer_of(await read_form(request), 0, 0))


async def officer(request: web.Request) -> web.StreamResponse:
    return await _officer_form(request, request[_OFFICER], 200)


async def change_officer(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    return await _save_officer(request, _officer_of(form, request[_OFFICER].id, form.number("version")))


def _officer_of(form: Form, officer_id: int, version: int) -> Officer:
    return Officer(
        certificate=form["certificate"],
        name=form["name"],
        agency=form["agency"],
        post=form["post"],
        classes=frozenset(form.every("classes")),
        area=form["area"],
        expires=form["expires"],
        recorder_number=form["recorder_number"],
        active=version == 0 or form["active"] == "yes",
        version=version,
        id=officer_id,
    )


async def _save_officer(request: web.Request, typed: Officer) -> web.StreamResponse:
    own = _own_agency(request, Action.KEEP_OFFICERS)
    if own is not None and typed.agency != own:
        return await _officer_form(request, typed, 422, mistakes={"agency": "own_agency"})
    try:
        async with request.app[ACTS].of(session_of(request).person) as act:
            await keep_officer(act, typed)
    except Mistakes as mistakes:
        return await _officer_form(request, typed, 422, mistakes=mistakes.fields)
    except Outdated as outdated:
        return await _officer_form(request, replace(typed, version=outdated.version), 409, meanwhile=True)
    raise web.HTTPSeeOther("/officers")


async def _officer_form(
    request: web.Request,
    typed: Officer,
    status: int,
    mistakes: dict[str, str] | None = None,
    meanwhile: bool = False,
) -> web.StreamResponse:
    known, own, context = request.get(_OFFICER), _own_agency(request, Action.KEEP_OFFICERS), request.app[CONTEXT]
    async with context.database.read() as conn:
        history = [] if known is None else await versions(conn, known.number)
        agencies = [each for each in await every_agency(conn) if each.active or each.code == typed.agency]
        if meanwhile and known is not None:
            known = await find_officer(conn, known.id)
    return page(
        request,
        "officer.html",
        status=status,
        draft=typed,
        known=known,
        mistakes=mistakes or {},
        meanwhile=meanwhile,
        history=history,
        agencies=[each for each in agencies if own is None or each.code in (own, typed.agency)],
        classes=CLASSES,
        expired=known is not None and not known.certified(context.now().astimezone(context.zone).date()),
        may_keep=may(request, Action.KEEP_OFFICERS),
    )


_ONE_OFFICER = "/officers/{officer:[0-9]{1,18}}"
ROUTES = (
    get("/agencies", agencies, Action.SEE_REGISTRY),
    post("/agencies", add_agency, Action.KEEP_AGENCIES),
    get("/new-agency", new_agency, Action.KEEP_AGENCIES),
    get(ONE_AGENCY, agency, Action.SEE_REGISTRY, agency_asked_for),
    post(ONE_AGENCY, change_agency, Action.KEEP_AGENCIES, agency_asked_for),
    get("/officers", officers, Action.SEE_REGISTRY),
    post("/officers", add_officer, Action.KEEP_OFFICERS),
    get("/new-officer", new_officer, Action.KEEP_OFFICERS),
    get(_ONE_OFFICER, officer, Action.SEE_REGISTRY, _officer_asked_for),
    post(_ONE_OFFICER, change_officer, Action.KEEP_OFFICERS, _officer_asked_for),
)
