"""Where documents come from: clips and stays from the log, the rest from the rooms that have them.

A source gives its documents in steps, each from a position on. The log's is kept with the index: what was logged since the
last look is read whenever somebody searches, and ingest does not know of it. The other rooms put their documents into the
index themselves; their sources are asked when it is made anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from importlib import import_module

from sqlalchemy import or_, select

from liuhen_protocol.events import ClipCollected, RecorderDocked
from liuhen_server.custody.evidence import Entry, read_entry
from liuhen_server.database import Connection
from liuhen_server.database.schema import docks, entries
from liuhen_server.registry.schema import agencies
from liuhen_server.search.index import Indexed, day_of
from liuhen_server.search.words import GAP, joined

__all__ = [
    "CLIP",
    "SOURCES",
    "STAY",
    "Source",
    "agencies_of_docks",
    "clip_document",
    "of_dock",
    "sources",
    "what_was_logged",
]

Source = Callable[[Connection, int, int], Awaitable[tuple[Sequence[Indexed], int | None]]]
"""`source(conn, position, most)`: at most so many documents from a position on (0: the first), and the position after them;
None when there are no more. Positions are the source's own, such as the id of a row.
"""

SOURCES: tuple[str, ...] = (
    "liuhen_server.cases.indexed:cases_to_find",
    "liuhen_server.registry.indexed:recorders_to_find",
    "liuhen_server.registry.indexed:officers_to_find",
    "liuhen_server.custody.indexed:marks_to_find",
)
"""`module:function` of every other room's source."""

CLIP, STAY = "clip", "stay"
KINDS = ("clip.collected", "recorder.docked")


def sources() -> list[Source]:
    found: list[Source] = []
    for each in SOURCES:
        module, _, name = each.partition(":")
        found.append(getattr(import_module(module), name))
    return found


async def what_was_logged(conn: Connection, first: int, end: int) -> list[Indexed]:
    """Documents of the originals and stays that entries `first` to before `end` tell of."""
    query = select(entries.c.log_index, entries.c.envelope).where(
        entries.c.log_index >= first, entries.c.log_index < end, entries.c.kind.in_(KINDS)
    )
    found = (await conn.execute(query.order_by(entries.c.log_index))).all()
    if not found:
        return []
    of_docks = await agencies_of_docks(conn)
    return await asyncio.to_thread(_documents, [(row.log_index, row.envelope) for row in found], of_docks)


@dataclass(frozen=True, slots=True)
class _Agency:
    """What a dock was enrolled under, and how people call it."""

    code: str | None = None
    names: tuple[str, ...] = ()


async def agencies_of_docks(conn: Connection) -> dict[str, _Agency]:
    """By the name of the dock."""
    known = or_(docks.c.agency == agencies.c.code, docks.c.agency == agencies.c.name)
    query = select(docks.c.name, docks.c.agency, agencies.c.code, agencies.c.name.label("called"), agencies.c.short)
    rows = await conn.execute(query.select_from(docks.outerjoin(agencies, known)))
    return {
        row.name: _Agency(row.code or row.agency, tuple(each for each in (row.called, row.short, row.agency) if each))
        for row in rows
    }


def _documents(rows: Sequence[tuple[int, bytes]], of_docks: dict[str, _Agency]) -> list[Indexed]:
    read = (_document(read_entry(index, envelope), of_docks) for index, envelope in rows)
    return [document for document in read if document is not None]


def _document(entry: Entry, of_docks: dict[str, _Agency]) -> Indexed | None:
    """None for a damaged entry: there is nothing to be found."""
    if entry.statement is None:
        return None
    link, event, subject = entry.statement.link, entry.statement.event, entry.statement.subject
    agency = of_docks.get(link.source, _Agency())
    match event:
        case ClipCollected():
            said = (subject.name, event.recorder, event.officer, link.source, *agency.names)
            return clip_document(subject.sha256, link.source, agency.code, event.finished, said)
        case RecorderDocked():
            own = event.recorder
            words = (own.serial, own.officer, own.unit, own.label, link.source, *agency.names, *days(link.time))
            return Indexed(
                STAY, str(entry.index), agency.code, link.time, _text(*words), frozenset({of_dock(link.source)})
            )
    return None


def clip_document(sha256: str, dock: str, agency: str | None, finished: str, said: Iterable[str | None]) -> Indexed:
    """`said`: the words by which it is found beside its day and digest, its file's name first."""
    words = tuple(said)
    text = _text(*words, *days(finished), sha256, joined(words[0] or ""))
    return Indexed(CLIP, f"{sha256}/{dock}", agency, finished, text, frozenset({of_dock(dock)}))


def of_dock(dock: str) -> str:
    """What documents of this dock's recordings are about: `docks_of` says which are an agency's now."""
    return f"dock:{dock}"


def days(when: str) -> list[str]:
    """A day as people write it."""
    day: date | None = day_of(when)
    return [] if day is None else [f"{day.year}年{day.month}月{day.day}日"]


def _text(*fields: str | None) -> str:
    """The fields, each once, with a gap between them."""
    return GAP.join(dict.fromkeys(field for field in fields if field))
