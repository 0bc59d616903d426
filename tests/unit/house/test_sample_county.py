"""The sample county of the demonstration: true to life on whatever day it is made, lawful, and made by acts of people who may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from io import BytesIO
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from house.sample import lists, oversight, papers, people, sheets
from house.sample.cases import CASES
from house.sample.plan import PlannedCase, planned
from liuhen_server.cases.case_sheet import read_sheet
from liuhen_server.cases.classes import CLASSES, Stage, kind_of
from liuhen_server.cases.clocks import ClockState
from liuhen_server.cases.coverage import Excuse, Linked, Method, Need, NeedState, Paper, blockers, check_rows, needs_of
from liuhen_server.cases.paper_files import media_type_of
from liuhen_server.cases.sheets import read_rows, write_csv
from liuhen_server.papers.docx import check_fields
from liuhen_server.papers.fields import FIELDS
from liuhen_server.people.roles import ADMINISTRATORS, GIVEN
from liuhen_server.review.criteria import check_major_rows

DAYS = st.dates(date(2026, 1, 1), date(2028, 12, 31))
WORDS = {agency.code: agency.case_word for agency in people.AGENCIES}


@settings(max_examples=25, deadline=None)
@given(DAYS)
def test_on_any_day_there_is_a_case_of_every_class_in_every_stage(day: date) -> None:
    there = {(each.case.enforcement, each.stage) for each in planned(day, WORDS)}
    assert there == {(each.key, stage) for each in CLASSES.values() for stage in (*each.stages, Stage.ARCHIVED)}


@settings(max_examples=25, deadline=None)
@given(DAYS)
def test_on_any_day_clocks_run_are_nearly_due_overdue_and_kept(day: date) -> None:
    clocks = [clock for each in planned(day, WORDS) for clock in each.clocks(day)]
    running = [clock.left for clock in clocks if clock.state is ClockState.RUNNING]
    assert any(left > 10 for left in running) and any(left <= 3 for left in running)
    assert {ClockState.OVERDUE, ClockState.KEPT} <= {clock.state for clock in clocks}


@settings(max_examples=25, deadline=None)
@given(DAYS)
def test_on_any_day_every_case_went_a_lawful_way(day: date) -> None:
    plan = planned(day, WORDS)
    assert len({each.number for each in plan}) == len(plan)
    for each in plan:
        rules = CLASSES[each.case.enforcement]
        for (before, entered), (after, later) in zip(each.stages, each.stages[1:], strict=False):
            rules.check_step(before, after, "")
            assert entered <= later <= day
        for paper in each.papers:
            kind_of(rules, paper.stage, paper.kind)
            assert paper.dated <= day
        assert all(film.begins.date() <= day for film in each.films)
        excused = {(stage, item) for stage, item, _ in each.excuses}
        assert excused <= {(need.stage, need.item) for need in _needs(each, ()) if need.state is NeedState.MISSING}
        missing = blockers(_needs(each, [Excuse(*one) for one in excused]))
        assert not missing or each.stage is not Stage.ARCHIVED, (each.number, missing)


def _needs(each: PlannedCase, excuses: Sequence[Excuse]) -> tuple[Need, ...]:
    linked = [
        Linked(film.stage, film.item, Method.PHOTO if film.picture else Method.VIDEO)
        for film in each.films
        if film.linked and film.stage is not None
    ]
    rules, rows = CLASSES[each.case.enforcement], lists.rows_of(each.case.agency)
    had = [Paper(paper.stage, paper.kind) for paper in each.papers]
    return needs_of(rules, {stage for stage, _ in each.stages}, rows, had, linked, excuses)


def test_files_with_something_missing_something_excused_and_recordings_that_wait_for_their_case() -> None:
    plan = planned(date(2026, 11, 20), WORDS)
    assert any(blockers(_needs(each, ())) for each in plan if each.stage is Stage.ARCHIVING)
    assert any(each.excuses for each in plan) and any(not film.linked for each in plan for film in each.films)
    for agency in lists.CLASSES_OF:
        check_rows(lists.rows_of(agency), CLASSES.values())


def test_its_lists_of_major_decisions_and_its_templates_are_such_as_the_archive_takes() -> None:
    for agency in lists.CLASSES_OF:
        check_major_rows(oversight.major_rows_of(agency))
    for (enforcement, stage, kind), (name, lines) in oversight.TEMPLATES.items():
        kind_of(CLASSES[enforcement], stage, kind)
        assert check_fields(papers.docx(*lines), FIELDS.keys()), name


def test_everybody_in_it_is_plainly_invented() -> None:
    assert all("（示例）" in agency.name for agency in people.AGENCIES)
    for case in CASES:
        assert case.party.name.startswith(("样例", "示例")) or case.party.name.endswith("某"), case.party


def test_there_is_an_account_for_every_role_and_no_administrator_has_two() -> None:
    held = [account.roles for account in people.ACCOUNTS]
    assert frozenset().union(*held) == GIVEN
    assert all(len(roles) == 1 for roles in held if roles & ADMINISTRATORS)


def test_its_sheet_is_read_without_a_mistake() -> None:
    sheet = read_sheet(read_rows(BytesIO(b"".join(write_csv(sheets.rows())))))
    assert (len(sheet.drafts), sheet.mistakes) == (3, ())
    there = {officer.officer(date(2026, 11, 20), place).certificate for place, officer in enumerate(people.OFFICERS)}
    assert all(len(draft.certificates) == 2 and set(draft.certificates) <= there for draft in sheet.drafts)


def test_its_documents_are_taken_by_the_archive(tmp_path: Path) -> None:
    file = tmp_path / "paper"
    file.write_bytes(papers.pdf("现场检查笔录", "朝县市监罚〔2026〕12号"))
    assert media_type_of(file, "现场检查笔录.pdf") == "application/pdf"
