"""What docks promise: the clips their chains name, as rows of the archive's own view.

A promise is made by clip.collected or clip.derived, once per (digest, dock). Until its bytes are stored a later
promise of the same dock for the same digest takes its place; afterwards the first stays, since clip.stored speaks of
it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlalchemy import select, text

from liuhen_protocol.digest import Digest, is_digest
from liuhen_protocol.errors import Refused
from liuhen_protocol.events import ClipCollected, ClipDerived
from liuhen_protocol.statement import Statement
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips

ORIGINAL = "original"
DERIVATIVE = "derivative"
_LONGEST = {"recorder": 255, "officer": 255, "session": 255, "role": 64, "media_type": 127, "recorder_time": 64}


@dataclass(frozen=True, slots=True)
class Promise:
    """One row of `clips`, before its bytes came: sizes in bytes, times UTC text, `recorder_time` as the recorder
    wrote it.
    """

    sha256: str
    dock: str
    kind: str
    original: str | None
    size: int
    chunk_root: str
    sm3: str | None
    recorder: str | None
    officer: str | None
    session: str | None
    name: str
    role: str | None
    media_type: str | None
    important: bool
    recorder_time: str | None
    collected_time: str
    promised_index: int


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


_COLUMNS = [field.name for field in fields(Promise)]
_KEEP = text(
    f"INSERT INTO clips ({', '.join(_COLUMNS)}) VALUES ({', '.join(':' + name for name in _COLUMNS)})"  # noqa: S608 - our own names
    f" ON CONFLICT (sha256, dock) DO UPDATE SET"
    f" {', '.join(f'{name} = excluded.{name}' for name in _COLUMNS if name not in ('sha256', 'dock'))}"
    " WHERE clips.stored_index IS NULL"
)


def promise_of(statement: Statement) -> Promise | None:
    """The promise a statement makes, with `promised_index` still -1; None for the other kinds.

    Raises Refused("impossible-promise") where no bytes could ever fulfil it or a field is longer than any recorder's.
    """
    event, subject = statement.event, statement.subject
    if isinstance(event, ClipCollected):
        found = Promise(
            sha256=subject.sha256,
            dock=statement.link.source,
            kind=ORIGINAL,
            original=None,
            size=event.size,
            chunk_root=event.chunk_root,
            sm3=subject.sm3,
            recorder=event.recorder,
            officer=event.officer,
            session=event.session,
            name=subject.name,
            role=None,
            media_type=None,
            important=event.important,
            recorder_time=event.recorder_time,
            collected_time=event.finished,
            promised_index=-1,
        )
    elif isinstance(event, ClipDerived):
        if not is_digest(event.original):
            raise Refused("impossible-promise", f"{subject.name}: `original` is not a SHA-256")
        found = Promise(
            sha256=subject.sha256,
            dock=statement.link.source,
            kind=DERIVATIVE,
            original=event.original,
            size=event.size,
            chunk_root=event.chunk_root,
            sm3=subject.sm3,
            recorder=None,
            officer=None,
            session=None,
            name=subject.name,
            role=event.role,
            media_type=event.media_type,
            important=False,
            recorder_time=None,
            collected_time=statement.link.time,
            promised_index=-1,
        )
    else:
        return None
    _check_bounds(found)
    return found


def _check_bounds(found: Promise) -> None:
    if found.size < 0 or not is_digest(found.chunk_root):
        raise Refused("impossible-promise", f"{found.name}: size or chunk_root is not what a clip can have")
    if len(found.collected_time) > 32:
        raise Refused("impossible-promise", f"{found.name}: `finished` is not a time")
    for name, longest in _LONGEST.items():
        value = getattr(found, name)
        if value is not None and len(value) > longest:
            raise Refused("impossible-promise", f"{found.name}: {name} is longer than {longest} characters")


async def keep(conn: Connection, promises: list[Promise]) -> None:
    """Write promises whose indexes are known, in their order."""
    if promises:
        await conn.execute(_KEEP, [{name: getattr(promise, name) for name in _COLUMNS} for promise in promises])


async def find(conn: Connection, sha256: str, dock: str) -> KnownClip | None:
    """What this dock promised under this digest."""
    query = select(*(clips.c[field.name] for field in fields(KnownClip))).where(
        clips.c.sha256 == sha256, clips.c.dock == dock
    )
    row = (await conn.execute(query)).one_or_none()
    return None if row is None else KnownClip(**row._mapping)


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
