"""The agency's major-decision lists: every version, a draft in a table that is edited, and its approval by another person."""

from __future__ import annotations

from collections.abc import Sequence

from aiohttp import web

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.fields import day_of
from liuhen_server.cases.said import Wrong
from liuhen_server.decisions.outcomes import OUTCOMES, outcomes_of
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import every_agency
from liuhen_server.review.criteria import (
    DEFAULT_ROWS,
    GROUNDS,
    PARTY_KINDS,
    PROCEDURES,
    MajorRow,
    check_major_rows,
    yuan,
)
from liuhen_server.review.lists import (
    MajorList,
    approve_major_list,
    draft_major_list,
    find_major_list,
    major_lists_of,
    save_major_rows,
)
from liuhen_server.review.reading import rows_of_list
from liuhen_server.web.case_request import field, fields, names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

MAJOR = web.RequestKey("major_list", MajorList)
LIST_PATH = "/major-lists/{major:[1-9][0-9]{0,17}}"
BLANK_ROWS = 3
_COLUMNS = ("item", "enforcement", "what", "kinds", "procedure", "party_kind", "least", "source", "remark")


async def _list_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_major_list(conn, int(request.match_info["major"]))
    if found is None:
        raise Problem("no_such_list", 404)
    request[MAJOR] = found
    return Thing(found.name, found.agency)


async def _own_agency(request: web.Request) -> Thing:
    return Thing("major-new", session_of(request).person.agency)


async def show_all(request: web.Request) -> web.StreamResponse:
    person = session_of(request).person
    async with request.app[CONTEXT].database.read() as conn:
        every = await every_agency(conn, active=True)
        agencies = [each for each in every if person.agency in (None, each.code)]
        lists = [(agency, await major_lists_of(conn, agency.code)) for agency in agencies]
        known = [each for _, several in lists for each in several]
        names = await names_of(
            conn, {each.edited_by for each in known} | {each.approved_by or "" for each in known}, ()
        )
    today = request.app[CONTEXT].today().isoformat()
    in_force = {
        agency.code: next((each for each in several if each.from_day is not None and each.from_day <= today), None)
        for agency, several in lists
    }
    return page(
        request,
        "major_lists.html",
        lists=lists,
        in_force=in_force,
        names=names,
        sample=[_as_typed(row) for row in DEFAULT_ROWS],
        classes=CLASSES,
        grounds=GROUNDS,
        procedures=PROCEDURES,
        party_kinds=PARTY_KINDS,
        may_keep=may(request, Action.KEEP_MAJOR_LISTS) and bool(person.agency),
    )


async def draft(request: web.Request) -> web.StreamResponse:
    person = session_of(request).person
    if not person.agency:
        raise Problem("no_agency", 409)
    found = await draft_major_list(request.app[ACTS], person, person.agency)
    raise web.HTTPSeeOther(f"/major-lists/{found.id}")


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, request[MAJOR], await _kept(request), 200)


async def save(request: web.Request) -> web.StreamResponse:
    held, typed = request[MAJOR], await _typed_rows(request)
    try:
        rows = [_row(place, texts) for place, texts in enumerate(typed, 1)]
        check_major_rows(rows)
        edit = number(await field(request, "edit"))
        await save_major_rows(request.app[ACTS], session_of(request).person, held.id, edit, rows)
    except Wrong as wrong:
        status = 409 if wrong.field == "edit" else 422
        return await _draw(request, await _now(request), typed, status, wrong)
    raise web.HTTPSeeOther(f"/major-lists/{held.id}")


async def approve(request: web.Request) -> web.StreamResponse:
    held, person, today = request[MAJOR], session_of(request).person, request.app[CONTEXT].today()
    try:
        from_day = day_of(await field(request, "from_day"), "from_day")
        edit = number(await field(request, "edit"))
        await approve_major_list(request.app[ACTS], person, held.id, edit, from_day, today)
    except Wrong as wrong:
        return await _draw(request, await _now(request), await _kept(request), 422, wrong)
    raise web.HTTPSeeOther("/major-lists")


async def _now(request: web.Request) -> MajorList:
    async with request.app[CONTEXT].database.read() as conn:
        return await find_major_list(conn, request[MAJOR].id) or request[MAJOR]


async def _kept(request: web.Request) -> list[dict[str, str]]:
    async with request.app[CONTEXT].database.read() as conn:
        return [_as_typed(row) for row in await rows_of_list(conn, request[MAJOR].id)]


async def _typed_rows(request: web.Request) -> list[dict[str, str]]:
    """The rows of the table as they were filled in, without those that are empty or were taken out."""
    columns = {name: await fields(request, name) for name in _COLUMNS}
    gone = set(await fields(request, "gone"))
    found = []
    for index in range(len(columns["item"])):
        row = {name: (values[index] if index < len(values) else "").strip() for name, values in columns.items()}
        if str(index) not in gone and (row["item"] or row["what"]):
            found.append(row)
    return found


def _row(place: int, texts: dict[str, str]) -> MajorRow:
    enforcement = texts["enforcement"]
    if enforcement not in CLASSES:
        raise Wrong(f"第 {place} 行：请选择类别", f"row {place}: choose the class", "rows")
    return MajorRow(
        item=texts["item"],
        enforcement=enforcement,
        what=texts["what"],
        kinds=_kinds(place, enforcement, texts["kinds"]),
        procedure=texts["procedure"],
        party_kind=texts["party_kind"],
        least_fen=_fen(place, texts["least"]),
        source=texts["source"],
        remark=texts["remark"],
    )


def _kinds(place: int, enforcement: str, typed: str) -> tuple[str, ...]:
    """Kinds by their names in either language, separated by 、 or by semicolons. Raises Wrong."""
    names = {said: each.key for each in outcomes_of(enforcement) for said in (each.name.zh, each.name.en, each.key)}
    left, found = typed.strip(), []
    while left:
        name = max((each for each in names if left.startswith(each)), key=len, default=None)
        if name is None:
            known = "；".join(each.name.zh for each in outcomes_of(enforcement))
            raise Wrong(
                f"第 {place} 行：没有这种决定：{left}。可填：{known}",
                f"row {place}: no such kind: {left}; there are "
                + "; ".join(each.name.en for each in outcomes_of(enforcement)),
                "rows",
            )
        found.append(names[name])
        left = left[len(name) :].lstrip(" 、，；;,")
    return tuple(dict.fromkeys(found))


def _fen(place: int, typed: str) -> int:
    """An amount in yuan, such as 10,000 or 1234.50. Raises Wrong."""
    text = typed.replace(",", "").replace("，", "").strip()
    if not text:
        return 0
    whole, dot, rest = text.partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 12) or (
        dot and not (rest.isascii() and rest.isdigit() and len(rest) <= 2)
    ):
        raise Wrong(f"第 {place} 行：金额应为元，如 10000", f"row {place}: an amount in yuan, such as 10000", "rows")
    return int(whole) * 100 + int(rest.ljust(2, "0") or 0)


async def _draw(
    request: web.Request, held: MajorList, rows: Sequence[dict[str, str]], status: int, wrong: Wrong | None = None
) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        names = await names_of(conn, {held.edited_by, held.approved_by or ""}, ())
    person, is_draft = session_of(request).person, held.approved_by is None
    edits = is_draft and may(request, Action.KEEP_MAJOR_LISTS)
    return page(
        request,
        "major_list.html",
        status=status,
        held=held,
        shown=[*rows, *([_BLANK] * BLANK_ROWS if edits else [])],
        classes=CLASSES,
        procedures=PROCEDURES,
        party_kinds=PARTY_KINDS,
        outcomes={key: [each.name for each in outcomes_of(key)] for key in CLASSES},
        grounds=GROUNDS,
        names=names,
        edits=edits,
        approves=is_draft and bool(rows) and may(request, Action.APPROVE_MAJOR_LISTS),
        own=held.edited_by == person.number,
        today=request.app[CONTEXT].today().isoformat(),
        wrong=wrong.said if wrong is not None else None,
    )


_BLANK = dict.fromkeys(_COLUMNS, "")


def _as_typed(row: MajorRow) -> dict[str, str]:
    return {
        "item": row.item,
        "enforcement": row.enforcement,
        "what": row.what,
        "kinds": "；".join(OUTCOMES[each].name.zh for each in row.kinds),
        "procedure": row.procedure,
        "party_kind": row.party_kind,
        "least": yuan(row.least_fen) if row.least_fen else "",
        "source": row.source,
        "remark": row.remark,
    }


ROUTES = (
    get("/major-lists", show_all, Action.SEE_REVIEWS),
    post("/major-lists/draft", draft, Action.KEEP_MAJOR_LISTS, _own_agency),
    get(LIST_PATH, show, Action.SEE_REVIEWS, _list_asked_for),
    post(LIST_PATH, save, Action.KEEP_MAJOR_LISTS, _list_asked_for),
    post(LIST_PATH + "/approve", approve, Action.APPROVE_MAJOR_LISTS, _list_asked_for),
)
