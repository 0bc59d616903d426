"""A recorder as it is found: by its serial and its model; an officer: by name, certificate, and the number that recorders write."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from liuhen_server.database import Connection
from liuhen_server.registry.officers import Officer, officer_of
from liuhen_server.registry.recorders import Recorder, recorder_of
from liuhen_server.registry.schema import officers, recorders
from liuhen_server.search.index import Indexed, put
from liuhen_server.search.words import GAP

__all__ = [
    "OFFICER",
    "RECORDER",
    "keep_findable",
    "keep_officer_findable",
    "officers_to_find",
    "recorders_to_find",
]

RECORDER, OFFICER = "recorder", "officer"


async def keep_findable(conn: Connection, recorder: Recorder) -> None:
    """To be called in the act that added or changed it."""
    await put(conn, [_document(recorder)])


async def recorders_to_find(conn: Connection, position: int, most: int) -> tuple[Sequence[Indexed], int | None]:
    """Every recorder again, from a position on (`search.sources.Source`)."""
    query = select(recorders).where(recorders.c.id > position).order_by(recorders.c.id).limit(most)
    found = [recorder_of(row) for row in (await conn.execute(query)).mappings()]
    return [_document(each) for each in found], found[-1].id if len(found) == most else None


async def keep_officer_findable(conn: Connection, officer: Officer) -> None:
    """To be called in the act that added or changed the officer."""
    await put(conn, [_officer(officer)])


async def officers_to_find(conn: Connection, position: int, most: int) -> tuple[Sequence[Indexed], int | None]:
    """Every officer again, from a position on (`search.sources.Source`)."""
    query = select(officers).where(officers.c.id > position).order_by(officers.c.id).limit(most)
    found = [officer_of(row) for row in (await conn.execute(query)).mappings()]
    return [_officer(each) for each in found], found[-1].id if len(found) == most else None


def _officer(officer: Officer) -> Indexed:
    text = GAP.join(each for each in (officer.name, officer.certificate, officer.recorder_number) if each)
    return Indexed(OFFICER, str(officer.id), officer.agency, None, text)


def _document(recorder: Recorder) -> Indexed:
    text = GAP.join(each for each in (recorder.serial, recorder.model) if each)
    return Indexed(RECORDER, str(recorder.id), recorder.agency, recorder.state_time, text)
