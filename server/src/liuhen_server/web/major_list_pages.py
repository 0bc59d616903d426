"""The agency's major-decision lists: every version, a draft in a table that is edited, and its approval by another person."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from urllib.parse import urlencode

from aiohttp import web

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.fields import day_of
from liuhen_server.cases.said import Wrong
from liuhen_server.decisions.outcomes import outcomes_of
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import every_agency, find_agency
from liuhen_server.review.criteria import (
    DEFAULT_ROWS,
    GROUNDS,
    PARTY_KINDS,
    PROCEDURES,
    MajorRow,
    check_major_rows,
)
from liuhen_server.review.list_sheet import COLUMNS, as_texts, read_major_sheet, row_of, sheet_of
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
from liuhen_server.web.sheet_files import sent_with_file, xlsx

__all__ = ["ROUTES"]

MAJOR = web.RequestKey("major_list", MajorList)
LIST_PATH = "/major-lists/{major:[1-9][0-9]{0,17}}"
BLANK_ROWS = 3
_BESIDE = 8 << 10
"""Bytes of the form besides its rows: the blank ones, marks of rows to be taken out, the token."""
_WIDTHS = (10, 12, 40, 30, 12, 10, 14, 30, 20)


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
        sample=[as_texts(row) for row in DEFAULT_ROWS],
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
        return [as_texts(row) for row in await rows_of_list(conn, request[MAJOR].id)]


async def _typed_rows(request: web.Request) -> list[dict[str, str]]:
    """The rows of the table as they were filled in, without those that are empty or were taken out."""
    columns = {name: await fields(request, name) for name in COLUMNS}
    gone = set(await fields(request, "gone"))
    found = []
    for index in range(len(columns["item"])):
        row = {name: (values[index] if index < len(values) else "").strip() for name, values in columns.items()}
        if str(index) not in gone and (row["item"] or row["what"]):
            found.append(row)
    return found


def _row(place: int, texts: dict[str, str]) -> MajorRow:
    try:
        return row_of(texts)
    except Wrong as wrong:
        raise Wrong(f"第 {place} 行：{wrong.said.zh}", f"row {place}: {wrong.said.en}", "rows") from None


async def sheet(request: web.Request) -> web.StreamResponse:
    """The version as xlsx, to be filled in and read again."""
    held = request[MAJOR]
    async with request.app[CONTEXT].database.read() as conn:
        rows = await rows_of_list(conn, held.id)
        agency = await find_agency(conn, held.agency)
    name = f"{agency.short if agency is not None else held.agency}_重大执法决定法制审核目录_第{held.version}版.xlsx"
    return await xlsx(name, "目录", sheet_of(rows), _WIDTHS, ("填写说明", _notes()))


async def read_sheet(request: web.Request) -> web.StreamResponse:
    """A dry run: what the sheet says stands in the form, to be looked at and saved; nothing is saved by it."""
    held, (_, data) = request[MAJOR], await sent_with_file(request)
    if held.approved_by is not None:
        raise Problem("stale_form", 409)
    try:
        rows = await asyncio.to_thread(read_major_sheet, io.BytesIO(data))
        _check_saves([as_texts(row) for row in rows], request.client_max_size)
    except Wrong as wrong:
        return await _draw(request, held, await _kept(request), 422, wrong)
    return await _draw(request, held, [as_texts(row) for row in rows], 200, read=len(rows))


def _check_saves(rows: Sequence[dict[str, str]], most: int) -> None:
    """The form that the rows stand in is sent as a whole, every Chinese sign of it nine bytes. Raises Wrong where that is too much."""
    size = len(urlencode([pair for row in rows for pair in row.items()]))
    if size > most - _BESIDE:
        raise Wrong(
            f"表格没有读入：全部文字比一次能保存的多 {size * 100 // (most - _BESIDE) - 100 + 1}%，请缩短事项、依据和备注",
            f"Nothing was taken: there is {size * 100 // (most - _BESIDE) - 100 + 1} % more text than can be saved at once; "
            "shorten what, source and remark",
            "file",
        )


def _notes() -> list[tuple[str, str]]:
    kinds = [(each.name.zh, "；".join(kind.name.zh for kind in outcomes_of(key))) for key, each in CLASSES.items()]
    choices = [
        ("类别", "、".join(each.name.zh for each in CLASSES.values())),
        ("程序", "、".join(each.zh for each in PROCEDURES.values()) + "；空着：不限"),
        ("当事人", "、".join(each.zh for each in PARTY_KINDS.values()) + "；空着：不限"),
        ("金额（元）以上", "如 10000；空着：不限"),
    ]
    return [("列", "可填"), *choices, *((f"决定种类（{name}）", known) for name, known in kinds)]


async def _draw(
    request: web.Request,
    held: MajorList,
    rows: Sequence[dict[str, str]],
    status: int,
    wrong: Wrong | None = None,
    read: int = 0,
) -> web.StreamResponse:
    """`read`: so many rows come from a sheet and are not saved."""
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
        read=read,
        approves=is_draft and not read and bool(rows) and may(request, Action.APPROVE_MAJOR_LISTS),
        own=held.edited_by == person.number,
        today=request.app[CONTEXT].today().isoformat(),
        wrong=wrong.said if wrong is not None else None,
    )


_BLANK = dict.fromkeys(COLUMNS, "")


ROUTES = (
    get("/major-lists", show_all, Action.SEE_REVIEWS),
    post("/major-lists/draft", draft, Action.KEEP_MAJOR_LISTS, _own_agency),
    get(LIST_PATH, show, Action.SEE_REVIEWS, _list_asked_for),
    post(LIST_PATH, save, Action.KEEP_MAJOR_LISTS, _list_asked_for),
    get(LIST_PATH + "/sheet.xlsx", sheet, Action.SEE_REVIEWS, _list_asked_for),
    post(LIST_PATH + "/sheet", read_sheet, Action.KEEP_MAJOR_LISTS, _list_asked_for, upload=True),
    post(LIST_PATH + "/approve", approve, Action.APPROVE_MAJOR_LISTS, _list_asked_for),
)
