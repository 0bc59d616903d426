"""Agencies, officers and recorders kept as acts: the row, what it says from now on in words, and `registry.changed`.

The words (one JSON object) lie in the database under the statement's commitment: every version stays, and is bound to
its moment without a name in the log.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace

from sqlalchemy import RowMapping, Table, select, update

from liuhen_protocol.events import RegistryChanged
from liuhen_server.acts import Act, said
from liuhen_server.database import Connection
from liuhen_server.log import Stated
from liuhen_server.registry.agencies import Agency, add_agency, change_agency
from liuhen_server.registry.indexed import keep_findable, keep_officer_findable
from liuhen_server.registry.officers import Officer, add_officer, change_officer, officer_of
from liuhen_server.registry.recorders import Recorder, add_recorder, change_recorder, recorder_of
from liuhen_server.registry.schema import officers, recorders

__all__ = [
    "KIND",
    "Version",
    "hand_to_successor",
    "keep_agency",
    "keep_officer",
    "keep_recorder",
    "state_row",
    "versions",
]

KIND = "registry"


async def keep_agency(act: Act, given: Agency) -> Agency:
    """Adds it (version 0) or changes what was drawn. Raises Mistakes, Outdated, LookupError."""
    kept = await (change_agency if given.version else add_agency)(act.conn, given)
    await _state(act, kept, asdict(kept))
    return kept


async def keep_officer(act: Act, given: Officer) -> Officer:
    """Adds the officer (version 0) or changes what was drawn. Raises Mistakes, Outdated, LookupError."""
    kept = await (change_officer if given.version else add_officer)(act.conn, given)
    await keep_officer_findable(act.conn, kept)
    await _state(act, kept, asdict(kept) | {"classes": sorted(kept.classes)})
    return kept


async def keep_recorder(act: Act, given: Recorder, *, as_docked: bool = False) -> Recorder:
    """Adds it (version 0) or changes what was drawn. Raises Mistakes, Outdated, LookupError."""
    if given.version:
        kept = await change_recorder(act.conn, given, act.time)
    else:
        kept = await add_recorder(act.conn, given, act.time, as_docked=as_docked)
    await keep_findable(act.conn, kept)
    await _state(act, kept, asdict(kept) | {"state": kept.state.value})
    return kept


async def hand_to_successor(act: Act, agency: str, into: str) -> None:
    """Officers and recorders of an agency that is merged, as they are: who holds a recorder goes on holding it."""
    for officer in [officer_of(row) for row in await _rows_of(act.conn, officers, agency)]:
        person = replace(officer, agency=into, version=officer.version + 1)
        await keep_officer_findable(act.conn, person)
        await _state(act, person, asdict(person) | {"classes": sorted(person.classes)})
    for recorder in [recorder_of(row) for row in await _rows_of(act.conn, recorders, agency)]:
        device = replace(recorder, agency=into, version=recorder.version + 1)
        await keep_findable(act.conn, device)
        await _state(act, device, asdict(device) | {"state": device.state.value})
    for table in (officers, recorders):
        moved = update(table).where(table.c.agency == agency)
        await act.conn.execute(moved.values(agency=into, version=table.c.version + 1))


async def _rows_of(conn: Connection, table: Table, agency: str) -> Sequence[RowMapping]:
    return (await conn.execute(select(table).where(table.c.agency == agency).order_by(table.c.id))).mappings().all()


async def _state(act: Act, kept: Agency | Officer | Recorder, row: dict[str, object]) -> None:
    await state_row(act, kept.number, kept.version, row, "created" if kept.version == 1 else "changed")


async def state_row(act: Act, number: str, version: int, row: Mapping[str, object], what: str) -> Stated:
    """A row of the registry as it is from here on: its words beside the database, their commitment in the log."""
    text = json.dumps(row, ensure_ascii=False, sort_keys=True)
    commitment = await act.commit_text(KIND, number, text)
    return await act.state(RegistryChanged(number, act.by, what, version, commitment.sha256))


@dataclass(frozen=True, slots=True)
class Version:
    """How a row was at one of its versions, who saved it and when. `row` empty: its words were disposed of."""

    by: str
    time: str
    row: dict[str, object]


async def versions(conn: Connection, number: str) -> list[Version]:
    """Every version of a row (`officer-12`), newest first."""
    query = select(said).where(said.c.about == number, said.c.kind == KIND).order_by(said.c.id.desc())
    rows = await conn.execute(query.limit(200))
    return [Version(row.by, row.time, json.loads(row.text) if row.text is not None else {}) for row in rows]
