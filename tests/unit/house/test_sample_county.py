"""The sample county of the demonstration: true to life on whatever day it is made, lawful, and made by acts of people who may."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from house.sample import lists, papers, people
from house.sample.cases import CASES
from house.sample.fill import fill
from house.sample.plan import PlannedCase, planned
from liuhen_server.acts import MACHINE, acts_stated
from liuhen_server.cases.classes import CLASSES, Stage, kind_of
from liuhen_server.cases.clocks import ClockState
from liuhen_server.cases.coverage import Excuse, Linked, Method, Need, NeedState, Paper, blockers, check_rows, needs_of
from liuhen_server.cases.paper_files import media_type_of
from liuhen_server.cases.reading import whole_case
from liuhen_server.cases.schema import case_acts
from liuhen_server.operations.opening import opened
from liuhen_server.operations.verify import verify_archive
from liuhen_server.people.access import Allowed, Thing, decide
from liuhen_server.people.accounts import Person, list_people
from liuhen_server.people.roles import ADMINISTRATORS, GIVEN, Action
from support.device import running_archive

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


def test_everybody_in_it_is_plainly_invented() -> None:
    assert all("（示例）" in agency.name for agency in people.AGENCIES)
    for case in CASES:
        assert case.party.name.startswith(("样例", "示例")) or case.party.name.endswith("某"), case.party


def test_there_is_an_account_for_every_role_and_no_administrator_has_two() -> None:
    held = [account.roles for account in people.ACCOUNTS]
    assert frozenset().union(*held) == GIVEN
    assert all(len(roles) == 1 for roles in held if roles & ADMINISTRATORS)


def test_its_documents_are_taken_by_the_archive(tmp_path: Path) -> None:
    file = tmp_path / "paper"
    file.write_bytes(papers.pdf("现场检查笔录", "朝县市监罚〔2026〕12号"))
    assert media_type_of(file, "现场检查笔录.pdf") == "application/pdf"


DOES = {
    "case.opened": Action.OPEN_CASES,
    "case.changed": Action.WORK_CASES,
    "case.stage": Action.WORK_CASES,
    "case.document": Action.WORK_CASES,
    "clip.linked": Action.WORK_CASES,
    "clip.unlinked": Action.WORK_CASES,
    "coverage.excused": Action.WORK_CASES,
    "list.approved": Action.APPROVE_LISTS,
    "clip.marked": Action.MARK_CLIPS,
}


async def test_it_moves_in_by_acts_of_people_who_may_and_the_archive_holds(tmp_path: Path) -> None:
    some = [case for case in CASES if (case.agency == people.MARKET and case.opened < 60) or case.until is Stage.REVIEW]
    async with running_archive(tmp_path) as world:
        made = await fill(world.config, world.url, tmp_path / "sample", date(2026, 11, 20), some)
    async with opened(world.config) as archive:
        report = await verify_archive(archive, with_bytes=True)
        async with archive.database.read() as conn:
            acted = (await conn.execute(select(acts_stated.c.log_index, acts_stated.c.kind, acts_stated.c.by))).all()
            things = {
                row.log_index: whole.thing
                for row in (await conn.execute(select(case_acts.c.log_index, case_acts.c.case_id))).all()
                if (whole := await whole_case(conn, row.case_id)) is not None
            }
            by_number: dict[str, Person] = {person.number: person for person in await list_people(conn)}
    assert report.holds, report.text()
    assert all(person.must_change for person in by_number.values()) and len(by_number) == len(made)
    for index, kind, by in acted:
        if by != MACHINE.number and kind in DOES:
            thing = things.get(index, Thing("own-agency", by_number[by].agency))
            assert isinstance(decide(by_number[by], DOES[kind], thing), Allowed), (kind, by_number[by].name)
    assert {kind for _, kind, _ in acted} >= {*DOES, "registry.changed", "account.changed", "access.refused"}
