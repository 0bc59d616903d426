"""A case is found from the act on that opened it, by what it says now, by those alone who may see it; on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from sqlalchemy import literal, select

from liuhen_server.cases.reading import Party
from liuhen_server.cases.record import Changes, change_case
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import Filters, Finder, Page
from liuhen_server.search.indexer import Indexer
from liuhen_server.web import case_list, paging
from liuhen_server.web.case_list import Filters as ListFilters
from liuhen_server.web.case_list import Wanted, cases_of
from liuhen_server.web.context import CHINA
from liuhen_server.web.language import Language, Words
from liuhen_server.web.paging import Place, Turn
from liuhen_server.web.search_kinds import KINDS
from support.case_office import HANDLER, TODAY, Office

ALL = {"case": Reach()}
PARTY = Party("organisation", "朝阳县好客来超市", "91211300MA0XXXXX1A", "赵强", "")


async def found(office: Office, typed: str, visible: Mapping[str, Reach] = ALL) -> list[str]:
    groups = (await Finder(office.archive.database).find(typed, visible, Filters(), Page())).groups
    return [hit.id for group in groups for hit in group.hits]


async def test_a_case_is_found_by_number_subject_party_and_handler_as_they_are_now(office: Office) -> None:
    case = await office.open(parties=(PARTY,))
    year, serial = case.number.partition("〔")[2].split("〕")
    for typed in (
        case.number,
        f"[{year}]{serial}",
        f"{case.number.partition('〔')[0]}【{year}】第0{serial}",
        "过期食",
        "好客来",
        "王磊",
        "赵强",
    ):
        assert await found(office, typed) == [str(case.id)], typed
    changes = Changes("无照经营", None, (), None)
    await change_case(office.acts, HANDLER, case.id, case.version, changes, TODAY)
    assert await found(office, "无照") == [str(case.id)]
    assert await found(office, "过期食") == [] and await found(office, "好客来") == []


async def test_a_case_that_was_refused_is_not_found(office: Office) -> None:
    with pytest.raises(Wrong):
        await office.open(handlers=(office.officers["王磊"],))
    assert await found(office, "过期食品") == []


async def test_another_agency_finds_nothing_of_it_and_its_handlers_do(office: Office) -> None:
    case = await office.open()
    assert await found(office, case.number, {"case": Reach(frozenset({office.agency}))}) == [str(case.id)]
    assert await found(office, case.number, {"case": Reach(frozenset({office.other}))}) == []
    own = Reach(frozenset(), frozenset({f"officer-{office.officers['王磊']}"}))
    assert await found(office, case.number, {"case": own}) == [str(case.id)]


async def test_the_list_of_cases_finds_by_text_what_the_search_box_finds_and_nothing_for_signs_alone(
    office: Office,
) -> None:
    """Many cases are not read through for it: the filter is a look into the index."""
    case = await office.open(parties=(PARTY,))
    await office.open(title="无照经营")
    database = office.archive.database

    async def listed(typed: str, reach: Reach = ALL["case"]) -> list[int]:
        wanted = Wanted(literal(True), typed, reach).condition(sqlite=database.is_sqlite)
        async with database.read() as conn:
            return list((await conn.execute(select(cases.c.id).where(wanted))).scalars())

    for typed in (case.number, "过期食", "好客来", "赵强"):
        assert await listed(typed) == [case.id], typed
    assert len(await listed("王磊")) == 2
    assert await listed("好客来", Reach(frozenset({office.agency}))) == [case.id]
    for others in (Reach(frozenset({office.other})), Reach(frozenset())):
        assert await listed("好客来", others) == []
    for typed in ("没有这样的案件", "' OR 1=1 --", "〔〕", '"*'):
        assert await listed(typed) == [], typed


async def test_a_list_by_text_turns_its_pages_and_counts_as_the_whole_list_does(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE_ROWS", 3)
    for number in range(8):
        await office.open(title="无照经营" if number % 4 == 3 else "过期食品")
    database = office.archive.database

    async def listed(filters: ListFilters) -> tuple[int, list[str], Turn | None, Turn | None]:
        async with database.read() as conn:
            total, page = await cases_of(conn, Wanted(literal(True), filters.text, Reach()), filters.turn)
        return total, [row["title"] for row in page.rows], page.newer, page.older

    total, titles, newer, older = await listed(ListFilters(text="过期食"))
    assert (total, titles, newer) == (6, ["过期食品"] * 3, None) and older is not None
    total, titles, newer, end = await listed(ListFilters(text="过期食", turn=older))
    assert (total, titles, end) == (6, ["过期食品"] * 3, None) and newer is not None
    assert await listed(ListFilters(text="王磊", turn=newer)) == await listed(ListFilters(turn=newer))
    beyond = ListFilters(text="过期食", turn=Turn(older=Place("1970-01-01T00:00:00.000Z", 0)))
    assert await listed(beyond) == (6, [], None, None)


@pytest.mark.parametrize("newest", [1, 4, 6, 100])
async def test_of_a_text_that_many_cases_have_the_pages_are_the_same_as_of_one_that_few_have(
    office: Office, monkeypatch: pytest.MonkeyPatch, newest: int
) -> None:
    """Among the newest first, and of all where those do not fill the page."""
    monkeypatch.setattr(paging, "PAGE_ROWS", 3)
    for number in range(12):
        await office.open(title="无照经营" if number in (2, 3, 4, 9) else "过期食品")
    monkeypatch.setattr(case_list, "NEWEST", newest)

    async def read_through(many: int) -> list[tuple[int, list[str], bool]]:
        monkeypatch.setattr(case_list, "COUNTED", many)
        pages: list[tuple[int, list[str], bool]] = []
        turn: Turn | None = Turn()
        while turn is not None:
            async with office.archive.database.read() as conn:
                wanted = Wanted(cases.c.stage == "initiation", "过期食", Reach(frozenset({office.agency})))
                total, page = await cases_of(conn, wanted, turn)
            pages.append((total, [row["number"] for row in page.rows], page.newer is not None))
            turn = page.older
        return pages

    as_few, as_many = await read_through(1_000), await read_through(2)
    assert as_many == as_few and [len(numbers) for _, numbers, _ in as_few] == [3, 3, 2]


async def test_cases_are_there_again_when_the_index_is_made_anew_and_have_their_line(office: Office) -> None:
    case = await office.open()
    await Indexer(office.archive.database).rebuild()
    [group] = (await Finder(office.archive.database).find(case.number, ALL, Filters(), Page())).groups
    [kind] = [each for each in KINDS if each.name == "case"]
    async with office.archive.database.read() as conn:
        lines = await kind.lines(conn, group.hits, Words(Language.CHINESE, CHINA))
    line = lines[str(case.id)]
    assert (line.address, line.title) == (f"/cases/{case.id}", case.number) and line.facts[0][1] == "销售过期食品"
