"""The bytes of a clip to a browser: the player's ranges with all that it needs to check them, and the original as a
download. Both are written down first.
"""

from __future__ import annotations

import asyncio
from urllib.parse import quote

from aiohttp import hdrs, web

from liuhen_server.custody.evidence import Clip
from liuhen_server.custody.leaves import LeafLists
from liuhen_server.people.roles import Action
from liuhen_server.store.interface import NotStored, Store
from liuhen_server.web.clip_request import CLIP, clip_asked_for, record_view
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.films import Film, films_of
from liuhen_server.web.guard import Problem
from liuhen_server.web.ranges import Part, Unsatisfiable, wanted
from liuhen_server.web.routes import get

__all__ = ["LEAVES", "ROUTES", "attachment"]

LEAVES: web.AppKey[LeafLists] = web.AppKey("leaves", LeafLists)


def attachment(name: str) -> str:
    """A Content-Disposition for a recorder's file name, however hostile (RFC 6266: an ASCII name and a UTF-8 one)."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "._-") else "_" for sign in last).lstrip(".")
    exact = "".join(sign if sign.isprintable() else "_" for sign in last).lstrip(".")
    return f"attachment; filename=\"{plain or 'clip'}\"; filename*=UTF-8''{quote(exact or 'clip', safe='')}"


def _kept(request: web.Request) -> Clip:
    """The clip that is asked for; from its tombstone on its bytes are shown to nobody."""
    clip = request[CLIP]
    if clip.disposed_index is not None:
        raise Problem("disposed", 410)
    return clip


async def _requested_film(request: web.Request) -> Film:
    """The film that the address names, its view written down; without a name the one that is there at once."""
    clip = _kept(request)
    async with request.app[CONTEXT].database.read() as conn:
        films = await films_of(conn, clip)
    which = request.match_info.get("which")
    film = next((film for film in films if which in (None, film.which)), None)
    if film is None:
        raise Problem("nothing_to_play", 404)
    await record_view(request, clip, "play")
    return film


async def play(request: web.Request) -> web.StreamResponse:
    film = await _requested_film(request)
    return await _send(request, film.file, {"Content-Type": film.media_type})


async def leaves(request: web.Request) -> web.StreamResponse:
    """The leaves of the chunk tree, 32 bytes each. Whoever reads them computes the root and compares it with the signed one."""
    film = await _requested_film(request)
    try:
        found = await request.app[LEAVES].of(film.file)
    except NotStored as error:
        raise Problem("bytes_missing", 410) from error
    return web.Response(body=found, content_type="application/octet-stream")


async def proofs(request: web.Request) -> web.StreamResponse:
    """The tlog-proofs of this very file: what the dock stated of it, that the archive stored it, and whose keys signed."""
    film = await _requested_film(request)
    gathered = await request.app[CONTEXT].evidence().gather(film.file)
    return web.Response(body=gathered.bundle(), content_type="text/plain", charset="utf-8")


async def download(request: web.Request) -> web.StreamResponse:
    clip = _kept(request)
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


_CLIP = "/clips/{dock}/{sha256:[0-9a-f]{64}}"
_FILM = _CLIP + "/film/{which:proxy|original}"
ROUTES = (
    get(_CLIP + "/play", play, Action.SEE_FOOTAGE, clip_asked_for),
    get(_FILM, play, Action.SEE_FOOTAGE, clip_asked_for),
    get(_FILM + "/leaves", leaves, Action.SEE_FOOTAGE, clip_asked_for),
    get(_FILM + "/proofs", proofs, Action.SEE_FOOTAGE, clip_asked_for),
    get(_CLIP + "/original", download, Action.SEE_FOOTAGE, clip_asked_for),
)
