"""Recorders: their states, who had them when and never twice, and their faults; all of it entries."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, true
from sqlalchemy.exc import IntegrityError

from liuhen_server.custody.schema import stays
from liuhen_server.registry.changes import keep_officer, keep_recorder
from liuhen_server.registry.faults import faults_of, repair_fault, report_fault
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.holdings import (
    END_OF_TIME,
    Docking,
    Held,
    Holding,
    How,
    combined,
    end_holding,
    from_dockings,
    hand_out,
    holdings_of,
    meant,
    number_then,
)
from liuhen_server.registry.officers import find_officer
from liuhen_server.registry.recorders import (
    STATES,
    Equipment,
    Recorder,
    State,
    check_recorder,
    equipment_of,
    find_recorder,
    list_recorders,
    recorder_of_serial,
)
from liuhen_server.registry.schema import holdings
from liuhen_server.registry.seen import dockings_of, in_quarantine, last_seen, stays_of_recorder, unknown_recorders
from support.case_office import HANDLER, HEAD, Office, office_in
from support.recorder_register import DAY, HOSTILE, docked, registered, what_was_said


@pytest.fixture
async def office(tmp_path: Path, database_url: str) -> AsyncIterator[Office]:
    async with office_in(tmp_path / "archive", database_url) as office:
        yield office


# --- the register


async def test_a_recorder_that_was_kept_is_found_and_stated(office: Office) -> None:
    kept = await registered(office, model="DSJ-A9")
    async with office.archive.database.read() as conn:
        assert await find_recorder(conn, kept.id) == kept == await recorder_of_serial(conn, "0000127")
        assert (await list_recorders(conn, text="000012")).recorders == (kept,)
        assert (await list_recorders(conn, agency=office.other)).total == 0
        assert (await list_recorders(conn, state=State.LOST)).total == 0
        assert await find_recorder(conn, 1 << 70) is None and await recorder_of_serial(conn, "a\x00b") is None
    assert await what_was_said(office) == [(kept.number, "created", 1, HEAD.number)]


async def test_texts_that_mean_something_to_sql_or_html_are_texts(office: Office) -> None:
    kept = await registered(office, HOSTILE, model="100%_<b>")
    async with office.archive.database.read() as conn:
        assert (await list_recorders(conn, text="DROP TABLE")).recorders == (kept,)
        for nothing in ("_0000", "%", "' OR 1=1 --"):
            assert kept not in (await list_recorders(conn, text=nothing)).recorders or nothing == "%"
        assert (await list_recorders(conn, text="%_")).recorders == (kept,)


async def test_all_mistakes_of_a_recorder_are_told_at_once(office: Office) -> None:
    await registered(office)
    async with office.acts.of(HEAD) as act:
        with pytest.raises(Mistakes) as raised:
            await keep_recorder(act, Recorder("a\u202eb", "nowhere", "x" * 65))
        assert set(raised.value.fields) == {"serial", "model"}
        with pytest.raises(Mistakes) as raised:
            await keep_recorder(act, Recorder("0000127", "nowhere"))
        assert raised.value.fields == {"serial": "taken", "agency": "agency"}


@given(st.sampled_from(State), st.sampled_from(State))
def test_a_state_follows_only_as_the_table_says(before: State, after: State) -> None:
    kept = Recorder("0000127", "scjg", state=before, version=1, id=1)
    if after is before or after in STATES[before]:
        assert check_recorder(replace(kept, state=after), kept).state is after
    else:
        with pytest.raises(Mistakes, match="recorder_state"):
            check_recorder(replace(kept, state=after), kept)


def test_what_is_scrapped_stays_scrapped_and_every_other_state_can_end_there() -> None:
    assert not STATES[State.SCRAPPED]
    assert all(State.SCRAPPED in after for state, after in STATES.items() if state is not State.SCRAPPED)


async def test_of_two_who_save_one_is_told_and_a_serial_never_changes(office: Office) -> None:
    kept = await registered(office)
    async with office.acts.of(HEAD) as act:
        saved = await keep_recorder(act, replace(kept, model="A", serial="another", state=State.SPARE))
        assert (saved.serial, saved.version) == ("0000127", 2) and saved.state_time >= kept.state_time
        with pytest.raises(Outdated) as raised:
            await keep_recorder(act, replace(kept, model="B"))
        with pytest.raises(LookupError):
            await keep_recorder(act, replace(kept, id=99))
    assert raised.value.version == 2


async def test_equipment_counts_what_works_beside_officers_who_enforce(office: Office) -> None:
    for n, state in enumerate(State):
        await registered(office, f"A{n}", state=state)
    await registered(office, "B1")
    async with office.archive.database.read() as conn:
        found = await equipment_of(conn)
    # 李静, 赵敏 have a class; 周平 is no longer active
    assert found == {office.agency: Equipment(in_use=2, recorders=4, officers=2)}
    assert (found[office.agency].percent, Equipment(1, 1, 0).percent, Equipment(1, 1, 3).percent) == (100, None, 33)


# --- who had it: pure


def times(count: int) -> list[str]:
    return [DAY.format(n + 1) for n in range(count)]


def test_a_number_counts_from_the_docking_that_shows_it_until_one_shows_another() -> None:
    one, two, three, four, five, six = times(6)
    account = from_dockings([Docking(one, two, 7), Docking(three, four, 7), Docking(five, six, 8)])
    assert account == (Held(7, one, four, How.RECORDER), Held(8, four, None, How.RECORDER))
    cleared = from_dockings([Docking(one, two, 7), Docking(three, four, None)])
    assert cleared == (Held(7, one, two, How.RECORDER),)
    assert from_dockings([Docking(one, None, None)]) == from_dockings([]) == ()


_TIME = st.sampled_from(times(12))
_DOCKINGS = st.lists(
    st.builds(Docking, _TIME, st.none() | _TIME, st.none() | st.integers(1, 3)),
    max_size=8,
)


def _written(pairs: list[tuple[int, int, int]]) -> list[Held]:
    """Holdings that do not overlap, as the act keeps them."""
    found: list[Held] = []
    moments = times(12)
    for start, length, officer in sorted(pairs):
        end = min(start + length, 11)
        if end > start and (not found or (found[-1].until or END_OF_TIME) <= moments[start]):
            found.append(Held(officer, moments[start], moments[end], How.HAND, id=len(found) + 1))
    return found


_WRITTEN = st.lists(st.tuples(st.integers(0, 10), st.integers(1, 4), st.integers(1, 3)), max_size=5).map(_written)


@given(_DOCKINGS, _WRITTEN)
def test_nobody_has_a_recorder_twice_and_what_people_wrote_goes_first(
    dockings: list[Docking], written: list[Held]
) -> None:
    account = combined(written, from_dockings(dockings))
    for before, after in pairwise(account):
        assert before.until is not None and before.until <= after.since
    assert [each for each in account if each.how is How.HAND] == written
    assert all(each.until is None or each.since < each.until for each in account)


def test_a_number_means_whom_it_meant_then_and_nobody_where_it_meant_two() -> None:
    one, two, three = times(3)
    wang = [(one, "210327", "LN-1"), (three, None, "LN-1")]
    assert number_then(wang, two) == {"210327", "LN-1"} and number_then(wang, three) == {"LN-1"}
    assert number_then(wang, "2000") == {"210327", "LN-1"} and number_then([], two) == frozenset()
    assert meant("210327", {1: wang, 2: [(one, "x", "LN-2")]}, two) == {1}
    assert meant("210327", {1: wang, 2: [(one, "210327", "LN-2")]}, two) == {1, 2}, "nobody alone"
    assert meant(None, {1: wang}, two) == frozenset() == meant("", {1: [(one, None, "")]}, two)


def test_a_number_that_is_used_again_means_nobody_new_before_it_was_given() -> None:
    one, two, three = times(3)
    left, new, newest = (
        [(two, "0005", "LN-1"), (three, None, "LN-1")],
        [(three, "0005", "LN-2")],
        [("9", "0005", "LN-3")],
    )
    assert meant("0005", {1: left, 2: new}, two) == {1}, "he had it then, and no longer has"
    assert meant("0005", {1: left, 2: new}, one) == {1}, "of those who were kept later, who had it first"
    assert meant("0005", {1: left, 2: new}, three) == {2}
    assert meant("0005", {2: new, 3: newest}, one) == {2}


async def test_a_number_that_went_to_another_officer_does_not_rewrite_who_had_it(office: Office) -> None:
    recorder = await registered(office)
    async with office.acts.of(HEAD) as act:
        for name in ("王磊", "赵敏"):  # a first version of each
            officer = await find_officer(act.conn, office.officers[name])
            assert officer is not None
            await keep_officer(act, officer)
    stay = await docked(office, officer="210327", time="9000-01-01T00:00:00.000Z")
    early = await docked(office, index=901, officer="210327", time=act.time)
    async with office.acts.of(HEAD) as act:
        wang = await find_officer(act.conn, office.officers["王磊"])
        zhao = await find_officer(act.conn, office.officers["赵敏"])
        assert wang is not None and zhao is not None
        await keep_officer(act, replace(wang, recorder_number=None))
        await keep_officer(act, replace(zhao, recorder_number="210327"))
    async with office.archive.database.read() as conn:
        assert [each.officer for each in await dockings_of(conn, recorder, [early, stay])] == [wang.id, zhao.id]


# --- who had it: written down


async def test_no_two_holdings_of_one_recorder_overlap(office: Office) -> None:
    recorder = await registered(office)
    wang, li = office.officers["王磊"], office.officers["李静"]
    async with office.acts.of(HEAD) as act:
        await hand_out(act, recorder, Holding(0, wang, "2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"))
        await hand_out(act, recorder, Holding(0, li, "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"))
        now = await hand_out(act, recorder, Holding(0, wang, "2026-03-01T00:00:00.000Z"))
    for since, until in (
        ("2026-01-15T00:00:00.000Z", "2026-01-16T00:00:00.000Z"),
        ("2025-12-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"),
        ("2026-03-02T00:00:00.000Z", None),
        ("2025-12-01T00:00:00.000Z", None),
    ):
        async with office.acts.of(HEAD) as act:
            with pytest.raises(Mistakes, match="holding_overlaps"):
                await hand_out(act, recorder, Holding(0, li, since, until))
    async with office.acts.of(HEAD) as act:
        ended = await end_holding(act, now.id, now.version, act.time)
        with pytest.raises(Outdated):
            await end_holding(act, now.id, now.version, act.time)
        with pytest.raises(LookupError):
            await end_holding(act, 1 << 70, 1, act.time)
        assert len(await holdings_of(act.conn, recorder.id)) == 3 and ended.version == 2
    assert [each[:2] for each in await what_was_said(office)][1:] == [
        ("holding-1", "created"),
        ("holding-2", "created"),
        ("holding-3", "created"),
        ("holding-3", "changed"),
    ]


async def test_of_two_who_hand_out_one_recorder_at_once_one_is_told(office: Office) -> None:
    recorder = await registered(office)

    async def out(name: str) -> bool:
        try:
            async with office.acts.of(HEAD) as act:
                await hand_out(act, recorder, Holding(0, office.officers[name], "2026-01-01T00:00:00.000Z"))
        except Mistakes:
            return False
        return True

    assert sorted(await asyncio.gather(*(out(name) for name in ("王磊", "李静", "赵敏")))) == [False, False, True]
    with pytest.raises(IntegrityError):  # and beside the act the database itself refuses a second one
        async with office.archive.database.write() as conn:
            row = {"recorder": recorder.id, "officer": office.officers["王磊"], "version": 1}
            await conn.execute(insert(holdings).values(**row, from_time="2026-01-01T00:00:00.000Z"))


async def test_a_holding_that_cannot_be_is_refused(office: Office) -> None:
    recorder = await registered(office)
    first, second, never = "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z", "2199-01-01T00:00:00.000Z"
    for name, since, until, field in (
        ("钱进", first, None, "officer"),  # of another agency
        ("周平", first, None, "officer"),  # no longer an officer
        ("王磊", second, first, "since"),
        ("王磊", never, None, "since"),
        ("王磊", first, never, "since"),
    ):
        async with office.acts.of(HEAD) as act:
            with pytest.raises(Mistakes) as raised:
                await hand_out(act, recorder, Holding(0, office.officers[name], since, until))
        assert set(raised.value.fields) == {field}


async def test_what_is_lost_is_not_handed_out_and_what_is_held_is_not_scrapped_or_moved(office: Office) -> None:
    recorder = await registered(office)
    wang = office.officers["王磊"]
    async with office.acts.of(HEAD) as act:
        await hand_out(act, recorder, Holding(0, wang, "2026-01-01T00:00:00.000Z"))
        for wrong in (replace(recorder, state=State.SCRAPPED), replace(recorder, agency=office.other)):
            with pytest.raises(Mistakes, match="recorder_held"):
                await keep_recorder(act, wrong)
    lost = await registered(office, "0000128", state=State.LOST)
    async with office.acts.of(HEAD) as act:
        with pytest.raises(Mistakes, match="recorder_not_there"):
            await hand_out(act, lost, Holding(0, wang, "2026-01-01T00:00:00.000Z"))
        await hand_out(act, lost, Holding(0, wang, "2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.000Z"))


# --- faults


async def test_a_recorder_s_state_follows_its_faults_and_the_log_has_no_word_of_them(office: Office) -> None:
    recorder = await registered(office)
    words = "镜头进水，" + HOSTILE
    async with office.acts.of(HANDLER) as act:
        first = await report_fault(act, recorder.id, words)
        second = await report_fault(act, recorder.id, "电池鼓包")
        now = await find_recorder(act.conn, recorder.id)
        assert now is not None and (now.state, now.version) == (State.IN_REPAIR, 2)
    async with office.acts.of(HEAD) as act:
        await repair_fault(act, recorder.id, first.id, first.version, "")
        still = await find_recorder(act.conn, recorder.id)
        done = await repair_fault(act, recorder.id, second.id, second.version, "换了电池")
        now = await find_recorder(act.conn, recorder.id)
        assert still is not None and still.state is State.IN_REPAIR
        assert now is not None and now.state is State.IN_USE
        with pytest.raises(Outdated):
            await repair_fault(act, recorder.id, first.id, first.version, "")
        with pytest.raises(LookupError):
            await repair_fault(act, recorder.id + 1, first.id, 2, "")
        newest, oldest = await faults_of(act.conn, recorder.id)
        assert newest == done and (oldest.what, oldest.reported_by) == (words, HANDLER.number)
        assert (oldest.repair, oldest.repaired_by, oldest.version) == ("", HEAD.number, 2)
    said_of = [each[:2] for each in await what_was_said(office)]
    assert said_of.count(("fault-1", "created")) == said_of.count(("fault-1", "changed")) == 1
    for each in await office.stated("registry.changed"):
        assert "镜头" not in repr(each)


async def test_a_fault_that_says_nothing_or_of_what_is_gone_is_refused(office: Office) -> None:
    here = await registered(office)
    lost = await registered(office, "0000128", state=State.LOST)
    scrapped = await registered(office, "0000129", state=State.SCRAPPED)
    for recorder, words, why in (
        (here, " ", "empty"),
        (here, "x" * 2001, "too_long"),
        (here, "a\x00b", "invisible"),
        (lost, "坏了", "recorder_gone"),
        (scrapped, "坏了", "recorder_gone"),
    ):
        async with office.acts.of(HANDLER) as act:
            with pytest.raises(Mistakes, match=why):
                await report_fault(act, recorder.id, words)
    assert len(await office.stated("registry.changed")) == 3


# --- what docks reported


async def test_unknown_recorders_are_listed_and_known_ones_have_their_last_stay(office: Office) -> None:
    recorder = await registered(office)
    first, last = await docked(office, index=900), await docked(office, index=902)
    unknown = [await docked(office, HOSTILE, index=index) for index in (901, 903)]
    await docked(office, "theirs", index=904, dock=office.other_dock)
    async with office.archive.database.read() as conn:
        assert await last_seen(conn, [recorder.serial, "none"]) == {recorder.serial: last}
        assert await stays_of_recorder(conn, recorder.serial) == [last, first]
        (found,) = await unknown_recorders(conn, stays.c.dock == office.dock)
        assert (found.serial, found.stays, found.last, found.first_time) == (HOSTILE, 2, unknown[1], unknown[0].time)
        assert {each.serial for each in await unknown_recorders(conn, true())} == {HOSTILE, "theirs"}
        assert await in_quarantine(conn, true()) == []
