"""Which drafts are reviewed, and why."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.said import Wrong
from liuhen_server.decisions.outcomes import OUTCOMES, outcomes_of
from liuhen_server.review.criteria import (
    DEFAULT_ROWS,
    GROUNDS,
    SPLIT_DAYS,
    Earlier,
    MajorRow,
    Proposed,
    Result,
    check_major_rows,
    grounds_of,
    kept_reasons,
    read_reasons,
    reasons_of,
    split_of,
    yuan,
)

DAY = date(2026, 11, 20)
FINE_ROW = MajorRow("1", "penalty", "对个人罚款 1 万元以上", ("fine",), party_kind="person", least_fen=1_000_000)


def fined(fen: int, party_kind: str = "person", grounds: frozenset[str] = frozenset()) -> Proposed:
    return Proposed("penalty", "ordinary", party_kind, (Result("fine", fen),), grounds)


@pytest.mark.parametrize(
    ("row", "proposed", "fits"),
    [
        (FINE_ROW, fined(1_000_000), True),
        (FINE_ROW, fined(999_999), False),
        (FINE_ROW, fined(1_000_000, "organisation"), False),
        (replace(FINE_ROW, enforcement="licence", kinds=()), fined(1_000_000), False),
        (replace(FINE_ROW, procedure="summary"), fined(1_000_000), False),
        (replace(FINE_ROW, kinds=("confiscation",)), fined(1_000_000), False),
        (replace(FINE_ROW, kinds=(), least_fen=0), fined(0), True),
    ],
    ids=["from the amount on", "below it", "other party", "other class", "other procedure", "other kind", "any"],
)
def test_a_row_asks_for_a_review_where_every_field_fits(row: MajorRow, proposed: Proposed, fits: bool) -> None:
    assert bool(reasons_of(proposed, [row])) is fits


def test_fine_and_confiscation_count_together() -> None:
    row = replace(FINE_ROW, kinds=("fine", "confiscation"))
    both = Proposed("penalty", "ordinary", "person", (Result("fine", 600_000), Result("confiscation", 400_000)))
    assert [each.key for each in reasons_of(both, [row])] == ["row:1"]
    assert not reasons_of(both, [FINE_ROW])


@given(st.sets(st.sampled_from(sorted(GROUNDS)), min_size=1), st.sampled_from(sorted(CLASSES)))
def test_no_list_takes_a_ground_of_the_law_away(named: set[str], enforcement: str) -> None:
    kind = outcomes_of(enforcement)[0].key
    proposed = Proposed(enforcement, "summary", "person", (Result(kind),), frozenset(named))
    assert {each.key for each in reasons_of(proposed, [])} == {f"ground:{key}" for key in named}


def test_a_hearing_that_was_held_is_a_ground_though_nobody_names_it() -> None:
    assert grounds_of((), ("interview", "hearing-record")) == {"hearing"}
    assert grounds_of(("complex",), ("interview",)) == {"complex"}
    with pytest.raises(Wrong):
        grounds_of(("whim",), ())


@given(
    st.lists(st.tuples(st.sampled_from(sorted(OUTCOMES)), st.integers(0, 10**9)), min_size=1, max_size=4),
    st.integers(0, 10**9),
)
def test_a_higher_amount_never_needs_less_of_a_review(results: list[tuple[str, int]], more: int) -> None:
    enforcement = OUTCOMES[results[0][0]].enforcement
    own = tuple(Result(kind, fen) for kind, fen in results if OUTCOMES[kind].enforcement == enforcement)
    before = Proposed(enforcement, "ordinary", "person", own)
    after = replace(before, results=tuple(replace(each, fen=each.fen + more) for each in own))
    assert {each.key for each in reasons_of(before, DEFAULT_ROWS)} <= {
        each.key for each in reasons_of(after, DEFAULT_ROWS)
    }


def test_the_sample_rows_hold_by_their_own_rules() -> None:
    check_major_rows(DEFAULT_ROWS)


@pytest.mark.parametrize(
    "row",
    [
        replace(FINE_ROW, enforcement="other"),
        replace(FINE_ROW, kinds=("granted",)),
        replace(FINE_ROW, what=" "),
        replace(FINE_ROW, item=""),
        replace(FINE_ROW, procedure="secret"),
        replace(FINE_ROW, party_kind="dog"),
        replace(FINE_ROW, least_fen=-1),
        replace(FINE_ROW, kinds=("warning",)),
        replace(FINE_ROW, remark="\x07"),
    ],
    ids=["class", "kind", "what", "item", "procedure", "party", "amount", "amount of no money", "invisible"],
)
def test_a_row_that_cannot_be_is_refused_by_its_place(row: MajorRow) -> None:
    with pytest.raises(Wrong) as wrong:
        check_major_rows([replace(FINE_ROW, item="0"), row])
    assert "第 2 行" in wrong.value.said.zh


def test_a_list_has_rows_and_none_twice() -> None:
    with pytest.raises(Wrong):
        check_major_rows([])
    with pytest.raises(Wrong):
        check_major_rows([FINE_ROW, FINE_ROW])


def earlier(fen: int, day: date, kind: str = "fine") -> Earlier:
    proposed = Proposed("penalty", "ordinary", "person", (Result(kind, fen),))
    return Earlier("decision-3", "朝县市监罚〔2026〕3号", day, proposed)


def test_splitting_a_fine_to_stay_below_a_criterion_is_flagged() -> None:
    found = split_of(fined(600_000), DAY, [earlier(500_000, DAY - timedelta(days=20))], [FINE_ROW])
    assert [each.key for each in found] == ["split:1"]
    assert "11,000" in found[0].said.zh and "朝县市监罚〔2026〕3号" in found[0].said.zh


@pytest.mark.parametrize(
    ("proposed", "others"),
    [
        (fined(600_000), [earlier(300_000, DAY)]),
        (fined(600_000), [earlier(500_000, DAY - timedelta(days=SPLIT_DAYS + 1))]),
        (fined(600_000), [earlier(500_000, DAY, "confiscation")]),
        (fined(1_000_000), [earlier(500_000, DAY)]),
        (fined(0), [earlier(2_000_000, DAY)]),
    ],
    ids=["below together", "long ago", "another kind", "reviewed anyway", "no fine here"],
)
def test_what_is_not_split_is_not_flagged(proposed: Proposed, others: list[Earlier]) -> None:
    assert split_of(proposed, DAY, others, [FINE_ROW]) == ()


@given(st.integers(1, 10**7), st.lists(st.integers(1, 10**7), min_size=1, max_size=6))
def test_parts_that_reach_the_limit_only_together_are_always_flagged(own: int, others: list[int]) -> None:
    row = replace(FINE_ROW, least_fen=10**6)
    parts = [earlier(fen, DAY) for fen in others]
    flagged = bool(split_of(fined(own), DAY, parts, [row]))
    assert flagged == (own < 10**6 <= own + sum(others))


def test_reasons_are_read_as_they_were_kept() -> None:
    reasons = reasons_of(fined(1_000_000, grounds=frozenset({"complex"})), [FINE_ROW])
    assert read_reasons(kept_reasons(reasons)) == reasons and len(reasons) == 2


def test_yuan() -> None:
    assert (yuan(1_234_500), yuan(1_234_550), yuan(5)) == ("12,345", "12,345.50", "0.05")
