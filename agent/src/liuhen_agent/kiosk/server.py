"""One page, its two files and one stream of events (Server-Sent Events, HTML standard 9.2), over HTTP on this machine.

Every route is GET; whatever else is asked for is 405 or 404. The dock's folder is looked at once a second however many browsers watch,
and not at all while none does.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

from aiohttp import web

from liuhen_agent.kiosk.reading import Folder
from liuhen_agent.kiosk.view import Officers, screen

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
LOOK_AT_MOST_SECONDS = 10.0  # a disk that answers no more is as good as a folder that cannot be read
BEAT_SECONDS = 5.0  # so often the stream says that it lives; the page waits for three of them
MOST_WATCHERS = 16
STATIC = Path(__file__).parent / "static"
FILES = {"/": "kiosk.html", "/kiosk.css": "kiosk.css", "/kiosk.js": "kiosk.js", "/mark.svg": "mark.svg"}
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    "Cache-Control": "no-store",
    "Server": "liuhen",
}
HERE = frozenset({"127.0.0.1", "localhost", "[::1]", "::1"})
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Screens:
    """What every browser is shown: one look for all of them. While looking fails nothing is told, not even that the stream lives, so
    that no page goes on showing an old state as if it were the dock's."""

    def __init__(self, folder: Folder, officers: Officers) -> None:
        self._folder = folder
        self._officers = officers
        self._watchers = 0
        self._newest = ""  # empty: it cannot be read
        self._failing = False
        self._changed = asyncio.Condition()
        self._looking: asyncio.Task[None] | None = None
        self._beginning = asyncio.Lock()
        self._version = version()

    async def watch(self) -> AsyncGenerator[str, None]:
        """The screen as JSON, now and after every change; an empty text when nothing changed for a while."""
        self._watchers += 1
        try:
            async with self._beginning:
                if self._looking is None:
                    self._newest = await self._look()
                    self._looking = asyncio.create_task(self._look_again())
            shown = ""
            while True:
                if self._newest != shown:
                    shown = self._newest
                    if shown:
                        yield shown
                try:
                    async with asyncio.timeout(BEAT_SECONDS), self._changed:
                        while self._newest == shown:
                            await self._changed.wait()
                except TimeoutError:
                    if shown:
                        yield ""
        finally:
            self._watchers -= 1
            if not self._watchers and self._looking is not None:
                self._looking.cancel()
                self._looking = None

    @property
    def full(self) -> bool:
        return self._watchers >= MOST_WATCHERS

    async def _look(self) -> str:
        """The screen as JSON; empty where it cannot be read."""
        try:
            async with asyncio.timeout(LOOK_AT_MOST_SECONDS):
                seen = await asyncio.to_thread(self._folder.look)
            told = json.dumps({"version": self._version, **screen(seen, self._officers)}, ensure_ascii=False)
        except Exception:
            if not self._failing:
                log.exception("the screen cannot be read; it shows nothing until it can")
            self._failing = True
            return ""
        self._failing = False
        return told

    async def _look_again(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            newest = await self._look()
            if newest != self._newest:
                async with self._changed:
                    self._newest = newest
                    self._changed.notify_all()


SCREENS: web.AppKey[Screens] = web.AppKey("screens", Screens)
OPEN_TO_ALL: web.AppKey[bool] = web.AppKey("open_to_all", bool)


def kiosk_app(folder: Folder, officers: Officers, *, open_to_all: bool = False) -> web.Application:
    """`open_to_all`: answers whatever name it is asked by; else only by this machine's own names, so that no web page elsewhere can read
    it through the kiosk's browser under a name of its own."""
    app = web.Application(middlewares=[_own_name], client_max_size=1024)
    app[SCREENS] = Screens(folder, officers)
    app[OPEN_TO_ALL] = open_to_all
    app.on_response_prepare.append(_add_headers)
    for path in FILES:
        app.router.add_get(path, _file, allow_head=False)
    app.router.add_get("/events", _events, allow_head=False)
    return app


async def serve(
    folder: Folder, officers: Officers, host: str, port: int, *, open_to_all: bool, say: Callable[[str], None]
) -> None:
    """Until cancelled. Says `ready http://HOST:PORT` once it answers. Raises OSError where the address is taken."""
    runner = web.AppRunner(
        kiosk_app(folder, officers, open_to_all=open_to_all),
        access_log=None,
        handler_cancellation=True,
        shutdown_timeout=0.5,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        name = f"[{host}]" if ":" in host else host
        say(f"ready http://{name}:{runner.addresses[0][1]}")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()


def version() -> str:
    """Of the page's own files: a browser that shows another one loads it anew."""
    digest = hashlib.sha256()
    for name in sorted(FILES.values()):
        digest.update((STATIC / name).read_bytes())
    return digest.hexdigest()[:12]


@web.middleware
async def _own_name(request: web.Request, handler: Handler) -> web.StreamResponse:
    name = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdigit() else request.host
    if not request.app[OPEN_TO_ALL] and name not in HERE:
        raise web.HTTPMisdirectedRequest(text="this page is for the dock's own screen\n")
    return await handler(request)


async def _add_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)


async def _file(request: web.Request) -> web.Response:
    path = STATIC / FILES[request.path]
    return web.Response(body=path.read_bytes(), content_type=TYPES[path.suffix], charset="utf-8")


async def _events(request: web.Request) -> web.StreamResponse:
    screens = request.app[SCREENS]
    if screens.full:
        raise web.HTTPServiceUnavailable(text="too many screens are open\n", headers={"Retry-After": "10"})
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
    await response.prepare(request)
    await response.write(b"retry: 1000\n\n")
    with contextlib.suppress(ConnectionError):
        async with contextlib.aclosing(screens.watch()) as shown:
            async for text in shown:
                await response.write(f"data: {text}\n\n".encode() if text else b"event: beat\ndata:\n\n")
    return response
