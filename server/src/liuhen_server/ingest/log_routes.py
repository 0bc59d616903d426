"""GET /log/…: the published log as files (C2SP tlog-tiles).

Checkpoint and hash tiles are open: they hold hashes only. Entry bundles hold the statements, with file names and
officers' numbers, and go to auditors alone. Tiles never change, so they may be cached for ever; the checkpoint may
not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from liuhen_protocol.errors import Malformed
from liuhen_protocol.tiles import ENTRIES, parse_path
from liuhen_server.ingest.problems import problem
from liuhen_server.log.reading import LogReader

FOR_EVER = "public, max-age=31536000, immutable"

MayReadEntries = Callable[[web.Request], Awaitable[bool]]


async def nobody(_request: web.Request) -> bool:
    """Where no auditor can prove to be one."""
    return False


def add_log_routes(app: web.Application, log: LogReader, may_read_entries: MayReadEntries = nobody) -> None:
    """Serve the log below /log/ of an application; `may_read_entries` decides about entry bundles."""

    async def checkpoint(_request: web.Request) -> web.Response:
        published = await asyncio.to_thread(log.checkpoint)
        if published is None:
            return problem(404, "no-checkpoint", "nothing is published yet", {"Retry-After": "1"})
        return web.Response(
            body=published, content_type="text/plain", charset="utf-8", headers={"Cache-Control": "no-cache"}
        )

    async def tile(request: web.Request) -> web.Response:
        try:
            wanted = parse_path("tile/" + request.match_info["path"])
        except Malformed as error:
            return problem(404, "no-tile", str(error))
        secret = wanted.level == ENTRIES
        if secret and not await may_read_entries(request):
            return problem(403, "not-permitted", "日志条目仅供审计员读取 / entry bundles are for the auditor's role")
        try:
            data = await asyncio.to_thread(log.tile, wanted)
        except FileNotFoundError:
            return problem(404, "no-tile", "the log has no such tile (yet)")
        cache = "private, no-store" if secret else FOR_EVER
        return web.Response(body=data, content_type="application/octet-stream", headers={"Cache-Control": cache})

    app.add_routes([web.get("/log/checkpoint", checkpoint), web.get("/log/tile/{path:.+}", tile)])
