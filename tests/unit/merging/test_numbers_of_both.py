"""Two agencies gave the same number to two officers before they were merged: what recorders then said goes on meaning whom it meant."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert

from liuhen_protocol.moment import format_time
from liuhen_server.cases.said import Wrong
from liuhen_server.custody.schema import stays
from liuhen_server.custody.stays import Stay, find_stay
from liuhen_server.database.schema import docks
from liuhen_server.merging.acts import Answer, decide, propose
from liuhen_server.people.access import Allowed, Thing
from liuhen_server.people.access import decide as may
from liuhen_server.people.accounts import Person, add_person, person_by_id
from liuhen_server.people.roles import Action, Role
from liuhen_server.registry.agencies import Agency, add_agency, agency_of_dock
from liuhen_server.registry.changes import keep_officer, keep_recorder
from liuhen_server.registry.officers import Officer, find_officer
from liuhen_server.registry.recorders import Recorder, recorder_of_serial
from liuhen_server.registry.seen import dockings_of, officers_meant
from support.footage import AGENCY, ARCHIVIST, HEAD, Cabinet, cabinet_in

SUCCESSOR, OLD_DOCK, NEW_DOCK, NUMBER = "city-office", "dock-03", "dock-09", "0005"


@pytest.fixture
async def cabinet(tmp_path: Path, database_url: str) -> AsyncIterator[Cabinet]:
    """Two agencies with a dock and a recorder each."""
    async with cabinet_in(tmp_path / "archive", database_url) as cabinet:
        await cabinet.dock(OLD_DOCK)
        row = {"public_key": "00" * 32, "state": "enrolled", "enrolled_index": 1, "enrolled_time": "2026-01-01"}
        async with cabinet.archive.database.write() as conn:
            await add_agency(conn, Agency(SUCCESSOR, "朝阳县综合执法局", "综合执法局", "朝县综执"))
            await conn.execute(insert(docks).values(name=NEW_DOCK, agency=SUCCESSOR, **row))
        async with cabinet.acts.of(HEAD) as act:
            for serial, agency in (("old", AGENCY), ("new", SUCCESSOR)):
                await keep_recorder(act, Recorder(serial, agency))
        yield cabinet


async def officer(cabinet: Cabinet, certificate: str, agency: str, number: str | None) -> Officer:
    async with cabinet.acts.of(HEAD) as act:
        return await keep_officer(act, Officer(certificate, certificate, agency, recorder_number=number))


async def renumbered(cabinet: Cabinet, given: Officer, number: str | None) -> None:
    async with cabinet.acts.of(HEAD) as act:
        now = await find_officer(act.conn, given.id)
        assert now is not None
        await keep_officer(act, replace(now, recorder_number=number))


async def merged(cabinet: Cabinet) -> None:
    day = cabinet.today
    given = await propose(cabinet.acts, ARCHIVIST, AGENCY, SUCCESSOR, day, "朝编发〔2026〕3号", "改革", day)
    await decide(cabinet.acts, HEAD, given.id, given.version, Answer.CONFIRM, day)


async def account(cabinet: Cabinet, of: Officer) -> int:
    async with cabinet.archive.database.write() as conn:
        added = await add_person(
            conn,
            name=of.certificate.lower(),
            display_name=of.name,
            roles=frozenset({Role.HANDLER}),
            one_time_hash="-",
            now=1,
            agency=of.agency,
            officer=of.id,
        )
    return added.id


async def opens(cabinet: Cabinet, person: int, dock: str, time: str) -> bool:
    """Whether a clip that was collected then, of a recorder that held the number, is shown to the person now."""
    told = (dock, NUMBER, time)
    async with cabinet.archive.database.read() as conn:
        who = await person_by_id(conn, person)
        thing = Thing("clip-x", await agency_of_dock(conn, dock), (await officers_meant(conn, [told]))[told])
    assert isinstance(who, Person)
    return isinstance(may(who, Action.SEE_FOOTAGE, thing), Allowed)


async def docked(cabinet: Cabinet, index: int, dock: str, serial: str, time: str) -> Stay:
    row: dict[str, object] = {"docked_index": index, "dock": dock, "seq": index, "session": f"s{index}", "time": time}
    row |= {"bay": "1", "recorder": serial, "officer": NUMBER, "quarantined": False, "premature": False}
    row |= dict.fromkeys(("files", "total_bytes", "failed", "missing", "deleted", "problems", "cleared"), 0)
    async with cabinet.archive.database.write() as conn:
        await conn.execute(insert(stays).values(row))
        found = await find_stay(conn, index)
    assert found is not None
    return found


async def test_after_a_merger_nobody_opens_old_footage_of_who_had_the_same_number_in_the_other_agency(
    cabinet: Cabinet,
) -> None:
    theirs, ours = await officer(cabinet, "LN-X", SUCCESSOR, NUMBER), await officer(cabinet, "LN-Y", AGENCY, NUMBER)
    x, y = await account(cabinet, theirs), await account(cabinet, ours)
    before = format_time(cabinet.clock())
    old, new = await docked(cabinet, 900, OLD_DOCK, "old", before), await docked(cabinet, 901, NEW_DOCK, "new", before)
    with pytest.raises(Wrong, match=NUMBER):
        await merged(cabinet)
    await renumbered(cabinet, theirs, "0006")
    await decide(cabinet.acts, HEAD, 1, 1, Answer.CONFIRM, cabinet.today)
    after = format_time(cabinet.clock())
    assert [await opens(cabinet, x, dock, before) for dock in (NEW_DOCK, OLD_DOCK)] == [True, False]
    assert [await opens(cabinet, y, dock, before) for dock in (NEW_DOCK, OLD_DOCK)] == [False, True]
    assert [await opens(cabinet, y, dock, after) for dock in (NEW_DOCK, OLD_DOCK)] == [True, True]
    assert [await opens(cabinet, x, dock, after) for dock in (NEW_DOCK, OLD_DOCK)] == [False, False]
    async with cabinet.archive.database.read() as conn:
        for serial, stay, had_it in (("old", old, ours), ("new", new, theirs)):
            recorder = await recorder_of_serial(conn, serial)
            assert recorder is not None and recorder.agency == SUCCESSOR
            (docking,) = await dockings_of(conn, recorder, [stay])
            assert docking.officer == had_it.id, "a merger rewrites not who had it"


async def test_a_number_that_is_used_again_opens_nothing_that_was_recorded_before(cabinet: Cabinet) -> None:
    gone = await officer(cabinet, "LN-1", AGENCY, NUMBER)
    before = format_time(cabinet.clock())
    await renumbered(cabinet, gone, None)
    new = await officer(cabinet, "LN-2", AGENCY, NUMBER)
    first, second = await account(cabinet, gone), await account(cabinet, new)
    after = format_time(cabinet.clock())
    assert [await opens(cabinet, each, OLD_DOCK, before) for each in (first, second)] == [True, False]
    assert [await opens(cabinet, each, OLD_DOCK, after) for each in (first, second)] == [False, True]


async def test_an_officer_s_number_that_is_anothers_certificate_is_put_right_before_a_merger(cabinet: Cabinet) -> None:
    await officer(cabinet, "LN-0005", SUCCESSOR, None)
    await officer(cabinet, "LN-0006", AGENCY, "LN-0005")
    with pytest.raises(Wrong, match="LN-0005"):
        await merged(cabinet)
