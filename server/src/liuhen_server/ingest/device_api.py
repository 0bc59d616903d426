"""The routes a dock uses, each a thin edge: read the request, ask the room that holds the rule, write the answer."""

from __future__ import annotations

import asyncio
import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aiohttp import StreamReader, web
from aiohttp.typedefs import Middleware

from liuhen_protocol.chain import ChainHead
from liuhen_protocol.dsse import read_json
from liuhen_protocol.errors import Malformed, Refused
from liuhen_server import log
from liuhen_server.database import Database
from liuhen_server.ingest import entries, tus
from liuhen_server.ingest.line_helpers import LineHelpers
from liuhen_server.ingest.peer import DOCK, ask_for_dock
from liuhen_server.ingest.problems import Handler, as_problems
from liuhen_server.ingest.receipts import Receipts
from liuhen_server.ingest.uploads import Uploads
from liuhen_server.log import signed_state
from liuhen_server.registry.docks import Dock
from liuhen_server.registry.enrolment import AttemptLimit, EnrolmentRequest, Registry

UPLOADS = "/v1/uploads"
UPLOAD = UPLOADS + "/{id:[A-Za-z0-9_-]{1,64}}"  # nothing else reaches the database
SMALL_BODY = 64 << 10
BODY_SECONDS = 60.0
_GUESSES = frozenset({"bad-code", "code-expired", "code-used", "bad-proof"})


@dataclass(frozen=True, slots=True)
class DeviceApi:
    """Everything the device listener needs of other rooms."""

    database: Database
    registry: Registry
    uploads: Uploads
    receipts: Receipts
    attempts: AttemptLimit
    now: Callable[[], datetime]
    helpers: LineHelpers
    logged: Callable[[], None] = lambda: None  # told when the log has grown

    def application(self) -> web.Application:
        """The application of the device listener, without /log (log_routes.py adds it)."""
        app = web.Application(
            middlewares=[as_problems, self._stop_the_log, ask_for_dock(self.database, self.now)],
            client_max_size=entries.MAX_BODY,
        )
        app.add_routes(
            [
                web.post("/v1/enroll", self.enroll),
                web.post("/v1/renew", self.renew),
                web.post("/v1/entries", self.post_entries),
                web.get("/v1/head", self.head, allow_head=False),
                web.get("/v1/receipts/{sha256:[0-9a-f]{64}}", self.receipt, allow_head=False),
                web.options(UPLOADS, self.upload_options),
                web.post(UPLOADS, self.upload_create),
                web.options(UPLOAD, self.upload_options),
                web.head(UPLOAD, self.upload_head),
                web.patch(UPLOAD, self.upload_patch),
                web.delete(UPLOAD, self.upload_delete),
                web.post(UPLOAD, self.upload_override),
            ]
        )
        return app

    @property
    def _stop_the_log(self) -> Middleware:
        """What shows that the database is not what the log wrote stops the log, not only this request."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            async with signed_state.stopping(self.database, self.now):
                return await handler(request)

        return middleware

    async def enroll(self, request: web.Request) -> web.Response:
        fields = read_json(await _read(request, SMALL_BODY), "enrolment")
        match fields:
            case {"code": str(code), "csr": str(csr), "signing_key": str(key), "proof": str(proof)} if len(fields) == 4:
                asked = EnrolmentRequest(code, _utf8(csr), _base64(key, "signing_key"), _base64(proof, "proof"))
            case _:
                raise Malformed("enrolment: not code, csr, signing_key and proof")
        _utf8(code)
        peer = request.remote or "unknown"
        self.attempts.check(peer, self.now())
        try:
            async with self.database.write() as conn:
                enrolled = await self.registry.enroll(conn, asked)
        except Refused as refusal:
            if refusal.code in _GUESSES:
                self.attempts.failed(peer, self.now())
            raise
        return web.json_response(enrolled.response())

    async def renew(self, request: web.Request) -> web.Response:
        fields = read_json(await _read(request, SMALL_BODY), "renewal")
        match fields:
            case {"csr": str(csr)} if len(fields) == 1:
                pass
            case _:
                raise Malformed("renewal: not csr alone")
        async with self.database.write() as conn:
            issued = await self.registry.renew(conn, _dock(request), _utf8(csr))
        return web.json_response(
            {
                "certificate": issued.pem.decode(),
                "ca": self.registry.authority.pem.decode(),
                "policy": self.registry.policy,
            }
        )

    async def post_entries(self, request: web.Request) -> web.Response:
        body = await _read(request, entries.MAX_BODY)
        answer = await entries.take(self.database, _dock(request), body, self.helpers)
        self.logged()
        results = [
            {"refused": result.code, "why": result.why} if isinstance(result, Refused) else {"index": result}
            for result in answer.results
        ]
        return web.json_response({"results": results, "head": _head_of(answer.head)})

    async def head(self, request: web.Request) -> web.Response:
        async with self.database.read() as conn:
            found = await log.head(conn, _dock(request).name)
        return web.json_response(_head_of(found), headers={"Cache-Control": "no-store"})

    async def receipt(self, request: web.Request) -> web.Response:
        return await self.receipts.answer(_dock(request).name, request.match_info["sha256"])

    async def upload_options(self, _request: web.Request) -> web.Response:
        return _tus_answer(tus.options())

    async def upload_create(self, request: web.Request) -> web.Response:
        creation = tus.read_creation(_headers(request))
        upload_id, state = await self.uploads.create(_dock(request).name, creation, _body(request))
        self.logged()
        return _tus_answer(tus.created(f"{UPLOADS}/{upload_id}", state))

    async def upload_head(self, request: web.Request) -> web.Response:
        state = await self.uploads.head(_dock(request).name, request.match_info["id"])
        return _tus_answer(tus.read_head(_headers(request), state, self.now()))

    async def upload_patch(self, request: web.Request) -> web.Response:
        headers = _headers(request)
        state = await self.uploads.patch(
            _dock(request).name,
            request.match_info["id"],
            lambda known: tus.read_append(headers, known, self.now()),
            _body(request),
        )
        self.logged()
        return _tus_answer(tus.appended(state))

    async def upload_delete(self, request: web.Request) -> web.Response:
        headers = _headers(request)
        await self.uploads.terminate(
            _dock(request).name,
            request.match_info["id"],
            lambda known: tus.read_termination(headers, known, self.now()),
        )
        return _tus_answer(tus.terminated())

    async def upload_override(self, request: web.Request) -> web.Response:
        """POST to an upload is something only with X-HTTP-Method-Override, for networks that know no PATCH."""
        match tus.method_of("POST", _headers(request)):
            case "PATCH":
                return await self.upload_patch(request)
            case "DELETE":
                return await self.upload_delete(request)
            case "HEAD":
                return await self.upload_head(request)
        raise web.HTTPMethodNotAllowed("POST", ["HEAD", "PATCH", "DELETE", "OPTIONS"])


def _dock(request: web.Request) -> Dock:
    return request[DOCK]


def _headers(request: web.Request) -> dict[str, str]:
    return {name.lower(): value for name, value in request.headers.items()}


def _body(request: web.Request) -> StreamReader:
    return request.content


def _tus_answer(answer: tus.Answer) -> web.Response:
    return web.Response(status=answer.status, headers=answer.headers)


def _head_of(head: ChainHead | None) -> dict[str, object] | None:
    return None if head is None else {"seq": head.seq, "hash": head.hash, "time": head.time}


async def _read(request: web.Request, limit: int) -> bytes:
    """A whole small body. Raises Malformed when it is longer than `limit` bytes, TimeoutError when it comes too
    slowly.
    """
    if request.content_length is not None and request.content_length > limit:
        raise web.HTTPRequestEntityTooLarge(limit, request.content_length)
    data = bytearray()
    async with asyncio.timeout(BODY_SECONDS):
        async for piece in request.content.iter_any():
            data += piece
            if len(data) > limit:
                raise web.HTTPRequestEntityTooLarge(limit, len(data))
    return bytes(data)


def _utf8(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise Malformed("a text that is not Unicode") from error


def _base64(text: str, name: str) -> bytes:
    try:
        return base64.b64decode(_utf8(text), validate=True)
    except binascii.Error as error:
        raise Malformed(f"{name}: not base64") from error
