"""Reads what the account of one stay is made of: the dock's entries from docking to leaving, earlier clips, and its clips' verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import and_, select

from liuhen_protocol.events import InventoryFile, RecorderInventory
from liuhen_server.custody.evidence import ORIGINAL, Clip, Entry, clip_of, read_entry
from liuhen_server.custody.schema import clip_checks
from liuhen_server.custody.stay_account import Account, account
from liuhen_server.custody.stays import Stay
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips, entries

__all__ = ["Shown", "accounts_so_far", "read_account"]

MOST_LINKS = 20_000  # of the dock's chain from docking to leaving; more than any stay has
IN_ONE_QUERY = 400
_OF_FILES = ("recorder.docked", "recorder.inventory", "clip.collected", "clip.failed", "recorder.undocked")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A clip as lists show it: `verdict` as it was last found, None when it was never checked."""

    clip: Clip
    verdict: str | None


async def read_account(conn: Connection, stay: Stay) -> tuple[Account, dict[str, Shown]] | None:
    """The account, and its clips by SHA-256. None where the entries are damaged so far that there is none."""
    query = select(entries.c.log_index, entries.c.envelope).where(
        entries.c.source == stay.dock, entries.c.seq >= stay.seq, entries.c.seq < stay.seq + MOST_LINKS
    )
    if stay.ended_seq is not None:
        query = query.where(entries.c.seq <= stay.ended_seq)
    rows = (await conn.execute(query.order_by(entries.c.seq))).all()
    read = await asyncio.to_thread(lambda: [read_entry(row.log_index, row.envelope) for row in rows])
    found = await _account(conn, stay, read)
    if found is None:
        return None
    return found, await _shown(conn, stay.dock, [each.sha256 for each in found.files if each.sha256])


async def accounts_so_far(conn: Connection, of: Sequence[Stay], most: int) -> dict[int, Account]:
    """What became of the files of stays that go on, all at one dock, by docked_index: from the newest of what it said of its bays, read
    once, as many statements as `most`. A stay that began before them is left out: half an account would say that files wait.
    """
    query = (
        select(entries.c.log_index, entries.c.envelope)
        .where(
            entries.c.source == of[0].dock, entries.c.seq >= min(stay.seq for stay in of), entries.c.kind.in_(_OF_FILES)
        )
        .order_by(entries.c.seq.desc())
        .limit(most)
    )
    rows = (await conn.execute(query)).all()[::-1]
    read = await asyncio.to_thread(lambda: [read_entry(row.log_index, row.envelope) for row in rows])
    began = {entry.index: place for place, entry in enumerate(read)}
    found = {}
    for stay in of:
        if stay.docked_index in began:
            since = read[began[stay.docked_index] :]
            if (whole := await _account(conn, stay, since)) is not None:
                found[stay.docked_index] = whole
    return found


async def _account(conn: Connection, stay: Stay, read: Sequence[Entry]) -> Account | None:
    session = _session(read)
    before = await _earlier(conn, stay, _listed(read, session))
    return account(read, session, lambda file: before.get((_name(file.path), file.size)))


def _session(read: Sequence[Entry]) -> str:
    """The stay's own word for itself, whole: the table keeps a short one."""
    first = read[0].statement if read else None
    return getattr(first.event, "session", "") if first is not None else ""


def _listed(read: Sequence[Entry], session: str) -> list[InventoryFile]:
    events = (entry.statement.event for entry in read if entry.statement is not None)
    return [
        f for event in events if isinstance(event, RecorderInventory) and event.session == session for f in event.files
    ]


async def _earlier(conn: Connection, stay: Stay, listed: Sequence[InventoryFile]) -> dict[tuple[str, int], str]:
    """Originals collected from this recorder before the stay, by name and size."""
    found: dict[tuple[str, int], str] = {}
    for names in _parts(sorted({_name(file.path) for file in listed})):
        query = select(clips.c.name, clips.c.size, clips.c.sha256).where(
            clips.c.dock == stay.dock,
            clips.c.recorder == stay.recorder,
            clips.c.kind == ORIGINAL,
            clips.c.promised_index < stay.docked_index,
            clips.c.name.in_(names),
        )
        found |= {(row.name, row.size): row.sha256 for row in await conn.execute(query)}
    return found


async def _shown(conn: Connection, dock: str, wanted: Sequence[str]) -> dict[str, Shown]:
    joined = clips.outerjoin(
        clip_checks, and_(clip_checks.c.sha256 == clips.c.sha256, clip_checks.c.dock == clips.c.dock)
    )
    found: dict[str, Shown] = {}
    for part in _parts(wanted):
        query = select(clips, clip_checks.c.verdict.label("said")).select_from(joined)
        rows = await conn.execute(query.where(clips.c.dock == dock, clips.c.sha256.in_(part)))
        found |= {row["sha256"]: Shown(clip_of(row), row["said"]) for row in rows.mappings()}
    return found


def _name(path: str) -> str:
    """A file's name as the dock names its clip."""
    return path.rpartition("/")[2].encode("utf-8", "replace").decode().replace("\x00", "\ufffd")


def _parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(values), IN_ONE_QUERY):
        yield values[start : start + IN_ONE_QUERY]
