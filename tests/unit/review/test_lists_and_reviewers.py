"""Major-decision lists bind from their day on and are approved by another; reviewers are watched and nobody is stopped by it; clocks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from liuhen_protocol.case_events import ListApproved
from liuhen_server.cases.said import Wrong
from liuhen_server.review.criteria import DEFAULT_ROWS
from liuhen_server.review.lists import approve_major_list, draft_major_list, major_lists_of, save_major_rows
from liuhen_server.review.reading import major_rows_on
from liuhen_server.review.reviewers import (
    Qualified,
    Ratio,
    Reviewer,
    keep_reviewer,
    officers_at_work,
    ratio_of,
    reviewers_of,
    standing,
)
from liuhen_server.review.schema import major_lists
from liuhen_server.review.terms import clock_of
from support.case_office import TODAY
from support.review_office import ReviewOffice


async def test_the_first_list_begins_as_the_sample_and_binds_from_its_day_on(office: ReviewOffice) -> None:
    acts, reviewer, head = office.office.acts, office.people["reviewer"], office.people["head"]
    draft = await draft_major_list(acts, reviewer, "scjg")
    assert (await draft_major_list(acts, head, "scjg")).id == draft.id
    rows = (replace(DEFAULT_ROWS[0], least_fen=500_000, kinds=("fine",)), *DEFAULT_ROWS[1:])
    saved = await save_major_rows(acts, reviewer, draft.id, draft.edit, rows)
    with pytest.raises(Wrong, match="保存过"):
        await save_major_rows(acts, head, draft.id, draft.edit, rows)
    tomorrow = TODAY + timedelta(days=1)
    with pytest.raises(Wrong, match="编制人不能批准"):
        await approve_major_list(acts, reviewer, saved.id, saved.edit, tomorrow, TODAY)
    with pytest.raises(Wrong, match="早于今天"):
        await approve_major_list(acts, head, saved.id, saved.edit, TODAY - timedelta(days=1), TODAY)
    approved = await approve_major_list(acts, head, saved.id, saved.edit, tomorrow, TODAY)
    async with office.office.archive.database.read() as conn:
        assert await major_rows_on(conn, "scjg", TODAY) == (None, DEFAULT_ROWS)
        assert await major_rows_on(conn, "scjg", tomorrow) == (approved.id, rows)
        assert await major_rows_on(conn, "jtys", tomorrow) == (None, DEFAULT_ROWS)
    (stated,) = [each.event for each in await office.office.stated("list.approved")]
    assert isinstance(stated, ListApproved) and stated.list == approved.name == f"major-{approved.id}"
    assert stated.sha256 == approved.sha256


async def test_an_approved_list_is_never_changed_and_the_next_version_begins_as_its_copy(office: ReviewOffice) -> None:
    acts, reviewer, head = office.office.acts, office.people["reviewer"], office.people["head"]
    draft = await draft_major_list(acts, reviewer, "scjg")
    with pytest.raises(Wrong, match="第 1 行"):
        await save_major_rows(acts, reviewer, draft.id, draft.edit, [replace(DEFAULT_ROWS[0], what="")])
    approved = await approve_major_list(acts, head, draft.id, draft.edit, TODAY, TODAY)
    with pytest.raises(Wrong, match="不能修改"):
        await save_major_rows(acts, reviewer, approved.id, approved.edit, DEFAULT_ROWS)
    second = await draft_major_list(acts, head, "scjg")
    assert (second.version, second.id != approved.id) == (2, True)
    async with office.office.archive.database.read() as conn:
        assert [each.version for each in await major_lists_of(conn, "scjg")] == [2, 1]
    with pytest.raises(DBAPIError):  # nor does the database take who approves his own
        async with office.office.archive.database.write() as conn:
            own = {"approved_by": head.number, "from_day": "2026-12-01"}
            await conn.execute(update(major_lists).where(major_lists.c.id == second.id).values(**own))


async def test_two_accounts_of_one_officer_are_one_reviewer(office: ReviewOffice) -> None:
    async with office.office.archive.database.read() as conn:
        found = await reviewers_of(conn, "scjg")
        officers = await officers_at_work(conn, "scjg")
    assert [each.name for each in found] == ["other", "reviewer", "second"]
    twice = [*found, replace(found[1], person_id=99)]
    assert ratio_of(twice, officers).reviewers == 3


@pytest.mark.parametrize(
    ("reviewers", "officers", "needed", "suffices"),
    [(0, 0, 0, True), (1, 1, 1, True), (1, 20, 1, True), (1, 21, 2, False), (5, 100, 5, True), (0, 3, 1, False)],
)
def test_five_percent_are_needed(reviewers: int, officers: int, needed: int, suffices: bool) -> None:
    ratio = Ratio(reviewers, officers)
    assert (ratio.needed, ratio.suffices) == (needed, suffices)


@pytest.mark.parametrize(
    ("first_day", "qualification", "expected"),
    [
        (None, "", Qualified.UNKNOWN),
        ("2017-12-31", "", Qualified.EXEMPT),
        ("2018-01-01", "", Qualified.LACKING),
        ("2024-05-01", "A20242113000001", Qualified.QUALIFIED),
        (None, "A20242113000001", Qualified.QUALIFIED),
    ],
)
def test_who_began_after_the_rule_holds_the_legal_qualification(
    first_day: str | None, qualification: str, expected: Qualified
) -> None:
    assert standing(first_day, qualification) is expected


async def test_a_reviewer_s_qualification_is_an_act_and_two_editors_are_told(office: ReviewOffice) -> None:
    acts, head, reviewer = office.office.acts, office.people["head"], office.people["reviewer"]
    kept = await keep_reviewer(acts, head, "scjg", reviewer.id, 0, "2024-05-01", "A2024211300", "", TODAY)
    assert (kept.version, kept.qualified) == (1, Qualified.QUALIFIED)
    with pytest.raises(Wrong, match="他人刚保存过"):
        await keep_reviewer(acts, head, "scjg", reviewer.id, 0, "2024-05-01", "", "", TODAY)
    kept = await keep_reviewer(acts, head, "scjg", reviewer.id, 1, "2024-05-01", "", "", TODAY)
    assert kept.qualified is Qualified.LACKING
    with pytest.raises(Wrong, match="不是本机关"):
        await keep_reviewer(acts, head, "scjg", office.people["handler"].id, 0, "", "", "", TODAY)
    with pytest.raises(Wrong, match="晚于今天"):
        await keep_reviewer(acts, head, "scjg", reviewer.id, 2, "2030-01-01", "", "", TODAY)
    assert len(await office.office.stated("registry.changed")) == 2


def test_reviewer_is_named_as_in_the_log() -> None:
    assert Reviewer(7, "吴", None, "scjg").number == "person-7"


@pytest.mark.parametrize(
    ("submitted", "extended", "due", "provisional"),
    [
        (date(2026, 11, 20), False, date(2026, 12, 1), False),
        (date(2026, 11, 20), True, date(2026, 12, 4), False),
        # National Day 2026: 1 to 7 October, 10 October is worked
        (date(2026, 9, 30), False, date(2026, 10, 15), False),
        # Spring Festival 2026: 15 to 23 February, 14 and 28 February are worked
        (date(2026, 2, 12), False, date(2026, 2, 28), False),
        # over the year's end into a year without a notice
        (date(2026, 12, 28), False, date(2027, 1, 6), True),
    ],
    ids=["usual", "extended", "National Day", "Spring Festival", "a year without a notice"],
)
def test_seven_working_days_and_three_more(submitted: date, extended: bool, due: date, provisional: bool) -> None:
    clock = clock_of(submitted, None, submitted, extended=extended)
    assert (clock.due, clock.provisional) == (due, provisional)
    assert clock.left == (10 if extended else 7)
    assert clock_of(submitted, due, due + timedelta(days=9), extended=extended).state.value == "kept"
    late = clock_of(submitted, due + timedelta(days=1), due + timedelta(days=9), extended=extended)
    assert late.state.value == "missed"
