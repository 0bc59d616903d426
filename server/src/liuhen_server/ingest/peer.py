"""Who is asking on the device listener: the dock behind the TLS client certificate, looked up anew at each request.

The listener takes clients without a certificate, since enrolment and the open parts of the log need none; every other
path under /v1 demands one of our own CA. TLS checked its signature; whether it still counts is the registry's to say,
so that a revoked dock is cut off at its next request, on a connection it opened before as well.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import datetime

from aiohttp import web
from aiohttp.typedefs import Middleware

from liuhen_protocol.errors import Refused
from liuhen_protocol.moment import format_time
from liuhen_server.database import Database
from liuhen_server.ingest.problems import FORBIDDEN, Handler, of
from liuhen_server.registry import docks
from liuhen_server.registry.docks import Dock

DOCK: web.RequestKey[Dock] = web.RequestKey("dock", Dock)


def client_certificate(request: web.Request) -> bytes | None:
    """The DER of the certificate TLS verified against our CA, None where the client showed none."""
    tls = None if request.transport is None else request.transport.get_extra_info("ssl_object")
    return tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None


def ask_for_dock(database: Database, now: Callable[[], datetime]) -> Middleware:
    """The middleware that puts the dock into the request or refuses it and closes the connection."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        if request.path == "/v1/enroll" or request.path.startswith("/log/"):
            return await handler(request)
        der = client_certificate(request)
        try:
            if der is None:
                raise Refused("no-certificate", "this needs the client certificate of an enrolled dock")
            async with database.read() as conn:
                request[DOCK] = await docks.by_certificate(conn, der, format_time(now()))
        except Refused as refusal:
            return _last_answer(of(refusal))
        try:
            return await handler(request)
        except Refused as refusal:
            if refusal.code in FORBIDDEN:
                return _last_answer(of(refusal))
            raise

    return middleware


def _last_answer(response: web.Response) -> web.Response:
    response.force_close()
    return response
