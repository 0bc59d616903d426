"""Whether a listener of this very process answers: asked over the network stack, as anybody would ask.

The question carries a word that only this process knows, so that its own questions can be left out of the access log and nobody else's can.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

import aiohttp

HEADER = "Liuhen-Watchdog"
ANSWER_SECONDS = 10.0
_WORD = secrets.token_hex(16)
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  who listens everywhere answers here


def is_ours(headers: Mapping[str, str]) -> bool:
    """Whether a request is this process asking itself."""
    return secrets.compare_digest(headers.get(HEADER, "").encode("utf-8", "replace"), _WORD.encode())


def reachable(host: str) -> str:
    """Where to ask a listener that is bound to `host`, for an address."""
    found = _ANY.get(host, host)
    return f"[{found}]" if ":" in found else found


async def problem(session: aiohttp.ClientSession, url: str) -> str | None:
    """None when `url` answers below 500, whatever it answers; else what is wrong. The certificate is our own and not looked at."""
    timeout = aiohttp.ClientTimeout(total=ANSWER_SECONDS)
    try:
        async with session.get(
            url, ssl=False, allow_redirects=False, headers={HEADER: _WORD}, timeout=timeout
        ) as response:
            await response.content.read(1)
            return f"{url}: status {response.status}" if response.status >= 500 else None
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        return f"{url} does not answer: {type(error).__name__} {error}"
