"""Sessions and form tokens: the rules, without storage.

The browser holds a random token in a cookie, the database only its SHA-256, so that a stolen backup opens nothing. A
form's token is derived from the cookie's secret, which another site can neither read nor set (`__Host-` prefix,
SameSite=Strict).
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass

__all__ = [
    "ABSOLUTE_S",
    "COOKIE",
    "FORM_COOKIE",
    "IDLE_S",
    "SessionTimes",
    "form_token",
    "form_token_matches",
    "is_alive",
    "new_token",
    "token_digest",
]

COOKIE = "__Host-liuhen"
FORM_COOKIE = "__Host-liuhen-form"  # before there is a session: the login form
IDLE_S = 30 * 60
ABSOLUTE_S = 10 * 60 * 60  # a working day


@dataclass(frozen=True)
class SessionTimes:
    """Unix seconds."""

    began: int
    last_seen: int


def new_token(random_bytes: Callable[[int], bytes]) -> str:
    """256 random bits as 43 URL-safe signs."""
    return urlsafe_b64encode(random_bytes(32)).rstrip(b"=").decode()


def token_digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def is_alive(times: SessionTimes, now: int) -> bool:
    """Within both limits. A clock that was set back ends the session rather than lengthening it."""
    if now < times.began - 60:
        return False
    return now < times.last_seen + IDLE_S and now < times.began + ABSOLUTE_S


def form_token(cookie_secret: str) -> str:
    return hmac.new(cookie_secret.encode("utf-8", "surrogatepass"), b"liuhen form token v1", hashlib.sha256).hexdigest()


def form_token_matches(cookie_secret: str, given: str) -> bool:
    if not cookie_secret or not given.isascii():
        return False
    return hmac.compare_digest(form_token(cookie_secret), given)
