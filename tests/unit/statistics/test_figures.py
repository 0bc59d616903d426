"""The figures are what a count by hand gives, a total is the sum of its kinds, and nothing is counted twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.classes import CLASSES
from liuhen_server.database import Database, migrate
from liuhen_server.decisions.outcomes import OUTCOMES, outcomes_of
from liuhen_server.statistics.counting import Scope, cases_behind, cells_of
from liuhen_server.statistics.figures import BEFORE, FIGURES, TABLES, Cell, Source, values_of
from support.decided import a_case, a_decision, a_document, an_end
from support.people import OTHERS, OURS, our_agency

KINDS = {
    Source.DECISIONS: tuple(OUTCOMES),
    Source.DOCUMENTS: ("application", "acceptance", "seizure"),
    Source.COURT: ("application-to-court",),
    Source.BEFORE: (BEFORE,),
    Source.ENDED: ("revoked", "void"),
}


@st.composite
def cells(draw: st.DrawFn) -> Cell:
    source = draw(st.sampled_from(Source))
    kind = draw(st.sampled_from(KINDS[source]))
    enforcement = OUTCOMES[kind].enforcement if source is Source.DECISIONS else draw(st.sampled_from(sorted(CLASSES)))
    return Cell("scjg", source, enforcement, kind, "06", draw(st.integers(1, 9)), draw(st.integers(0, 10**9)))


@given(st.lists(cells(), max_size=40))
def test_a_total_is_the_sum_of_its_kinds(found: list[Cell]) -> None:
    values = values_of(found)
    for table in TABLES:
        for *rows, total in table.groups:
            assert total.total
            assert values[total.key].count == sum(values[row.key].count for row in rows)
            if total.money:
                assert values[total.key].fen == sum(values[row.key].fen for row in rows)


@given(cells())
def test_whatever_is_counted_stands_in_one_line_of_the_sums_at_most(cell: Cell) -> None:
    lines = [
        row.key
        for table in TABLES
        for group in table.groups
        for row in group
        if not row.total and any(part.has(cell.source, cell.enforcement, cell.kind) for part in row.parts)
    ]
    assert len(lines) == (
        1 if cell.source in (Source.DECISIONS, Source.BEFORE) and cell.kind != "no-penalty" else len(lines)
    )
    assert len(lines) <= 1


def test_every_kind_that_a_decision_can_have_is_counted_somewhere() -> None:
    for kind, outcome in OUTCOMES.items():
        found = [
            key
            for key, figure in FIGURES.items()
            if any(part.has(Source.DECISIONS, outcome.enforcement, kind) for part in figure.parts)
        ]
        assert found, kind


@pytest.fixture
async def database(tmp_path: Path, database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    await migrate(database)
    async with database.write() as conn:
        await our_agency(conn)
        await our_agency(conn, OTHERS)
    yield database
    await database.close()


async def test_several_penalties_in_one_decision_count_once_under_the_heaviest_and_all_money_counts(
    database: Database,
) -> None:
    async with database.write() as conn:
        case = await a_case(conn, 1, OURS.code, "penalty")
        said = [("warning", 0), ("fine", 5_000_00), ("confiscation", 300_00), ("business-stopped", 0)]
        await a_decision(conn, case, OURS.code, "penalty", "2025-12-31", said)
        values = values_of(await cells_of(conn, Scope(2025, OURS.code)))
        assert (values["penalty.business-stopped"].count, values["penalty.business-stopped"].fen) == (1, 5_300_00)
        assert values["penalty.fine"].count == values["penalty.warning"].count == 0
        assert values["penalty"].count == 1
        assert values_of(await cells_of(conn, Scope(2026, None)))["penalty"].count == 0


async def test_a_decision_that_was_replaced_in_its_year_counts_once_as_its_successor(database: Database) -> None:
    async with database.write() as conn:
        case = await a_case(conn, 1, OURS.code, "penalty")
        first = await a_decision(conn, case, OURS.code, "penalty", "2025-03-01", [("fine", 100)])
        second = await a_decision(conn, case, OURS.code, "penalty", "2025-09-01", [("fine", 70)], version=2)
        await an_end(conn, first, "changed", "2025-09-01", second)
        other = await a_case(conn, 2, OURS.code, "penalty")
        revoked = await a_decision(conn, other, OURS.code, "penalty", "2025-04-01", [("warning", 0)])
        await an_end(conn, revoked, "revoked", "2025-05-01")
        values = values_of(await cells_of(conn, Scope(2025, None)))
    assert (values["penalty.fine"].count, values["penalty.fine"].fen) == (1, 70)
    assert (values["penalty.warning"].count, values["penalty.ended"].count) == (1, 1), "made, and revoked, both said"


async def test_an_application_counts_once_on_its_first_day_whatever_versions_it_has(database: Database) -> None:
    async with database.write() as conn:
        case = await a_case(conn, 1, OURS.code, "licence")
        for day, current in (("2024-12-30", True), ("2025-01-02", True), ("2023-01-01", False)):
            await a_document(conn, case, "application", day, current=current)
        counts = {
            year: values_of(await cells_of(conn, Scope(year, None)))["licence.applied"].count
            for year in (2023, 2024, 2025)
        }
    assert counts == {2023: 0, 2024: 1, 2025: 0}


@pytest.mark.parametrize("seed", [1, 2])
async def test_figures_are_what_a_count_by_hand_gives_and_each_opens_exactly_its_cases(
    database: Database, seed: int
) -> None:
    chance = random.Random(seed)
    by_hand: Counter[tuple[str, str]] = Counter()
    money: Counter[tuple[str, str]] = Counter()
    async with database.write() as conn:
        for number in range(120):
            agency, enforcement = chance.choice((OURS.code, OTHERS.code)), chance.choice(sorted(CLASSES))
            year = chance.choice((2024, 2025, 2025))
            day = f"{year}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
            before = chance.random() < 0.1
            case = await a_case(conn, number, agency, enforcement, before=before)
            if chance.random() < 0.2:
                await a_document(conn, case, "seizure", day)
                if year == 2025 and enforcement != "coercion":
                    by_hand[agency, "coercion.in-case"] += 1
            if before:
                await a_document(conn, case, "result" if enforcement == "inspection" else "decision", day)
                if year == 2025:
                    by_hand[agency, f"{enforcement}.before"] += 1
                continue
            kinds = chance.sample(outcomes_of(enforcement), chance.randint(1, 3) if enforcement != "levy" else 1)
            results = [(kind.key, chance.randint(1, 10**7) if kind.money else 0) for kind in kinds]
            await a_decision(conn, case, agency, enforcement, day, results)
            if year == 2025:
                heaviest = max(kinds, key=lambda kind: kind.weight).key
                line = "granted" if heaviest in ("extended", "changed-licence") else heaviest
                by_hand[agency, f"{enforcement}.{line}"] += 1
                money[agency, f"{enforcement}.{line}"] += sum(fen for _, fen in results)
    async with database.read() as conn:
        for whose in (OURS.code, OTHERS.code, None):
            scope = Scope(2025, whose)
            values = values_of(await cells_of(conn, scope))
            for key, figure in FIGURES.items():
                if not figure.total:
                    wanted = [each for each in by_hand if each[1] == key and whose in (None, each[0])]
                    assert values[key].count == sum(by_hand[each] for each in wanted), key
                    if figure.money:
                        assert values[key].fen == sum(money[each] for each in wanted), key
                found = await cases_behind(conn, figure, scope, 10_000)
                assert len(found) == values[key].count, key
                if figure.money:
                    assert sum(fen for _, _, fen in found) == values[key].fen, key
