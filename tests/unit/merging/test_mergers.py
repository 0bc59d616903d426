"""An agency that is merged into another: its history stays under its name, what is open goes on under the successor, nothing new begins."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from liuhen_protocol.events import AccountChanged
from liuhen_protocol.oversight_events import AgencyMerged
from liuhen_server.cases.calendar import OFFICIAL
from liuhen_server.cases.case_sheet import read_sheet
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.exchange import carry_out, draft_import
from liuhen_server.cases.lists import approve_list, draft_list
from liuhen_server.cases.reading import Case
from liuhen_server.cases.record import New, move_case, open_case
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.cases.sheets import read_rows
from liuhen_server.deadlines.deadline import Within, concerns
from liuhen_server.deadlines.reminder import messages_today
from liuhen_server.deadlines.settings import Hook, Reminders
from liuhen_server.deadlines.sources import everything_due
from liuhen_server.merging.acts import Answer, Merger, decide, mergers_of, misfit, propose
from liuhen_server.operations.verify import verify_archive
from liuhen_server.people.access import Allowed, Refused, Thing
from liuhen_server.people.access import decide as may
from liuhen_server.people.accounts import Person, add_person, person_by_id
from liuhen_server.people.roles import Action, Role
from liuhen_server.publicity.content import Content, Sheet
from liuhen_server.publicity.items import collect
from liuhen_server.publicity.kinds import KINDS
from liuhen_server.registry.agencies import Agency, add_agency, agency_of_dock, change_agency, docks_of, find_agency
from liuhen_server.registry.changes import keep_officer, keep_recorder
from liuhen_server.registry.fields import Mistakes
from liuhen_server.registry.officers import Officer, find_officer
from liuhen_server.registry.recorders import Recorder, recorder_of_serial
from liuhen_server.registry.schema import agency_mergers, officers
from liuhen_server.retention.schema import disposal_lists
from liuhen_server.retention.tables import draft_table
from liuhen_server.review.lists import draft_major_list
from liuhen_server.statistics.counting import Scope, cells_of
from liuhen_server.statistics.reports import counted_of
from liuhen_server.supervision.acts import give_opinion
from support.case_office import COLLEAGUE, HANDLER, HEAD, TODAY, Office, Somebody, office_in
from support.deciding import brought_to_decision, decided
from support.sheet_files import HEADER, case_row, csv_bytes

PROPOSER, CONFIRMER = Somebody(91), Somebody(92)
THIRD = "zrzy"


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        async with office.archive.database.write() as conn:
            await add_agency(conn, Agency(THIRD, "朝阳县自然资源局", "自然资源局", "朝县自然"))
        yield office


async def proposed(office: Office, agency: str = "", into: str = "", day: date = TODAY) -> Merger:
    given = (agency or office.agency, into or office.other)
    return await propose(office.acts, PROPOSER, *given, day, "朝编发〔2026〕3号", "机构改革", TODAY)


async def merged(office: Office, agency: str = "", into: str = "", day: date = TODAY) -> Merger:
    waiting = await proposed(office, agency, into, day)
    return await decide(office.acts, CONFIRMER, waiting.id, waiting.version, Answer.CONFIRM, TODAY)


async def account(office: Office, name: str, agency: str, *roles: Role, officer: int | None = None) -> int:
    async with office.archive.database.write() as conn:
        added = await add_person(
            conn,
            name=name,
            display_name=name,
            roles=frozenset(roles),
            one_time_hash="-",
            now=1,
            agency=agency,
            officer=officer,
        )
    return added.id


async def now(office: Office, person_id: int) -> Person:
    async with office.archive.database.read() as conn:
        found = await person_by_id(conn, person_id)
    assert found is not None
    return found


async def archived(office: Office) -> Case:
    case = await office.open()
    async with office.archive.database.write() as conn:
        ended = {"stage": Stage.ARCHIVED.value, "archived_time": "2026-11-20T00:00:00.000Z"}
        await conn.execute(update(cases).where(cases.c.id == case.id).values(**ended))
    return case


async def test_what_ended_stays_with_its_agency_and_what_is_open_goes_on_under_the_successor_with_its_number(
    office: Office,
) -> None:
    ended, open_one = await archived(office), await office.open()
    kept = await merged(office)
    assert (kept.state, kept.heir, kept.day) == ("confirmed", office.other, TODAY.isoformat())
    history, carried = await office.whole(ended), await office.whole(open_one)
    assert (history.case.agency, history.case.number) == (office.agency, ended.number)
    assert (carried.case.agency, carried.case.number) == (office.other, open_one.number)
    assert carried.case.list_id == open_one.list_id and carried.officers == {
        office.officers["王磊"],
        office.officers["李静"],
    }
    assert carried.acts[0].what == "agency", "the case itself says so"
    (stated,) = [each.event for each in await office.stated("agency.merged")]
    assert isinstance(stated, AgencyMerged)
    assert (stated.agency, stated.into, stated.cases) == (office.agency, office.other, 1)
    assert (stated.proposed_by, stated.by) == (PROPOSER.number, CONFIRMER.number)
    async with office.archive.database.read() as conn:
        old = await find_agency(conn, office.agency)
        assert old is not None and not old.active and old.name == "朝阳县市场监督管理局"
        officer = await find_officer(conn, office.officers["王磊"])
        assert officer is not None and officer.agency == office.other
    report = await verify_archive(office.archive)
    assert report.holds and report.checked["mergers"] == 1, report.text()


async def test_a_decision_made_before_counts_with_who_made_it_and_one_made_after_with_the_successor(
    office: Office,
) -> None:
    case, draft = await brought_to_decision(office)
    before = await decided(office, case, draft)
    later_case, later_draft = await brought_to_decision(office)
    await merged(office)
    after = await decided(office, later_case, later_draft)
    assert (before.agency, after.agency) == (office.agency, office.other)
    async with office.archive.database.read() as conn:
        for agency in (office.agency, office.other):
            counted = counted_of(await cells_of(conn, Scope(TODAY.year, agency))).values
            assert counted["penalty.warning"].count == 1, agency
    report = await verify_archive(office.archive)
    assert report.holds and report.checked["decisions"] == 2, report.text()
    async with office.archive.database.write() as conn:
        await conn.execute(text(f"UPDATE decisions SET agency = '{office.other}' WHERE id = {before.id}"))
    assert "decision-row-altered" in {each.code for each in (await verify_archive(office.archive)).findings}


async def test_what_waits_is_on_the_list_of_the_successors_people_and_no_third_agency_sees_anything(
    office: Office,
) -> None:
    case, draft = await brought_to_decision(office)
    await decided(office, case, draft)
    ended = await archived(office)
    head = await account(office, "head", office.other, Role.HEAD)
    stranger = await account(office, "stranger", THIRD, Role.HEAD)
    moved = await account(office, "moved", office.agency, Role.HANDLER, officer=office.officers["王磊"])
    await merged(office)
    person, third, handler = await now(office, head), await now(office, stranger), await now(office, moved)
    assert (handler.agency, handler.before) == (office.other, frozenset({office.agency}))
    old = Thing(ended.name, office.agency)
    assert isinstance(may(person, Action.SEE_CASES, old), Allowed)
    assert isinstance(may(person, Action.SEE_FOOTAGE, Thing("clip-1", office.agency)), Allowed)
    for action in (Action.SEE_CASES, Action.SEE_FOOTAGE, Action.SEE_REVIEWS, Action.PUBLISH):
        assert isinstance(may(third, action, old), Refused)
    async with office.archive.database.read() as conn:
        day = TODAY + timedelta(days=30)
        due = await everything_due(conn, day, Within(OFFICIAL, office.other))
        assert {f"case-{case.id}", "decision-1"} <= {each.about for each in due}
        assert any(concerns(handler, each) for each in due if each.about == "decision-1"), "his own case"
        assert not any(concerns(third, each) for each in due)
        assert await everything_due(conn, day, Within(OFFICIAL, THIRD)) == []
    (changed,) = [each.event for each in await office.stated("account.changed")]
    assert isinstance(changed, AccountChanged) and changed.agency == office.other


async def test_docks_recorders_and_recordings_are_the_successors(office: Office) -> None:
    async with office.acts.of(PROPOSER) as act:
        await keep_recorder(act, Recorder("0000127", office.agency, "DSJ-X9"))
    await merged(office)
    async with office.archive.database.read() as conn:
        assert await agency_of_dock(conn, office.dock) == office.other
        docks = [row.name for row in await conn.execute(docks_of(office.other))]
        assert sorted(docks) == [office.dock, office.other_dock]
        assert (await conn.execute(docks_of(THIRD))).scalars().all() == []
        recorder = await recorder_of_serial(conn, "0000127")
        assert recorder is not None and recorder.agency == office.other


async def test_nothing_new_begins_in_an_agency_that_was_merged(office: Office) -> None:
    draft = await draft_list(office.acts, HANDLER, office.agency)
    ended = await archived(office)
    await merged(office)
    acts, old, columns = office.acts, office.agency, KINDS["supervision-list"].columns
    pair = (office.officers["王磊"], office.officers["李静"])
    attempts = (
        lambda: open_case(acts, HANDLER, New(old, "penalty", "新案", pair), TODAY),
        lambda: draft_list(acts, HANDLER, old),
        lambda: approve_list(acts, HEAD, draft.id, draft.edit, TODAY, TODAY),
        lambda: draft_major_list(acts, HANDLER, old),
        lambda: draft_table(acts, HANDLER, old),
        lambda: give_opinion(acts, HEAD, old, "", TODAY + timedelta(days=9), "请说明", TODAY),
        lambda: collect(
            acts,
            HANDLER,
            old,
            "supervision-list",
            "",
            Content("supervision-list", "监管事项目录清单", {}, (Sheet("", columns, (tuple("一" for _ in columns),)),)),
        ),
        lambda: move_case(acts, HEAD, ended.id, Stage.ARCHIVED, Stage.ARCHIVING, "补正", TODAY),
    )
    for attempt in attempts:
        with pytest.raises(Wrong, match="was merged into 朝阳县交通运输局"):
            await attempt()
    with pytest.raises(Mistakes):
        async with acts.of(PROPOSER) as act:
            await keep_officer(act, Officer("21132199", "新人", old))
    with pytest.raises(Mistakes):
        async with acts.of(PROPOSER) as act:
            await keep_recorder(act, Recorder("0000999", old, ""))
    async with office.archive.database.read() as conn:
        kept = await find_agency(conn, old)
    assert kept is not None
    with pytest.raises(Mistakes, match="agency_merged"):
        async with acts.of(PROPOSER) as act:
            await change_agency(act.conn, replace(kept, active=True))


async def test_a_sheet_that_was_read_before_a_merger_opens_no_case_after_it(office: Office) -> None:
    sheet = read_sheet(read_rows(io.BytesIO(csv_bytes([HEADER, case_row(12)]))))
    draft, _ = await draft_import(office.acts, HANDLER, office.agency, "案件.csv", sheet, TODAY)
    assert draft is not None
    await merged(office)
    opened, (mistake,) = await carry_out(office.acts, HANDLER, draft.id, TODAY)
    assert opened == () and "was merged into" in mistake.said.en and await office.stated("case.opened") == []
    nothing, mistakes = await draft_import(office.acts, HANDLER, office.agency, "案件.csv", sheet, TODAY)
    assert nothing is None and mistakes, "its officers are the successor's"


async def test_of_two_who_decide_at_once_one_is_told_and_it_is_merged_once(office: Office) -> None:
    waiting = await proposed(office)
    done = await asyncio.gather(
        *(
            decide(office.acts, who, waiting.id, waiting.version, Answer.CONFIRM, TODAY)
            for who in (CONFIRMER, COLLEAGUE)
        ),
        return_exceptions=True,
    )
    assert sorted(isinstance(each, Wrong) for each in done) == [False, True]
    assert len(await office.stated("agency.merged")) == 1


async def test_two_proposals_at_once_are_one(office: Office) -> None:
    done = await asyncio.gather(proposed(office), proposed(office, into=THIRD), return_exceptions=True)
    assert sorted(isinstance(each, Wrong) for each in done) == [False, True]


async def test_who_proposed_confirms_nothing_and_nobody_else_takes_it_back(office: Office) -> None:
    waiting = await proposed(office)
    for who, answer in ((PROPOSER, Answer.CONFIRM), (PROPOSER, Answer.REFUSE), (CONFIRMER, Answer.WITHDRAW)):
        with pytest.raises(Wrong):
            await decide(office.acts, who, waiting.id, waiting.version, answer, TODAY)
    taken_back = await decide(office.acts, PROPOSER, waiting.id, waiting.version, Answer.WITHDRAW, TODAY)
    assert taken_back.state == "withdrawn" and (await office.whole(await office.open())).case.agency == office.agency


async def test_an_agency_is_merged_once_and_never_in_a_circle_nor_into_one_that_was_merged(office: Office) -> None:
    await merged(office)
    for agency, into, why in (
        (office.agency, office.agency, "into itself"),
        (office.agency, THIRD, "merged already"),
        (office.other, office.agency, "was merged itself"),
        (THIRD, office.agency, "was merged itself"),
        (office.other, "nowhere", "no such agency"),
    ):
        with pytest.raises(Wrong, match=why):
            await proposed(office, agency, into)
    with pytest.raises(Wrong, match="not after today"):
        later = TODAY + timedelta(days=1)
        await propose(office.acts, PROPOSER, office.other, THIRD, later, "朝编发〔2026〕4号", "改革", TODAY)


async def test_what_fitted_when_it_was_proposed_is_asked_again_when_it_is_confirmed(office: Office) -> None:
    waiting = await proposed(office, THIRD, office.agency)
    await merged(office)
    with pytest.raises(Wrong, match="was merged itself"):
        await decide(office.acts, CONFIRMER, waiting.id, waiting.version, Answer.CONFIRM, TODAY)


async def test_the_successor_of_a_successor_carries_on_for_both(office: Office) -> None:
    ended = await archived(office)
    head = await account(office, "head", THIRD, Role.HEAD)
    await merged(office)
    await merged(office, office.other, THIRD)
    person = await now(office, head)
    assert person.before == {office.agency, office.other}
    assert isinstance(may(person, Action.SEE_CASES, Thing(ended.name, office.agency)), Allowed)
    async with office.archive.database.read() as conn:
        assert await agency_of_dock(conn, office.dock) == THIRD
        assert {(each.agency, each.into, each.heir) for each in await mergers_of(conn)} == {
            (office.agency, office.other, THIRD),
            (office.other, THIRD, THIRD),
        }
    assert (await verify_archive(office.archive)).holds


async def test_what_one_agency_cannot_have_twice_is_named_before_anything_moves(office: Office) -> None:
    case = await office.open()
    async with office.archive.database.write() as conn:
        row = (await conn.execute(select(cases).where(cases.c.id == case.id))).mappings().one()
        await conn.execute(insert(cases).values(**{**row, "id": 99, "agency": office.other}))
    with pytest.raises(Wrong, match=case.number):
        await merged(office)
    async with office.archive.database.write() as conn:
        await conn.execute(text("DELETE FROM cases WHERE id = 99"))
        theirs = officers.c.id == office.officers["钱进"]
        await conn.execute(update(officers).where(theirs).values(recorder_number="210327"))
    (waiting,) = [each for each in await _mergers(office) if each.state == "proposed"]
    with pytest.raises(Wrong, match="210327"):
        await decide(office.acts, CONFIRMER, waiting.id, waiting.version, Answer.CONFIRM, TODAY)
    async with office.archive.database.write() as conn:
        await conn.execute(update(officers).where(theirs).values(recorder_number=None))
        drawn = {"agency": office.agency, "day": "2026-11-20", "state": "drawn", "version": 1, "drawn_by": "person-9"}
        await conn.execute(insert(disposal_lists).values(**drawn, drawn_time="2026-11-20T00:00:00.000Z", drawn_index=1))
    with pytest.raises(Wrong, match="disposal lists"):
        await decide(office.acts, CONFIRMER, waiting.id, waiting.version, Answer.CONFIRM, TODAY)
    assert (await office.whole(case)).case.agency == office.agency and await office.stated("agency.merged") == []


async def _mergers(office: Office) -> tuple[Merger, ...]:
    async with office.archive.database.read() as conn:
        return await mergers_of(conn)


LIES = (
    "UPDATE agency_mergers SET day = '2020-01-01'",
    "UPDATE agency_mergers SET heir = 'zrzy'",
    "DELETE FROM agency_mergers",
)


async def test_a_row_that_says_otherwise_than_the_log_is_named(office: Office) -> None:
    await merged(office)
    for lie in LIES:
        async with office.archive.database.write() as conn:
            kept = (await conn.execute(select(agency_mergers))).mappings().one()
            await conn.execute(text(lie))
        assert "merger-altered" in {each.code for each in (await verify_archive(office.archive)).findings}, lie
        async with office.archive.database.write() as conn:
            await conn.execute(text("DELETE FROM agency_mergers"))
            await conn.execute(insert(agency_mergers).values(**kept))
    assert (await verify_archive(office.archive)).holds


BROKEN = (
    {"into": "scjg"},
    {"heir": "scjg"},
    {"decided_by": "person-91"},
    {"heir": None},
    {"log_index": None},
    {"id": 2},
)


async def test_the_database_itself_takes_no_merger_that_cannot_be(office: Office) -> None:
    await merged(office)
    async with office.archive.database.read() as conn:
        row = dict((await conn.execute(select(agency_mergers))).mappings().one())
    for broken in BROKEN:
        with pytest.raises(IntegrityError):
            async with office.archive.database.write() as conn:
                if "id" not in broken:
                    await conn.execute(text("DELETE FROM agency_mergers"))
                await conn.execute(insert(agency_mergers).values(**row | broken))


KNOWN = {code: Agency(code, code, code, "朝县", active=code != "c") for code in "abc"}


@given(st.sampled_from("ab"), st.none() | st.sampled_from("abc"), st.sampled_from("abcd"), st.none() | st.just("b"))
def test_only_one_living_agency_is_merged_into_another_living_one(
    agency: str, heir: str | None, into: str, heir_of_into: str | None
) -> None:
    day = date(2026, 11, 20)
    wrong = misfit(KNOWN[agency], heir, KNOWN.get(into), heir_of_into, day, day)
    assert (wrong is None) == (agency != into and into in ("a", "b") and heir is None and heir_of_into is None)


@pytest.mark.parametrize("day", [TODAY, date(2020, 3, 1)], ids=["this year", "long ago"])
async def test_the_year_in_which_an_agency_was_merged_is_reported_by_its_successor(office: Office, day: date) -> None:
    """Whichever day the reform has: cases and decisions of the year are what is reported."""
    case, draft = await brought_to_decision(office)
    await decided(office, case, draft)
    await merged(office, day=day)
    async with office.archive.database.read() as conn:
        due = await everything_due(conn, date(TODAY.year + 1, 1, 12), Within(OFFICIAL, office.other))
    assert f"agency-{office.agency}" in {each.about for each in due if each.rule.key == "statistics"}


async def test_the_successors_group_hears_of_what_it_carries_on_for(office: Office) -> None:
    case, draft = await brought_to_decision(office)
    await decided(office, case, draft)
    await merged(office)
    hooks = tuple(Hook(code, "wecom", "https://robot.example", code) for code in (office.other, THIRD))
    monday = date(2026, 12, 21)
    async with office.archive.database.read() as conn:
        due = await everything_due(conn, monday, Within(OFFICIAL))
        messages, _ = await messages_today(conn, Reminders("https://archive.example", hooks=hooks), monday)
    late = [each for each in due if each.due < monday]
    assert {each.agency for each in late} >= {office.agency}, "what was decided is still to be made public"
    theirs = [each for each in late if each.agency in (office.agency, office.other)]
    assert [(each.to, each.overdue) for each in messages] == [(f"webhook-{office.other}", len(theirs))]
