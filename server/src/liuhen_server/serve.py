"""Running the archive: both listeners, the sequencer, the keeping of uploads, and a stop that loses nothing.

- devices: TLS 1.3, client certificates of the archive's own CA asked for but not demanded by TLS (enrolment has none
  yet); who may speak is decided per request (ingest/peer.py).
- people: TLS 1.2 and newer, sessions.

Slow clients: a connection that completes no request head within `IDLE_SECONDS` is closed, small bodies have a minute,
and an upload of which no byte comes for a minute is given up (its durable part stays). On SIGTERM and SIGINT new
connections are refused, running requests get `STOP_SECONDS`, then they are cut; every upload continues later at its
durable offset.

Once both listeners accept, one line goes to stdout: `ready devices=HOST:PORT people=HOST:PORT`, and systemd is told. It is told that the
archive gets on while the sequencer's rounds end and both listeners answer a request over the network.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import secrets
import signal
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.abc import AbstractAccessLogger

from liuhen_files.event_loop import quiet_second_close
from liuhen_files.notify import NOBODY, Notifier
from liuhen_files.pulse import Pulse, keep_alive, sentence, stuck
from liuhen_protocol.errors import Malformed, Refused
from liuhen_server.config import Config, Listen
from liuhen_server.database import DatabaseUnavailable
from liuhen_server.deadlines.reminder import Reminder
from liuhen_server.ingest.device_api import DeviceApi
from liuhen_server.ingest.line_helpers import LineHelpers
from liuhen_server.ingest.log_routes import add_log_routes
from liuhen_server.ingest.receipts import Receipts
from liuhen_server.ingest.uploads import Uploads
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.operations import alive
from liuhen_server.operations.opening import Archive, opened
from liuhen_server.people.bearer import entry_readers
from liuhen_server.people.provider import Provider
from liuhen_server.registry.authority import Authority
from liuhen_server.registry.enrolment import AttemptLimit
from liuhen_server.retention.disposal import dispose_of_late
from liuhen_server.retention.removal import Removal
from liuhen_server.web.app import people_app
from liuhen_server.web.context import CHINA, PeopleContext

IDLE_SECONDS = 75.0
STOP_SECONDS = 10.0
LINGER_SECONDS = 2.0  # for a refused body that is still coming, so that its sender can read why
UPLOAD_ROUND_SECONDS = 60.0
"""How often uploads left complete are tried again and expired ones dropped."""

REMOVAL_ROUND_SECONDS = 5.0
REMINDER_ROUND_SECONDS = 60.0
LATE_ROUND_SECONDS = 3600.0
"""How often films are looked for that came after their original was disposed of: that asks more of the database than the rest."""

CERTIFICATE_ROUND_SECONDS = 12 * 3600.0
THREADS = 24
"""Blocking steps of uploads at once: eight uploads write, hash and settle each."""

READ_BUFFER = 256 << 10
GARBAGE_AFTER = 20_000
"""Objects made before Python looks for garbage: a thousand statements are that many."""

MOST_HELPERS = 4
"""Processes that open the lines of large requests: about 12 MiB each."""

_logger = logging.getLogger("liuhen.serve")


class AccessLog(AbstractAccessLogger):
    """Who asked for what and how it ended: never a query, a header or a body."""

    def log(self, request: web.BaseRequest, response: web.StreamResponse, time: float) -> None:
        if alive.is_ours(request.headers):
            return
        self.logger.info(
            "%s %s %s %d %d bytes %.3f s",
            request.remote,
            request.method,
            request.rel_url.raw_path[:300],
            response.status,
            response.body_length,
            time,
        )


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the listeners are, once they are: the ports chosen by the system where the configuration says 0."""

    devices: Listen
    people: Listen


async def serve(
    config: Config, announce: Callable[[str], None], stop: asyncio.Event | None = None, notifier: Notifier = NOBODY
) -> None:
    """Run until SIGTERM, SIGINT or `stop`. Raises OSError (a port is taken, no disk), ConfigError."""
    stop = stop or asyncio.Event()
    loop = asyncio.get_running_loop()
    quiet_second_close(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with running(config, notifier) as ports:
        gc.freeze()  # what is there now stays; requests make many small things that mostly end with them
        gc.set_threshold(GARBAGE_AFTER)
        announce(f"ready devices={ports.devices} people={ports.people}")
        notifier.ready(_status(ports))
        await stop.wait()
        notifier.stopping()
        _logger.info("stopping: running requests have %.0f s", STOP_SECONDS)


@contextlib.asynccontextmanager
async def running(config: Config, notifier: Notifier = NOBODY) -> AsyncIterator[Ports]:
    """The whole archive, for as long as the block lasts."""
    async with contextlib.AsyncExitStack() as stack:
        archive = await stack.enter_async_context(opened(config))
        now = archive.chain.now
        threads = stack.enter_context(ThreadPoolExecutor(THREADS, thread_name_prefix="upload"))
        uploads = Uploads(archive.database, archive.store, archive.chain, config.incoming_folder, threads, now)
        stack.push_async_callback(uploads.close)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        sequencer = archive.sequencer(session, f"{socket.gethostname()[:32]}-{os.getpid()}-{secrets.token_hex(4)}")
        receipts = Receipts(archive.database, archive.reader, config.sequence_seconds)
        helpers = LineHelpers(min(os.cpu_count() or 1, MOST_HELPERS))
        stack.push_async_callback(helpers.close)
        devices = DeviceApi(
            archive.database, archive.registry, uploads, receipts, AttemptLimit(), now, helpers, sequencer.wake
        ).application()
        add_log_routes(devices, archive.reader, entry_readers(archive.database, now))
        provider = Provider(config.provider, session, lambda: int(now().timestamp())) if config.provider else None
        people = people_app(
            PeopleContext(
                archive.database,
                archive.store,
                archive.reader,
                archive.chain,
                archive.policy,
                now=now,
                incoming=config.incoming_folder,
                provider=provider,
            )
        )
        removal = Removal(
            archive.database, archive.store, archive.reader, archive.policy, archive.chain.signer.public, now
        )
        reminders = []
        if config.reminders is not None:
            reminder = Reminder(archive.database, config.reminders, session, now)
            reminders = [_every(REMINDER_ROUND_SECONDS, reminder.round)]
        contexts = _Contexts(archive.authority, config.server_names)
        device_port = await _listen(stack, devices, config.devices, contexts.devices)
        people_port = await _listen(stack, people, config.people, contexts.people)
        ports, pulse = Ports(device_port, people_port), Pulse()
        async with _background(
            sequencer.run(config.sequence_seconds, pulse),
            _every(UPLOAD_ROUND_SECONDS, uploads.recover, uploads.expire),
            _every(REMOVAL_ROUND_SECONDS, removal.sweep),
            _every(LATE_ROUND_SECONDS, partial(_dispose_of_late, archive, now)),
            _every(CERTIFICATE_ROUND_SECONDS, contexts.renew),
            *reminders,
            keep_alive(notifier, lambda: _look(session, ports, pulse), lambda: _status(ports)),
        ):
            yield ports


def _status(ports: Ports) -> str:
    return f"采集站 docks {ports.devices}, 浏览器 browsers {ports.people}"


async def _look(session: aiohttp.ClientSession, ports: Ports, pulse: Pulse) -> str | None:
    """Why the archive does not get on; None when it does."""
    if found := stuck(pulse.parts(), pulse.now()):
        return sentence(found, pulse.now())
    for listen, path in ((ports.devices, "/log/checkpoint"), (ports.people, "/")):
        if wrong := await alive.problem(session, f"https://{alive.reachable(listen.host)}:{listen.port}{path}"):
            return wrong
    return None


class _Contexts:
    """The TLS side of both listeners. A renewed server certificate reaches new connections without a restart."""

    def __init__(self, authority: Authority, names: tuple[str, ...]) -> None:
        self._authority, self._names = authority, names
        self.devices = _tls(ssl.TLSVersion.TLSv1_3)
        self.devices.verify_mode = ssl.CERT_OPTIONAL
        self.devices.load_verify_locations(cadata=authority.pem.decode())
        self.people = _tls(ssl.TLSVersion.TLSv1_2)
        self._loaded = b""
        self._load(authority.server_files(names, utc_now()))

    async def renew(self) -> None:
        self._load(await asyncio.to_thread(self._authority.server_files, self._names, utc_now()))

    def _load(self, files: tuple[Path, Path]) -> None:
        """Only on the event loop's own thread, where every handshake is made: OpenSSL crashes when a context changes beside one."""
        chain, key = files
        found = chain.read_bytes()
        if found != self._loaded:
            for context in (self.devices, self.people):
                context.load_cert_chain(chain, key)
            self._loaded = found


def _tls(oldest: ssl.TLSVersion) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = oldest
    context.num_tickets = 0  # every connection shows its certificate itself
    return context


async def _listen(stack: contextlib.AsyncExitStack, app: web.Application, where: Listen, tls: ssl.SSLContext) -> Listen:
    runner = web.AppRunner(
        app,
        handle_signals=False,
        access_log_class=AccessLog,
        keepalive_timeout=IDLE_SECONDS,
        shutdown_timeout=STOP_SECONDS,
        lingering_time=LINGER_SECONDS,
        read_bufsize=READ_BUFFER,
        auto_decompress=False,
    )
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, where.host, where.port, ssl_context=tls).start()
    host, port = runner.addresses[0][:2]
    return Listen(str(host), int(port))


@contextlib.asynccontextmanager
async def _background(*jobs: Awaitable[None]) -> AsyncIterator[None]:
    """Runs beside the block; one that fails is a defect, told at once, and does not take the listeners down."""
    tasks = [asyncio.ensure_future(job) for job in jobs]
    for task in tasks:
        task.add_done_callback(_tell_failure)
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tell_failure(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _logger.critical("a background task of the archive ended", exc_info=error)


async def _dispose_of_late(archive: Archive, now: Callable[[], datetime]) -> None:
    await dispose_of_late(archive.database, archive.chain, now().astimezone(CHINA).date(), CHINA)


async def _every(seconds: float, *rounds: Callable[[], Awaitable[object]]) -> None:
    """Each of `rounds`, again and again; what a round raises is logged and the next one comes all the same."""
    while True:
        for one in rounds:
            try:
                await one()
            except (OSError, Malformed, Refused, DatabaseUnavailable, LogStopped) as error:
                _logger.error("%s: %s", getattr(one, "__qualname__", "round"), error)
            except Exception:
                _logger.exception("%s failed", getattr(one, "__qualname__", "round"))
        await asyncio.sleep(seconds)
