"""The index on SQLite and on PostgreSQL: both find what the rule says, and nobody finds what he may not see."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from liuhen_server.database import Database, migrate
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import COUNTED, Filters, Page
from liuhen_server.search.index import Indexed, empty
from liuhen_server.search.question import answers, ask
from liuhen_server.search.schema import search_documents
from liuhen_server.search.words import MOST_TIMES, MOST_WORDS, index_text
from unit.search.conftest import Index, note

PIECES = "朝 阳 市 场 监 罚 〔 2019 12 号 ab B é e\u0301 - _ . ' \" \\ * & ﬁ 𠀀 \ue863 9f86d081 9f86d081884c7d65 ２０１９ 한 ß SS İ ก ำ 😀 \u200b"
SIGNS = st.sampled_from([*PIECES.split(" "), " ", "\x1f"])
TEXTS = st.lists(SIGNS, max_size=12).map("".join)


def by_the_rule(typed: str, texts: list[str]) -> set[str]:
    question = ask(typed)
    if not question.parts:
        return set()
    return {str(n) for n, text in enumerate(texts) if answers(question, index_text(text).split(" "))}


@given(texts=st.lists(TEXTS, min_size=1, max_size=6), typed=st.lists(TEXTS, min_size=1, max_size=5), pick=st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_both_databases_find_what_the_rule_says(
    index: Index, texts: list[str], typed: list[str], pick: st.DataObject
) -> None:
    part = pick.draw(st.sampled_from(texts))
    begin = pick.draw(st.integers(0, len(part)))
    typed.append(part[begin : begin + pick.draw(st.integers(1, 6))])
    async with index.database.write() as conn:
        await empty(conn)
    await index.put(*(note(n, text) for n, text in enumerate(texts)))
    for each in typed:
        assert await index.ids(each) == by_the_rule(each, texts), each
    # the same after every text was changed, and nothing of the old one is left
    changed = [*texts[1:], ""]
    await index.put(*(note(n, text) for n, text in enumerate(changed)))
    for each in typed:
        assert await index.ids(each) == by_the_rule(each, changed), each


async def test_a_document_that_is_put_again_is_changed_and_one_that_is_forgotten_is_gone(index: Index) -> None:
    await index.put(note(1, "查封现场"), note(2, "查封决定"))
    await index.put(note(1, "扣押现场"), note(2, "查封决定"))
    assert await index.ids("查封") == {"2"} and await index.ids("扣押") == {"1"}
    await index.forget("note", "2", "3")
    assert await index.ids("查封") == set()
    async with index.database.read() as conn:
        assert (await conn.execute(select(func.count()).select_from(search_documents))).scalar_one() == 1


async def test_a_transaction_that_fails_leaves_the_index_as_it_was(index: Index) -> None:
    from liuhen_server.search.index import put

    await index.put(note(1, "查封现场"))
    with pytest.raises(RuntimeError):
        async with index.database.write() as conn:
            await put(conn, [note(1, "扣押"), note(2, "查封")])
            raise RuntimeError
    assert await index.ids("查封") == {"1"} and await index.ids("扣押") == set()


async def test_texts_longer_than_an_index_holds_are_found_by_their_beginning(index: Index) -> None:
    await index.put(
        note("repeated", "的" * 2_000 + "查封"),
        note("long", "甲 " * MOST_WORDS + "查封"),
        note("words", " ".join(f"{n:064}" for n in range(5_000))),
        note("wide", "\U00010450" * 400_000),
    )
    assert await index.ids("查封") == {"repeated"}
    assert await index.ids("的" * MOST_TIMES) == {"repeated"}
    assert await index.ids(f"{7:064}") == {"words"}


async def test_a_recorder_and_a_file_are_found_by_the_beginning_of_their_names(index: Index) -> None:
    await index.put(
        note("one", "DSJ7A01_21032720261120180211_0001.MP4"),
        note("other", "DSJ7B02_21035520261121090000_0001.MP4"),
    )
    for typed in ("DSJ7A", "dsj7a0", "DSJ7A01_210327", "210327", "2103272026112"):
        assert await index.ids(typed) == {"one"}, typed
    assert await index.ids("DSJ7") == {"one", "other"}
    for typed in ("DSJ", "2103", "SJ7A", "DSJ7A_2103"):
        assert await index.ids(typed) == set(), "too short to begin few words, or no beginning"


async def test_nobody_finds_what_he_may_not_see(index: Index) -> None:
    await index.put(
        note("a", "查封", "甲局"),
        note("b", "查封", "乙局"),
        note("none", "查封"),
        note("mine", "查封", "乙局", None, "officer-12"),
        Indexed("clip", "c", "甲局", None, "查封"),
    )
    of_a = Reach(frozenset({"甲局"}))
    assert await index.ids("查封", {"note": of_a}) == {"a"}
    assert await index.ids("查封", {"note": replace(of_a, about=frozenset({"officer-12"}))}) == {"a", "mine"}
    assert await index.ids("查封", {"note": Reach(frozenset())}) == set()
    assert await index.ids("查封", {"clip": of_a, "note": Reach(frozenset({"乙局"}))}) == {"c", "b", "mine"}
    assert await index.ids("查封", {}) == set()
    # asking for another agency by the filter or by typing what the index calls it gives nothing more
    assert await index.ids("查封", {"note": of_a}, Filters(agencies=frozenset({"乙局"}))) == set()
    assert await index.ids("查封 _knote", {"clip": of_a}) == set()


async def test_filters_narrow_by_kind_agency_and_day_of_the_agencys_zone(index: Index) -> None:
    await index.put(
        note("early", "查封", "甲局", "2026-11-19T15:59:59.999Z"),
        note("day", "查封", "甲局", "2026-11-19T16:00:00.000Z"),
        note("later", "查封", "乙局", "2027-03-01T00:00:00.000Z"),
        note("never", "查封", "乙局", "9999-12-31T23:59:59.999Z"),
        Indexed("clip", "c", "甲局", "2026-11-20T01:00:00.000Z", "查封"),
    )
    day = date(2026, 11, 20)
    assert await index.ids("查封", filters=Filters(first=day, last=day)) == {"day", "c"}
    assert await index.ids("查封", filters=Filters(first=day)) == {"day", "c", "later"}
    assert await index.ids("", filters=Filters(last=date(2026, 11, 19))) == {"early"}
    assert await index.ids("查封", filters=Filters(kind="clip")) == {"c"}
    assert await index.ids("查封", filters=Filters(agencies=frozenset({"乙局"}))) == {"later", "never"}
    assert await index.ids("查封", filters=Filters(first=day, last=date(2026, 11, 1))) == set()


async def test_pages_go_on_where_the_last_one_ended_newest_first(index: Index) -> None:
    await index.put(*(note(n, f"查封 {n}") for n in range(25)))
    seen: list[str] = []
    before: int | None = None
    for _ in range(3):
        [group] = (await index.find("查封", page=Page(10, before))).groups
        seen += [hit.id for hit in group.hits]
        assert group.count == 25 - len(seen) + len(group.hits)
        before = group.next
    assert seen == [str(n) for n in reversed(range(25))] and before is None


async def test_counting_ends_where_nobody_counts_any_more(index: Index) -> None:
    await index.put(*(note(n, "查封") for n in range(COUNTED + 5)))
    [group] = (await index.find("查封")).groups
    assert group.count == COUNTED + 1 and group.more_than_counted


async def test_nothing_asked_is_not_everything(index: Index) -> None:
    await index.put(note(1, "查封"))
    found = await index.find(" ，。 ")
    assert not found.asked and found.groups == ()


async def test_a_database_made_from_the_tables_alone_has_the_same_index(database_url: str) -> None:
    from liuhen_server.database.migrate import all_tables

    database = Database(database_url)
    try:
        await migrate(database)
        made = []
        for _ in range(2):
            async with database.read() as conn:
                if database.is_sqlite:
                    query = "SELECT sql FROM sqlite_master WHERE name LIKE 'search_words%' ORDER BY name"
                else:
                    query = (
                        "SELECT indexdef FROM pg_indexes WHERE tablename = 'search_words' UNION SELECT column_name || data_type"
                        " || is_nullable FROM information_schema.columns WHERE table_name = 'search_words' ORDER BY 1"
                    )
                made.append([row[0] for row in await conn.exec_driver_sql(query)])
            async with database.write() as conn:
                await conn.run_sync(all_tables().drop_all)
                await conn.run_sync(all_tables().create_all)
        assert made[0] == made[1] and len(made[0]) >= 4
    finally:
        await database.close()
