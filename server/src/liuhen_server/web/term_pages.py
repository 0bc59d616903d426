"""The agency's own retention terms: every version, a draft that is edited, and its approval by another person."""

from __future__ import annotations

from aiohttp import web

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.fields import day_of
from liuhen_server.cases.said import Wrong
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.retention.tables import TermsTable, approve_table, draft_table, find_table, save_table, tables_of
from liuhen_server.retention.terms import FILE_YEARS, FILE_YEARS_FLOOR, UNLINKED_FLOOR_DAYS, Table, TermRow
from liuhen_server.web.case_request import field, fields, names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

TABLE = web.RequestKey("terms_table", TermsTable)
TABLE_PATH = "/retention/terms/{table:[1-9][0-9]{0,17}}"
BLANK_ROWS = 3
FOR_EVER = "ever"


async def _own_agency(request: web.Request) -> Thing:
    return Thing("terms-new", session_of(request).person.agency)


async def _table_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_table(conn, int(request.match_info["table"]))
    if found is None:
        raise Problem("no_such_list", 404)
    request[TABLE] = found
    return Thing(found.name, found.agency)


async def show_all(request: web.Request) -> web.StreamResponse:
    agency, today = session_of(request).person.agency or "", request.app[CONTEXT].today().isoformat()
    async with request.app[CONTEXT].database.read() as conn:
        found = await tables_of(conn, agency)
        who = {each.edited_by for each in found} | {each.approved_by or "" for each in found}
        names = await names_of(conn, who, ())
    return page(
        request,
        "terms.html",
        tables=found,
        in_force=next((each for each in found if each.from_day is not None and each.from_day <= today), None),
        names=names,
        may_keep=may(request, Action.KEEP_TERMS) and bool(agency),
        floors={"days": UNLINKED_FLOOR_DAYS, "years": FILE_YEARS_FLOOR, "usual": FILE_YEARS},
    )


async def draft(request: web.Request) -> web.StreamResponse:
    person = session_of(request).person
    if not person.agency:
        raise Problem("no_agency", 409)
    found = await draft_table(request.app[ACTS], person, person.agency)
    raise web.HTTPSeeOther(f"/retention/terms/{found.id}")


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, request[TABLE], 200)


async def save(request: web.Request) -> web.StreamResponse:
    held, typed = request[TABLE], await _typed(request)
    try:
        edit, person = number(await field(request, "edit")), session_of(request).person
        await save_table(request.app[ACTS], person, held.id, edit, _table(typed))
    except Wrong as wrong:
        async with request.app[CONTEXT].database.read() as conn:
            now = await find_table(conn, held.id) or held
        return await _draw(request, now, 409 if wrong.field == "edit" else 422, wrong, typed)
    raise web.HTTPSeeOther(f"/retention/terms/{held.id}")


async def approve(request: web.Request) -> web.StreamResponse:
    held, person, today = request[TABLE], session_of(request).person, request.app[CONTEXT].today()
    try:
        from_day = day_of(await field(request, "from_day"), "from_day")
        await approve_table(request.app[ACTS], person, held.id, number(await field(request, "edit")), from_day, today)
    except Wrong as wrong:
        return await _draw(request, held, 422, wrong)
    raise web.HTTPSeeOther("/retention/terms")


Typed = tuple[str, list[tuple[str, str, str]]]
"""Days of what is of no case, and rows of class, item and years, as they were filled in."""


async def _typed(request: web.Request) -> Typed:
    columns = [await fields(request, name) for name in ("enforcement", "item", "years")]
    gone = set(await fields(request, "gone"))
    rows = []
    for index, row in enumerate(zip(*columns, strict=False)):
        enforcement, item, years = (each.strip() for each in row)
        if enforcement and str(index) not in gone:
            rows.append((enforcement, item, years))
    return await field(request, "unlinked_days"), rows


def _table(typed: Typed) -> Table:
    days, rows = typed
    return Table(
        number(days.strip()), tuple(TermRow(enforcement, item, _years(years)) for enforcement, item, years in rows)
    )


def _years(text: str) -> int | None:
    return None if text == FOR_EVER else number(text)


async def _draw(
    request: web.Request, held: TermsTable, status: int, wrong: Wrong | None = None, typed: Typed | None = None
) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        names = await names_of(conn, {held.edited_by, held.approved_by or ""}, ())
    is_draft = held.approved_by is None
    edits = is_draft and may(request, Action.KEEP_TERMS)
    days, rows = typed or (
        str(held.table.unlinked_days),
        [(row.enforcement, row.item, FOR_EVER if row.years is None else str(row.years)) for row in held.table.rows],
    )
    return page(
        request,
        "term.html",
        status=status,
        held=held,
        days=days,
        rows=rows + ([("", "", "")] * BLANK_ROWS if edits else []),
        classes=CLASSES,
        years=[FOR_EVER, *(str(each) for each in (FILE_YEARS_FLOOR, 15, 20, 25, FILE_YEARS, 50, 100))],
        names=names,
        edits=edits,
        approves=is_draft and may(request, Action.APPROVE_TERMS),
        own=held.edited_by == session_of(request).person.number,
        today=request.app[CONTEXT].today().isoformat(),
        wrong=wrong.said if wrong is not None else None,
    )


ROUTES = (
    get("/retention/terms", show_all, Action.SEE_TERMS, _own_agency),
    post("/retention/terms/draft", draft, Action.KEEP_TERMS, _own_agency),
    get(TABLE_PATH, show, Action.SEE_TERMS, _table_asked_for),
    post(TABLE_PATH, save, Action.KEEP_TERMS, _table_asked_for),
    post(TABLE_PATH + "/approve", approve, Action.APPROVE_TERMS, _table_asked_for),
)
