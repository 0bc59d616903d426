"""Agencies and officers: what may be kept, whose dock is whose, and two people at one row."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import insert, select

from liuhen_server.database import Connection, Database, migrate
from liuhen_server.database.schema import docks
from liuhen_server.registry.agencies import (
    Agency,
    add_agency,
    agency_of_dock,
    change_agency,
    docks_of,
    every_agency,
    find_agency,
)
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.officers import (
    Officer,
    add_officer,
    change_officer,
    find_officer,
    list_officers,
)
from liuhen_server.registry.seen import officers_meant

SCJG = Agency("scjg", "朝阳县市场监督管理局", "市监局", "朝县市监", "11211321MB1234567X")
JTYS = Agency("jtys", "朝阳县交通运输局", "交通局", "朝县交")
WANG = Officer(
    "LN-0327", "王丽", "scjg", "执法一队", frozenset({"penalty", "inspection"}), "朝阳县", "2027-12-31", "210327"
)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await migrate(database)
    async with database.write() as conn:
        await add_agency(conn, SCJG)
        await add_agency(conn, JTYS)
    yield database
    await database.close()


async def test_what_was_kept_is_what_is_read(database: Database) -> None:
    async with database.write() as conn:
        kept = await add_officer(conn, WANG)
    async with database.read() as conn:
        assert await find_officer(conn, kept.id) == kept == replace(WANG, id=kept.id, version=1)
        assert await every_agency(conn) == [replace(JTYS, version=1), replace(SCJG, version=1)]
    assert kept.number == f"officer-{kept.id}"


async def test_all_mistakes_are_told_at_once(database: Database) -> None:
    bad = Officer("?", "  ", "nowhere", "x" * 65, frozenset({"king"}), "a\u202eb", "2027-02-30", "000000")
    async with database.write() as conn:
        with pytest.raises(Mistakes) as raised:
            await add_officer(conn, bad)
    assert set(raised.value.fields) == {"certificate", "name", "post", "classes", "area", "expires", "recorder_number"}
    async with database.write() as conn:
        with pytest.raises(Mistakes) as raised:
            await add_agency(conn, Agency("A B", "", "", "abc", "1"))
    assert set(raised.value.fields) == {"code", "name", "short", "case_word", "credit_code"}


@pytest.mark.parametrize("agency", ["nowhere", "closed"])
async def test_an_officer_needs_an_agency_that_enforces(database: Database, agency: str) -> None:
    async with database.write() as conn:
        await add_agency(conn, Agency("closed", "已撤并的局", "旧局", "朝县旧", active=False))
        with pytest.raises(Mistakes, match="agency"):
            await add_officer(conn, replace(WANG, agency=agency))


async def test_a_certificate_and_a_name_are_there_once(database: Database) -> None:
    async with database.write() as conn:
        await add_officer(conn, WANG)
        with pytest.raises(Mistakes, match="certificate: taken"):
            await add_officer(conn, replace(WANG, certificate="ln-0327", name="另一人"))
        for taken in (replace(JTYS, code="x1"), replace(JTYS, code="x1", name="scjg"), replace(JTYS, name="新局")):
            with pytest.raises(Mistakes, match="taken"):
                await add_agency(conn, taken)


async def test_who_saves_second_is_told_and_changes_nothing(database: Database) -> None:
    async with database.write() as conn:
        drawn = await add_officer(conn, WANG)
        await change_officer(conn, replace(drawn, post="执法二队"))
        with pytest.raises(Outdated) as raised:
            await change_officer(conn, replace(drawn, name="王莉"))
        now = await find_officer(conn, drawn.id)
        assert raised.value.version == 2 and now is not None and (now.post, now.name) == ("执法二队", "王丽")
        await change_agency(conn, replace(SCJG, version=1, short="市监"))
        with pytest.raises(Outdated):
            await change_agency(conn, replace(SCJG, version=1, short="市场局"))


async def test_of_two_who_save_at_once_one_is_told(database: Database) -> None:
    async with database.write() as conn:
        drawn = await add_officer(conn, WANG)

    async def save(post: str) -> bool:
        try:
            async with database.write() as conn:
                await change_officer(conn, replace(drawn, post=post))
        except Outdated:
            return False
        return True

    assert sorted(await asyncio.gather(*(save(f"{n} 队") for n in range(4)))) == [False, False, False, True]


async def test_of_what_is_not_there_nothing_is_changed(database: Database) -> None:
    async with database.write() as conn:
        for missing in (0, 99, 1 << 70):
            with pytest.raises(LookupError):
                await change_officer(conn, replace(WANG, id=missing, version=1))
        with pytest.raises(LookupError):
            await change_agency(conn, replace(JTYS, code="none", name="没有的局", version=1))
        assert await find_agency(conn, "'; DROP TABLE agencies; --\x00") is None


async def _dock(conn: Connection, name: str, agency: str) -> None:
    row = {
        "public_key": "00" * 32,
        "state": "enrolled",
        "enrolled_index": 1,
        "enrolled_time": "2026-11-22T10:00:00.000Z",
    }
    await conn.execute(insert(docks).values(name=name, agency=agency, **row))


async def test_a_dock_belongs_to_the_agency_of_its_code_or_name_and_else_to_none(database: Database) -> None:
    async with database.write() as conn:
        for name, agency in (("d1", "scjg"), ("d2", SCJG.name), ("d3", "别处"), ("d4", "jtys")):
            await _dock(conn, name, agency)
    async with database.read() as conn:
        assert [await agency_of_dock(conn, f"d{n}") for n in range(1, 6)] == ["scjg", "scjg", None, "jtys", None]
        assert {row.name for row in await conn.execute(docks_of("scjg"))} == {"d1", "d2"}
        assert (await conn.execute(docks_of(None))).all() == []
        assert (await conn.execute(select(docks.c.name).where(docks.c.name.not_in(docks_of("scjg"))))).all()


async def test_officers_are_found_by_part_of_what_stands_there_and_nothing_else(database: Database) -> None:
    async with database.write() as conn:
        await _dock(conn, "d1", "scjg")
        for n in range(5):
            await add_officer(conn, replace(WANG, certificate=f"LN-{n:04}", name=f"王{n}", recorder_number=f"21032{n}"))
        await add_officer(conn, replace(WANG, certificate="JT-1", agency="jtys", name="李_%", recorder_number="210321"))
    async with database.read() as conn:
        found = await list_officers(conn, agency="scjg", limit=2, offset=1)
        assert (found.total, [each.certificate for each in found.officers]) == (5, ["LN-0001", "LN-0002"])
        assert [each.name for each in (await list_officers(conn, text="_%")).officers] == ["李_%"]
        assert (await list_officers(conn, text="ln-0003")).total == 1
        told = [("d1", number, "2026-11-22T10:00:00.000Z") for number in ("210321", "LN-0002", "000000")]
        meant = await officers_meant(conn, told)
        assert [len(meant[each]) for each in told] == [1, 1, 0]


def test_a_certificate_is_good_to_the_end_of_its_last_day() -> None:
    assert WANG.certified(date(2027, 12, 31)) and not WANG.certified(date(2028, 1, 1))
    assert not replace(WANG, expires=None).certified(date(2026, 1, 1))
