"""Recorders of the office as its people register them and its docks report them, and what the log then has of the register."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from liuhen_protocol.events import RegistryChanged
from liuhen_server.acts import commitment_of, said
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stays import Stay, find_stay
from liuhen_server.registry.changes import keep_recorder
from liuhen_server.registry.recorders import Recorder
from support.case_office import HEAD, Office

DAY = "2026-11-{:02}T10:00:00.000Z"
HOSTILE = "<img src=x onerror=alert(1)>'; DROP TABLE recorders; --"


async def registered(office: Office, serial: str = "0000127", **more: Any) -> Recorder:
    async with office.acts.of(HEAD) as act:
        return await keep_recorder(act, Recorder(serial, office.agency, **more))


async def docked(office: Office, serial: str = "0000127", index: int = 900, **more: object) -> Stay:
    """A stay as the log would tell it."""
    row: dict[str, object] = {
        "docked_index": index,
        "dock": office.dock,
        "seq": index,
        "session": f"s-{index}",
        "time": DAY.format(index % 28 + 1),
        "bay": "1",
        "recorder": serial,
        "officer": None,
        "quarantined": False,
        "premature": False,
        "files": 3,
        **dict.fromkeys(("total_bytes", "failed", "missing", "deleted", "problems", "cleared"), 0),
    }
    async with office.archive.database.write() as conn:
        await conn.execute(insert(stays).values(row | more))
        found = await find_stay(conn, index)
    assert found is not None
    return found


async def what_was_said(office: Office) -> list[tuple[str, str, int, str]]:
    """Of the log, each with its commitment checked against the words that were kept."""
    events = [each.event for each in await office.stated("registry.changed")]
    async with office.archive.database.read() as conn:
        kept = {row.sha256: row for row in await conn.execute(select(said))}
    found = []
    for event in events:
        assert isinstance(event, RegistryChanged) and event.said is not None
        row = kept[event.said]
        assert commitment_of(row.salt, row.text) == event.said
        found.append((event.thing, event.what, event.version, event.by))
    return found
