"""A mail server and a group robot on real sockets, for reminders: what they were given, and made to refuse or to break off."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as MAIL
from pathlib import Path
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from liuhen_server.registry.authority import Authority

PASSWORD = "mail pa$$word"


@dataclass
class Mailbox:
    """`refuse` is what the server answers instead of taking a mail."""

    host: str = "localhost"
    port: int = 0
    ca_file: Path = Path()
    mails: list[EmailMessage] = field(default_factory=list)
    to: list[list[str]] = field(default_factory=list)
    refuse: str = ""

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refuse:
            return self.refuse
        line = server.transport
        assert line is not None and line.get_extra_info("sslcontext"), "a mail went over the network in the clear"
        content = envelope.content
        assert isinstance(content, bytes)
        mail = BytesParser(EmailMessage, policy=MAIL).parsebytes(content)
        self.mails.append(mail)
        self.to.append(list(envelope.rcpt_tos))
        return "250 OK"

    @staticmethod
    def text(mail: EmailMessage) -> str:
        return str(mail.get_content()).replace("\r\n", "\n")


@asynccontextmanager
async def mailbox(folder: Path, *, with_tls: bool = True, at_once: bool = False) -> AsyncIterator[Mailbox]:
    """`with_tls` False: a server that has none. `at_once`: TLS from the first byte on."""
    box, tls = Mailbox(), _tls(folder)
    box.ca_file = folder / "ca.pem"

    def authenticate(server: SMTP, session: Session, envelope: Envelope, how: str, given: Any) -> AuthResult:
        well = isinstance(given, LoginPassword) and given.password == PASSWORD.encode()
        return AuthResult(success=well, handled=False)

    def protocol() -> SMTP:
        return SMTP(
            box,
            hostname="mail",
            tls_context=None if at_once or not with_tls else tls,
            require_starttls=with_tls and not at_once,
            auth_required=with_tls and not at_once,
            authenticator=authenticate,
        )

    server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", 0, ssl=tls if at_once else None)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        server.close()


@dataclass
class Robot:
    """`answer` is what it says to every request."""

    url: str = ""
    ca_file: Path = Path()
    asked: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    elsewhere: int = 0
    status: int = 200
    answer: str = '{"errcode": 0, "errmsg": "ok"}'


@asynccontextmanager
async def robot(folder: Path) -> AsyncIterator[Robot]:
    held, tls = Robot(ca_file=folder / "ca.pem"), _tls(folder)

    async def send(request: web.Request) -> web.Response:
        held.asked.append((dict(request.query), await request.json()))
        headers = {"Location": "/inside"} if held.status in (302, 307) else {}
        return web.Response(status=held.status, text=held.answer, headers=headers)

    async def inside(request: web.Request) -> web.Response:
        held.elsewhere += 1
        return web.Response(text=held.answer)

    app = web.Application()
    app.router.add_post("/send", send)
    app.router.add_route("*", "/inside", inside)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    held.url = f"https://localhost:{runner.addresses[0][1]}/send"
    try:
        yield held
    finally:
        await runner.cleanup()


def _tls(folder: Path) -> ssl.SSLContext:
    """Under an authority of its own, whose certificate lies in `ca.pem`."""
    names, now = ("localhost",), datetime.now(UTC)
    if not (folder / "ca.pem").exists():
        Authority.create(folder, "mail.example", names, now)
    chain, key = Authority.load(folder).server_files(names, now)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context
