"""Every error a listener answers, as application/problem+json (RFC 9457), and which error of ours has which status.

| raised | status |
|---|---|
| Malformed | 400 |
| Refused: no certificate, unknown, ended, revoked | 403 |
| Refused: any other rule | 409 |
| TusProblem | its own |
| DatabaseUnavailable; LogStopped | 503, with Retry-After |
| no room: ENOSPC, EDQUOT, EFBIG, a full SQLite file | 507 |
| aiohttp's HTTP errors | their own |
| anything else | 500, logged with its traceback |
"""

from __future__ import annotations

import errno
import json
import logging
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from sqlalchemy.exc import OperationalError

from liuhen_protocol.errors import Malformed, Refused
from liuhen_server.database import DatabaseUnavailable
from liuhen_server.ingest.tus import TusProblem
from liuhen_server.log.signed_state import LogStopped

TYPE = "application/problem+json"
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FORBIDDEN = frozenset(
    {"no-certificate", "unknown-certificate", "certificate-expired", "key-ended", "revoked", "not-permitted"}
)

RETRY_WHEN_FULL = "10"  # seconds; docks wait longer and longer by themselves
RETRY_WHEN_LOCKED = "10"
RETRY_WHEN_STOPPED = "60"
_TITLES = {460: "Checksum Mismatch", 423: "Locked", 507: "Insufficient Storage"}
_logger = logging.getLogger("liuhen.problems")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def is_no_room(error: BaseException | None) -> bool:
    """Whether a disk, a quota or a limit is full, under the store or under the database."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    return isinstance(error, OperationalError) and "database or disk is full" in str(error.orig)


def problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> web.Response:
    """One problem as a response; `detail` says what happened and what to do, and never holds a secret; `more`: members of its own."""
    title = _TITLES.get(status) or web.Response(status=status).reason or "Error"
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail, "code": code, **(more or {})}
    return web.Response(
        status=status,
        reason=title,
        body=json.dumps(body, ensure_ascii=False).encode(),
        content_type=TYPE,
        headers=headers,
    )


def of(error: Exception) -> web.Response:
    """The answer to an error, by the table above."""
    if isinstance(error, TusProblem):
        if error.status == 507:
            _logger.error("no room: %s", error.detail)
        return problem(error.status, error.code, error.detail, error.headers)
    if isinstance(error, Malformed):
        return problem(400, "malformed", str(error))
    if isinstance(error, Refused):
        status = 403 if error.code in FORBIDDEN else 503 if error.code == "read-back-failed" else 409
        return problem(status, error.code, error.why)
    if isinstance(error, web.HTTPException):
        if error.status < 400:
            raise error
        headers = {name: error.headers[name] for name in ("Allow", "Retry-After") if name in error.headers}
        return problem(error.status, error.reason.lower().replace(" ", "-"), error.text or error.reason, headers)
    if isinstance(error, DatabaseUnavailable):
        _logger.error("%s", error)
        detail = (  # what the driver says of hosts and users stays in the log
            "证据库的数据库忙或无法访问，数据未丢失，稍后自动重试 / the archive's database is locked or cannot be reached;"
            " nothing is lost, ask again"
        )
        return problem(503, "database-unavailable", detail, {"Retry-After": RETRY_WHEN_LOCKED})
    if isinstance(error, LogStopped):
        _logger.critical("the log stops: %s", error)
        detail = (
            f"日志已停止，等待管理员处理 / the log has stopped until an administrator has settled the reason: {error}"
        )
        return problem(503, "log-stopped", detail, {"Retry-After": RETRY_WHEN_STOPPED})
    if is_no_room(error):
        _logger.error("no room: %s", error)
        return problem(
            507,
            "storage-full",
            "证据库存储空间不足，数据未丢失，腾出空间后自动继续 / the archive's disk is full; nothing is lost, and the upload continues"
            " where it stands when there is room",
            {"Retry-After": RETRY_WHEN_FULL},
        )
    _logger.error("a request failed", exc_info=error)
    return problem(500, "internal", "the archive failed at this request; its log says why")


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """The outermost middleware of a listener."""
    try:
        return await handler(request)
    except ConnectionError:
        raise
    except TimeoutError:
        return problem(408, "too-slow", "the request came too slowly; send it again")
    except Exception as error:
        return of(error)
