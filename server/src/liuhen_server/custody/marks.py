"""What people say of a clip: marks at a place of its film and notes on all of it. Each is an act; none is ever changed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlalchemy import Select, select

from liuhen_protocol.events import ClipMarked
from liuhen_protocol.statement import Subject
from liuhen_server.acts import Actor, Acts, acts_stated, said
from liuhen_server.custody.evidence import Clip, read_entry
from liuhen_server.custody.indexed import keep_findable
from liuhen_server.database import Connection
from liuhen_server.database.schema import entries

__all__ = [
    "BREAK",
    "KINDS",
    "MOMENT",
    "MOST_WORDS",
    "NOTE",
    "Mark",
    "clock_of",
    "mark",
    "mark_indexes",
    "marks_of",
    "place",
]

MOMENT, BREAK, NOTE = "moment", "break", "note"
KINDS = (MOMENT, BREAK, NOTE)
MOST_WORDS = 2_000
_MOST_MS = 7 * 24 * 3600 * 1000
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,5}):([0-5]\d)(?:[.,](\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Mark:
    """`at_ms` None: of the whole clip. `words` None: they were disposed of, or the row is gone; the statement stays."""

    index: int
    at_ms: int | None
    kind: str
    by: str
    time: str
    words: str | None


def clock_of(milliseconds: int) -> str:
    """A place in a film as people read it: `12:05`, `1:02:05`, and tenths where there are any."""
    seconds, rest = divmod(milliseconds, 1000)
    hours, minutes = seconds // 3600, seconds // 60 % 60
    clock = f"{hours}:{minutes:02d}:{seconds % 60:02d}" if hours else f"{minutes:02d}:{seconds % 60:02d}"
    return clock + (f".{rest // 100}" if rest >= 100 else "")


def place(text: str) -> int | None:
    """Milliseconds of `12:05`, `1:02:05` or `12:05.5`; None for nothing written. Raises ValueError."""
    plain = text.strip().replace("：", ":")
    if not plain:
        return None
    found = _CLOCK.fullmatch(plain)
    if found is None:
        raise ValueError(f"not a place in a film: {text[:40]!r}")
    hours, minutes, seconds = int(found[1] or 0), int(found[2]), int(found[3])
    milliseconds = ((hours * 60 + minutes) * 60 + seconds) * 1000 + int((found[4] or "0").ljust(3, "0"))
    if milliseconds > _MOST_MS:
        raise ValueError("no film is longer than a week")
    return milliseconds


async def mark(acts: Acts, person: Actor, clip: Clip, at_ms: int | None, kind: str, words: str) -> int:
    """Returns the index of the `clip.marked`. Raises ValueError for another kind or words that cannot be kept."""
    if kind not in KINDS or len(words) > MOST_WORDS:
        raise ValueError("a kind that is none, or too many words")
    async with acts.of(person) as act:
        kept = await act.commit_text("mark", _about(clip), words)
        event = ClipMarked(at_ms, kind, act.by, kept.sha256)
        stated = await act.state(event, Subject(clip.name, clip.sha256, clip.sm3))
        await keep_findable(act.conn, stated.index)
        return stated.index


async def mark_indexes(conn: Connection, clip: Clip) -> list[int]:
    return list((await conn.execute(_marked(clip).with_only_columns(acts_stated.c.log_index))).scalars())


async def marks_of(conn: Connection, clip: Clip) -> list[Mark]:
    """In the order of the film, notes on all of it first."""
    query = _marked(clip).join(entries, entries.c.log_index == acts_stated.c.log_index)
    columns = (acts_stated.c.log_index, entries.c.envelope, said.c.text)
    found = []
    for row in await conn.execute(query.with_only_columns(*columns)):
        statement = read_entry(row.log_index, row.envelope).statement
        if statement is not None and isinstance(event := statement.event, ClipMarked):
            found.append(Mark(row.log_index, event.at_ms, event.kind, event.by, statement.link.time, row.text))
    return sorted(found, key=lambda one: (-1 if one.at_ms is None else one.at_ms, one.index))


def _marked(clip: Clip) -> Select[tuple[int]]:
    joined = said.join(acts_stated, acts_stated.c.said_id == said.c.id)
    return (
        select(acts_stated.c.log_index)
        .select_from(joined)
        .where(said.c.about == _about(clip), said.c.kind == "mark", acts_stated.c.kind == "clip.marked")
        .order_by(acts_stated.c.log_index)
    )


def _about(clip: Clip) -> str:
    """A clip's number is that of its promise in the log: one dock's clip of these bytes."""
    return f"clip-{clip.promised_index}"
