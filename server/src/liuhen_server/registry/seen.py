"""What docks reported of recorders: where each was last, whom its number meant, and what nobody has said anything of yet."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, and_, cast, exists, func, literal, or_, select

from liuhen_server.acts import said
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stays import Stay, stay_of
from liuhen_server.database import Connection
from liuhen_server.registry.agencies import agency_then, codes_of
from liuhen_server.registry.changes import KIND
from liuhen_server.registry.holdings import Docking, meant
from liuhen_server.registry.recorders import Recorder
from liuhen_server.registry.schema import officers, proposals, recorders

__all__ = [
    "MOST_SHOWN",
    "Unknown",
    "dockings_of",
    "in_quarantine",
    "last_seen",
    "numbers_ever",
    "officers_meant",
    "stays_of_recorder",
    "unknown_recorders",
]

MOST_SHOWN = 200
MOST_STAYS = 2_000


@dataclass(frozen=True, slots=True)
class Unknown:
    """A serial that docks reported and the register does not have: how often, since when, and its last stay."""

    serial: str
    stays: int
    first_time: str
    last: Stay


async def last_seen(conn: Connection, serials: Iterable[str]) -> dict[str, Stay]:
    """The last stay of each recorder, of those that had one."""
    newest = select(func.max(stays.c.docked_index)).where(stays.c.recorder.in_(set(serials))).group_by(stays.c.recorder)
    rows = (await conn.execute(select(stays).where(stays.c.docked_index.in_(newest)))).mappings()
    return {row["recorder"]: stay_of(row) for row in rows}


async def stays_of_recorder(conn: Connection, serial: str, most: int = MOST_STAYS) -> list[Stay]:
    """Newest first."""
    query = select(stays).where(stays.c.recorder == serial).order_by(stays.c.docked_index.desc()).limit(most)
    return [stay_of(row) for row in (await conn.execute(query)).mappings()]


async def unknown_recorders(conn: Connection, reachable: ColumnElement[bool]) -> list[Unknown]:
    """The one seen last first. `reachable`: of which stays (`guard.of_reachable_docks`). What two people put aside is left out."""
    of_each = (
        select(
            stays.c.recorder,
            func.count().label("stays"),
            func.min(stays.c.docked_index).label("first"),
            func.max(stays.c.docked_index).label("last"),
        )
        .where(reachable)
        .group_by(stays.c.recorder)
        .subquery()  # first counted, then asked: there are far fewer recorders than stays
    )
    registered = exists(select(recorders.c.id).where(recorders.c.serial == of_each.c.recorder))
    aside = exists(
        select(proposals.c.id).where(
            proposals.c.kind == "recorder", proposals.c.about == of_each.c.recorder, proposals.c.state == "confirmed"
        )
    )
    query = select(of_each).where(~registered, ~aside).order_by(of_each.c.last.desc()).limit(MOST_SHOWN)
    found = (await conn.execute(query)).mappings().all()
    wanted = {row["first"] for row in found} | {row["last"] for row in found}
    rows = await conn.execute(select(stays).where(stays.c.docked_index.in_(wanted)))
    of = {row["docked_index"]: stay_of(row) for row in rows.mappings()}
    return [Unknown(row["recorder"], row["stays"], of[row["first"]].time, of[row["last"]]) for row in found]


async def in_quarantine(conn: Connection, reachable: ColumnElement[bool]) -> list[Stay]:
    """Stays of unknown devices that left files here and of which nothing is decided, the newest first."""
    decided = exists(
        select(proposals.c.id).where(
            proposals.c.kind == "clips", proposals.c.stay == stays.c.docked_index, proposals.c.state == "confirmed"
        )
    )
    query = select(stays).where(reachable, stays.c.quarantined.is_(True), stays.c.files > 0, ~decided)
    rows = await conn.execute(query.order_by(stays.c.docked_index.desc()).limit(MOST_SHOWN))
    return [stay_of(row) for row in rows.mappings()]


async def dockings_of(conn: Connection, recorder: Recorder, of: Sequence[Stay]) -> list[Docking]:
    """Its stays with the officer whom its number meant at that time, of the agency whose the dock was then: officers' numbers change
    hands, and two agencies had the same before they were merged. In a dock of another agency, of all the recorder's agency carries on for.
    """
    codes = {str(each) for each in (await conn.execute(codes_of(recorder.agency))).scalars()}
    then = await agency_then(conn, {stay.dock for stay in of})
    versions = await _versions(conn, {stay.officer for stay in of if stay.officer})
    found = []
    for stay in of:
        own = then(stay.dock, stay.time)
        officers_then = meant(stay.officer, _of(versions, {own} if own in codes else codes), stay.time)
        officer = next(iter(officers_then)) if len(officers_then) == 1 else None
        found.append(Docking(stay.time, stay.ended_time, officer))
    return found


async def officers_meant(
    conn: Connection, said_there: Iterable[tuple[str, str, str]]
) -> dict[tuple[str, str, str], frozenset[int]]:
    """Of each (dock, number, time): the officers (ids) whom a recorder meant by this number in this dock then, theirs or their
    certificate's, of the agency whose the dock was at that time.
    """
    wanted = set(said_there)
    then = await agency_then(conn, {dock for dock, _, _ in wanted})
    versions = await _versions(conn, {number for _, number, _ in wanted})
    return {
        (dock, number, time): meant(number, _of(versions, {then(dock, time)}), time) for dock, number, time in wanted
    }


async def numbers_ever(conn: Connection, officer_ids: Iterable[int]) -> frozenset[str]:
    """Every number by which recorders ever meant these officers."""
    found = await _versions_of(conn, set(officer_ids))
    return frozenset(each for own in found.values() for _, _, *numbers in own for each in numbers if each)


_Version = tuple[str, str, str | None, str]
"""How an officer was from a time on: (saved then, agency, recorder number, certificate)."""


def _of(
    versions: Mapping[int, Sequence[_Version]], codes: Collection[str | None]
) -> dict[int, list[tuple[str, str | None, str]]]:
    """As these agencies had them: while an officer was of another one, no number of theirs meant him."""
    return {
        officer: [
            (time, number, certificate) if agency in codes else (time, None, "")
            for time, agency, number, certificate in own
        ]
        for officer, own in versions.items()
    }


async def _versions(conn: Connection, numbers: Collection[str]) -> dict[int, list[_Version]]:
    """The versions, oldest first, of each officer who ever had one of these numbers."""
    if not numbers:
        return {}
    now = select(officers.c.id).where(or_(officers.c.recorder_number.in_(numbers), officers.c.certificate.in_(numbers)))
    written = [said.c.text.contains(json.dumps(each, ensure_ascii=False), autoescape=True) for each in sorted(numbers)]
    name = literal("officer-").concat(cast(officers.c.id, String))
    ever = select(officers.c.id).join(said, and_(said.c.about == name, said.c.kind == KIND)).where(or_(*written))
    return await _versions_of(conn, {row.id for row in await conn.execute(now.union(ever))})


async def _versions_of(conn: Connection, officer_ids: Collection[int]) -> dict[int, list[_Version]]:
    found: dict[int, list[_Version]] = defaultdict(list)
    query = select(said.c.about, said.c.time, said.c.text).where(
        said.c.kind == KIND, said.c.about.in_([f"officer-{each}" for each in officer_ids]), said.c.text.is_not(None)
    )
    for row in await conn.execute(query.order_by(said.c.id)):
        kept = json.loads(row.text)
        officer = int(row.about.removeprefix("officer-"))
        version = (row.time, kept.get("agency") or "", kept.get("recorder_number"), kept.get("certificate") or "")
        found[officer].append(version)
    for row in await conn.execute(select(officers).where(officers.c.id.in_(officer_ids))):
        if row.id not in found:  # kept before there were versions
            found[row.id].append(("", row.agency, row.recorder_number, row.certificate))
    return dict(found)
