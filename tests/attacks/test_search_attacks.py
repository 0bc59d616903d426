"""What is typed into the search box to break it, to read more than one may, or to run in somebody's browser: it is found or it is not."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from jinja2 import Environment, PackageLoader
from sqlalchemy import func, select

from liuhen_server.database import Database, migrate
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import Filters as Asked
from liuhen_server.search.finder import Finder, Page
from liuhen_server.search.index import Indexed, put
from liuhen_server.search.question import ask, plainly
from liuhen_server.search.schema import search_documents
from liuhen_server.web.search_pages import Filters, marked

HOSTILE = [
    '"',
    "'",
    '" OR "',
    "' OR 1=1 --",
    "'); DROP TABLE search_documents; --",
    "words : 查封",
    "{words} : x",
    "查封 AND",
    "AND OR NOT",
    "NOT 查封",
    "NEAR(查 封, 9)",
    "查* *",
    "^查封",
    "查 + 封",
    "查 <-> 封 & | ! :*",
    "a:b:c ((()",
    "\\",
    "\\'",
    "$1 %s :asked {0} ?",
    "_kclip _knote",
    "\x00",
    "查\x00封",
    "\ud800",
    "\u202e\u200b\ufeff",
    "\x1f",
    "%' LIKE '%",
    "a" * 10_000,
    "查" * 10_000,
    "查 " * 10_000,
    '"' * 10_000,
    "9f86d081" * 1_000,
    "e\u0301" * 5_000,
    "\U0001f600" * 3_000,
]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await migrate(database)
    async with database.write() as conn:
        await put(conn, [Indexed("note", "1", None, None, "查封现场")])
        await put(conn, [Indexed("secret", "2", "乙局", None, "查封 the other agency's 现场")])
    yield database
    await database.close()


async def test_nothing_that_is_typed_is_an_error_or_shows_what_may_not_be_seen(database: Database) -> None:
    visible = {"note": Reach(), "secret": Reach(frozenset({"甲局"}))}
    for typed in HOSTILE:
        found = await Finder(database).find(typed, visible, Asked(), Page())
        assert {hit.id for group in found.groups for hit in group.hits} <= {"1"}, typed[:40]
        found = await Finder(database).find("查封 " + typed, visible, Asked(agencies=frozenset({typed[:80]})), Page())
        assert found.groups == (), typed[:40]
    async with database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(search_documents))).scalar_one() == 2


async def test_hostile_documents_are_kept_and_found_as_text(database: Database) -> None:
    async with database.write() as conn:
        await put(conn, [Indexed("note", f"h{n}", "a'b\"", "no time", text) for n, text in enumerate(HOSTILE)])
        await put(conn, [Indexed("note", f"h{n}", None, None, text + " x") for n, text in enumerate(HOSTILE)])
    found = await Finder(database).find("DROP TABLE", {"note": Reach()}, Asked(), Page())
    assert [hit.id for hit in found.groups[0].hits] == ["h4"]


@pytest.mark.parametrize(
    "name",
    ["<script>alert(1)</script> 查封", '查封"><img src=x onerror=alert(1)>', "&lt;b&gt;查封", "</mark>查封<mark>"],
)
@pytest.mark.parametrize("typed", ["查封", "script alert img src mark lt b", "<mark>", "x\"'><"])
def test_a_hostile_name_stays_text_when_it_is_marked(name: str, typed: str) -> None:
    template = Environment(loader=PackageLoader("liuhen_server.web", "templates"), autoescape=True).get_template(
        "parts.html"
    )
    shown = str(vars(template.module)["marked"](marked(ask(typed), name)))
    bare = shown.replace("<mark>", "").replace("</mark>", "")
    assert "<" not in bare and ">" not in bare and '"' not in bare
    assert shown.count("<mark>") == shown.count("</mark>")


@pytest.mark.parametrize(
    "query",
    [
        "q=%00&kind=x&from=2026-13-40&before=-1",
        "q=%ed%a0%80&agency=%00",
        "kind=clip&before=" + "9" * 50,
        "from=0001-01-01&to=9999-12-31",
        "q=" + "%e6%9f%a5" * 2_000,
        "before=7",
        "kind=clip&before=%D9%A7",
    ],
)
def test_an_address_with_values_that_are_none_asks_for_nothing_by_them(query: str) -> None:
    filters = Filters.of(make_mocked_request("GET", "/search?" + query))
    assert filters.asked.isprintable() and len(filters.asked) <= 400 and filters.before is None
    assert (filters.first, filters.last) == (None, None) and filters.agency.isprintable()
    assert filters.address("clip").isascii()


def test_what_is_kept_of_a_search_has_no_sign_that_a_text_may_not_have() -> None:
    assert plainly(" 张\x00伟\u202e ") == "张 伟"


def test_the_index_of_words_holds_no_text_in_the_clear_beside_the_documents(tmp_path: Path) -> None:
    """Who forgets a document forgets its words: FTS5 keeps no copy of the text."""
    import asyncio
    import sqlite3

    async def run() -> None:
        database = Database(f"sqlite:///{tmp_path / 'a.db'}")
        await migrate(database)
        await database.close()

    asyncio.run(run())
    with sqlite3.connect(tmp_path / "a.db") as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE name LIKE 'search_words%'")}
    assert "search_words_content" not in names and "search_words_idx" in names
