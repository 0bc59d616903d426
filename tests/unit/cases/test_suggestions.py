"""A clip is suggested where officer and time fit, each time with its reasons; pieces of one recording stay together."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.said import Said
from liuhen_server.cases.suggestions import (
    Activity,
    Place,
    Recording,
    Whose,
    WhoseBasis,
    distance,
    doubt_of,
    nearest,
    recordings_of,
    suggest,
    whose,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)
SQUARE = Place(41.4, 120.4)
CLIP = Recording(
    (("dock-03", "a" * 64),), "0000127", "210327", WhoseBasis.RECORDER, NOON, NOON + 10 * MINUTE, 3 * SECOND
)
VISIT = Activity(
    7,
    Stage.INVESTIGATION,
    Said("现场检查笔录", "record of the inspection"),
    frozenset({"210327", "210400"}),
    NOON - 5 * MINUTE,
    NOON + 30 * MINUTE,
    exact=True,
)
STAGE = replace(VISIT, began=NOON - timedelta(days=3), ended=NOON + timedelta(days=3), exact=False)


@pytest.mark.parametrize(
    ("clip", "activity", "score"),
    [
        (CLIP, VISIT, 85),
        (replace(CLIP, basis=WhoseBasis.ASSIGNMENT), VISIT, 75),
        (replace(CLIP, officer="210999"), VISIT, None),  # another's recorder
        (replace(CLIP, officer=None), VISIT, None),
        (CLIP, STAGE, 55),
        (CLIP, replace(VISIT, began=NOON + 60 * MINUTE, ended=NOON + 90 * MINUTE), None),
        # six seconds apart, and each side may be three seconds off
        (CLIP, replace(VISIT, began=NOON + 10 * MINUTE + 6 * SECOND, ended=NOON + 60 * MINUTE), 65),
        (CLIP, replace(VISIT, began=NOON + 10 * MINUTE + 7 * SECOND, ended=NOON + 60 * MINUTE), None),
        (replace(CLIP, place=SQUARE), replace(VISIT, place=SQUARE), 100),
        (replace(CLIP, place=Place(41.9, 120.9)), replace(VISIT, place=SQUARE), 65),
        (replace(CLIP, place=Place(41.9, 120.9)), replace(STAGE, place=SQUARE), None),
        (replace(CLIP, place=SQUARE), VISIT, 85),  # where it was is only known of one
    ],
)
def test_scores(clip: Recording, activity: Activity, score: int | None) -> None:
    found = suggest([clip], [activity])
    assert [each.score for each in found] == ([] if score is None else [score])


def test_every_suggestion_says_why() -> None:
    (found,) = suggest([CLIP], [VISIT])
    assert [reason.zh for reason in found.reasons] == [
        "记录仪中的证号 210327 是本案承办人",
        "拍摄时间与“现场检查笔录”重合 10 分钟",
    ]
    (doubtful,) = suggest([replace(CLIP, began=NOON - 9 * MINUTE, ended=VISIT.began - 4 * SECOND)], [VISIT])
    assert "相差 4 秒" in doubtful.reasons[1].zh
    assert "±3 秒" in doubtful.reasons[1].zh


def test_what_was_filmed_beside_what_is_linked_already_says_so_and_nothing_is_held_against_other_places() -> None:
    linked = (SQUARE, Place(41.41, 120.41))
    beside, away = Place(41.4015, 120.4), Place(41.5, 120.5)
    (found,) = suggest([replace(CLIP, track=(away, beside))], [replace(VISIT, filmed=linked)])
    assert found.score == 95
    assert found.reasons[-1].zh == "拍摄轨迹距已关联本案的音像约 167 米（200 米以内）"
    assert found.reasons[-1].en == "filmed about 167 m from what is linked to this case already (within 200 m)"
    for track, filmed in (((away,), linked), ((), linked), ((beside,), ())):
        (found,) = suggest([replace(CLIP, track=track)], [replace(VISIT, filmed=filmed)])
        assert found.score == 85
    assert suggest([replace(CLIP, officer=None, track=linked)], [replace(VISIT, filmed=linked)]) == (), "it only adds"


PLACES = st.builds(Place, st.floats(-89, 89), st.floats(-180, 180))


@given(st.lists(PLACES, max_size=6), st.lists(PLACES, max_size=6), st.floats(1, 1e6))
def test_nearest_is_the_least_of_all_distances(some: list[Place], others: list[Place], within: float) -> None:
    every = [metres for one in some for other in others if (metres := distance(one, other)) <= within]
    assert nearest(some, others, within) == min(every, default=None)


def test_the_likelier_case_comes_first_and_each_case_once() -> None:
    other = replace(STAGE, case=3)
    found = suggest([CLIP], [other, STAGE, VISIT])
    assert [(each.case, each.score) for each in found] == [(7, 85), (3, 55)]


def test_pieces_of_one_recording_are_suggested_together() -> None:
    second = replace(CLIP, clips=(("dock-03", "b" * 64),), began=NOON + 10 * MINUTE + SECOND, ended=NOON + 20 * MINUTE)
    third = replace(CLIP, clips=(("dock-03", "c" * 64),), began=NOON + 25 * MINUTE, ended=NOON + 26 * MINUTE)
    colleague = replace(second, clips=(("dock-03", "d" * 64),), recorder="0000128")
    recordings = recordings_of([third, second, colleague, CLIP])
    assert [[clip[1][0] for clip in each.clips] for each in recordings] == [["a", "b"], ["d"], ["c"]]
    (first, *_) = suggest(recordings, [VISIT])
    assert first.clips == (("dock-03", "a" * 64), ("dock-03", "b" * 64))
    assert "2 个分段一并关联" in first.reasons[-1].zh


@pytest.mark.parametrize(
    ("known", "since", "seconds"),
    [
        (True, timedelta(hours=8), 3),
        (True, timedelta(days=4, hours=1), 15),
        (True, None, 21),
        (True, timedelta(days=900), 600),
        (False, timedelta(hours=1), 600),
    ],
)
def test_what_is_left_of_doubt(known: bool, since: timedelta | None, seconds: int) -> None:
    assert doubt_of(known, since).total_seconds() == seconds


def test_a_degree_is_a_hundred_and_eleven_kilometres() -> None:
    assert 111_000 < distance(Place(41.0, 120.0), Place(42.0, 120.0)) < 111_400
    assert distance(SQUARE, SQUARE) == 0


FILES = st.lists(
    st.builds(
        lambda n, recorder, begins, lasts: replace(
            CLIP,
            clips=(("dock-03", f"{n:064x}"),),
            recorder=recorder,
            began=NOON + timedelta(seconds=begins),
            ended=NOON + timedelta(seconds=begins + lasts),
        ),
        st.integers(0, 10**9),
        st.sampled_from(["0000127", "0000128"]),
        st.integers(0, 4000),
        st.integers(0, 600),
    ),
    max_size=12,
    unique_by=lambda each: each.clips,
)


@given(FILES)
def test_putting_together_loses_and_doubles_no_file(files: list[Recording]) -> None:
    found = [clip for each in recordings_of(files) for clip in each.clips]
    assert sorted(found) == sorted(clip for each in files for clip in each.clips)
    assert recordings_of(files) == recordings_of(list(reversed(files)))


@given(FILES, st.integers(-4000, 8000), st.integers(0, 4000))
def test_a_suggestion_has_its_officer_and_reasons(files: list[Recording], begins: int, lasts: int) -> None:
    activity = replace(
        VISIT, began=NOON + timedelta(seconds=begins), ended=NOON + timedelta(seconds=begins + lasts), exact=lasts > 600
    )
    for each in suggest(recordings_of(files), [activity]):
        assert 40 <= each.score <= 100
        assert len(each.reasons) >= 2


UNNAMED = replace(CLIP, officer=None)
HELD = Whose("210400", WhoseBasis.ASSIGNMENT, NOON - MINUTE, NOON + 20 * MINUTE)


@pytest.mark.parametrize(
    ("clip", "held", "officer"),
    [
        (UNNAMED, HELD, "210400"),
        (UNNAMED, replace(HELD, until=None), "210400"),
        (
            replace(CLIP, officer="210999"),
            HELD,
            "210400",
        ),  # what people wrote goes before a number of whoever had it before
        (CLIP, HELD, "210327"),  # the recorder itself names a handler of the case
        (UNNAMED, replace(HELD, officer="210999"), None),  # of no case's officer
        (UNNAMED, replace(HELD, since=NOON + 3 * SECOND), "210400"),  # within the clock's doubt
        (UNNAMED, replace(HELD, since=NOON + 4 * SECOND), None),  # taken over while it was recording
        (UNNAMED, replace(HELD, until=NOON + 10 * MINUTE - 4 * SECOND), None),  # given back while it was recording
    ],
    ids=["held", "still", "stale number", "named", "another's", "within doubt", "too late", "too early"],
)
def test_a_clip_is_whose_who_had_its_recorder_for_all_of_it(clip: Recording, held: Whose, officer: str | None) -> None:
    found = whose(clip, VISIT.officers, [held])
    assert found.officer == officer if officer is not None else found == clip


def test_who_had_the_recorder_and_what_two_people_said_are_told_as_reasons() -> None:
    assigned = whose(UNNAMED, VISIT.officers, [HELD])
    (found,) = suggest([assigned], [VISIT])
    assert found.reasons[0].zh == "当时领用该记录仪的 210400 是本案承办人"
    decided = whose(UNNAMED, VISIT.officers, [replace(HELD, basis=WhoseBasis.DECISION)])
    (found,) = suggest([decided], [VISIT])
    assert found.reasons[0].zh.startswith("经两人确认") and found.reasons[0].en.startswith("two people said")
