"""A recorder is found from the act on that registered it, by those alone who may see the register; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from liuhen_server.registry.changes import keep_recorder
from liuhen_server.registry.indexed import RECORDER, recorders_to_find
from liuhen_server.registry.recorders import Recorder
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import Filters, Finder, Page
from liuhen_server.web.context import CHINA
from liuhen_server.web.language import Language, Words
from liuhen_server.web.search_kinds import recorder_lines
from support.case_office import HEAD, Office, office_in


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office


async def test_a_recorder_is_found_by_serial_and_model_as_they_are_now(office: Office) -> None:
    async with office.acts.of(HEAD) as act:
        kept = await keep_recorder(act, Recorder("ZF00127", office.agency, "DSJ-A9"))
        await keep_recorder(act, replace(kept, model="DSJ-B1"))

    async def found(typed: str, reach: Reach) -> list[str]:
        groups = (await Finder(office.archive.database).find(typed, {RECORDER: reach}, Filters(), Page())).groups
        async with office.archive.database.read() as conn:
            lines = [await recorder_lines(conn, group.hits, Words(Language.CHINESE, CHINA)) for group in groups]
        return [line.address for each in lines for line in each.values()]

    own, other = Reach(frozenset({office.agency})), Reach(frozenset({office.other}))
    for typed, reach, there in (
        ("ZF00127", Reach(), True),
        ("DSJ-B1", own, True),
        ("DSJ-A9", own, False),
        ("ZF00127", other, False),
    ):
        assert await found(typed, reach) == ([f"/recorders/{kept.id}"] if there else []), typed
    async with office.archive.database.read() as conn:
        (document,), after = await recorders_to_find(conn, 0, 5)
        assert (document.id, after) == (str(kept.id), None)
