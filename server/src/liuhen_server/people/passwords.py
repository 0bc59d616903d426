"""Passwords: argon2id (RFC 9106), one-time passwords, and what a new password must be.

Hashing takes 64 MiB and some tens of milliseconds, so it runs in a thread and at most two at a time in one process.
A name that does not exist costs the same work as one that does (`NOBODY`), so that time tells nothing.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.profiles import RFC_9106_LOW_MEMORY

__all__ = ["LONGEST", "SHORTEST", "PasswordWork", "new_one_time_password", "why_refused"]

SHORTEST = 12  # characters; length is what guards a password, not its mixture (NIST SP 800-63B 5.1.1)
LONGEST = 256
_ONE_TIME_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789x"  # 32 signs; none that is read as another
_COMMON = frozenset(
    {
        *("123123123123", "1qaz2wsx3edc", "1qaz2wsx3edc4rfv", "admin1234567", "administrator", "abc123456789"),
        *("password1234", "passwordpassword", "qwertyuiop123", "qwertyuiopasdf", "woaini1314520", "zhifajiluyi"),
    }
)


def _normal(password: str) -> bytes:
    """An input method may type full-width digits and letters: the same password either way (NFKC)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def new_one_time_password(random_bytes: Callable[[int], bytes]) -> str:
    """Sixteen signs, 80 bits, in groups that can be read aloud: `k3fh-…`."""
    signs = [_ONE_TIME_ALPHABET[byte % 32] for byte in random_bytes(16)]
    return "-".join("".join(signs[at : at + 4]) for at in range(0, 16, 4))


def why_refused(password: str, name: str, current: str | None = None) -> str | None:
    """Why this cannot be the new password of account `name` (a key of the page texts), or None."""
    plain = unicodedata.normalize("NFKC", password)
    folded = plain.casefold()
    if len(plain) < SHORTEST:
        return "password.too_short"
    if len(plain) > LONGEST:
        return "password.too_long"
    if current is not None and _normal(current) == _normal(password):
        return "password.same"
    if len(set(folded)) < 5 or folded in _COMMON or folded.strip("0123456789") in {"", name.casefold()}:
        return "password.too_easy"
    return None


class PasswordWork:
    """Hashes and checks, at most `at_once` of them in this process."""

    def __init__(self, hasher: PasswordHasher | None = None, at_once: int = 2) -> None:
        self._hasher = hasher or PasswordHasher.from_parameters(RFC_9106_LOW_MEMORY)
        self._turn = asyncio.Semaphore(at_once)
        self._nobody = lru_cache(maxsize=1)(lambda: self._hasher.hash(b"nobody has this password"))

    def hash_now(self, password: str) -> str:
        """The PHC string (`$argon2id$…`); for commands, which have nothing else to do meanwhile."""
        return self._hasher.hash(_normal(password))

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(self.hash_now, password)

    async def matches(self, password: str, phc: str | None) -> bool:
        """Whether the password is right. `phc` None (no such account) costs the same and is never right."""
        async with self._turn:
            return await asyncio.to_thread(self._matches, password, phc)

    def needs_rehash(self, phc: str) -> bool:
        return self._hasher.check_needs_rehash(phc)

    def _matches(self, password: str, phc: str | None) -> bool:
        known = phc if phc is not None else self._nobody()
        try:
            right = self._hasher.verify(known, _normal(password[:LONGEST]))
        except (VerificationError, InvalidHashError):
            return False
        return right and phc is not None
