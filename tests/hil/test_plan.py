"""The random moments of scripts/hil: given again by the same seed, and spread over the whole stay of a recorder."""

from __future__ import annotations

from house.hil.plan import make_plan


def test_a_printed_seed_gives_the_same_moments_again() -> None:
    assert make_plan(7, yanks=3, cuts=5) == make_plan(7, yanks=3, cuts=5)
    assert make_plan(7, yanks=3, cuts=5) != make_plan(8, yanks=3, cuts=5)


def test_more_yanks_leave_the_cuts_where_they_were() -> None:
    assert make_plan(7, yanks=3, cuts=5).cuts == make_plan(7, yanks=9, cuts=5).cuts


def test_each_part_of_a_stay_is_met_once() -> None:
    moments = make_plan(1, yanks=0, cuts=6).cuts
    assert sorted(int(moment * 6) for moment in moments) == [0, 1, 2, 3, 4, 5]


def test_no_cuts_are_no_moments() -> None:
    assert make_plan(1, yanks=0, cuts=0).cuts == ()
