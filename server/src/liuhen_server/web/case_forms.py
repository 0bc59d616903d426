"""Opening a case and changing it. A mistake keeps what was typed; who saves second is told who changed what meanwhile."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.reading import Party
from liuhen_server.cases.record import Changes, New, Outdated, change_case, open_case, wanted_number
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.registry.schema import officers
from liuhen_server.web.case_request import CASE, case_asked_for, field, fields, names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

BLANK_PARTIES = 2


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it was filled in."""

    enforcement: str = "penalty"
    number: str = ""
    title: str = ""
    handlers: frozenset[int] = frozenset()
    parties: tuple[Party, ...] = ()
    version: int = 0


async def new(request: web.Request) -> web.StreamResponse:
    person = session_of(request).person
    asked = request.query.get("class", "penalty")
    own = frozenset({person.officer}) if person.officer is not None else frozenset()
    return await _form(request, Typed(enforcement=asked if asked in CLASSES else "penalty", handlers=own), 200)


async def add(request: web.Request) -> web.StreamResponse:
    context, person, typed = request.app[CONTEXT], session_of(request).person, await _typed(request)
    given = New(
        agency=person.agency or "",
        enforcement=typed.enforcement,
        title=typed.title,
        handlers=tuple(sorted(typed.handlers)),
        number=typed.number,
        parties=typed.parties,
    )
    try:
        case = await open_case(request.app[ACTS], person, given, context.today())
    except Wrong as wrong:
        return await _form(request, typed, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{case.id}")


async def edit(request: web.Request) -> web.StreamResponse:
    whole = request[CASE]
    typed = Typed(
        whole.case.enforcement,
        whole.case.number,
        whole.case.title,
        whole.officers,
        whole.parties,
        whole.case.version,
    )
    return await _form(request, typed, 200)


async def save(request: web.Request) -> web.StreamResponse:
    context, whole, typed = request.app[CONTEXT], request[CASE], await _typed(request)
    enforcement = typed.enforcement or None
    changes = Changes(typed.title, typed.number, typed.parties, tuple(sorted(typed.handlers)), enforcement)
    person = session_of(request).person
    try:
        await change_case(request.app[ACTS], person, whole.case.id, typed.version, changes, context.today())
    except Wrong as wrong:
        return await _form(request, typed, 422, wrong)
    except Outdated as outdated:
        kept = Typed(typed.enforcement, typed.number, typed.title, typed.handlers, typed.parties, outdated.case.version)
        return await _form(request, kept, 409, outdated=outdated)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}")


async def _typed(request: web.Request) -> Typed:
    columns = [await fields(request, f"party_{name}") for name in ("kind", "name", "code", "representative", "contact")]
    handlers = frozenset(number(text) for text in await fields(request, "handler"))
    return Typed(
        enforcement=await field(request, "class"),
        number=await field(request, "number"),
        title=await field(request, "title"),
        handlers=handlers - {0},
        parties=tuple(Party(*values) for values in zip(*columns, strict=False)),
        version=number(await field(request, "version")),
    )


async def _form(
    request: web.Request,
    typed: Typed,
    status: int,
    wrong: Wrong | None = None,
    outdated: Outdated | None = None,
) -> web.StreamResponse:
    context, known = request.app[CONTEXT], request.get(CASE)
    agency = known.case.agency if known is not None else session_of(request).person.agency
    if not agency:
        raise Problem("no_agency", 409)
    query = select(officers).where(officers.c.agency == agency).order_by(officers.c.certificate)
    expected = ""
    async with context.database.read() as conn:
        rows = (await conn.execute(query)).all()
        names = await names_of(conn, {each.by for each in outdated.since} if outdated else (), ())
        if known is None and typed.enforcement in CLASSES:
            try:
                expected = str(await wanted_number(conn, agency, typed.enforcement, context.today().year))
            except Wrong as missing:
                wrong = wrong or missing
    today = context.today().isoformat()
    listed = [row for row in rows if row.active or row.id in typed.handlers]
    given = [party for party in typed.parties if party.name or party.code or party.representative or party.contact]
    blank = [Party("organisation", "")] * BLANK_PARTIES
    return page(
        request,
        "case_form.html",
        status=status,
        known=known,
        form=typed,
        classes=list(CLASSES.values()),
        officers=listed,
        today=today,
        parties=[*given, *blank],
        expected=expected,
        wrong=wrong.said if wrong is not None else Said("", ""),
        wrong_field=wrong.field if wrong is not None else "",
        since=outdated.since if outdated else (),
        names=names,
    )


async def _opening(request: web.Request) -> Thing:
    """A case that is not there yet belongs to the agency of whoever opens it."""
    return Thing("case-new", session_of(request).person.agency)


ROUTES = (
    get("/cases/new", new, Action.OPEN_CASES, _opening),
    post("/cases/new", add, Action.OPEN_CASES, _opening),
    get("/cases/{case:[1-9][0-9]{0,17}}/edit", edit, Action.WORK_CASES, case_asked_for),
    post("/cases/{case:[1-9][0-9]{0,17}}/edit", save, Action.WORK_CASES, case_asked_for),
)
