"""The documents of a case: taken in piece by piece, and handed out as downloads that no browser opens as a page."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from aiohttp import BodyPartReader, web

from liuhen_server.cases.classes import Stage, kind_of
from liuhen_server.cases.documents import Paper, add_document, find_document, receive
from liuhen_server.cases.fields import day_of, moment_of
from liuhen_server.cases.reading import Document
from liuhen_server.cases.said import Wrong
from liuhen_server.people.roles import Action
from liuhen_server.store.interface import NotStored
from liuhen_server.web.case_page import CASE_PATH, draw_case
from liuhen_server.web.case_request import CASE, case_asked_for, number
from liuhen_server.web.case_views import record_case_view
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import UPLOAD, Problem, session_of
from liuhen_server.web.media import attachment
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES", "download", "read_upload", "take_paper"]

MOST_FIELD_BYTES = 2_000
MOST_FIELDS = 12
PIECE = 256 << 10


async def add(request: web.Request) -> web.StreamResponse:
    whole = request[CASE]
    try:
        await take_paper(request)
    except Wrong as wrong:
        return await draw_case(request, whole, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}")


async def take_paper(request: web.Request) -> Document:
    """Adds the document that the request brings. The fields come first and the file last: what is wrong with them is said before
    a byte of it is taken. Raises Wrong.
    """
    whole, context = request[CASE], request.app[CONTEXT]
    given, file = await read_upload(request)
    paper = _paper(request, given)
    kind_of(whole.case.rules, paper.stage, paper.kind)
    if file is None or not file.filename:
        raise Wrong("请选择文件", "choose a file", "file")
    if context.incoming is None:
        raise Wrong("此处不收文件", "no files are taken here", "file")
    path = context.incoming / f"paper-{context.random_bytes(16).hex()}"
    received = await receive(context.store, path, file.filename, _pieces(file))
    return await add_document(request.app[ACTS], session_of(request).person, whole.case.id, received, paper)


async def read_upload(request: web.Request) -> tuple[dict[str, str], BodyPartReader | None]:
    """The fields before the file, and the file, unread."""
    reader, given = request.get(UPLOAD), dict[str, str]()
    if reader is None:
        return given, None
    for _ in range(MOST_FIELDS):
        part = await reader.next()
        if not isinstance(part, BodyPartReader):
            break
        if part.name == "file":
            return given, part
        data = await part.read_chunk(MOST_FIELD_BYTES)
        given[part.name or ""] = data.decode("utf-8", "replace").replace("\x00", "")
    return given, None


async def _pieces(file: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await file.read_chunk(PIECE):
        yield piece


def _paper(request: web.Request, given: dict[str, str]) -> Paper:
    """`what` is stage and kind in one: investigation:interview. Raises Wrong."""
    zone = request.app[CONTEXT].zone
    stage, _, kind = given.get("what", "").partition(":")
    if stage not in {each.value for each in Stage}:
        raise Wrong("请选择文书种类", "choose what the document is", "what")
    day = day_of(given.get("dated", ""), "dated")
    began, ended = given.get("began", "").strip(), given.get("ended", "").strip()
    if bool(began) != bool(ended):
        raise Wrong("开始和结束时间要么都填，要么都不填", "give both times or none", "began")
    return Paper(
        stage=Stage(stage),
        kind=kind,
        dated=day.isoformat(),
        replaces=number(given.get("replaces", "")) or None,
        began_time=moment_of(day, began, zone, "began") if began else None,
        ended_time=moment_of(day, ended, zone, "ended") if ended else None,
        place=given.get("place", ""),
    )


async def download(request: web.Request) -> web.StreamResponse:
    context, case = request.app[CONTEXT], request[CASE].case
    async with context.database.read() as conn:
        found = await find_document(conn, case.id, int(request.match_info["document"]))
    if found is None:
        raise Problem("no_such_document", 404)
    await record_case_view(request, "document", f"document-{found.id}")
    try:
        pieces = await asyncio.to_thread(context.store.read, found.sha256)
    except NotStored as error:
        raise Problem("bytes_missing", 410) from error
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Disposition": attachment(found.name),
        "Content-Length": str(found.size),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    response = web.StreamResponse(headers=headers)
    await response.prepare(request)
    if request.method == "HEAD":
        return response
    while piece := await asyncio.to_thread(next, pieces, b""):
        await response.write(piece)
    await response.write_eof()
    return response


ROUTES = (
    post(CASE_PATH + "/documents", add, Action.WORK_CASES, case_asked_for, upload=True),
    get(CASE_PATH + "/documents/{document:[1-9][0-9]{0,17}}", download, Action.SEE_CASES, case_asked_for),
)
