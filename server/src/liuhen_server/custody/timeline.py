"""Everything that happened to one clip, in the order of the log."""

from __future__ import annotations

from pathlib import PurePosixPath

from sqlalchemy import select

from liuhen_protocol.events import (
    NumberingGap,
    RecorderCleared,
    RecorderClockSet,
    RecorderDocked,
    RecorderInventory,
    RecorderUndocked,
)
from liuhen_server.cases.schema import case_clips
from liuhen_server.custody.evidence import MOST_LINKS, Clip, Entry, disposal_indexes, read_entry
from liuhen_server.custody.marks import mark_indexes
from liuhen_server.custody.schema import clip_views, stays
from liuhen_server.custody.stays import Stay, stay_of, stays_of_clips
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips, entries
from liuhen_server.retention.schema import holds

__all__ = ["gap_before", "timeline"]

MOST_VIEWS = 200
_MOST_AROUND = 2_000  # of one stay: docking, clock, clearing in parts, leaving
_LATER_STAYS = 3
_MOST_PARTS = 64  # of an inventory: some tens of thousands of files
_SESSION_KINDS = ("recorder.docked", "recorder.clock_set", "recorder.cleared", "recorder.undocked")


async def timeline(conn: Connection, clip: Clip) -> list[Entry]:
    """Newest last: the recorder's docking, collecting, deriving, storing, linking, marks, clearing, leaving,
    holds, disposal, and the last views.
    """
    own = [clip.promised_index] + ([clip.stored_index] if clip.stored_index is not None else [])
    derived = select(clips.c.promised_index, clips.c.stored_index).where(
        clips.c.original == clip.sha256, clips.c.dock == clip.dock
    )
    for row in await conn.execute(derived):
        own += [index for index in row if index is not None]
    views = (
        select(clip_views.c.log_index)
        .where(clip_views.c.sha256 == clip.sha256, clip_views.c.dock == clip.dock)
        .order_by(clip_views.c.log_index.desc())
        .limit(MOST_VIEWS)
    )
    own += (await conn.execute(views)).scalars()
    own += await mark_indexes(conn, clip)
    links = select(case_clips.c.linked_index, case_clips.c.unlinked_index).where(
        case_clips.c.sha256 == clip.sha256, case_clips.c.dock == clip.dock
    )
    held = select(holds.c.log_index, holds.c.released_index).where(holds.c.sha256 == clip.sha256)
    for query in (links, held):
        for row in await conn.execute(query):
            own += [index for index in row if index is not None]
    own += await disposal_indexes(conn, clip)
    wanted = select(entries.c.log_index, entries.c.envelope)
    found = {
        row.log_index: read_entry(row.log_index, row.envelope)
        for row in await conn.execute(wanted.where(entries.c.log_index.in_(own)))
    }
    around = wanted.where(entries.c.source == clip.dock, entries.c.kind.in_(_SESSION_KINDS))
    periods = [
        around.where(entries.c.seq >= stay.seq, entries.c.seq <= (stay.ended_seq or stay.seq + MOST_LINKS))
        for stay in await _stays(conn, clip)
    ]
    for period in periods or [around]:  # a dock's last ones, where the table of stays does not know it yet
        for row in await conn.execute(period.order_by(entries.c.seq.desc()).limit(_MOST_AROUND)):
            entry = read_entry(row.log_index, row.envelope)
            if _in_session(entry, clip):
                found[entry.index] = entry
    found |= {entry.index: entry for entry in await _inventories(conn, clip) if gap_before(entry, clip) is not None}
    return [found[index] for index in sorted(found)]


def gap_before(entry: Entry, clip: Clip) -> NumberingGap | None:
    """The gap that an inventory names just before this clip: numbers of clips that were there once or never."""
    event = entry.statement.event if entry.statement is not None else None
    if not isinstance(event, RecorderInventory) or event.session != clip.session:
        return None
    return next((gap for gap in event.gaps if PurePosixPath(gap.before).name == clip.name), None)


async def _inventories(conn: Connection, clip: Clip) -> list[Entry]:
    """The parts of the inventory in which the clip was listed, where numbers are missing in it at all."""
    stay = (await stays_of_clips(conn, [(clip.dock, clip.session, clip.promised_index)])).get(clip.promised_index)
    if stay is None or not stay.missing:
        return []
    parts = select(entries.c.log_index, entries.c.envelope).where(
        entries.c.source == clip.dock, entries.c.kind == "recorder.inventory", entries.c.seq >= stay.seq
    )
    rows = await conn.execute(
        parts.where(entries.c.log_index < clip.promised_index).order_by(entries.c.seq).limit(_MOST_PARTS)
    )
    return [read_entry(row.log_index, row.envelope) for row in rows]


async def _stays(conn: Connection, clip: Clip) -> list[Stay]:
    """The stay in which it was collected, and the recorder's next ones at this dock: a clearing that was interrupted is
    completed in one of them.
    """
    own = await stays_of_clips(conn, [(clip.dock, clip.session, clip.promised_index)])
    if not own:
        return []
    [stay] = own.values()
    later = select(stays).where(
        stays.c.dock == clip.dock, stays.c.recorder == stay.recorder, stays.c.docked_index > stay.docked_index
    )
    rows = await conn.execute(later.order_by(stays.c.docked_index).limit(_LATER_STAYS))
    return [stay, *(stay_of(row) for row in rows.mappings())]


def _in_session(entry: Entry, clip: Clip) -> bool:
    """Clearing counts where it names this clip, whichever session it was in; the rest by session."""
    event = entry.statement.event if entry.statement is not None else None
    if isinstance(event, RecorderCleared):
        return any(receipt.sha256 == clip.sha256 for receipt in event.receipts)
    around = RecorderDocked | RecorderClockSet | RecorderUndocked
    return isinstance(event, around) and event.session == clip.session
