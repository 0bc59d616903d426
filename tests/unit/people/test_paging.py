"""Long lists: every row stands on one page, whichever way one turns, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, insert, select

from liuhen_server.database import Database
from liuhen_server.web import paging
from liuhen_server.web.paging import Cut, Place, Turn, counted, cut

rows_of = Table("rows_of", MetaData(), Column("time", String), Column("number", Integer))
ROWS = [(f"2026-11-20T10:00:0{n // 4}.000Z", n) for n in range(23)]  # four at each moment, none twice


Listed = Callable[[Turn | None], Awaitable[Cut]]


@pytest.fixture
async def listed(database_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listed]:
    monkeypatch.setattr(paging, "PAGE_ROWS", 5)
    database = Database(database_url)
    async with database.write() as conn:
        await conn.run_sync(rows_of.metadata.create_all)
        await conn.execute(insert(rows_of), [{"time": time, "number": number} for time, number in ROWS])

    async def page(turn: Turn | None) -> Cut:
        assert turn is not None
        async with database.read() as conn:
            return await cut(conn, select(rows_of), rows_of.c.time, rows_of.c.number, turn)

    yield page
    await database.close()


def numbers(page: Cut) -> list[int]:
    return [row["number"] for row in page.rows]


async def test_turning_older_and_back_shows_every_row_once(listed: Listed) -> None:
    page = await listed(Turn())
    seen: list[int] = []
    pages: list[list[int]] = []
    assert page.newer is None
    while True:
        seen += numbers(page)
        pages.append(numbers(page))
        if page.older is None:
            break
        page = await listed(page.older)
    assert seen == list(reversed(range(23))) and len(pages) == 5
    for expected in reversed(pages[:-1]):
        page = await listed(page.newer)
        assert numbers(page) == expected
    assert page.newer is None


async def test_the_first_page_is_whole_even_when_a_row_came_meanwhile(listed: Listed) -> None:
    page = await listed(Turn(newer=Place(*ROWS[-3])))
    assert numbers(page) == [22, 21, 20, 19, 18] and page.newer is None


async def test_beyond_the_end_there_is_nothing_and_no_error(listed: Listed) -> None:
    assert (await listed(Turn(older=Place("1970-01-01T00:00:00.000Z", 0)))).rows == ()


async def test_counting_ends_where_nobody_counts_any_more(database_url: str) -> None:
    database = Database(database_url)
    try:
        async with database.write() as conn:
            await conn.run_sync(rows_of.metadata.create_all)
            await conn.execute(insert(rows_of), [{"time": time, "number": number} for time, number in ROWS])
            assert await counted(conn, select(rows_of), 10) == 11
            assert await counted(conn, select(rows_of).where(rows_of.c.number < 10), 10) == 10
    finally:
        await database.close()


@pytest.mark.parametrize(
    "text",
    ["", "~", "2026~x", "2026", "x" * 5_000, "2026-11-20T10:00:00.000Z~" + "9" * 19, "a\x00~1", "２０２６~1", "2026~²"],
)
def test_what_is_no_place_is_none(text: str) -> None:
    assert Place.read(text) is None


def test_a_place_is_read_as_it_is_written() -> None:
    place = Place("2026-11-20T10:02:11.000Z", 7)
    assert Place.read(str(place)) == place
