"""The promise a statement makes: the clip it names, as the archive's row will have it. Pure; promises.py keeps the rows."""

from __future__ import annotations

from typing import NamedTuple

from liuhen_protocol.digest import is_digest
from liuhen_protocol.errors import Refused
from liuhen_protocol.events import ClipCollected, ClipDerived
from liuhen_protocol.statement import Statement

ORIGINAL = "original"
DERIVATIVE = "derivative"
_LONGEST = {"recorder": 255, "officer": 255, "session": 255, "role": 64, "media_type": 127, "recorder_time": 64}


class Promise(NamedTuple):
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
