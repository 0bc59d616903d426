"""What the database knows of clips that their terms depend on, put together for the rules in `terms`.

Bytes that two docks brought are one thing here: as long as one of them belongs to a case or is held, so is the other.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timezone

from sqlalchemy import or_, select

from liuhen_protocol.moment import parse_time
from liuhen_server.cases.schema import case_clips, cases
from liuhen_server.custody.evidence import Clip
from liuhen_server.database import Connection
from liuhen_server.database.schema import entries
from liuhen_server.retention.schema import holds
from liuhen_server.retention.terms import Ground, Held, Linked, Table, Term, longest, term_of

__all__ = ["day_in", "terms_of"]


def day_in(zone: timezone, stated: str) -> date:
    """The day of a statement's time for the agency."""
    parsed = parse_time(stated)
    try:
        return parsed.astimezone(zone).date()
    except OverflowError:  # a dock's clock at the end of time
        return parsed.date()


async def terms_of(
    conn: Connection, clips: Sequence[Clip], tables: Sequence[Table], zone: timezone
) -> dict[tuple[str, str], Term]:
    """The term of each stored original, by (dock, sha256), in as many queries for many clips as for one: the longest that one of the
    tables gives it.
    """
    stored_indexes = [clip.stored_index for clip in clips if clip.stored_index is not None]
    rows = await conn.execute(
        select(entries.c.log_index, entries.c.time).where(entries.c.log_index.in_(stored_indexes))
    )
    stored = {row.log_index: row.time for row in rows}
    digests = {clip.sha256 for clip in clips}
    linked = await _linked(conn, digests, zone)
    held = await _held(conn, digests, zone)
    found = {}
    for clip in clips:
        times = [clip.collected_time, stored.get(clip.stored_index or -1, clip.collected_time)]
        since = max(day_in(zone, time) for time in times)
        facts = linked.get(clip.sha256, ()), held.get(clip.sha256, ())
        found[clip.dock, clip.sha256] = longest(term_of(since, *facts, table) for table in tables)
    return found


async def _linked(conn: Connection, digests: Collection[str], zone: timezone) -> dict[str, list[Linked]]:
    query = (
        select(
            case_clips.c.sha256,
            case_clips.c.item,
            case_clips.c.unlinked_time,
            cases.c.enforcement,
            cases.c.archived_time,
        )
        .join(cases, cases.c.id == case_clips.c.case_id)
        .where(case_clips.c.sha256.in_(digests))
    )
    found: dict[str, list[Linked]] = {}
    for row in await conn.execute(query):
        archived = None if row.archived_time is None else day_in(zone, row.archived_time)
        unlinked = None if row.unlinked_time is None else day_in(zone, row.unlinked_time)
        found.setdefault(row.sha256, []).append(Linked(row.enforcement, row.item, archived, unlinked))
    return found


async def _held(conn: Connection, digests: Collection[str], zone: timezone) -> dict[str, list[Held]]:
    """Holds on the clip, and on cases it belongs to or has left since the hold was set."""
    columns = (holds.c.ground, holds.c.until, holds.c.released_time)
    own = select(holds.c.sha256, *columns).where(holds.c.sha256.in_(digests))
    of_case = (
        select(case_clips.c.sha256, *columns)
        .join(holds, holds.c.case_id == case_clips.c.case_id)
        .where(
            case_clips.c.sha256.in_(digests),
            or_(case_clips.c.unlinked_time.is_(None), case_clips.c.unlinked_time >= holds.c.time),
        )
    )
    found: dict[str, list[Held]] = {}
    for query in (own, of_case):
        for row in await conn.execute(query):
            until = None if row.until is None else date.fromisoformat(row.until)
            released = None if row.released_time is None else day_in(zone, row.released_time)
            found.setdefault(row.sha256, []).append(Held(Ground(row.ground), until, released))
    return found
