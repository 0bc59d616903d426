"""The bytes of a clip to a browser: the player's ranges, and the original as a download. Both are written down first."""

from __future__ import annotations

import asyncio
from pathlib import PurePosixPath
from urllib.parse import quote

from aiohttp import hdrs, web
from sqlalchemy import select

from liuhen_server.custody.evidence import Clip, clip_of
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.people.roles import Action
from liuhen_server.store.interface import NotStored, Store
from liuhen_server.web.clip_request import CLIP, clip_asked_for, record_view
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import Problem
from liuhen_server.web.ranges import Part, Unsatisfiable, wanted
from liuhen_server.web.routes import get

__all__ = ["ROUTES", "attachment", "playable"]

_BY_ENDING = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/mp4",
    ".webm": "video/webm",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
}
_PLAYED = frozenset(_BY_ENDING.values())


async def playable(conn: Connection, clip: Clip) -> tuple[Clip, str] | None:
    """What the player shows, and as which media type: the stored proxy, else the original where its name says a
    browser may play it, else None. The type comes from a fixed list, never from the dock's word alone.
    """
    query = select(clips).where(
        clips.c.original == clip.sha256,
        clips.c.dock == clip.dock,
        clips.c.role == "proxy",
        clips.c.stored_index.is_not(None),
    )
    for row in (await conn.execute(query.order_by(clips.c.promised_index.desc()))).mappings():
        if row["media_type"] in _PLAYED:
            return clip_of(row), row["media_type"]
    by_name = _BY_ENDING.get(PurePosixPath(clip.name).suffix.lower())
    if clip.stored_index is not None and by_name is not None:
        return clip, by_name
    return None


def attachment(name: str) -> str:
    """A Content-Disposition for a recorder's file name, however hostile (RFC 6266: an ASCII name and a UTF-8 one)."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in last).lstrip(".")
    exact = "".join(sign if sign.isprintable() else "_" for sign in last).lstrip(".")
    return f"attachment; filename=\"{plain or 'clip'}\"; filename*=UTF-8''{quote(exact or 'clip', safe='')}"


async def play(request: web.Request) -> web.StreamResponse:
    clip = request[CLIP]
    async with request.app[CONTEXT].database.read() as conn:
        shown = await playable(conn, clip)
    if shown is None:
        raise Problem("nothing_to_play", 404)
    await record_view(request, clip, "play")
    return await _send(request, shown[0], {"Content-Type": shown[1]})


async def download(request: web.Request) -> web.StreamResponse:
    clip = request[CLIP]
    if clip.stored_index is None:
        raise Problem("not_stored", 404)
    await record_view(request, clip, "download")
    headers = {"Content-Type": "application/octet-stream", "Content-Disposition": attachment(clip.name)}
    return await _send(request, clip, headers)


async def _send(request: web.Request, clip: Clip, more: dict[str, str]) -> web.StreamResponse:
    store: Store = request.app[CONTEXT].store
    size = await asyncio.to_thread(store.size, clip.sha256)
    if size is None:
        raise Problem("bytes_missing", 410)
    tag = f'"{clip.sha256}"'
    headers: dict[str, str] = {
        **more,
        hdrs.ACCEPT_RANGES: "bytes",
        hdrs.ETAG: tag,
        hdrs.CACHE_CONTROL: "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    same = request.headers.get(hdrs.IF_RANGE, tag) == tag
    try:
        part = wanted(request.headers.get(hdrs.RANGE), size, unchanged=same)
    except Unsatisfiable:
        return web.Response(status=416, headers=headers | {hdrs.CONTENT_RANGE: f"bytes */{size}"})
    if not part.whole:
        headers[hdrs.CONTENT_RANGE] = part.content_range(size)
    headers[hdrs.CONTENT_LENGTH] = str(part.length)
    response = web.StreamResponse(status=200 if part.whole else 206, headers=headers)
    if request.method == hdrs.METH_HEAD:
        await response.prepare(request)
        return response
    return await _stream(request, response, store, clip.sha256, part)


async def _stream(
    request: web.Request, response: web.StreamResponse, store: Store, sha256: str, part: Part
) -> web.StreamResponse:
    """A browser that seeks or leaves ends the connection in the middle: that is no error."""
    try:
        pieces = await asyncio.to_thread(store.read, sha256, part.start, part.length)
    except NotStored as error:
        raise Problem("bytes_missing", 410) from error
    await response.prepare(request)
    try:
        while piece := await asyncio.to_thread(next, pieces, b""):
            await response.write(piece)
        await response.write_eof()
    finally:
        close = getattr(pieces, "close", None)
        if close is not None:
            close()
    return response


ROUTES = (
    get("/clips/{dock}/{sha256:[0-9a-f]{64}}/play", play, Action.SEE_FOOTAGE, clip_asked_for),
    get("/clips/{dock}/{sha256:[0-9a-f]{64}}/original", download, Action.SEE_FOOTAGE, clip_asked_for),
)
