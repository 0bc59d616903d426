"""Recorders, officers and what people say of clips are found from the act on that wrote them, by those alone who may see them; on
SQLite and PostgreSQL.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from liuhen_server.custody.evidence import find_clip
from liuhen_server.custody.indexed import MARK, marks_to_find
from liuhen_server.custody.marks import mark
from liuhen_server.registry.changes import keep_officer, keep_recorder
from liuhen_server.registry.indexed import OFFICER, RECORDER, officers_to_find, recorders_to_find
from liuhen_server.registry.officers import Officer
from liuhen_server.registry.recorders import Recorder
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import Filters, Finder, Page
from liuhen_server.search.sources import of_dock
from liuhen_server.web.context import CHINA
from liuhen_server.web.language import Language, Words
from liuhen_server.web.search_kinds import KINDS, Kind, Line, recorder_lines
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


async def _found(office: Office, kind: Kind, typed: str, reach: Reach) -> list[Line]:
    groups = (await Finder(office.archive.database).find(typed, {kind.name: reach}, Filters(), Page())).groups
    async with office.archive.database.read() as conn:
        lines = [await kind.lines(conn, group.hits, Words(Language.CHINESE, CHINA)) for group in groups]
    return [line for each in lines for line in each.values()]


def kind_of(name: str) -> Kind:
    return next(each for each in KINDS if each.name == name)


async def test_an_officer_is_found_by_name_certificate_and_number_as_they_are_now(office: Office) -> None:
    async with office.acts.of(HEAD) as act:
        officer = Officer("LN-77001", "欧阳静", office.agency, recorder_number="330177")
        kept = await keep_officer(act, officer)
        kept = await keep_officer(act, replace(kept, recorder_number="330178"))
    own, other = Reach(frozenset({office.agency})), Reach(frozenset({office.other}))
    for typed, reach, there in (
        ("欧阳静", Reach(), True),
        ("欧阳", own, True),
        ("LN-77001", own, True),
        ("330178", own, True),
        ("330177", own, False),
        ("欧阳静", other, False),
    ):
        found = [line.address for line in await _found(office, kind_of(OFFICER), typed, reach)]
        assert found == ([f"/officers/{kept.id}"] if there else []), typed
    async with office.archive.database.read() as conn:
        documents, after = await officers_to_find(conn, 0, 100)
    assert str(kept.id) in {each.id for each in documents} and after is None


async def test_a_mark_is_found_by_its_words_and_leads_to_its_clip(office: Office) -> None:
    dock, sha256 = await office.clip("a", promised_index=17)
    async with office.archive.database.read() as conn:
        clip = await find_clip(conn, dock, sha256)
    assert clip is not None
    index = await mark(office.acts, HEAD, clip, 65_000, "moment", "当事人当场签收\n封条完好")
    seen, other = Reach(frozenset(), frozenset({of_dock(dock)})), Reach(frozenset(), frozenset({of_dock("dock-9")}))
    for typed, reach, there in (
        ("签收", seen, True),
        ("封条完好", Reach(), True),
        ("签收", other, False),
        ("拒签", seen, False),
    ):
        found = await _found(office, kind_of(MARK), typed, reach)
        assert [line.address for line in found] == ([f"/clips/{dock}/{sha256}#marks"] if there else []), typed
    (line,) = await _found(office, kind_of(MARK), "签收", seen)
    assert line.facts == (("search.words", "当事人当场签收 封条完好"),)
    async with office.archive.database.read() as conn:
        (document,), after = await marks_to_find(conn, 0, 5)
    assert (document.id, after) == (str(index), None)
