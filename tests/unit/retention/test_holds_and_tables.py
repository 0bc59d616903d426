"""Holds say why and are ended by a person who says why; an agency's own terms are approved by another than whoever wrote them."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from liuhen_protocol.case_events import ListApproved
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.moment import format_time
from liuhen_protocol.retention_events import CaseHeld, CaseReleased, ClipHeld, ClipReleased
from liuhen_protocol.statement import Statement, read_statement
from liuhen_server.acts import said
from liuhen_server.cases.approval import digest_of
from liuhen_server.cases.record import NoSuchCase
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.database.schema import entries
from liuhen_server.merging.acts import Answer, decide, propose
from liuhen_server.registry.agencies import Agency, add_agency
from liuhen_server.retention.disposal import draw, rows_of
from liuhen_server.retention.facts import terms_of
from liuhen_server.retention.holds import hold_case, hold_clip, holds_of_case, holds_of_clip, lasting, release
from liuhen_server.retention.tables import (
    approve_table,
    draft_table,
    save_table,
    table_in_force,
    tables_in_force,
    tables_of,
)
from liuhen_server.retention.terms import DEFAULT, Ground, Table, TermRow, Why
from liuhen_server.web.context import CHINA
from support.footage import AGENCY, ARCHIVIST, HANDLER, HEAD, Cabinet

ONE, TWO = b"first " * 1000, b"second " * 1000


async def stated(cabinet: Cabinet, *kinds: str) -> list[Statement]:
    query = select(entries.c.envelope).where(entries.c.kind.in_(kinds)).order_by(entries.c.log_index)
    async with cabinet.archive.database.read() as conn:
        return [read_statement(Envelope.parse(bytes(row)).payload) for row in (await conn.execute(query)).scalars()]


async def test_a_hold_and_its_release_are_stated_with_commitments_to_their_reasons(cabinet: Cabinet) -> None:
    clip, case = await cabinet.clip(ONE), await cabinet.case()
    until = cabinet.today + timedelta(days=30)
    first = await hold_clip(
        cabinet.acts, HANDLER, clip.dock, clip.sha256, Ground.COMPLAINT, until, "有人投诉", cabinet.today
    )
    second = await hold_case(cabinet.acts, HEAD, case.id, Ground.LITIGATION, None, "已起诉", cabinet.today)
    await release(cabinet.acts, HEAD, first.id, "查无实据")
    await release(cabinet.acts, HEAD, second.id, "撤诉")
    async with cabinet.archive.database.read() as conn:
        sums = {row.text: row.sha256 for row in await conn.execute(select(said.c.text, said.c.sha256))}
        assert await lasting(conn, AGENCY, cabinet.today) == ()
        assert {each.id for each in await lasting(conn, None, cabinet.today, ended=True)} == {first.id, second.id}
    found = await stated(cabinet, "clip.held", "case.held", "clip.released", "case.released")
    assert [each.event for each in found] == [
        ClipHeld("hold-1", "complaint", until.isoformat(), "person-7", sums["有人投诉"]),
        CaseHeld("hold-2", case.name, "litigation", None, "person-4", sums["已起诉"]),
        ClipReleased("hold-1", "person-4", sums["查无实据"]),
        CaseReleased("hold-2", case.name, "person-4", sums["撤诉"]),
    ]
    assert [each.subject.sha256 for each in found if isinstance(each.event, ClipHeld | ClipReleased)] == [
        clip.sha256,
        clip.sha256,
    ]


async def test_what_cannot_be_held_is_refused_and_says_nothing(cabinet: Cabinet) -> None:
    clip, case, today = await cabinet.clip(ONE), await cabinet.case(), cabinet.today
    proxy = await cabinet.clip(TWO, original=ONE)
    acts, yesterday = cabinet.acts, today - timedelta(days=1)
    with pytest.raises(Wrong, match="say why"):
        await hold_clip(acts, HANDLER, clip.dock, clip.sha256, Ground.OTHER, None, " ", today)
    with pytest.raises(Wrong, match="kept for ever"):
        await hold_clip(acts, HANDLER, clip.dock, clip.sha256, Ground.EVIDENCE, today, "证据", today)
    with pytest.raises(Wrong, match="today or later"):
        await hold_case(acts, HANDLER, case.id, Ground.OTHER, yesterday, "待查", today)
    for dock, sha256 in (("dock-03", "f" * 64), ("nowhere", clip.sha256), (proxy.dock, proxy.sha256)):
        with pytest.raises(Wrong, match="no such clip"):
            await hold_clip(acts, HANDLER, dock, sha256, Ground.OTHER, None, "待查", today)
    with pytest.raises(NoSuchCase):
        await hold_case(acts, HANDLER, 999, Ground.OTHER, None, "待查", today)
    assert await stated(cabinet, "clip.held", "case.held") == []


async def test_two_people_who_release_one_hold_release_it_once(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    hold = await hold_clip(cabinet.acts, HANDLER, clip.dock, clip.sha256, Ground.OTHER, None, "待查", cabinet.today)
    done = await asyncio.gather(
        *(release(cabinet.acts, who, hold.id, "查清") for who in (HEAD, ARCHIVIST)), return_exceptions=True
    )
    assert sorted(isinstance(each, Wrong) for each in done) == [False, True]
    assert len(await stated(cabinet, "clip.released")) == 1


async def test_a_hold_until_a_day_ends_by_itself(cabinet: Cabinet) -> None:
    clip, case = await cabinet.clip(ONE), await cabinet.case()
    await hold_clip(
        cabinet.acts, HANDLER, clip.dock, clip.sha256, Ground.OTHER, date(2026, 12, 1), "待查", cabinet.today
    )
    async with cabinet.archive.database.read() as conn:
        (hold,) = await holds_of_clip(conn, clip.sha256)
        assert await holds_of_case(conn, case.id) == ()
        (term,) = (await terms_of(conn, [clip], [DEFAULT], CHINA)).values()
    assert hold.lasts(date(2026, 12, 1)) and not hold.lasts(date(2026, 12, 2))
    assert (term.ends, term.why) == (date(2026, 12, 1), Why.HELD)


async def test_a_table_is_in_force_once_another_person_approved_it_and_from_its_day(cabinet: Cabinet) -> None:
    own, today = Table(365, (TermRow("penalty", "2", None), TermRow("licence", "", 50))), cabinet.today
    draft = await draft_table(cabinet.acts, ARCHIVIST, AGENCY)
    assert await draft_table(cabinet.acts, HEAD, AGENCY) == draft, "one draft an agency"
    saved = await save_table(cabinet.acts, ARCHIVIST, draft.id, draft.edit, own)
    with pytest.raises(Wrong, match="has saved this table since"):
        await save_table(cabinet.acts, HEAD, draft.id, draft.edit, DEFAULT)
    with pytest.raises(Wrong, match="180 days at the least"):
        await save_table(cabinet.acts, ARCHIVIST, draft.id, saved.edit, Table(90))
    with pytest.raises(Wrong, match="another person does"):
        await approve_table(cabinet.acts, ARCHIVIST, draft.id, saved.edit, today, today)
    with pytest.raises(Wrong, match="changed since"):
        await approve_table(cabinet.acts, HEAD, draft.id, draft.edit, today, today)
    with pytest.raises(Wrong, match="today or later"):
        await approve_table(cabinet.acts, HEAD, draft.id, saved.edit, today - timedelta(days=1), today)
    later = today + timedelta(days=10)
    held = await approve_table(cabinet.acts, HEAD, draft.id, saved.edit, later, today)
    with pytest.raises(Wrong, match="never changed"):
        await save_table(cabinet.acts, ARCHIVIST, draft.id, held.edit, DEFAULT)
    second = await draft_table(cabinet.acts, ARCHIVIST, AGENCY)
    assert (second.version, second.table) == (2, own), "a new version begins as the last one"
    with pytest.raises(Wrong, match="not earlier"):
        await approve_table(cabinet.acts, HEAD, second.id, second.edit, today, today)
    async with cabinet.archive.database.read() as conn:
        assert await table_in_force(conn, AGENCY, today) == DEFAULT
        assert await table_in_force(conn, AGENCY, later) == own
        assert [each.version for each in await tables_of(conn, AGENCY)] == [2, 1]
    (approved,) = await stated(cabinet, "list.approved")
    assert approved.event == ListApproved("terms-1", AGENCY, 1, digest_of(own), "person-4", later.isoformat())


@pytest.mark.parametrize("own_rows", [True, False], ids=["the old agency's table", "the old agency has none"])
async def test_a_merger_shortens_the_term_of_no_recording(cabinet: Cabinet, own_rows: bool) -> None:
    """Whichever of the two has a table that says more than the other's, or than the default: the longest holds."""
    successor = "city-office"
    async with cabinet.archive.database.write() as conn:
        await add_agency(conn, Agency(successor, "朝阳县综合执法局", "综合执法局", "朝县综执"))
    of = AGENCY if own_rows else successor
    draft = await draft_table(cabinet.acts, ARCHIVIST, of)
    rows = (TermRow("licence", "", 10), TermRow("penalty", "", None))
    saved = await save_table(cabinet.acts, ARCHIVIST, draft.id, draft.edit, Table(730, rows))
    await approve_table(cabinet.acts, HEAD, draft.id, saved.edit, cabinet.today, cabinet.today)
    loose, penalty, licence = [await cabinet.clip(data) for data in (ONE, b"two" * 1000, b"three" * 1000)]
    for clip, enforcement in ((penalty, "penalty"), (licence, "licence")):
        case = await cabinet.case(enforcement)
        await cabinet.linked(clip, case)
        async with cabinet.archive.database.write() as conn:
            ended = {"stage": "archived", "archived_time": format_time(cabinet.clock())}
            await conn.execute(update(cases).where(cases.c.id == case.id).values(**ended))
    started = cabinet.today
    merger = await propose(cabinet.acts, ARCHIVIST, AGENCY, successor, started, "朝编发〔2026〕3号", "改革", started)
    await decide(cabinet.acts, HEAD, merger.id, merger.version, Answer.CONFIRM, started)

    async def ends() -> list[date | None]:
        async with cabinet.archive.database.read() as conn:
            tables = await tables_in_force(conn, successor, cabinet.today)
            terms = await terms_of(conn, [loose, penalty, licence], tables, CHINA)
            return [terms[clip.dock, clip.sha256].ends for clip in (loose, penalty, licence)]

    years = 30  # the default of the one without a row, longer than the other's ten
    assert await ends() == [started + timedelta(days=730), None, started.replace(year=started.year + years)]
    cabinet.clock.days_pass(400)
    with pytest.raises(Wrong, match="no clip whose term"):
        await draw(cabinet.acts, ARCHIVIST, successor, cabinet.today, CHINA)
    cabinet.clock.days_pass(331)
    drawn = await draw(cabinet.acts, ARCHIVIST, successor, cabinet.today, CHINA)
    await cabinet.approved(drawn)
    async with cabinet.archive.database.read() as conn:
        assert [(row.sha256, row.state) for row in await rows_of(conn, drawn.id)] == [(loose.sha256, "disposed")]


async def test_a_row_put_into_the_database_below_the_floor_disposes_of_nothing(cabinet: Cabinet) -> None:
    await cabinet.clip(ONE)
    draft = await draft_table(cabinet.acts, ARCHIVIST, AGENCY)
    await approve_table(cabinet.acts, HEAD, draft.id, draft.edit, cabinet.today, cabinet.today)
    async with cabinet.archive.database.write() as conn:
        await conn.exec_driver_sql("UPDATE retention_tables SET unlinked_days = 1")
    cabinet.clock.days_pass(30)
    with pytest.raises(Wrong, match="no clip whose term"):
        await cabinet.drawn()
