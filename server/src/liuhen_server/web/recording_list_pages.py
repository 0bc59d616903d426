"""The agency's recording lists: every version, a draft in a table that is edited, and its approval by another person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.coverage import METHOD_NAMES, ListRow, Method
from liuhen_server.cases.fields import day_of
from liuhen_server.cases.lists import RecordingList, approve_list, draft_list, find_list, lists_of, save_rows
from liuhen_server.cases.reading import list_rows
from liuhen_server.cases.said import Wrong
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import Agency, every_agency
from liuhen_server.web.case_request import field, fields, names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

LIST = web.RequestKey("recording_list", RecordingList)
LIST_PATH = "/lists/{list:[1-9][0-9]{0,17}}"
BLANK_ROWS = 3
_TEXTS = ("item", "what", "begins", "content", "ends", "retention", "remark")


async def _list_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_list(conn, int(request.match_info["list"]))
    if found is None:
        raise Problem("no_such_list", 404)
    request[LIST] = found
    return Thing(found.name, found.agency)


async def _own_agency(request: web.Request) -> Thing:
    return Thing("list-new", session_of(request).person.agency)


@dataclass(frozen=True, slots=True)
class OfAgency:
    """How an agency stands: its list in force, and its draft of the next one; None: there is none."""

    agency: Agency
    in_force: RecordingList | None
    draft: RecordingList | None


async def show_all(request: web.Request) -> web.StreamResponse:
    agency = session_of(request).person.agency or ""
    if not agency:
        return await _overview(request)
    async with request.app[CONTEXT].database.read() as conn:
        found = await lists_of(conn, agency)
        names = await names_of(
            conn, {each.edited_by for each in found} | {each.approved_by or "" for each in found}, ()
        )
    return page(
        request,
        "lists.html",
        lists=found,
        in_force=_in_force(request, found),
        names=names,
        may_keep=may(request, Action.KEEP_LISTS) and bool(agency),
    )


async def _overview(request: web.Request) -> web.StreamResponse:
    """For those who see every agency and belong to none."""
    async with request.app[CONTEXT].database.read() as conn:
        known = {agency: await lists_of(conn, agency.code) for agency in await every_agency(conn, active=True)}
        names = await names_of(conn, {each.approved_by or "" for lists in known.values() for each in lists}, ())
    rows = [
        OfAgency(agency, _in_force(request, lists), next((each for each in lists if each.approved_by is None), None))
        for agency, lists in known.items()
    ]
    return page(request, "lists_of_all.html", rows=rows, names=names)


def _in_force(request: web.Request, lists: Sequence[RecordingList]) -> RecordingList | None:
    today = request.app[CONTEXT].today().isoformat()
    return next((each for each in lists if each.from_day is not None and each.from_day <= today), None)


async def draft(request: web.Request) -> web.StreamResponse:
    person = session_of(request).person
    if not person.agency:
        raise Problem("no_agency", 409)
    found = await draft_list(request.app[ACTS], person, person.agency)
    raise web.HTTPSeeOther(f"/lists/{found.id}")


async def show(request: web.Request) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        rows = await list_rows(conn, request[LIST].id)
    return await _draw(request, request[LIST], rows, 200)


async def save(request: web.Request) -> web.StreamResponse:
    held = request[LIST]
    rows = await _typed_rows(request)
    try:
        checked = [_row(place, texts) for place, texts in enumerate(rows, 1)]
    except Wrong as wrong:
        return await _draw(request, held, await _kept(request), 422, wrong, rows)
    try:
        await save_rows(
            request.app[ACTS], session_of(request).person, held.id, number(await field(request, "edit")), checked
        )
    except Wrong as wrong:
        now = await _now(request)
        return await _draw(request, now, checked, 409 if wrong.field == "edit" else 422, wrong)
    raise web.HTTPSeeOther(f"/lists/{held.id}")


async def approve(request: web.Request) -> web.StreamResponse:
    held, person, today = request[LIST], session_of(request).person, request.app[CONTEXT].today()
    try:
        from_day = day_of(await field(request, "from_day"), "from_day")
        await approve_list(request.app[ACTS], person, held.id, number(await field(request, "edit")), from_day, today)
    except Wrong as wrong:
        return await _draw(request, await _now(request), await _kept(request), 422, wrong)
    raise web.HTTPSeeOther("/lists")


async def _now(request: web.Request) -> RecordingList:
    async with request.app[CONTEXT].database.read() as conn:
        return await find_list(conn, request[LIST].id) or request[LIST]


async def _kept(request: web.Request) -> tuple[ListRow, ...]:
    async with request.app[CONTEXT].database.read() as conn:
        return await list_rows(conn, request[LIST].id)


async def _typed_rows(request: web.Request) -> list[dict[str, str]]:
    """The rows of the table as they were filled in, without those that are empty or were taken out."""
    names = (*_TEXTS, "place", "method", "required", "only_with")
    columns = {name: await fields(request, name) for name in names}
    gone = set(await fields(request, "gone"))
    found = []
    for index in range(len(columns["item"])):
        row = {name: (values[index] if index < len(values) else "").strip() for name, values in columns.items()}
        if str(index) not in gone and (row["item"] or row["what"]):
            found.append(row)
    return found


def _row(place: int, texts: dict[str, str]) -> ListRow:
    enforcement, _, stage = texts["place"].partition(":")
    if enforcement not in CLASSES or stage not in {each.value for each in Stage}:
        raise Wrong(f"第 {place} 行：请选择类别和环节", f"row {place}: choose class and stage", "rows")
    if texts["method"] not in {each.value for each in Method}:
        raise Wrong(f"第 {place} 行：请选择记录方式", f"row {place}: choose how it is recorded", "rows")
    return ListRow(
        enforcement=enforcement,
        stage=Stage(stage),
        method=Method(texts["method"]),
        required=texts["required"] != "no",
        only_with=texts["only_with"],
        **{name: texts[name] for name in _TEXTS},
    )


async def _draw(
    request: web.Request,
    held: RecordingList,
    rows: tuple[ListRow, ...] | list[ListRow],
    status: int,
    wrong: Wrong | None = None,
    typed: list[dict[str, str]] | None = None,
) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        names = await names_of(conn, {held.edited_by, held.approved_by or ""}, ())
    person, is_draft = session_of(request).person, held.approved_by is None
    shown = typed if typed is not None else [_as_typed(row) for row in rows]
    edits = is_draft and may(request, Action.KEEP_LISTS)
    return page(
        request,
        "list.html",
        status=status,
        held=held,
        rows=rows,
        shown=shown + ([_BLANK] * BLANK_ROWS if edits else []),
        classes=list(CLASSES.values()),
        methods=METHOD_NAMES,
        names=names,
        edits=edits,
        approves=is_draft and bool(rows) and may(request, Action.APPROVE_LISTS),
        own=held.edited_by == person.number,
        today=request.app[CONTEXT].today().isoformat(),
        wrong=wrong.said if wrong is not None else None,
        kinds={kind.key: kind.name for each in CLASSES.values() for rules in each.table for kind in rules.documents},
    )


_BLANK = dict.fromkeys((*_TEXTS, "place", "method", "required", "only_with"), "")


def _as_typed(row: ListRow) -> dict[str, str]:
    texts = {name: str(getattr(row, name)) for name in _TEXTS}
    place = f"{row.enforcement}:{row.stage.value}"
    required = "yes" if row.required else "no"
    return texts | {"place": place, "method": row.method.value, "required": required, "only_with": row.only_with}


ROUTES = (
    get("/lists", show_all, Action.SEE_LISTS, _own_agency),
    post("/lists/draft", draft, Action.KEEP_LISTS, _own_agency),
    get(LIST_PATH, show, Action.SEE_LISTS, _list_asked_for),
    post(LIST_PATH, save, Action.KEEP_LISTS, _list_asked_for),
    post(LIST_PATH + "/approve", approve, Action.APPROVE_LISTS, _list_asked_for),
)
