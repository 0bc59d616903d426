"""The working-day calendar: which years have a notice, and loading one: tried out first, then put in force as an act."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import BodyPartReader, web

from liuhen_server.cases.calendar import announced
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.sheets import read_rows
from liuhen_server.deadlines.notice import (
    MOST_ROWS,
    Judged,
    calendar_with,
    check_number,
    check_year,
    judge,
    read_table,
    table_text,
)
from liuhen_server.deadlines.notices import Loaded, every_notice, load_notice
from liuhen_server.people.roles import Action
from liuhen_server.web.case_request import names_of
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import read_form
from liuhen_server.web.guard import UPLOAD, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

AHEAD = 2
MOST_FIELD_BYTES = 8_000
MOST_SHEET_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Year:
    """`source`: loaded, carried (by the programme) or unknown."""

    year: int
    source: str
    loaded: Loaded | None


async def show(request: web.Request) -> web.StreamResponse:
    return await _drawn(request, 200)


async def _drawn(
    request: web.Request,
    status: int,
    *,
    wrong: Wrong | None = None,
    judged: Judged | None = None,
    version: int = 0,
    draft: dict[str, str] | None = None,
) -> web.Response:
    today = request.app[CONTEXT].today()
    async with request.app[CONTEXT].database.read() as conn:
        loaded = {each.notice.year: each for each in await every_notice(conn)}
        names = await names_of(conn, {each.by for each in loaded.values()}, ())
    years = sorted({*range(today.year - 1, today.year + AHEAD), *loaded}, reverse=True)
    return page(
        request,
        "calendar.html",
        status=status,
        years=[_year(year, loaded.get(year)) for year in years],
        names=names,
        keeps=may(request, Action.KEEP_CALENDAR),
        wrong=wrong,
        judged=judged,
        table="" if judged is None else table_text(judged.notice),
        version=version,
        draft=draft or {"year": str(today.year + 1), "number": "", "table": ""},
        most=MOST_ROWS,
    )


def _year(year: int, loaded: Loaded | None) -> Year:
    carried = announced(date(year, 7, 1)) is not None
    return Year(year, "loaded" if loaded else "carried" if carried else "unknown", loaded)


async def check(request: web.Request) -> web.StreamResponse:
    """Says what the table would change. Nothing is kept."""
    draft = {"year": "", "number": "", "table": ""}
    try:
        fields, sheet = await _sent(request)
        draft |= {name: fields.get(name, "") for name in draft}
        year, number = check_year(draft["year"].strip()), check_number(draft["number"])
        rows = await asyncio.to_thread(_rows, sheet) if sheet else _lines(draft["table"])
        notice = read_table(year, number, rows)
        async with request.app[CONTEXT].database.read() as conn:
            loaded = await every_notice(conn)
    except Wrong as wrong:
        return await _drawn(request, 422, wrong=wrong, draft=draft)
    held = next((each.version for each in loaded if each.notice.year == year), 0)
    before = calendar_with(each.notice for each in loaded)
    return await _drawn(request, 200, judged=judge(notice, before.says), version=held, draft=draft)


async def load(request: web.Request) -> web.StreamResponse:
    form = await read_form(request)
    draft = {name: form[name] for name in ("year", "number", "table")}
    try:
        year, number = check_year(form["year"]), check_number(form["number"])
        notice = read_table(year, number, _lines(form["table"]))
        await load_notice(request.app[ACTS], session_of(request).person, notice, form.number("version"))
    except Wrong as wrong:
        return await _drawn(request, 409 if wrong.field == "version" else 422, wrong=wrong, draft=draft)
    raise web.HTTPSeeOther("/calendar")


def _lines(text: str) -> list[Sequence[str]]:
    return [line.replace(",", " ").replace("，", " ").split() for line in text.splitlines() if line.strip()]


def _rows(sheet: bytes) -> list[Sequence[str]]:
    found = list[Sequence[str]]()
    for row in read_rows(io.BytesIO(sheet)):
        found.append(row.cells)
        if len(found) > MOST_ROWS + 1:
            break
    return found


async def _sent(request: web.Request) -> tuple[dict[str, str], bytes]:
    """The fields of the form and the sheet, if one came. Raises Wrong."""
    fields, sheet = dict[str, str](), b""
    if (reader := request.get(UPLOAD)) is None:
        form = await read_form(request)
        return {name: form[name] for name in ("year", "number", "table")}, b""
    while (part := await reader.next()) is not None:
        if not isinstance(part, BodyPartReader):
            continue
        is_file = part.name == "file"
        data = await _part(part, MOST_SHEET_BYTES if is_file else MOST_FIELD_BYTES)
        if is_file:
            sheet = data
        elif part.name:
            fields[part.name] = data.decode("utf-8", "replace").replace("\x00", "")
    return fields, sheet


async def _part(part: BodyPartReader, most: int) -> bytes:
    data = bytearray()
    while piece := await part.read_chunk(64 << 10):
        data += piece
        if len(data) > most:
            raise Wrong("内容过大，一份通知只有几十行", "too much: a notice has some dozen rows", "file")
    return bytes(data)


ROUTES = (
    get("/calendar", show, Action.SEE_CALENDAR),
    post("/calendar/check", check, Action.KEEP_CALENDAR, upload=True),
    post("/calendar", load, Action.KEEP_CALENDAR),
)
