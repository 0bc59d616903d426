"""Coverage over time adds up from the cases themselves, and every figure is of the cases that it opens."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import Method, Need, NeedState
from liuhen_server.cases.coverage_time import Measured, figures_of, month_before, months_until
from liuhen_server.cases.said import Said

SAID = Said("现场", "scene")
NEEDS = st.builds(
    Need,
    st.just(Stage.INITIATION),
    st.sampled_from("123"),
    st.just(SAID),
    st.none() | st.sampled_from(Method),
    st.booleans(),
    st.integers(0, 3),
    st.sampled_from(NeedState),
    st.just(SAID),
)
CASES = st.builds(
    Measured,
    st.integers(1, 50),
    st.sampled_from(["scjg", "jtys"]),
    st.sampled_from(["2026-10", "2026-11"]),
    st.lists(NEEDS, max_size=5).map(tuple),
)


@given(st.lists(CASES, max_size=8, unique_by=lambda case: case.case_id))
def test_every_required_recording_is_counted_once_where_its_case_is(measured: list[Measured]) -> None:
    found = figures_of(measured)
    counted = [
        (case.agency, case.month, need.state, case.case_id)
        for case in measured
        for need in case.needs
        if need.method is not None
        and need.required
        and need.state in (NeedState.PRESENT, NeedState.EXCUSED, NeedState.MISSING)
    ]
    assert sum(figures.required for figures in found.values()) == len(counted)
    for (agency, month), figures in found.items():
        here = [(state, case) for one, at, state, case in counted if (one, at) == (agency, month)]
        for state, count in (
            (NeedState.PRESENT, figures.present),
            (NeedState.EXCUSED, figures.excused),
            (NeedState.MISSING, figures.missing),
        ):
            assert count == sum(each is state for each, _ in here)
            assert figures.behind(state) == {case for each, case in here if each is state}
        assert figures.behind(None) == {case for _, case in here}
        share = figures.share
        assert share is not None and (share == 100) == (figures.present == figures.required)


def test_months_follow_each_other_over_the_turn_of_the_year() -> None:
    assert months_until("2026-02")[:3] == ("2025-03", "2025-04", "2025-05")
    assert months_until("2026-02")[-2:] == ("2026-01", "2026-02")
    assert month_before("2026-01") == "2025-12"
    assert month_before("2025-12", -12) == "2026-12"
