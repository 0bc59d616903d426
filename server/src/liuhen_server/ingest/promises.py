"""What docks promise: the clips their chains name, as rows of the archive's own view.

A promise is made by clip.collected or clip.derived, once per (digest, dock). Until its bytes are stored a later
promise of the same dock for the same digest takes its place; afterwards the first stays, since clip.stored speaks of
it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import select

from liuhen_protocol.digest import Digest
from liuhen_protocol.errors import Refused
from liuhen_server.database import Connection
from liuhen_server.database.rows import InsertMany
from liuhen_server.database.schema import clips
from liuhen_server.ingest.promise import Promise


@dataclass(frozen=True, slots=True)
class KnownClip:
    """What the archive holds a dock to, and whether it was kept."""

    sha256: str
    dock: str
    kind: str
    original: str | None
    size: int
    chunk_root: str
    sm3: str | None
    name: str
    promised_index: int
    stored_index: int | None


_AT_ONCE = 500
_KEEP = InsertMany(
    "clips",
    Promise._fields,
    "ON CONFLICT (sha256, dock) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in Promise._fields if name not in ("sha256", "dock"))
    + " WHERE clips.stored_index IS NULL",
)


def at(promise: Promise, index: int) -> Promise:
    """The promise with the index of its statement; its last column, and a quicker way than naming it."""
    return Promise._make((*promise[:-1], index))


async def keep(conn: Connection, promises: Sequence[Promise]) -> None:
    """Write promises whose indexes are known, in their order."""
    await _KEEP.run(conn, promises)


async def find(conn: Connection, sha256: str, dock: str) -> KnownClip | None:
    """What this dock promised under this digest."""
    query = select(*(clips.c[field.name] for field in fields(KnownClip))).where(
        clips.c.sha256 == sha256, clips.c.dock == dock
    )
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else KnownClip(**row._mapping)


async def derived_from(conn: Connection, dock: str, originals: Sequence[str]) -> dict[str, set[str]]:
    """The digests that a dock promised as derived from these originals."""
    found: dict[str, set[str]] = {}
    for start in range(0, len(originals), _AT_ONCE):
        query = select(clips.c.original, clips.c.sha256).where(
            clips.c.original.in_(originals[start : start + _AT_ONCE]), clips.c.dock == dock
        )
        for row in await conn.execute(query):
            found.setdefault(row.original, set()).add(row.sha256)
    return found


def check(promise: KnownClip | None, dock: str, sha256: str, length: int) -> None:
    """Raises Refused: only the dock that promised a digest may upload it, at the promised length, once."""
    if promise is None:
        raise Refused("not-promised", f"dock {dock} has not promised a clip {sha256[:64]!r}: send its entries first")
    if promise.size != length:
        raise Refused("not-promised", f"clip {sha256} was promised with {promise.size} bytes, not {length}")
    if promise.stored_index is not None:
        raise Refused("already-stored", f"clip {sha256} is stored already; ask for its receipt")


def fulfils(promise: KnownClip, found: Digest) -> bool:
    """Whether a file is what was promised, by every digest the promise names."""
    return (
        found.size == promise.size
        and found.sha256 == promise.sha256
        and found.chunk_root == promise.chunk_root
        and (promise.sm3 is None or found.sm3 == promise.sm3)
    )


def replaced(then: KnownClip, now: KnownClip) -> bool:
    """Whether a newer promise says other things of the clip than the one the bytes were checked against."""
    return (then.size, then.chunk_root, then.sm3) != (now.size, now.chunk_root, now.sm3)
