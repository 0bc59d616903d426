"""Check-out at the dock: who may take what, what a return is, and that nobody ever has a recorder twice."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, update

from liuhen_protocol.moment import format_time, parse_time
from liuhen_server.acts import Acts, said
from liuhen_server.custody.schema import stays
from liuhen_server.registry.changes import keep_officer, keep_recorder
from liuhen_server.registry.check_out import Standing, check_out, put_back, standing_in, why_not
from liuhen_server.registry.faults import report_fault
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.holdings import END_OF_TIME, Holding, How, end_holding, hand_out, held_by, holdings_of
from liuhen_server.registry.officers import Officer, find_officer
from liuhen_server.registry.recorders import Recorder, State
from liuhen_server.registry.returns import came_back
from liuhen_server.registry.schema import holdings
from support.case_office import HEAD, Office, office_in
from support.made_tables import sqlite_with_tables

SERIAL = "0000127"
START = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
COUNTS = dict.fromkeys(("files", "total_bytes", "failed", "missing", "deleted", "problems", "cleared"), 0)


class Desk:
    """The office with a clock that the test turns, and docks that report what the test says."""

    def __init__(self, office: Office) -> None:
        self.office, self.minutes, self.index = office, 0.0, 900
        chain = replace(office.archive.chain, now=self.now)
        self.acts = Acts(office.archive.database, chain, self.now, secrets.token_bytes)

    def now(self) -> datetime:
        return START + timedelta(minutes=self.minutes)

    def at(self, minutes: float) -> str:
        return format_time(START + timedelta(minutes=minutes))

    async def docked(self, serial: str = SERIAL, bay: str = "1", time: float | None = None, **more: object) -> int:
        """A stay as the log would tell it; its docked_index. `time` in minutes by the dock's clock."""
        self.index += 1
        row = {"docked_index": self.index, "dock": self.office.dock, "seq": self.index, "session": f"s-{self.index}"}
        row |= {"time": self.at(self.minutes if time is None else time), "bay": bay, "recorder": serial}
        row |= {"quarantined": False, "premature": False, **COUNTS}
        async with self.office.archive.database.write() as conn:
            await conn.execute(insert(stays).values(row | more))
        return self.index

    async def undocked(self, stay: int, time: float | None = None) -> None:
        values = {"ended_seq": stay + 1, "ended_time": self.at(self.minutes if time is None else time)}
        async with self.office.archive.database.write() as conn:
            await conn.execute(update(stays).where(stays.c.docked_index == stay).values(values))

    async def recorder(self, serial: str = SERIAL, **more: object) -> Recorder:
        async with self.acts.of(HEAD) as act:
            return await keep_recorder(act, Recorder(serial, self.office.agency, **more))  # type: ignore[arg-type]

    async def take(self, stay: int, name: str = "王磊") -> Holding:
        async with self.acts.of(HEAD) as act:
            return await check_out(act, stay, self.office.officers[name], TODAY)

    async def refused(self, stay: int, name: str = "王磊") -> str:
        with pytest.raises(Mistakes) as refused:
            await self.take(stay, name)
        return refused.value.fields["recorder"].removeprefix("check_out_")

    async def back(self, stay: int, name: str | None = "王磊") -> Holding:
        async with self.acts.of(HEAD) as act:
            return await put_back(act, stay, None if name is None else self.office.officers[name])

    async def held(self, recorder: Recorder) -> list[tuple[str, str, str | None]]:
        names = {officer: name for name, officer in self.office.officers.items()}
        async with self.office.archive.database.read() as conn:
            found = await holdings_of(conn, recorder.id)
        return [(names[each.officer], each.since, each.until) for each in found]

    async def standing(self) -> list[Standing]:
        async with self.office.archive.database.read() as conn:
            return await standing_in(conn, self.office.dock, format_time(self.now()))


async def certify(office: Office) -> None:
    async with office.acts.of(HEAD) as act:
        for name in ("王磊", "李静", "钱进"):
            officer = await find_officer(act.conn, office.officers[name])
            assert officer is not None
            await keep_officer(act, replace(officer, expires="2026-11-20"))


@pytest.fixture
async def desk(tmp_path: Path, database_url: str) -> AsyncIterator[Desk]:
    async with office_in(tmp_path / "archive", database_url) as office:
        await certify(office)
        yield Desk(office)


# --- taking it


async def test_an_officer_takes_what_stands_in_the_dock_and_docking_it_again_gives_it_back(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked(bay="2")
    desk.minutes = 480
    [found] = await desk.standing()
    assert (found.stay.bay, found.recorder, found.held, found.in_bay) == ("2", recorder, None, True)
    taken = await desk.take(stay)
    assert (taken.since, taken.until, taken.how, taken.stay) == (desk.at(480), None, How.CHECK_OUT, stay)
    desk.minutes = 481
    await desk.undocked(stay)
    assert await desk.held(recorder) == [("王磊", desk.at(480), None)]
    desk.minutes = 900
    await desk.docked(bay="1")
    assert await desk.held(recorder) == [("王磊", desk.at(480), desk.at(900))]
    [found] = await desk.standing()
    assert (found.held, found.last, found.stay.bay) == (None, desk.office.officers["王磊"], "1")


async def test_the_log_commits_to_who_took_it_from_where(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked(bay="2")
    taken = await desk.take(stay)
    async with desk.office.archive.database.read() as conn:
        [text] = (await conn.execute(select(said.c.text).where(said.c.about == taken.number))).scalars()
    assert json.loads(text) == {
        "id": taken.id,
        "version": 1,
        "recorder": recorder.id,
        "officer": desk.office.officers["王磊"],
        "since": desk.at(0),
        "until": None,
        "how": "check_out",
        "stay": stay,
        "dock": desk.office.dock,
        "bay": "2",
        "session": f"s-{stay}",
    }


async def test_the_next_who_takes_it_writes_the_return_down(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    first = await desk.take(stay)
    await desk.undocked(stay, 1)
    again = await desk.docked(time=300)
    desk.minutes = 310
    await desk.take(again, "李静")
    assert await desk.held(recorder) == [("王磊", desk.at(0), desk.at(300)), ("李静", desk.at(310), None)]
    async with desk.office.archive.database.read() as conn:
        rows = (await conn.execute(select(holdings).order_by(holdings.c.id))).all()
    assert [(row.id, row.until_time, row.version) for row in rows] == [
        (first.id, desk.at(300), 2),
        (first.id + 1, None, 1),
    ]


async def test_what_was_taken_before_anybody_pressed_is_the_officer_s_from_when_it_left_its_bay(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    await desk.undocked(stay, 10)
    desk.minutes = 14
    await desk.docked("0000128", bay="1")
    assert [each.stay.docked_index for each in await desk.standing()] == [stay + 1, stay]
    await desk.take(stay)
    assert await desk.held(recorder) == [("王磊", desk.at(10), None)]


async def test_pressed_twice_it_is_one(desk: Desk) -> None:
    stay = await desk.docked(bay="1")
    recorder = await desk.recorder()
    assert await desk.take(stay) == await desk.take(stay)
    assert len(await desk.held(recorder)) == 1


async def test_of_two_who_press_at_once_one_is_told(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()

    async def press(name: str) -> str:
        try:
            return (await desk.take(stay, name)).how
        except Mistakes as mistakes:
            return mistakes.fields["recorder"]

    pressed = await asyncio.gather(press("王磊"), press("李静"))
    assert sorted(pressed) == ["check_out", "check_out_held"] and len(await desk.held(recorder)) == 1


# --- what is refused


async def test_who_may_not_take_it_is_told_why(desk: Desk) -> None:
    stay = await desk.docked()
    assert await desk.refused(stay) == "unregistered"
    recorder = await desk.recorder()
    assert await desk.refused(stay, "周平") == "no_officer"  # no longer one
    assert await desk.refused(stay, "钱进") == "agency"
    assert await desk.refused(stay, "孙强") == "certificate"  # ended yesterday
    assert await desk.refused(stay, "赵敏") == "certificate"  # nobody wrote down when it ends
    async with desk.acts.of(HEAD) as act:
        for officer in (None, 0, 1 << 62):
            with pytest.raises(Mistakes, match="no_officer"):
                await check_out(act, stay, officer, TODAY)
        for index in (0, 899, 1 << 62):
            with pytest.raises(LookupError):
                await check_out(act, index, desk.office.officers["王磊"], TODAY)
    assert await desk.held(recorder) == []


@pytest.mark.parametrize("state", [State.SPARE, State.IN_REPAIR, State.LOST])
async def test_what_is_not_in_use_is_not_taken(desk: Desk, state: State) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    if state is State.IN_REPAIR:
        async with desk.acts.of(HEAD) as act:
            await report_fault(act, recorder.id, "镜头进水")
    else:
        async with desk.acts.of(HEAD) as act:
            await keep_recorder(act, replace(recorder, state=state))
    assert await desk.refused(stay) == "state"


async def test_what_somebody_has_is_not_taken(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    await desk.take(stay)
    assert await desk.refused(stay, "李静") == "held"
    desk.minutes = 5
    await desk.back(stay)
    async with desk.acts.of(HEAD) as act:  # by hand: only people end it, a docking does not
        await hand_out(act, recorder, Holding(recorder.id, desk.office.officers["李静"], desk.at(5)))
    await desk.undocked(stay, 6)
    desk.minutes = 60
    again = await desk.docked()
    assert await desk.refused(again) == "held" and await desk.refused(again, "李静") == "yours"


async def test_what_left_long_ago_or_stands_elsewhere_is_not_taken_from_there(desk: Desk) -> None:
    await desk.recorder()
    first = await desk.docked()
    await desk.undocked(first, 1)
    desk.minutes = 16.1
    assert await desk.refused(first) == "moved" and await desk.standing() == []
    second = await desk.docked(bay="1")
    assert await desk.refused(first) == "moved"
    await desk.docked("0000128", bay="1")  # the dock lost power and never said that the other left
    assert await desk.refused(second) == "moved"
    assert [each.stay.recorder for each in await desk.standing()] == ["0000128"]


async def test_another_agency_s_recorder_in_our_dock_is_not_taken(desk: Desk) -> None:
    async with desk.acts.of(HEAD) as act:
        await keep_recorder(act, Recorder(SERIAL, desk.office.other))
    stay = await desk.docked()
    assert await desk.refused(stay) == "agency"


# --- giving it back


async def test_what_was_pressed_by_mistake_is_given_back_where_it_stands(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    await desk.take(stay)
    desk.minutes = 2
    with pytest.raises(Mistakes, match="not_yours"):
        await desk.back(stay, "李静")
    await desk.back(stay)
    assert await desk.held(recorder) == [("王磊", desk.at(0), desk.at(2))]
    with pytest.raises(Mistakes, match="not_yours"):
        await desk.back(stay)
    await desk.take(stay, "李静")
    await desk.undocked(stay, 3)
    with pytest.raises(Mistakes, match="not_there"):
        await desk.back(stay, None)


async def test_a_recorder_that_is_seated_anew_within_a_minute_is_still_with_who_took_it(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    await desk.take(stay)
    await desk.undocked(stay, 0.2)
    seated = await desk.docked(time=0.5)
    desk.minutes = 0.6
    assert await desk.held(recorder) == [("王磊", desk.at(0), None)]
    assert await desk.refused(seated, "李静") == "held"
    await desk.undocked(seated, 0.8)
    await desk.docked(time=1)
    assert await desk.held(recorder) == [("王磊", desk.at(0), desk.at(1))]


async def test_who_stands_before_a_dock_whose_clock_is_behind_says_that_it_is_back(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    desk.minutes = 600
    await desk.take(stay)
    with pytest.raises(Mistakes, match="not_yours"):
        await desk.back(stay, "李静")
    await desk.undocked(stay, 541)
    again = await desk.docked(time=570)
    desk.minutes = 630
    assert await desk.held(recorder) == [("王磊", desk.at(600), None)]
    assert await desk.refused(again, "李静") == "held"
    [found] = await desk.standing()
    assert found.stands_again
    await desk.back(again, "李静")
    assert await desk.held(recorder) == [("王磊", desk.at(600), desk.at(630))]
    await desk.take(again, "李静")


async def test_what_a_dock_tells_late_of_earlier_days_is_no_return(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    desk.minutes = 60
    await desk.take(stay)
    await desk.undocked(stay)
    await desk.docked(time=30)
    assert await desk.held(recorder) == [("王磊", desk.at(60), None)]


async def test_a_dock_whose_clock_is_ahead_does_not_keep_a_recorder_from_the_next(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    await desk.take(stay)
    await desk.undocked(stay)
    desk.minutes = 100
    again = await desk.docked(time=160)
    await desk.take(again, "李静")
    assert await desk.held(recorder) == [("王磊", desk.at(0), desk.at(100)), ("李静", desk.at(100), None)]


async def test_what_came_back_can_be_moved_and_scrapped_and_is_ended_once(desk: Desk) -> None:
    recorder, stay = await desk.recorder(), await desk.docked()
    taken = await desk.take(stay)
    desk.minutes = 30
    for change in ({"agency": desk.office.other}, {"state": State.SCRAPPED}):
        async with desk.acts.of(HEAD) as act:
            with pytest.raises(Mistakes, match="recorder_held"):
                await keep_recorder(act, replace(recorder, **change))
    await desk.docked()
    async with desk.acts.of(HEAD) as act:
        with pytest.raises(Outdated):
            await end_holding(act, taken.id, taken.version, desk.at(20))
        await keep_recorder(act, replace(recorder, state=State.SCRAPPED))


async def test_after_a_return_the_officer_no_longer_counts_as_having_it(desk: Desk) -> None:
    await desk.recorder()
    stay = await desk.docked()
    await desk.take(stay)
    await desk.docked(time=30)
    async with desk.office.archive.database.read() as conn:
        [one] = await held_by(conn, [desk.office.officers["王磊"]], desk.at(-5))
        assert one.until == desk.at(30)
        assert await held_by(conn, [desk.office.officers["王磊"]], desk.at(30)) == []


# --- rules


def test_the_first_reason_is_the_one_that_is_told() -> None:
    officer = Officer("21132100", "王磊", "jtys", expires="2026-11-19", active=False, id=7)
    nothing = Standing(None, None, None, None, there=False)  # type: ignore[arg-type]
    known = replace(nothing, recorder=Recorder(SERIAL, "scjg", state=State.SPARE), held=Holding(1, 8, "", stay=1))
    used = replace(known, recorder=Recorder(SERIAL, "scjg"))
    here = replace(used, there=True)
    active = replace(officer, active=True)
    ours = replace(active, agency="scjg")
    certified = replace(ours, expires="2026-11-20")
    for found, who, why in (
        (nothing, None, "check_out_unregistered"),
        (known, None, "check_out_state"),
        (used, None, "check_out_moved"),
        (here, None, "check_out_no_officer"),
        (here, officer, "check_out_no_officer"),
        (here, active, "check_out_agency"),
        (here, ours, "check_out_certificate"),
        (here, replace(certified, id=8), "check_out_yours"),
        (here, certified, "check_out_held"),
        (replace(here, held=None), certified, None),
    ):
        assert why_not(found, who, TODAY) == why


MOMENTS = st.integers(0, 600).map(lambda seconds: format_time(START + timedelta(seconds=seconds)))


@given(MOMENTS, st.lists(st.tuples(st.integers(1, 9), MOMENTS), max_size=8))
def test_a_return_is_the_first_later_docking_a_minute_on(since: str, dockings: list[tuple[int, str]]) -> None:
    found = came_back(since, 5, dockings)
    returns = [(i, t) for i, t in dockings if i > 5 and parse_time(t) - parse_time(since) >= timedelta(minutes=1)]
    assert found == (min(time for _, time in returns) if returns else None)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("dock", "undock", "take", "back", "by hand", "ended", "late")),
        st.sampled_from(("王磊", "李静")),
        st.sampled_from((0.0, 0.2, 1.0, 20.0)),  # minutes that pass before
        st.sampled_from((-3.0, 0.0, 3.0)),  # how far the dock's clock is off
    ),
    max_size=25,
)


def test_whatever_happens_in_whatever_order_nobody_has_a_recorder_twice(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        context = office_in(tmp_path / "archive", sqlite_with_tables(tmp_path / "archive.db"))
        office = runner.run(context.__aenter__())
        runner.run(certify(office))
        desk = Desk(office)

        @settings(max_examples=30, deadline=None)
        @given(STEPS)
        def tried(steps: list[tuple[str, str, float, float]]) -> None:
            runner.run(_whatever(desk, steps))

        tried()
        runner.run(context.__aexit__(None, None, None))


async def _whatever(desk: Desk, steps: list[tuple[str, str, float, float]]) -> None:
    desk.minutes += 1000
    recorder = await desk.recorder(f"R-{desk.index}-{desk.minutes}")
    stay = await desk.docked(recorder.serial)
    for what, name, later, off in steps:
        desk.minutes += later
        clock, officer = desk.minutes + off, desk.office.officers[name]
        try:
            match what:
                case "dock":
                    stay = await desk.docked(recorder.serial, time=clock)
                case "late":
                    await desk.docked(recorder.serial, time=clock - 50)
                case "undock":
                    await desk.undocked(stay, clock)
                case "take":
                    await desk.take(stay, name)
                case "back":
                    await desk.back(stay, name)
                case "by hand":
                    async with desk.acts.of(HEAD) as act:
                        await hand_out(act, recorder, Holding(recorder.id, officer, act.time))
                case _:
                    async with desk.acts.of(HEAD) as act:
                        for each in await holdings_of(act.conn, recorder.id):
                            await end_holding(act, each.id, each.version, act.time)
        except (Mistakes, Outdated):
            pass
        found = sorted((since, until or END_OF_TIME) for _, since, until in await desk.held(recorder))
        assert all(since < until for since, until in found), found
        assert all(one[1] <= other[0] for one, other in pairwise(found)), found
