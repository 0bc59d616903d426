"""What is required and neither there nor excused is named with its rule, and keeps the case from the archive."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.coverage import (
    Excuse,
    Linked,
    ListRow,
    Method,
    Need,
    NeedState,
    Paper,
    blockers,
    check_rows,
    document_item,
    needs_of,
)
from liuhen_server.cases.said import Wrong

PENALTY = CLASSES["penalty"]
SCENE = ListRow("1", "penalty", "现场检查", Stage.INVESTIGATION, Method.VIDEO, True)
SEIZURE = ListRow("2", "penalty", "查封现场全程录像", Stage.INVESTIGATION, Method.VIDEO, True, only_with="seizure")
QUESTIONING = ListRow("3", "penalty", "询问", Stage.INVESTIGATION, Method.AUDIO, False)
SERVICE = ListRow("4", "penalty", "留置送达", Stage.SERVICE, Method.PHOTO, True)
ROWS = [SCENE, SEIZURE, QUESTIONING, SERVICE]
UP_TO = {Stage.INITIATION, Stage.INVESTIGATION}


def state_of(item: str, needs: tuple[Need, ...]) -> NeedState:
    (need,) = [need for need in needs if need.item == item]
    return need.state


def needs(
    *,
    reached: set[Stage] = UP_TO,
    papers: tuple[Paper, ...] = (),
    linked: tuple[Linked, ...] = (),
    excuses: tuple[Excuse, ...] = (),
    rows: list[ListRow] = ROWS,
) -> tuple[Need, ...]:
    return needs_of(PENALTY, reached, rows, papers, linked, excuses)


def test_missing_present_excused_ahead_optional() -> None:
    found = needs(
        papers=(Paper(Stage.INITIATION, "filing"),), excuses=(Excuse(Stage.INVESTIGATION, document_item("interview")),)
    )
    assert state_of("document:filing", found) is NeedState.PRESENT
    assert state_of("document:interview", found) is NeedState.EXCUSED
    assert state_of("document:report", found) is NeedState.MISSING
    assert state_of("document:decision", found) is NeedState.AHEAD
    assert state_of("document:keeping", found) is NeedState.OPTIONAL
    assert state_of("1", found) is NeedState.MISSING
    assert state_of("3", found) is NeedState.OPTIONAL
    assert state_of("4", found) is NeedState.AHEAD


def test_a_seizure_is_filmed_where_something_was_seized() -> None:
    assert state_of("2", needs()) is NeedState.OPTIONAL
    assert state_of("2", needs(papers=(Paper(Stage.INVESTIGATION, "seizure"),))) is NeedState.MISSING


@pytest.mark.parametrize(
    ("asked", "given_", "covered"),
    [
        (Method.VIDEO, Method.VIDEO, True),
        (Method.VIDEO, Method.PHOTO, False),
        (Method.VIDEO, Method.AUDIO, False),
        (Method.AUDIO, Method.VIDEO, True),
        (Method.AUDIO, Method.PHOTO, False),
        (Method.PHOTO, Method.VIDEO, True),
        (Method.PHOTO, Method.PHOTO, True),
        (Method.SURVEILLANCE, Method.VIDEO, True),
    ],
)
def test_what_suffices(asked: Method, given_: Method, covered: bool) -> None:
    row = replace(SCENE, method=asked)
    found = needs(rows=[row], linked=(Linked(Stage.INVESTIGATION, "1", given_),))
    assert (state_of("1", found) is NeedState.PRESENT) is covered


def test_a_clip_stands_for_the_row_it_was_linked_for() -> None:
    for_questioning = Linked(Stage.INVESTIGATION, "3", Method.VIDEO)
    assert state_of("1", needs(linked=(for_questioning,))) is NeedState.MISSING
    of_the_stage = Linked(Stage.INVESTIGATION, None, Method.VIDEO)
    assert state_of("1", needs(linked=(of_the_stage,))) is NeedState.MISSING  # three rows: nobody said which it shows
    assert state_of("1", needs(rows=[SCENE], linked=(of_the_stage,))) is NeedState.PRESENT
    elsewhere = Linked(Stage.DECISION, "1", Method.VIDEO)
    assert state_of("1", needs(linked=(elsewhere,))) is NeedState.MISSING


def test_a_discontinued_case_is_not_asked_for_what_it_never_came_to() -> None:
    found = needs(reached={Stage.INITIATION, Stage.ARCHIVING}, papers=(Paper(Stage.INITIATION, "filing"),))
    assert {need.item for need in blockers(found)} == {"document:closing"}


def test_what_is_missing_is_a_sentence_with_its_rule() -> None:
    found = {need.item: need.sentence for need in needs()}
    assert found["1"].zh == "缺“现场检查”的录像（音像记录事项清单第 1 项）"
    assert found["document:filing"].zh == "缺立案审批表（《行政处罚法》第54条）"
    assert found["document:filing"].en == "approval to file the case is missing (Administrative Penalty Law, art. 54)"


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (replace(SCENE, enforcement="fishing"), "no such class"),
        (replace(SCENE, stage=Stage.ARCHIVED), "no such stage"),
        (replace(SCENE, item=" "), "empty"),
        (replace(SCENE, item="9" * 33), "too long"),
        (replace(SCENE, item="document:filing"), "begin with"),
        (replace(SCENE, what=""), "is recorded is empty"),
        (replace(SCENE, only_with="bribe"), "no document"),
        (replace(SCENE, remark="长" * 401), "400"),
    ],
)
def test_a_list_with_such_a_row_is_not_approved(row: ListRow, says: str) -> None:
    with pytest.raises(Wrong, match=says):
        check_rows([row], CLASSES.values())


def test_a_list_is_never_empty_nor_has_an_item_twice() -> None:
    check_rows(ROWS, CLASSES.values())
    with pytest.raises(Wrong, match="at least one"):
        check_rows([], CLASSES.values())
    with pytest.raises(Wrong, match="there twice"):
        check_rows([SCENE, replace(SERVICE, item="1")], CLASSES.values())
    with pytest.raises(Wrong, match="at most 500"):
        check_rows([replace(SCENE, item=str(n)) for n in range(501)], CLASSES.values())


STAGES = st.sampled_from(PENALTY.stages)
LINKED = st.builds(Linked, STAGES, st.sampled_from(["1", "2", "3", "4", None]), st.sampled_from(list(Method)))


@given(st.sets(STAGES), st.lists(LINKED, max_size=6), st.lists(LINKED, max_size=6))
def test_more_recordings_never_make_more_missing(reached: set[Stage], some: list[Linked], more: list[Linked]) -> None:
    before = blockers(needs(reached=reached, linked=tuple(some)))
    after = blockers(needs(reached=reached, linked=(*some, *more)))
    assert {need.item for need in after} <= {need.item for need in before}


@given(st.sets(STAGES))
def test_with_an_excuse_for_each_nothing_blocks(reached: set[Stage]) -> None:
    missing = blockers(needs(reached=reached))
    excused = tuple(Excuse(need.stage, need.item) for need in missing)
    assert blockers(needs(reached=reached, excuses=excused)) == ()
