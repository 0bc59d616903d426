"""Cases in and out by sheet: the template, a dry run that names each bad row, the import itself, and exports as the list is filtered."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Sequence

from aiohttp import BodyPartReader, web
from sqlalchemy import literal, select

from liuhen_server.cases import case_sheet, exchange
from liuhen_server.cases.case_sheet import COLUMNS, MOST_ROWS, Mistake, Sheet
from liuhen_server.cases.exchange import MOST_EXPORTED, Import
from liuhen_server.cases.fields import one_line
from liuhen_server.cases.reading import Case
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.cases.sheets import MOST_FILE_BYTES, read_rows, write_csv, write_xlsx
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.web.case_list import Filters, wanted_cases
from liuhen_server.web.case_request import number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import UPLOAD, Problem, may, session_of
from liuhen_server.web.media import attachment
from liuhen_server.web.paging import Turn, counted
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

SHOWN = 20
_TYPES = {
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}


async def show(request: web.Request) -> web.StreamResponse:
    return _drawn(request, 200)


def _drawn(
    request: web.Request,
    status: int,
    *,
    wrong: Wrong | None = None,
    mistakes: Sequence[Mistake] = (),
    draft: Import | None = None,
    ignored: Sequence[Said] = (),
    done: Sequence[Case] = (),
    name: str = "",
) -> web.Response:
    return page(
        request,
        "exchange.html",
        status=status,
        columns=COLUMNS,
        most_rows=MOST_ROWS,
        most_mb=MOST_FILE_BYTES >> 20,
        may_import=may(request, Action.OPEN_CASES) and session_of(request).person.agency is not None,
        wrong=wrong.said if wrong is not None else None,
        mistakes=mistakes,
        draft=draft,
        shown=draft.rows[:SHOWN] if draft is not None else (),
        ignored=ignored,
        done=done,
        name=name,
    )


async def template(request: web.Request) -> web.StreamResponse:
    form = request.match_info["form"]
    if form == "csv":
        return _file(form, "案件导入模板.csv", b"".join(write_csv([case_sheet.template_header()])))
    out = io.BytesIO()
    widths = [column.width for column in COLUMNS if column.into]
    rows, notes = [case_sheet.template_header()], ("填写说明", case_sheet.template_notes())
    await asyncio.to_thread(write_xlsx, "案件", rows, out, widths, notes)
    return _file(form, "案件导入模板.xlsx", out.getvalue())


async def dry_run(request: web.Request) -> web.StreamResponse:
    """Reads the sheet and says what is wrong with it, row by row; nothing becomes a case."""
    person, context = session_of(request).person, request.app[CONTEXT]
    if not person.agency:
        raise Problem("no_agency", 409)
    name = ""
    try:
        name, data = await _sent(request)
        sheet = await asyncio.to_thread(_read, data)
        acts = request.app[ACTS]
        draft, mistakes = await exchange.draft_import(acts, person, person.agency, name, sheet, context.today())
    except Wrong as wrong:
        return _drawn(request, 422, wrong=wrong, name=name)
    return _drawn(request, 422 if mistakes else 200, mistakes=mistakes, draft=draft, ignored=sheet.ignored, name=name)


def _read(data: bytes) -> Sheet:
    return case_sheet.read_sheet(read_rows(io.BytesIO(data)))


async def _sent(request: web.Request) -> tuple[str, bytes]:
    reader = request.get(UPLOAD)
    part = await reader.next() if reader is not None else None
    if not isinstance(part, BodyPartReader) or part.name != "file" or not part.filename:
        raise Wrong("请选择文件", "choose a file", "file")
    name = one_line(part.filename.replace("\\", "/").rpartition("/")[2], "file", 200)
    data = bytearray()
    while piece := await part.read_chunk(256 << 10):
        data += piece
        if len(data) > MOST_FILE_BYTES:
            most = MOST_FILE_BYTES >> 20
            raise Wrong(f"文件超过 {most} MB，请分成几个文件", f"the file has more than {most} MB", "file")
    return name, bytes(data)


async def carry_out(request: web.Request) -> web.StreamResponse:
    person, wanted = session_of(request).person, number(request.match_info["import"])
    try:
        opened, mistakes = await exchange.carry_out(request.app[ACTS], person, wanted, request.app[CONTEXT].today())
    except LookupError as error:
        raise Problem("no_such_import", 404) from error
    if mistakes:
        return _drawn(request, 409, mistakes=mistakes)
    return _drawn(request, 200, done=opened)


async def export(request: web.Request) -> web.StreamResponse:
    """The cases of the list as it is filtered. That somebody took them away is stated before they leave."""
    filters, form, person = Filters.of(request), request.match_info["form"], session_of(request).person
    sqlite = request.app[CONTEXT].database.is_sqlite
    wanted = (await wanted_cases(request, filters)).condition(sqlite=sqlite)
    rows: list[tuple[str, ...]] = [case_sheet.header()]
    async with request.app[CONTEXT].database.read() as conn:
        if await counted(conn, select(literal(1)).select_from(cases).where(wanted), MOST_EXPORTED) > MOST_EXPORTED:
            raise Problem("too_many_cases", 422)
        rows += [row async for row in exchange.export_rows(conn, wanted)]
    asked = filters.address(Turn()).partition("?")[2]
    await exchange.state_export(request.app[ACTS], person, person.role_names, form, len(rows) - 1, asked)
    name = f"案件_{request.app[CONTEXT].today():%Y%m%d}.{form}"
    if form == "csv":
        return _file(form, name, b"".join(write_csv(rows)))
    out = io.BytesIO()
    await asyncio.to_thread(write_xlsx, "案件", rows, out, [column.width for column in COLUMNS])
    return _file(form, name, out.getvalue())


def _file(form: str, name: str, body: bytes) -> web.Response:
    headers = {
        "Content-Type": _TYPES[form],
        "Content-Disposition": attachment(name),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(body=body, headers=headers)


async def _opening(request: web.Request) -> Thing:
    """Cases that are not there yet belong to the agency of whoever opens them."""
    return Thing("case-new", session_of(request).person.agency)


ROUTES = (
    get("/cases/exchange", show, Action.SEE_CASES),
    get("/cases/template.{form:xlsx|csv}", template, Action.OPEN_CASES),
    get("/cases/export.{form:xlsx|csv}", export, Action.SEE_CASES),
    post("/cases/import", dry_run, Action.OPEN_CASES, _opening, upload=True),
    post("/cases/import/{import:[1-9][0-9]{0,17}}", carry_out, Action.OPEN_CASES, _opening),
)
