"""The witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint`, `GET /<origin hash>/checkpoint`."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import aiohttp
from aiohttp import web

from liuhen_files.notify import NOBODY, Notifier
from liuhen_files.pulse import keep_alive
from liuhen_protocol.witnessing import MAX_REQUEST
from liuhen_server.operations import alive
from liuhen_server.witness.cosigner import Cosigner

BODY_SECONDS = 10.0
IDLE_SECONDS = 75.0
_NO_LOG = 64 * "0"  # the hash of no origin: answered with 404 out of the database
_log = logging.getLogger(__name__)
T = TypeVar("T")


class Service:
    """One thread does all that touches the database, so requests are decided one after the other."""

    def __init__(self, cosigner: Cosigner, *, body_seconds: float = BODY_SECONDS) -> None:
        self._cosigner = cosigner
        self._body_seconds = body_seconds
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="witness")

    def application(self) -> web.Application:
        app = web.Application(client_max_size=MAX_REQUEST)
        app.router.add_post("/add-checkpoint", self._add_checkpoint)
        app.router.add_get("/{origin_hash:[0-9a-f]{64}}/checkpoint", self._checkpoint)
        return app

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    async def _add_checkpoint(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408, text="the request did not come in time\n", headers={"Connection": "close"})
        try:
            answer = await self._in_thread(lambda: self._cosigner.add_checkpoint(body))
        except (sqlite3.Error, OSError) as error:
            _log.error("nothing was cosigned, the state cannot be written: %s", error)
            return web.Response(status=503, text="the witness cannot write its state; nothing was cosigned\n")
        return web.Response(status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type})

    async def _checkpoint(self, request: web.Request) -> web.Response:
        note = await self._in_thread(lambda: self._cosigner.latest(request.match_info["origin_hash"]))
        if note is None:
            return web.Response(status=404, text="no checkpoint of this log was cosigned here\n")
        return web.Response(
            body=note, headers={"Content-Type": "text/plain; charset=utf-8", "Cache-Control": "max-age=5"}
        )


async def serve(
    service: Service,
    host: str,
    port: int,
    stop: asyncio.Event,
    ready: Callable[[str], None],
    notifier: Notifier = NOBODY,
) -> None:
    """Listens until `stop` is set; `ready` gets the address once requests are answered (port 0: a free one). systemd is told that it gets on
    while it answers its own question, which goes over HTTP and through the one thread that decides."""
    runner = web.AppRunner(service.application(), keepalive_timeout=IDLE_SECONDS, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound_host, bound_port = runner.addresses[0][:2]
        ready(f"http://{f'[{bound_host}]' if ':' in bound_host else bound_host}:{bound_port}")
        status = f"{bound_host} {bound_port}"
        notifier.ready(status)
        question = f"http://{alive.reachable(bound_host)}:{bound_port}/{_NO_LOG}/checkpoint"
        async with aiohttp.ClientSession() as session:
            watching = asyncio.create_task(
                keep_alive(notifier, lambda: alive.problem(session, question), lambda: status)
            )
            try:
                await stop.wait()
            finally:
                notifier.stopping()
                watching.cancel()
                await asyncio.wait([watching])
    finally:
        await runner.cleanup()
