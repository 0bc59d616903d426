"""Which password which recorder refused, kept for good: recorders lock after a few wrong ones, and a dock is restarted more often than
anybody looks into its passwords.

The journal holds, for a profile and a recorder, keyed digests of what was refused; the key is in the agent's own folder. So whoever can
read the journal cannot try the million passwords of six digits on a digest. Another password is sent; a recorder that took one
has its refusals forgotten. A recorder that was itself set to the password it had refused needs a person to say so: `alarms --settle`.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from pathlib import Path

from liuhen_agent.identity import store
from liuhen_agent.journal import Journal, changes, queries
from liuhen_agent.recorders import Credential, RecorderError
from liuhen_files import durable

CODE = "wrong-password"
NOTE = "refused-password:"  # note, with profile and recorder behind it: digests, one behind the other, the newest last
_SIZE = hashlib.sha256().digest_size
_MOST = 16  # of one recorder


def key_of(data_dir: Path) -> bytes:
    """The key of the digests, made when there is none. One that was lost makes the refusals unknown: each may come once more."""
    path = store.Paths(data_dir).refusals_key
    if not path.exists():
        durable.mkdirs(path.parent)
        durable.write_new(path, secrets.token_bytes(_SIZE))
    return path.read_bytes()


class RefusedPasswords:
    """`recorder`: what tells it from others, by its own words or by its bay."""

    def __init__(self, journal: Journal, key: bytes) -> None:
        self._journal = journal
        self._key = key

    async def check(self, profile: str, recorder: str, credential: Credential) -> None:
        """Raises wrong-password for one that was refused already."""
        if self._digest(profile, recorder, credential) in await self._known(profile, recorder):
            raise RecorderError(
                CODE,
                "the recorder refused this password before; it is not sent again: correct it and restart the dock, or, if it was the"
                f" recorder that was set right, `liuhen-agent alarms --settle {CODE}`",
            )

    async def add(self, profile: str, recorder: str, credential: Credential) -> None:
        """It was refused. Durable when this returns."""
        known = [*await self._known(profile, recorder), self._digest(profile, recorder, credential)]
        await self._journal.change(changes.NoteKept(_name(profile, recorder), b"".join(known[-_MOST:])))

    async def forget(self, profile: str, recorder: str) -> None:
        """It took a password: how often it was told wrong ones counts no more, there and here."""
        if await self._known(profile, recorder):
            await self._journal.change(changes.NotesForgotten((_name(profile, recorder),)))

    async def _known(self, profile: str, recorder: str) -> list[bytes]:
        kept = await self._journal.ask(queries.note, _name(profile, recorder)) or b""
        return [kept[start : start + _SIZE] for start in range(0, len(kept), _SIZE)]

    def _digest(self, profile: str, recorder: str, credential: Credential) -> bytes:
        said = "\0".join((profile, recorder, credential.role, credential.secret))
        return hmac.digest(self._key, said.encode(), "sha256")


def _name(profile: str, recorder: str) -> str:
    return f"{NOTE}{profile}:{recorder}"
