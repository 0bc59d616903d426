"""What every store of clips keeps, whatever lies behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from liuhen_protocol.errors import Refused
from liuhen_server.store.incoming import Incoming


class NotStored(LookupError):
    """The store has no object of this digest."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An object of the store. `key` names it for `clip.stored` and the database; `fresh` is False where the
    bytes were there.
    """

    key: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Scrubbed:
    """What re-reading one object said: `why` is None when its bytes still have its digest."""

    sha256: str
    size: int
    why: str | None


class Store(Protocol):
    """Content-addressed: an object's name is the SHA-256 of its bytes, in hex. Nothing is ever overwritten; only what two people
    disposed of is removed (retention/removal.py).
    """

    name: str
    """What `clip.stored` calls this kind of store."""

    def key_of(self, sha256: str) -> str:
        """How the store names an object in its own terms. Raises NotStored for what is no digest."""
        ...

    def keep(self, incoming: Incoming, sha256: str) -> Kept:
        """Take over bytes that were read back and have this digest.

        Consistency: when this returns, the object survives a power cut, every later `read` in any process of the
        archive sees all of its bytes, and two calls for one digest, even at once, leave one object. When it raises,
        either nothing is there under the name or all of it is. Raises OSError where there is no room.
        """
        ...

    def read(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """The bytes of a range, in pieces of at most 1 MiB.

        Consistency: bytes of one and the same object from the first piece to the last, as they lie in the store at
        that moment; a read that began is not disturbed by anything the archive does. They are not checked against the
        digest: who needs that hashes them. Raises NotStored before the first piece.
        """
        ...

    def size(self, sha256: str) -> int | None:
        """Bytes of the object, None when there is none."""
        ...

    def keep_leaves(self, sha256: str, leaves: bytes) -> None:
        """Lay the leaves of the object's chunk tree beside it, 32 bytes each. They need no trust, the root over them is
        signed, and can be made anew from good bytes: where there is no room they are left out.
        """
        ...

    def leaves(self, sha256: str) -> bytes | None:
        """What was laid beside it last, as it is there now; None where there is nothing."""
        ...

    def remove(self, sha256: str) -> None:
        """Takes the object and its leaves away, durably; nothing happens when they are gone already. Only retention/removal.py
        calls it, with the log held, so that nobody relies on the object meanwhile. Raises OSError.
        """
        ...

    def check(self, sha256: str) -> Scrubbed:
        """Read the whole object from the disk, past the page cache where the kernel lets us, and hash it. Raises
        NotStored.
        """
        ...

    def scrub(self) -> Iterator[Scrubbed]:
        """`check` for every object there is, one at a time, in the order of the names."""
        ...


class ReadBackFailed(Refused):
    """The disk gave back other bytes than were written: the dock did nothing wrong and sends again."""

    def __init__(self, why: str) -> None:
        super().__init__("read-back-failed", why)
