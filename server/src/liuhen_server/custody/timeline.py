"""Everything that happened to one clip, in the order of the log."""

from __future__ import annotations

from sqlalchemy import select

from liuhen_protocol.events import RecorderCleared, RecorderClockSet, RecorderDocked, RecorderUndocked
from liuhen_server.custody.evidence import Clip, Entry, read_entry
from liuhen_server.custody.schema import clip_views
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips, entries

__all__ = ["timeline"]

MOST_VIEWS = 200
_SESSION_KINDS = ("recorder.docked", "recorder.clock_set", "recorder.cleared", "recorder.undocked")


async def timeline(conn: Connection, clip: Clip) -> list[Entry]:
    """Newest last: the recorder's docking, collecting, deriving, storing, clearing, leaving, and the last views."""
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
    wanted = select(entries.c.log_index, entries.c.envelope)
    found = {
        row.log_index: read_entry(row.log_index, row.envelope)
        for row in await conn.execute(wanted.where(entries.c.log_index.in_(own)))
    }
    around = wanted.where(entries.c.source == clip.dock, entries.c.kind.in_(_SESSION_KINDS)).order_by(
        entries.c.log_index.desc()
    )
    for row in await conn.execute(around.limit(2000)):
        entry = read_entry(row.log_index, row.envelope)
        if _in_session(entry, clip):
            found[entry.index] = entry
    return [found[index] for index in sorted(found)]


def _in_session(entry: Entry, clip: Clip) -> bool:
    """Clearing counts where it names this clip, whichever session it was in; the rest by session."""
    event = entry.statement.event if entry.statement is not None else None
    if isinstance(event, RecorderCleared):
        return any(receipt.sha256 == clip.sha256 for receipt in event.receipts)
    around = RecorderDocked | RecorderClockSet | RecorderUndocked
    return isinstance(event, around) and event.session == clip.session
