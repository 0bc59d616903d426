"""What docks reported of recorders: where each was last, whom its number meant, and what nobody has said anything of yet."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, exists, func, select

from liuhen_server.acts import said
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stays import Stay, stay_of
from liuhen_server.database import Connection
from liuhen_server.registry.changes import KIND
from liuhen_server.registry.holdings import Docking, number_then, whom
from liuhen_server.registry.recorders import Recorder
from liuhen_server.registry.schema import officers, proposals, recorders

__all__ = [
    "MOST_SHOWN",
    "Unknown",
    "dockings_of",
    "in_quarantine",
    "last_seen",
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
    """Its stays with the officer of its agency whom its number meant at that time: officers' numbers change hands."""
    told = {stay.officer for stay in of}
    numbers = {
        officer: versions
        for officer, versions in (await _numbers(conn, recorder.agency)).items()
        if any(number in told or certificate in told for _, number, certificate in versions)
    }
    found = []
    for stay in of:
        then = {officer: number_then(versions, stay.time) for officer, versions in numbers.items()}
        found.append(Docking(stay.time, stay.ended_time, whom(stay.officer, then)))
    return found


async def _numbers(conn: Connection, agency: str) -> dict[int, list[tuple[str, str | None, str]]]:
    """Of each officer of the agency: (when it was saved, recorder number, certificate), oldest first."""
    of = {row.id: row for row in await conn.execute(select(officers).where(officers.c.agency == agency))}
    found: dict[int, list[tuple[str, str | None, str]]] = defaultdict(list)
    query = select(said.c.about, said.c.time, said.c.text).where(
        said.c.kind == KIND, said.c.about.in_([f"officer-{each}" for each in of]), said.c.text.is_not(None)
    )
    for row in await conn.execute(query.order_by(said.c.id)):
        kept = json.loads(row.text)
        if kept.get("agency") == agency:
            number = int(row.about.removeprefix("officer-"))
            found[number].append((row.time, kept.get("recorder_number"), kept.get("certificate") or ""))
    for number, row in of.items():
        if number not in found:  # kept before there were versions
            found[number].append(("", row.recorder_number, row.certificate))
    return dict(found)
