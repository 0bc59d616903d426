"""Oversight as acts: announced before it is drawn, asked until it is answered, received, written down; and how every agency stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from liuhen_protocol.merkle import Node, leaf_hash, node_hash
from liuhen_protocol.oversight_events import SpotCheckAnnounced, SpotCheckDrawn, SupervisionClosed
from liuhen_server.cases.calendar import OFFICIAL
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.coverage import ListRow, Method
from liuhen_server.cases.said import Wrong
from liuhen_server.database.schema import entries
from liuhen_server.deadlines.deadline import Standing, Within
from liuhen_server.deadlines.sources import everything_due
from liuhen_server.merging import acts as merging
from liuhen_server.registry.changes import keep_recorder
from liuhen_server.registry.recorders import Recorder
from liuhen_server.registry.schema import holdings
from liuhen_server.supervision.acts import (
    add_record,
    announce,
    answer,
    close,
    draw_cases,
    end_record,
    file_report,
    find_report,
    give_opinion,
    receive_report,
    records_of,
    reports_of,
)
from liuhen_server.supervision.draw import digest_of_cases, verify_draw
from liuhen_server.supervision.matrix import ITEMS, Cell, matrix
from support.case_office import HEAD, TODAY, Office, Somebody, office_in

JUSTICE = Somebody(5)


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office


async def log_of(office: Office) -> tuple[int, Node]:
    """Size and tree of everything that is stated by now."""
    async with office.archive.database.read() as conn:
        envelopes = (await conn.execute(select(entries.c.envelope).order_by(entries.c.log_index))).scalars()
        leaves = [leaf_hash(bytes(each)) for each in envelopes]

    def node(level: int, index: int) -> bytes:
        return leaves[index] if level == 0 else node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return len(leaves), node


async def test_what_can_be_drawn_is_stated_before_the_seed_is_known_and_the_result_after(office: Office) -> None:
    opened = [(await office.open()).id for _ in range(6)]
    check = await announce(office.acts, JUSTICE, office.agency, TODAY, TODAY, 2)
    assert check.population == tuple(opened)
    size, node = await log_of(office)
    with pytest.raises(Wrong, match="entries more"):
        await draw_cases(office.acts, JUSTICE, check.id, size, node)
    while size < check.needs_size:
        await office.open()
        size, node = await log_of(office)
    drawn = await draw_cases(office.acts, JUSTICE, check.id, size, node)
    assert drawn.cases is not None and set(drawn.cases) <= set(opened), "what came after was not announced"
    verify_draw(drawn.drawn(), node)
    with pytest.raises(Wrong, match="drawn already"):
        await draw_cases(office.acts, JUSTICE, check.id, size, node)
    (announced,) = await office.stated("supervision.announced")
    assert announced.event == SpotCheckAnnounced(
        "check-1", office.agency, 6, 2, digest_of_cases(opened), JUSTICE.number
    )
    (stated,) = await office.stated("supervision.drawn")
    assert drawn.root is not None
    assert stated.event == SpotCheckDrawn(
        "check-1", check.needs_size, drawn.root, digest_of_cases(drawn.cases), JUSTICE.number
    )


async def test_nothing_is_drawn_of_no_cases_nor_more_than_anybody_reads(office: Office) -> None:
    with pytest.raises(Wrong, match="1 to 100000 cases"):
        await announce(office.acts, JUSTICE, office.agency, TODAY, TODAY, 2)
    for sample in (0, 201):
        with pytest.raises(Wrong, match="draw from"):
            await announce(office.acts, JUSTICE, office.agency, TODAY, TODAY, sample)


async def test_an_opinion_is_open_until_its_answer_is_taken(office: Office) -> None:
    due = TODAY + timedelta(days=15)
    opinion = await give_opinion(office.acts, JUSTICE, office.agency, "case-1", due, "请补齐送达回证", TODAY)
    with pytest.raises(Wrong, match="moved on"):
        await close(office.acts, JUSTICE, opinion.id, opinion.version, "好", accepted=True)
    answered = await answer(office.acts, HEAD, opinion.id, opinion.version, "已补齐")
    returned = await close(office.acts, JUSTICE, opinion.id, answered.version, "尚缺一份", accepted=False)
    assert returned.state == "open" and returned.overdue(due + timedelta(days=1)) and not returned.overdue(due)
    again = await answer(office.acts, HEAD, opinion.id, returned.version, "全部补齐")
    done = await asyncio.gather(
        *(close(office.acts, JUSTICE, opinion.id, again.version, "认可", accepted=True) for _ in range(2)),
        return_exceptions=True,
    )
    assert sorted(isinstance(each, Wrong) for each in done) == [False, True], "two at once close it once"
    events = [each.event for each in await office.stated("supervision.closed")]
    assert [each.accepted for each in events if isinstance(each, SupervisionClosed)] == [False, True]
    with pytest.raises(Wrong, match="due after today"):
        await give_opinion(office.acts, JUSTICE, office.agency, "", TODAY, "请说明", TODAY)


async def test_a_self_inspection_report_is_filed_in_versions_and_received_once(office: Office) -> None:
    filed = await file_report(office.acts, HEAD, office.agency, 2026, "自查情况", TODAY)
    second = await file_report(office.acts, HEAD, office.agency, 2026, "自查情况（补充）", TODAY)
    assert (filed["version"], second["version"]) == (1, 2)
    await receive_report(office.acts, JUSTICE, filed["id"])
    with pytest.raises(Wrong, match="received already"):
        await receive_report(office.acts, JUSTICE, filed["id"])
    async with office.archive.database.read() as conn:
        assert [each["version"] for each in await reports_of(conn, office.agency)] == [2, 1]
        now = await find_report(conn, filed["id"])
    assert now is not None and now["received_by"] == JUSTICE.number


async def test_who_is_responsible_is_written_down_and_ended_never_deleted(office: Office) -> None:
    person = await add_record(office.acts, HEAD, office.agency, "responsible", "样例局长", "局长", TODAY, 0)
    await add_record(office.acts, HEAD, office.agency, "officer-training", "王磊", "执法记录仪使用", TODAY, 8)
    for agency, kind in ((office.agency, "member"), (None, "counsel"), (office.agency, "none")):
        with pytest.raises(Wrong, match="written down"):
            await add_record(office.acts, HEAD, agency, kind, "某人", "", TODAY, 0)
    with pytest.raises(Wrong, match="no such record"):
        await end_record(office.acts, HEAD, office.other, person)
    await end_record(office.acts, HEAD, office.agency, person)
    async with office.archive.database.read() as conn:
        assert [each["kind"] for each in await records_of(conn, office.agency)] == ["officer-training"]
    assert len(await office.stated("registry.changed")) == 3


async def test_how_an_agency_stands_is_read_off_the_rooms_and_turns_red_after_the_plans_day(office: Office) -> None:
    async with office.archive.database.read() as conn:
        before, after = await matrix(conn, date(2026, 7, 1)), await matrix(conn, date(2026, 12, 1))
    assert [row.agency.code for row in before] == sorted((office.agency, office.other))
    assert all(set(row.cells) == {item.key for item in ITEMS} for row in before)
    mine, late = ({row.agency.code: row.cells for row in rows}[office.agency] for rows in (before, after))
    assert (mine["recording-list"].state, late["recording-list"].state) == ("undecided", "broken")
    assert (mine["officers"].text, late["officers"].state) == ("1/4", "broken")
    await add_record(office.acts, HEAD, office.agency, "responsible", "样例局长", "", TODAY, 0)
    async with office.archive.database.read() as conn:
        (row,) = await matrix(conn, date(2026, 7, 1), office.agency)
    assert row.cells["responsible"].state == "holds"


async def test_coverage_late_uploads_and_recordings_of_no_case_are_columns_that_open_their_lists(
    office: Office,
) -> None:
    await office.approved(ListRow("1", "penalty", "现场检查", Stage.INITIATION, Method.VIDEO, True))
    await office.open()
    await office.clip("a")
    await office.clip("b", office.other_dock)
    await office.clip("c", office.other_dock)
    async with office.acts.of(HEAD) as act:
        recorder = await keep_recorder(act, Recorder("0000127", office.agency))
        times = {"from_time": "2026-11-19T00:00:00.000Z", "until_time": "2026-11-19T10:00:00.000Z", "version": 1}
        held = {"recorder": recorder.id, "officer": office.officers["王磊"], **times}
        await act.conn.execute(insert(holdings).values(**held))
    async with office.archive.database.read() as conn:
        rows = {row.agency.code: row.cells for row in await matrix(conn, date(2026, 12, 25))}
        (alone,) = await matrix(conn, date(2026, 12, 25), office.other)
        early = await matrix(conn, TODAY, office.other)
    mine, theirs = rows[office.agency], rows[office.other]
    assert mine["coverage"] == Cell(
        "undecided", "0 %", f"/coverage/cases?agency={office.agency}&month=2026-11&what=missing"
    )
    assert theirs["coverage"].text == "–", "nothing was asked of it"
    assert mine["late"] == Cell("broken", "1", f"/todo?agency={office.agency}&rule=upload")
    assert theirs["late"] == Cell("holds", "0", f"/todo?agency={office.other}&rule=upload")
    assert mine["unlinked"] == Cell("undecided", "1", f"/clips?agency={office.agency}&unlinked=30")
    assert (theirs["unlinked"].text, alone.cells["unlinked"].text) == ("2", "2")
    assert early[0].cells["unlinked"].text == "0", "what came this month may still find its case"


async def test_what_an_agency_that_was_merged_left_open_counts_with_its_successor(office: Office) -> None:
    opinion = await give_opinion(office.acts, JUSTICE, office.agency, "", TODAY + timedelta(days=5), "请说明", TODAY)
    day = date(2027, 3, 1)
    async with office.archive.database.read() as conn:
        before = {row.agency.code: row.cells for row in await matrix(conn, day)}
    assert before[office.agency]["opinions"] == Cell("broken", "1", f"/supervision/{office.agency}")
    given = (office.agency, office.other, TODAY, "朝编发〔2026〕3号", "机构改革", TODAY)
    waiting = await merging.propose(office.acts, Somebody(91), *given)
    await merging.decide(office.acts, Somebody(92), waiting.id, waiting.version, merging.Answer.CONFIRM, TODAY)
    async with office.archive.database.read() as conn:
        (heir,) = await matrix(conn, day)
        (alone,) = await matrix(conn, day, office.other)
        due = await everything_due(conn, day, Within(OFFICIAL, None))
    late = [each for each in due if each.standing is Standing.OVERDUE]
    assert opinion.name in {each.about for each in late if each.agency == office.agency}
    assert heir.agency.code == office.other and heir.cells == alone.cells
    assert heir.cells["opinions"] == Cell("broken", "1", f"/supervision/{office.other}")
    assert heir.cells["overdue"] == Cell("broken", str(len(late)), f"/todo?agency={office.other}")
