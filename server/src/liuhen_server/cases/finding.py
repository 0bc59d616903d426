"""What `suggestions` judges, read from the database for one case: clips of its officers that belong to no case, and what it did and when.

A clip is an officer's whose number the recorder then held, who had the recorder by the register, or of whom two people said so.

A clip's time is the recorder's word, put right by the offset that the dock wrote down when it was read. One whose clock says another month
than the dock (a flat battery sets it to 1970 or 2000) has no time here, and is not suggested by it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, timezone

from sqlalchemy import RowMapping, and_, or_, select

from liuhen_protocol.events import ClipCollected, RecorderDocked
from liuhen_protocol.moment import parse_time
from liuhen_server.cases.classes import Stage, kinds
from liuhen_server.cases.linking import is_linked, method_of
from liuhen_server.cases.reading import WholeCase
from liuhen_server.cases.said import Said
from liuhen_server.cases.suggestions import (
    Activity,
    Place,
    Recording,
    Suggestion,
    Whose,
    WhoseBasis,
    doubt_of,
    recordings_of,
    suggest,
    whose,
)
from liuhen_server.custody.evidence import ORIGINAL, read_entry
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stays import Stay, stays_of_clips
from liuhen_server.custody.tracks import Tracks, thinned, tracks_of
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips, entries
from liuhen_server.registry.agencies import docks_of
from liuhen_server.registry.holdings import How, held_by
from liuhen_server.registry.proposals import confirmed_stays
from liuhen_server.registry.schema import officers, recorders
from liuhen_server.registry.seen import numbers_ever, officers_meant

__all__ = ["Proposed", "suggestions_for"]

MOST_CLIPS = 300
MOST_SHOWN = 10
BEFORE = timedelta(days=15)
"""How long before a case is opened its first clips may have been made: it often begins with an inspection."""

FARTHEST = timedelta(days=31)
MOST_LINKED, LINKED_PLACES, CANDIDATE_PLACES = 20, 60, 30
"""How many linked films are looked at, and how many places of each."""

BYTES_A_SECOND = 750_000
"""6 Mbit/s: how long a clip is where its recorder does not say."""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A suggestion with the names of its clips, to be shown."""

    suggestion: Suggestion
    names: tuple[str, ...]
    began: datetime


async def suggestions_for(
    conn: Connection, whole: WholeCase, zone: timezone, tracks: Tracks | None = None
) -> tuple[Proposed, ...]:
    """The likeliest first; none for an archived case. `tracks`: where films say where they were made."""
    if whole.case.stage is Stage.ARCHIVED or not whole.officers:
        return ()
    query = select(officers).where(officers.c.id.in_(whole.officers))
    certificates = {row.id: row.certificate for row in await conn.execute(query)}
    numbers = await numbers_ever(conn, certificates)
    since = (parse_time(whole.case.opened_time) - BEFORE).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    held = await _held(conn, certificates, since)
    decided = await confirmed_stays(conn, certificates)
    rows = await _candidates(conn, whole, since, numbers, held, decided)
    of = await stays_of_clips(conn, [(row["dock"], row["session"], row["promised_index"]) for row in rows])
    told = {(row["dock"], row["sha256"]): (row["dock"], row["officer"], row["collected_time"]) for row in rows}
    meant = await officers_meant(conn, {each for each in told.values() if each[1] in numbers})
    files = []
    for file in await _recordings(conn, rows, of, zone):
        stay = of.get(file.promised_index)
        given = decided.get(stay.docked_index) if stay is not None else None
        others = held.get(file.recording.recorder, [])
        if given is not None:
            always = datetime.min.replace(tzinfo=UTC)
            others = [Whose(certificates[given], WhoseBasis.DECISION, always, None), *others]
        names_one = not certificates.keys().isdisjoint(meant.get(told[file.recording.clips[0]], ()))
        # who has the number today had no part in what was recorded before
        recording = file.recording if names_one else replace(file.recording, officer=None)
        files.append(whose(recording, numbers, others))
    filmed = await _filmed(conn, whole, tracks)
    if tracks is not None and filmed:
        found_there = await _places(conn, tracks, [each.clips[0] for each in files], CANDIDATE_PLACES)
        files = [replace(each, track=found_there.get(each.clips[0], ())) for each in files]
    recordings = recordings_of(files)
    names = {(row["dock"], row["sha256"]): str(row["name"]) for row in rows}
    began = {each.clips: each.began for each in recordings}
    found = suggest(recordings, _activities(whole, numbers, zone, filmed))[:MOST_SHOWN]
    return tuple(Proposed(each, tuple(names[clip] for clip in each.clips), began[each.clips]) for each in found)


async def _filmed(conn: Connection, whole: WholeCase, tracks: Tracks | None) -> tuple[Place, ...]:
    """Where what is linked to the case was filmed, as far as its films say so."""
    linked = [(each.dock, each.sha256) for each in whole.links if each.unlinked_time is None][-MOST_LINKED:]
    if tracks is None or not linked:
        return ()
    found = await _places(conn, tracks, linked, LINKED_PLACES)
    return tuple(place for places in found.values() for place in places)


async def _places(
    conn: Connection, tracks: Tracks, keys: Sequence[tuple[str, str]], most: int
) -> Mapping[tuple[str, str], tuple[Place, ...]]:
    """Of each clip with a track that can be read, so many places of it."""
    found = {}
    for key, track in (await tracks_of(conn, set(keys))).items():
        points = await tracks.of(track)
        if points is not None:
            found[key] = tuple(Place(each.latitude, each.longitude) for each in thinned(points, most))
    return found


async def _held(conn: Connection, certificates: Mapping[int, str], since: str) -> dict[str, list[Whose]]:
    """Who of these officers had a recorder at some time, by the register: recorder's serial → its holdings."""
    rows = await held_by(conn, certificates, since)
    query = select(recorders.c.id, recorders.c.serial).where(recorders.c.id.in_({row.recorder for row in rows}))
    serials = {row.id: row.serial for row in await conn.execute(query)}
    found: dict[str, list[Whose]] = {}
    for row in rows:
        until = None if row.until is None else parse_time(row.until)
        basis = WhoseBasis.CHECK_OUT if row.how is How.CHECK_OUT else WhoseBasis.ASSIGNMENT
        one = Whose(certificates[row.officer], basis, parse_time(row.since), until)
        found.setdefault(serials[row.recorder], []).append(one)
    return found


async def _candidates(
    conn: Connection,
    whole: WholeCase,
    since: str,
    numbers: Collection[str],
    serials: Iterable[str],
    decided: Iterable[int],
) -> Sequence[RowMapping]:
    """Unlinked originals that name one of the numbers, are of one of the recorders, or were collected in one of the stays: each
    way by its own index.
    """
    decisions = await conn.execute(select(stays).where(stays.c.docked_index.in_(set(decided))))
    of_stay = [
        and_(clips.c.recorder == row.recorder, clips.c.dock == row.dock, clips.c.session == row.session)
        for row in decisions
    ]
    of_recorder = [clips.c.recorder == each for each in sorted(serials)]
    found: dict[tuple[str, str], RowMapping] = {}
    for way in (or_(*(clips.c.officer == each for each in sorted(numbers))), *of_recorder, *of_stay):
        query = select(clips).where(
            clips.c.kind == ORIGINAL,
            clips.c.dock.in_(docks_of(whole.case.agency)),
            way,
            clips.c.collected_time >= since,
            ~is_linked(),
        )
        rows = await conn.execute(query.order_by(clips.c.collected_time.desc()).limit(MOST_CLIPS))
        found |= {(row["dock"], row["sha256"]): row for row in rows.mappings() if method_of(row["name"]) is not None}
    return list(found.values())


@dataclass(frozen=True, slots=True)
class _File:
    promised_index: int
    recording: Recording


async def _recordings(
    conn: Connection, rows: Sequence[RowMapping], of: Mapping[int, Stay], zone: timezone
) -> list[_File]:
    wanted = {row["promised_index"] for row in rows} | {stay.docked_index for stay in of.values()}
    query = select(entries.c.log_index, entries.c.envelope).where(entries.c.log_index.in_(wanted))
    stated = {each.log_index: read_entry(each.log_index, each.envelope) for each in await conn.execute(query)}
    found = []
    for row in rows:
        entry = stated.get(row["promised_index"])
        collected = entry.statement.event if entry is not None and entry.statement is not None else None
        stay = of.get(row["promised_index"])
        docking = stated.get(stay.docked_index) if stay is not None else None
        docked = docking.statement.event if docking is not None and docking.statement is not None else None
        offset = docked.clock_offset_ms if isinstance(docked, RecorderDocked) else None
        modified = collected.modified if isinstance(collected, ClipCollected) else None
        recording = _recording(row, modified, offset, zone)
        if recording is not None:
            found.append(_File(row["promised_index"], recording))
    return found


def _recording(row: RowMapping, modified: str | None, offset_ms: int | None, zone: timezone) -> Recording | None:
    began, ended = _local(row["recorder_time"], zone), _local(modified, zone)
    if began is None:
        return None
    correction = timedelta(milliseconds=offset_ms or 0)
    began -= correction
    collected = parse_time(row["collected_time"])
    if not collected - FARTHEST <= began <= collected + timedelta(days=1):
        return None
    if ended is None or not began <= ended - correction <= began + timedelta(hours=12):
        ended = began + correction + timedelta(seconds=min(6 * 3600, row["size"] // BYTES_A_SECOND))
    return Recording(
        ((row["dock"], row["sha256"]),),
        row["recorder"] or "",
        row["officer"],
        WhoseBasis.RECORDER,
        began,
        ended - correction,
        doubt_of(offset_ms is not None, collected - began),
    )


def _local(text: str | None, zone: timezone) -> datetime | None:
    """A recorder's own time, which names no zone: that of the agency. None for what is no time."""
    try:
        return None if text is None else datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _activities(whole: WholeCase, numbers: frozenset[str], zone: timezone, filmed: tuple[Place, ...]) -> list[Activity]:
    """Records with their times, and the days of each stage."""
    found = []
    for each in whole.documents:
        if each.current and each.began_time is not None and each.ended_time is not None:
            name = next(
                (kind.name for kind in kinds(whole.case.rules, each.stage) if kind.key == each.kind), Said("", "")
            )
            began, ended = parse_time(each.began_time), parse_time(each.ended_time)
            found.append(Activity(whole.case.id, each.stage, name, numbers, began, ended, True, None, filmed))
    for reached in whole.stages:
        first = datetime.combine(datetime.fromisoformat(reached.entered_day).date(), time(), zone)
        last = parse_time(reached.left_time) if reached.left_time is not None else datetime.max.replace(tzinfo=UTC)
        name = whole.case.rules.stage_name(reached.stage)
        found.append(Activity(whole.case.id, reached.stage, name, numbers, first, last, False, None, filmed))
    return found
