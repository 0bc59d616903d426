"""What has to be done by when: each thing once, under its rule, with its last day, whoever must act; nothing that is done already."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Boolean, Integer, Table, insert, update

from liuhen_server.cases.calendar import OFFICIAL
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.clocks import CLOCKS
from liuhen_server.cases.documents import Paper, add_document
from liuhen_server.cases.schema import cases
from liuhen_server.custody.schema import stays
from liuhen_server.database import Connection
from liuhen_server.deadlines.case_source import of_cases
from liuhen_server.deadlines.deadline import (
    Deadline,
    Rule,
    Standing,
    Who,
    Within,
    by_urgency,
    concerns,
    last_day,
    until,
)
from liuhen_server.deadlines.rules import PUBLISH, REVIEW, RULES, WITHDRAW
from liuhen_server.deadlines.sources import everything_due
from liuhen_server.decisions.schema import decision_ends, decisions, drafts
from liuhen_server.people.accounts import Person
from liuhen_server.people.roles import Role
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.registry.changes import keep_recorder
from liuhen_server.registry.recorders import Recorder
from liuhen_server.registry.schema import holdings
from liuhen_server.review.schema import reviews
from liuhen_server.statistics.schema import statistics_reports
from liuhen_server.supervision.schema import supervision_opinions
from support.case_office import HANDLER, TODAY, Office
from support.deciding import file

D = date.fromisoformat
SOME_HASH = "ab" * 32


def person(*roles: Role, agency: str = "scjg", officer: int | None = None, number: int = 99) -> Person:
    return Person(number, "p", "P", frozenset(roles), "", False, None, False, agency, officer)


async def due(
    office: Office, today: date = TODAY, agency: str | None = None, officer: int | None = None
) -> list[Deadline]:
    async with office.archive.database.read() as conn:
        return await everything_due(conn, today, Within(OFFICIAL, agency, officer))


def told(found: list[Deadline]) -> list[tuple[str, str, str, int]]:
    return [
        (each.about, each.rule.key, each.due.isoformat(), each.left) for each in found if each.rule.key != "certificate"
    ]


async def put(office: Office, table: Table, **values: object) -> None:
    """A row of another room's table: what is not said and must be there is empty."""
    blank = {
        column.name: False if isinstance(column.type, Boolean) else 0 if isinstance(column.type, Integer) else ""
        for column in table.columns
        if not column.nullable and column.server_default is None and column.name != "id"
    }
    async with office.archive.database.write() as conn:
        await conn.execute(insert(table).values(**blank | values))


async def drafted(office: Office, case_id: int, enforcement: str, *, needs_review: bool) -> None:
    common: dict[str, object] = {"version": 1, "party_kind": "person", "procedure": "ordinary", "sha256": SOME_HASH}
    await put(office, drafts, id=1, case_id=case_id, enforcement=enforcement, needs_review=needs_review, **common)


async def decided(office: Office, case_id: int, dated: str, enforcement: str = "penalty") -> None:
    """A decision as it lies in the archive that needed no review."""
    await drafted(office, case_id, enforcement, needs_review=False)
    common: dict[str, object] = {"agency": office.agency, "draft_id": 1, "number": "朝县市监罚决〔2026〕1号"}
    await put(office, decisions, id=1, case_id=case_id, enforcement=enforcement, dated=dated, **common)


async def version(
    office: Office, state: str, day: str | None = None, about: str = "decision-1", kind: str = "decision"
) -> None:
    await put(office, public_items, id=1, agency=office.agency, kind=kind, about=about, title="t")
    row: dict[str, object] = {"id": 1, "item_id": 1, "version": 1, "state": state, "collected_by": "person-7"}
    if state != "collected":
        row |= {"reviewed_by": "person-5", "reviewed_time": "2026"}
    if day:
        row |= {"published_by": "person-6", "published_time": "2026", "published_day": day, "log_index": 1}
    await put(office, public_versions, **row)


async def review(office: Office, case_id: int, submitted: str) -> None:
    await drafted(office, case_id, "penalty", needs_review=True)
    row: dict[str, object] = {"id": 1, "case_id": case_id, "agency": office.agency, "draft_id": 1, "round": 1}
    await put(office, reviews, **row, submitted_by="person-7", submitted_day=submitted)


async def filed(office: Office, case_id: int, kind: str, dated: str) -> None:
    paper = Paper(Stage.INITIATION, kind, dated)
    await add_document(office.acts, HANDLER, case_id, await office.file(), paper)


def test_every_rule_says_where_it_is_written() -> None:
    told = [(each.key, each.name, each.source) for each in RULES] + [
        (each.key, each.name, each.source) for each in CLOCKS
    ]
    for _, name, source in told:
        assert source.zh.strip() and source.en.strip() and name.zh.strip() and name.en.strip()
    assert len({key for key, _, _ in told}) == len(told)


@pytest.mark.parametrize(
    ("rule", "began", "ends", "provisional"),
    [
        (REVIEW, "2026-02-12", "2026-02-28", False),  # Spring Festival, with two Saturdays that are worked
        (REVIEW, "2025-09-30", "2025-10-16", False),  # National Day and Mid-Autumn together
        (REVIEW, "2025-12-29", "2026-01-08", False),  # the year's end, with a Sunday that is worked
        (WITHDRAW, "2026-02-13", "2026-02-25", False),
        (WITHDRAW, "2026-09-29", "2026-10-09", False),
        (PUBLISH, "2026-01-29", "2026-03-04", False),
        (PUBLISH, "2025-12-15", "2026-01-13", False),
        (WITHDRAW, "2040-12-28", "2041-01-02", True),  # a year that nobody knows: Monday to Friday, and it says so
    ],
)
def test_last_days_over_holidays_and_the_years_end(rule: Rule, began: str, ends: str, provisional: bool) -> None:
    found = last_day(rule, D(began), OFFICIAL)
    assert (found[0].isoformat(), found[1]) == (ends, provisional)


@settings(deadline=None)  # years are read from the notice as they are asked for
@given(
    st.dates(date(2015, 1, 1), date(2032, 12, 31)),
    st.sampled_from([each for each in RULES if each.days]),
    st.integers(0, 60),
)
def test_what_is_left_and_how_it_stands_say_the_same(began: date, rule: Rule, later: int) -> None:
    end, _ = last_day(rule, began, OFFICIAL)
    today = began + timedelta(days=later)
    found = until(
        end,
        today,
        OFFICIAL,
        about="case-1",
        name="n",
        agency="a",
        who=Who(),
        rule=rule,
        began=began,
        url="/",
    )
    assert (found.standing is Standing.OVERDUE) == (today > end)
    assert (found.left >= 0) == (today <= end)
    assert end >= began


async def test_an_open_case_is_its_handlers_and_an_archived_one_nobodys(office: Office) -> None:
    case = await office.open()
    await filed(office, case.id, "filing", "2026-11-20")
    (mine,) = [each for each in await due(office) if each.about == "case-1"]
    assert told([mine]) == [("case-1", "penalty-decision", "2027-02-18", 90)]
    assert mine.name == case.number and mine.url == "/cases/1"
    wanglei = office.officers["王磊"]
    assert concerns(person(Role.HANDLER, officer=wanglei), mine)
    assert not concerns(person(Role.HANDLER, officer=office.officers["赵敏"]), mine)
    assert not concerns(person(Role.HANDLER, officer=wanglei, agency="jtys"), mine), "an officer counts in his agency"
    assert told(await due(office, officer=office.officers["赵敏"])) == []
    assert told(await due(office, agency="jtys")) == []
    async with office.archive.database.write() as conn:
        await conn.execute(update(cases).values(stage=Stage.ARCHIVED.value))
    assert told(await due(office)) == []


async def test_a_review_is_its_reviewers_seven_days_and_three_more_with_approval(office: Office) -> None:
    case = await office.open()
    await review(office, case.id, "2026-11-20")
    (anyones,) = [each for each in await due(office) if each.about == "review-1"]
    assert told([anyones]) == [("review-1", "review", "2026-12-01", 7)]
    assert concerns(person(Role.REVIEWER), anyones) and not concerns(person(Role.REVIEWER, agency="jtys"), anyones)
    async with office.archive.database.write() as conn:
        extended = {"extended_by": "person-4", "extended_time": "2026", "extension": 1}
        await conn.execute(update(reviews).values(taken_by="person-5", taken_time="2026", **extended))
    (taken,) = [each for each in await due(office, date(2026, 12, 7)) if each.about == "review-1"]
    assert told([taken]) == [("review-1", "review-extended", "2026-12-04", -1)]
    assert taken.standing is Standing.OVERDUE
    assert concerns(person(Role.REVIEWER, number=5), taken) and not concerns(person(Role.REVIEWER), taken)
    async with office.archive.database.write() as conn:
        await conn.execute(update(reviews).values(outcome="withdrawn"))
    assert told(await due(office)) == []


async def test_a_decision_is_public_in_seven_days_or_twenty_and_is_moved_from_hand_to_hand(office: Office) -> None:
    case = await office.open()
    await decided(office, case.id, "2026-11-20")
    found = [each for each in await due(office) if each.rule.key.startswith("publish")]
    assert told(found) == [("decision-1", "publish-decision-quick", "2026-12-01", 7)]
    assert concerns(person(Role.ARCHIVIST), found[0]) and not concerns(person(Role.PUBLISHER), found[0])
    await version(office, "reviewed")
    (reviewed,) = [each for each in await due(office) if each.about == "decision-1"]
    assert found[0].url == "/publicity" and reviewed.url == "/publicity/1"
    assert concerns(person(Role.PUBLISHER), reviewed) and not concerns(person(Role.ARCHIVIST), reviewed)
    async with office.archive.database.write() as conn:
        public = {"published_by": "person-6", "published_time": "2026", "published_day": "2026-11-23", "log_index": 1}
        await conn.execute(update(public_versions).values(state="published", **public))
    assert not [each for each in await due(office) if each.rule.key.startswith("publish")]


async def test_an_inspection_has_twenty_days(office: Office) -> None:
    case = await office.open(enforcement="inspection")
    await decided(office, case.id, "2026-11-20", "inspection")
    assert ("decision-1", "publish-decision", "2026-12-18", 20) in told(await due(office))


async def test_what_was_revoked_is_withdrawn_in_three_days_while_it_is_public(office: Office) -> None:
    case = await office.open()
    await decided(office, case.id, "2026-11-02")
    await version(office, "published", "2026-11-05")
    end = {"how": "revoked", "day": "2026-11-20", "reason": 1, "by": "person-4", "time": "2026", "log_index": 1}
    await put(office, decision_ends, decision_id=1, **end)
    (found,) = [each for each in await due(office) if each.about == "decision-1"]
    assert told([found]) == [("decision-1", "withdraw", "2026-11-25", 3)]
    assert concerns(person(Role.PUBLISHER), found)
    async with office.archive.database.write() as conn:
        gone = {"withdrawn_by": "person-6", "withdrawn_time": "2026", "withdrawn_day": "2026-11-23", "reason": 1}
        await conn.execute(update(public_versions).values(state="withdrawn", **gone))
    assert not [each for each in await due(office) if each.about == "decision-1"]


async def test_last_years_statistics_wait_for_an_agency_that_had_cases(office: Office) -> None:
    await office.open()
    january = date(2027, 1, 12)
    (found,) = [each for each in await due(office, january) if each.rule.key == "statistics"]
    assert (found.about, found.due, found.left, found.agency) == ("agency-scjg", date(2027, 1, 31), 19, "scjg")
    assert concerns(person(Role.HEAD), found)
    assert not [each for each in await due(office, TODAY) if each.rule.key == "statistics"], (
        "no cases in the year before"
    )
    report: dict[str, object] = {"id": 5, "agency": office.agency, "year": 2026, "version": 1}
    signed = {"signed_by": "person-4", "signed_time": "2027", "signed_day": "2027-01-11", "sha256": SOME_HASH}
    await put(office, statistics_reports, **report, **signed, log_index=1)
    (found,) = [each for each in await due(office, january) if each.rule.key == "statistics"]
    assert concerns(person(Role.ARCHIVIST), found) and not concerns(person(Role.HEAD), found), (
        "signed, to be made public"
    )
    await version(office, "published", "2027-01-20", "statistics-5", "statistics")
    assert not [each for each in await due(office, january) if each.rule.key == "statistics"]


async def test_a_certificate_is_told_sixty_days_ahead(office: Office) -> None:
    (found,) = [each for each in await due(office) if each.rule.key == "certificate"]
    assert (found.name, found.due, found.standing) == ("孙强", date(2026, 11, 19), Standing.OVERDUE)
    assert concerns(person(officer=office.officers["孙强"]), found) and concerns(person(Role.HEAD), found)
    assert not [each for each in await due(office, date(2026, 9, 19)) if each.rule.key == "certificate"]
    assert [each for each in await due(office, date(2026, 9, 20)) if each.rule.key == "certificate"]


async def test_a_returned_recorder_is_docked_within_a_day(office: Office) -> None:
    async with office.acts.of(HANDLER) as act:
        recorder = await keep_recorder(act, Recorder("0000127", office.agency))
    times = {"from_time": "2026-11-19T00:00:00.000Z", "until_time": "2026-11-19T10:00:00.000Z", "version": 1}
    await put(office, holdings, recorder=recorder.id, officer=office.officers["王磊"], **times)
    assert told([each for each in await due(office) if each.rule.key == "upload"]) == [
        (f"recorder-{recorder.id}", "upload", "2026-11-20", 0)
    ]
    row: dict[str, object] = dict.fromkeys(
        ("seq", "files", "total_bytes", "failed", "missing", "deleted", "problems", "cleared"), 0
    )
    row |= {"docked_index": 1, "dock": office.dock, "session": "s", "bay": "1", "recorder": "0000127"}
    await put(office, stays, **row, time="2026-11-20T01:00:00.000Z", quarantined=False, premature=False)
    assert not [each for each in await due(office) if each.rule.key == "upload"]


async def test_a_recorder_that_was_checked_out_and_never_left_its_bay_is_not_waited_for(office: Office) -> None:
    async with office.acts.of(HANDLER) as act:
        recorder = await keep_recorder(act, Recorder("0000127", office.agency))
    row: dict[str, object] = dict.fromkeys(
        ("seq", "files", "total_bytes", "failed", "missing", "deleted", "problems", "cleared"), 0
    )
    row |= {"docked_index": 1, "dock": office.dock, "session": "s", "bay": "1", "recorder": "0000127"}
    await put(office, stays, **row, time="2026-11-18T01:00:00.000Z", quarantined=False, premature=False)
    times = {"from_time": "2026-11-19T00:00:00.000Z", "until_time": "2026-11-19T00:02:00.000Z", "version": 1}
    await put(office, holdings, recorder=recorder.id, officer=office.officers["王磊"], stay=1, **times)
    assert not [each for each in await due(office) if each.rule.key == "upload"]
    async with office.archive.database.write() as conn:  # it left before, and whoever had it gave it to somebody else
        await conn.execute(update(stays).values(ended_seq=2, ended_time="2026-11-19T00:01:00.000Z"))
    assert [each for each in await due(office) if each.rule.key == "upload"]


async def test_a_supervision_opinion_waits_for_the_head_until_it_is_answered(office: Office) -> None:
    opinion: dict[str, object] = {"id": 3, "agency": office.agency, "due": "2026-11-30", "state": "open", "version": 1}
    await put(office, supervision_opinions, **opinion, time="2026-11-18T02:00:00.000Z", by="person-9")
    (found,) = [each for each in await due(office) if each.rule.key == "supervision-opinion"]
    assert told([found]) == [("opinion-3", "supervision-opinion", "2026-11-30", 10)]
    assert concerns(person(Role.HEAD), found) and not concerns(person(Role.HEAD, agency="jtys"), found)
    async with office.archive.database.write() as conn:
        await conn.execute(update(supervision_opinions).values(state="answered"))
    assert not [each for each in await due(office) if each.rule.key == "supervision-opinion"]


def test_what_is_overdue_stands_first() -> None:
    def ending(day: date) -> Deadline:
        return until(
            day, TODAY, OFFICIAL, about="case-1", name="n", agency="a", who=Who(), rule=REVIEW, began=TODAY, url="/"
        )

    late, soon, later = (ending(TODAY + timedelta(days=n)) for n in (-9, 1, 30))
    assert by_urgency([later, soon, late]) == [late, soon, later]
    assert replace(late, about="x").key == "x review"


class Counting:
    """A connection that counts what it is asked."""

    def __init__(self, conn: Connection) -> None:
        self._conn, self.asked = conn, 0

    async def execute(self, *given: Any, **more: Any) -> Any:
        self.asked += 1
        return await self._conn.execute(*given, **more)


async def test_many_open_cases_are_read_in_as_many_queries_as_few(office: Office) -> None:
    async def asked() -> int:
        async with office.archive.database.read() as conn:
            counting = Counting(conn)
            assert list(await of_cases(cast("Connection", counting), TODAY, Within(OFFICIAL))), "clocks run"
            return counting.asked

    await file(office, await office.open(), Stage.INITIATION, "filing")
    few = await asked()
    for _ in range(5):
        await file(office, await office.open(), Stage.INITIATION, "filing")
    assert await asked() == few
