"""What an answer of the archive means for the dock: it worked, it may work later, or it was refused.

`Later`    nobody answered, or the answer says "not now" (408, 425, 429, 5xx: full, starting, restarted). Worth trying again.
`Refusal`  the archive understood and said no (RFC 9457). The same request would be refused again: never a loop.

Everything the archive sends is read with a limit: a hostile or broken peer cannot fill the dock's memory.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

_LATER = frozenset({408, 425, 429})
_PROBLEM_LIMIT = 64 * 1024
DEFAULT_LIMIT = 8 * 1024 * 1024


class Later(Exception):
    """The archive cannot be reached or is not ready. `retry_after`: seconds it asked for, None when it did not say;
    `code`: the short word of its problem document ("" when nobody answered)."""

    def __init__(self, why: str, retry_after: float | None = None, code: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.retry_after = retry_after
        self.code = code


class Refusal(Exception):
    """The archive said no. `status`: HTTP; `code`: the short word of its problem document ("" when it sent none)."""

    def __init__(self, status: int, code: str, why: str) -> None:
        super().__init__(f"{status} {code}: {why}")
        self.status = status
        self.code = code
        self.why = why


@asynccontextmanager
async def talking(what: str) -> AsyncIterator[None]:
    """Turns every way a connection can fail while doing `what` into Later."""
    try:
        yield
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, TimeoutError, OSError) as error:
        raise Later(f"{what}: {type(error).__name__}: {error}") from error
    except aiohttp.ClientError as error:
        raise Later(f"{what}: the answer is not HTTP as it should be ({error})") from error


def retry_after(response: aiohttp.ClientResponse) -> float | None:
    """Seconds of Retry-After (RFC 9110, 10.2.3), between 0 and one hour; dates are not used by this archive."""
    text = response.headers.get("Retry-After", "")
    return min(float(text), 3600.0) if text.isascii() and text.isdigit() and len(text) < 9 else None


async def read_limited(response: aiohttp.ClientResponse, limit: int = DEFAULT_LIMIT) -> bytes:
    """The body, at most `limit` bytes. Raises Refusal("too-long")."""
    body = bytearray()
    async for piece in response.content.iter_chunked(64 * 1024):
        body += piece
        if len(body) > limit:
            raise Refusal(response.status, "too-long", f"{response.url.path}: more than {limit} bytes")
    return bytes(body)


async def expect(response: aiohttp.ClientResponse, *statuses: int) -> None:
    """Returns when the status is one of `statuses`. Raises Later or Refusal."""
    if response.status in statuses:
        return
    code, why = "", response.reason or ""
    try:
        problem = json.loads(await read_limited(response, _PROBLEM_LIMIT))
        code = str(problem.get("code", ""))[:64]
        why = str(problem.get("detail") or problem.get("title") or why)[:2000]
    except (ValueError, AttributeError, Refusal):
        pass  # no problem document: the status says enough
    if response.status >= 500 or response.status in _LATER:
        raise Later(f"{response.url.path}: {response.status} {code} {why}", retry_after(response), code)
    raise Refusal(response.status, code, why)
