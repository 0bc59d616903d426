"""Each class has its own stages; whatever the table does not have is refused, and every case can come to its end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from liuhen_server.cases.classes import CLASSES, EnforcementClass, Stage, class_of, kind_of
from liuhen_server.cases.said import Wrong

PENALTY = CLASSES["penalty"]
ALL = [pytest.param(each, id=each.key) for each in CLASSES.values()]


def test_the_five_classes() -> None:
    assert [each.name.zh for each in CLASSES.values()] == [
        "行政许可",
        "行政处罚",
        "行政强制",
        "行政征收征用",
        "行政检查",
    ]
    assert len({each.word for each in CLASSES.values()}) == 5


def test_a_penalty_has_the_seven_stages() -> None:
    names = [PENALTY.stage_name(stage).zh for stage in PENALTY.stages]
    assert names == ["启动", "调查取证", "审核", "决定", "送达", "执行", "归档"]


@pytest.mark.parametrize("enforcement", ALL)
def test_a_table_is_whole(enforcement: EnforcementClass) -> None:
    known = {*enforcement.stages, Stage.ARCHIVED}
    assert enforcement.stages[-1] is Stage.ARCHIVING
    assert Stage.ARCHIVED not in enforcement.stages
    assert len(set(enforcement.stages)) == len(enforcement.stages)
    for row in enforcement.table:
        assert row.then and set(row.then) <= known and row.stage not in row.then
        keys = [kind.key for kind in row.documents]
        assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("enforcement", ALL)
def test_every_stage_is_reached_and_leads_to_the_archive(enforcement: EnforcementClass) -> None:
    reached, waiting = {enforcement.first}, [enforcement.first]
    while waiting:
        for after in enforcement.then(waiting.pop()):
            if after not in reached:
                reached.add(after)
                waiting.append(after)
    assert reached == {*enforcement.stages, Stage.ARCHIVED}
    for stage in enforcement.stages:
        assert Stage.ARCHIVED in _after(enforcement, stage)


def _after(enforcement: EnforcementClass, stage: Stage) -> set[Stage]:
    found: set[Stage] = set()
    waiting = [stage]
    while waiting:
        for after in enforcement.then(waiting.pop()):
            if after not in found:
                found.add(after)
                waiting.append(after)
    return found


@pytest.mark.parametrize(
    ("before", "after", "reason", "says"),
    [
        (Stage.INITIATION, Stage.INVESTIGATION, "", None),
        (Stage.INVESTIGATION, Stage.REVIEW, "", None),
        (Stage.INVESTIGATION, Stage.DECISION, "since we like", "does not follow"),  # no decision without review
        (Stage.INITIATION, Stage.ARCHIVING, "", "reason"),
        (Stage.INITIATION, Stage.ARCHIVING, "不予立案", None),
        (Stage.REVIEW, Stage.INVESTIGATION, "  ", "reason"),
        (Stage.REVIEW, Stage.INVESTIGATION, "补充证据", None),
        (Stage.ARCHIVED, Stage.ARCHIVING, "", "reason"),
        (Stage.ARCHIVED, Stage.ARCHIVING, "补正卷内目录", None),
        (Stage.ARCHIVED, Stage.INITIATION, "anything", "does not follow"),
        (Stage.DECISION, Stage.ARCHIVED, "anything", "does not follow"),
        (Stage.DECISION, Stage.DECISION, "anything", "does not follow"),
    ],
)
def test_steps_of_a_penalty(before: Stage, after: Stage, reason: str, says: str | None) -> None:
    if says is None:
        PENALTY.check_step(before, after, reason)
        return
    with pytest.raises(Wrong, match=says):
        PENALTY.check_step(before, after, reason)


@given(st.sampled_from(list(CLASSES.values())), st.sampled_from(list(Stage)), st.sampled_from(list(Stage)))
def test_a_step_is_in_the_table_or_refused(enforcement: EnforcementClass, before: Stage, after: Stage) -> None:
    if before is not Stage.ARCHIVED and before not in enforcement.stages:
        return
    try:
        enforcement.check_step(before, after, "a reason")
    except Wrong:
        assert after not in enforcement.then(before)
    else:
        assert after in enforcement.then(before)


def test_a_document_belongs_to_its_stage() -> None:
    assert kind_of(PENALTY, Stage.INITIATION, "filing").required
    with pytest.raises(Wrong):
        kind_of(PENALTY, Stage.DECISION, "filing")
    with pytest.raises(Wrong, match="no such class"):
        class_of("fishing")
