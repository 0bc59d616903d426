"""The list of clips of one agency: the same rows whichever way they are looked up, and never one of another agency's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from sqlalchemy import and_, insert

from liuhen_server.database import Database, migrate
from liuhen_server.database.schema import clips, docks
from liuhen_server.registry.agencies import docks_of
from liuhen_server.web.clip_list import Filters, _listed
from liuhen_server.web.context import CHINA
from liuhen_server.web.paging import Turn, beside
from support.people import OTHERS, OURS, our_agency

NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await migrate(database)
    async with database.write() as conn:
        for agency in (OURS, OTHERS):
            await our_agency(conn, agency)
        row = {"public_key": "00" * 32, "state": "enrolled", "enrolled_index": 1, "enrolled_time": "2026"}
        for name, agency_text in (("d1", OURS.code), ("d2", OURS.name), ("d3", OTHERS.name), ("d4", "nobody's")):
            await conn.execute(insert(docks).values(name=name, agency=agency_text, **row))
        for n in range(40):
            time = f"2026-11-{n % 20 + 1:02}T10:00:00.000Z"
            verdict = ("holds", "undecided", "broken")[n % 3]
            clip = {"kind": "original", "size": 1, "chunk_root": "00" * 32, "name": "n", "important": False}
            where = {"sha256": f"{n:064x}", "dock": f"d{n % 4 + 1}", "collected_time": time, "promised_index": n}
            await conn.execute(insert(clips).values(**clip, **where, verdict=verdict))
    yield database
    await database.close()


@pytest.mark.parametrize("verdict", ["", "holds", "undecided", "broken"])
@pytest.mark.parametrize("day", ["", "2026-11-03"])
async def test_every_way_of_looking_finds_the_same_clips(database: Database, verdict: str, day: str) -> None:
    filters = Filters(verdict=verdict, day=day)
    by_index = and_(clips.c.dock.in_(docks_of(OURS.code)), filters.condition(CHINA, NOW))
    walked = and_(beside(clips.c.dock).in_(docks_of(OURS.code)), filters.condition(CHINA, NOW))
    async with database.read() as conn:
        one, other = await _listed(conn, by_index, Turn()), await _listed(conn, walked, Turn())
    assert one == other and {row.clip.dock for row in one.rows} <= {"d1", "d2"}
    wanted = [
        n for n in range(40) if n % 4 in (0, 1) and (not verdict or ("holds", "undecided", "broken")[n % 3] == verdict)
    ]
    wanted = [n for n in wanted if not day or n % 20 + 1 == 3]
    assert sorted(row.clip.promised_index for row in one.rows) == wanted


async def test_of_an_agency_without_docks_or_of_none_there_is_nothing(database: Database) -> None:
    async with database.read() as conn:
        for code in (None, "", "nobody's", "none"):
            condition = and_(clips.c.dock.in_(docks_of(code)), Filters().condition(CHINA, NOW))
            assert (await _listed(conn, condition, Turn())).rows == []
