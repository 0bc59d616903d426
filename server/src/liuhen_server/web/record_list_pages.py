"""The record list of a case: a page that prints well, and the PDF for the paper file."""

from __future__ import annotations

import asyncio

from aiohttp import web
from sqlalchemy import select

from liuhen_server.acts import said
from liuhen_server.cases.coverage import NeedState
from liuhen_server.cases.reading import WholeCase
from liuhen_server.cases.record_list import CLIP, DOCUMENT, ClipFile, RecordList, record_list_of
from liuhen_server.cases.record_list_pdf import NoFont, pdf_of
from liuhen_server.custody.evidence import ORIGINAL
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import find_agency
from liuhen_server.web.case_page import CASE_PATH
from liuhen_server.web.case_request import CASE, case_asked_for, names_of
from liuhen_server.web.case_views import seen
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import Problem
from liuhen_server.web.language import Words
from liuhen_server.web.media import attachment
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get

__all__ = ["DRAWING", "ROUTES", "prepare"]

DRAWING: web.AppKey[asyncio.Semaphore] = web.AppKey("drawing", asyncio.Semaphore)
"""One PDF at a time in a process: each holds a font of twenty megabytes."""


def prepare(application: web.Application) -> None:
    application[DRAWING] = asyncio.Semaphore(1)


async def show(request: web.Request) -> web.StreamResponse:
    listed = await _listed(request)
    return page(
        request,
        "record_list.html",
        case=request[CASE].case,
        listed=listed,
        papers=listed.count(NeedState.PRESENT, DOCUMENT),
        clips=listed.count(NeedState.PRESENT, CLIP),
        missing=listed.count(NeedState.MISSING),
        excused=listed.count(NeedState.EXCUSED),
        now=request.app[CONTEXT].now(),
    )


async def pdf(request: web.Request) -> web.StreamResponse:
    context, listed = request.app[CONTEXT], await _listed(request)
    try:
        async with request.app[DRAWING]:
            body = await asyncio.to_thread(pdf_of, listed, context.now().astimezone(context.zone))
    except NoFont as error:
        raise Problem("no_font", 503) from error
    headers = {
        "Content-Type": "application/pdf",
        "Content-Disposition": attachment(f"{listed.number}-清单.pdf"),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(body=body, headers=headers)


async def _listed(request: web.Request) -> RecordList:
    whole, words = request[CASE], words_of(request)
    async with request.app[CONTEXT].database.read() as conn:
        return await _read(conn, whole, words)


async def _read(conn: Connection, whole: WholeCase, words: Words) -> RecordList:
    agency = await find_agency(conn, whole.case.agency)
    names = await names_of(conn, (), whole.officers)
    handlers = tuple((names.officer(each), names.certificate(each)) for each in sorted(whole.officers))
    texts = select(said.c.id, said.c.text).where(said.c.id.in_([each.reason for each in whole.excuses]))
    reasons = {row.id: row.text or "" for row in await conn.execute(texts)}
    wanted = {(link.dock, link.sha256) for link in whole.links if link.unlinked_time is None}
    query = select(clips.c.dock, clips.c.sha256, clips.c.name, clips.c.size, clips.c.recorder_time).where(
        clips.c.kind == ORIGINAL, clips.c.sha256.in_({sha256 for _, sha256 in wanted})
    )
    rows = await conn.execute(query) if wanted else ()
    files = {(row.dock, row.sha256): ClipFile(row.name, row.size, row.recorder_time) for row in rows}
    return record_list_of(whole, agency.name if agency else "", files, handlers, reasons, words.plain)


ROUTES = (
    get(CASE_PATH + "/record-list", seen(show, "list"), Action.SEE_CASES, case_asked_for),
    get(CASE_PATH + "/record-list.pdf", seen(pdf, "list"), Action.SEE_CASES, case_asked_for),
)
