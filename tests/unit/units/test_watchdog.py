"""The dock's watchdog is fed while bays get on, also slowly, also waiting; and not while one stands still."""

from __future__ import annotations

from dataclasses import replace

import pytest

from liuhen_agent.bay import State
from liuhen_agent.progress import BayView
from liuhen_agent.watchdog import TERMS, Watchdog, doing, look_at, status
from liuhen_files.pulse import Pulse, stuck

FULL = "the disk is full"


def stuck_bays(views: list[BayView], changed: dict[str, float], now: float, readers: int = 2) -> list[str]:
    """Bays that are stuck at `now` when each changed last at the given moment and none was looked at in between."""
    seen = look_at(views, {}, 0.0, readers=readers)
    seen = {bay: replace(seen[bay], moved=at, since=at) for bay, at in changed.items()}
    return [each.part for each in stuck(doing(views, look_at(views, seen, now, readers=readers), FULL), now)]


def test_a_bay_that_moves_bytes_gets_on_and_one_that_does_not_is_stuck() -> None:
    view = BayView("1", State.COLLECTING, read_bytes=10, files=3)
    seen = look_at([view], {}, 0.0, readers=2)
    seen = look_at([replace(view, read_bytes=11)], seen, 200.0, readers=2)
    assert seen["1"].since == 200.0
    seen = look_at([replace(view, read_bytes=11, rate=5)], seen, 900.0, readers=2)
    assert seen["1"].since == 200.0, "a rate that is measured anew is no progress"
    assert stuck_bays([view], {"1": 200.0}, 200.0 + TERMS[State.COLLECTING] + 1) == ["bay 1"]


@pytest.mark.parametrize(
    "state", [State.ABSENT, State.COLLECTED, State.READY, State.FAILED, State.PULLED], ids=lambda state: state.value
)
def test_a_bay_that_waits_for_somebody_else_is_never_stuck(state: State) -> None:
    assert stuck_bays([BayView("1", state)], {"1": 0.0}, 1e9) == []


def test_every_state_of_the_docks_own_work_has_a_term() -> None:
    own = set(State) - {State.ABSENT, State.COLLECTED, State.READY, State.FAILED, State.PULLED}
    assert set(TERMS) == own


def test_a_bay_that_waits_for_room_is_not_stuck() -> None:
    assert stuck_bays([BayView("1", State.COLLECTING, files=3, note=FULL)], {"1": 0.0}, 1e9) == []


def test_a_bay_that_waits_for_its_turn_is_not_stuck_while_others_are_read() -> None:
    views = [BayView(name, State.COLLECTING, files=3) for name in "123"]
    now = 10_000.0
    assert stuck_bays(views, {"1": now, "2": now - 1, "3": 0.0}, now) == []
    assert stuck_bays(views, {"1": now, "2": 0.0, "3": 0.0}, now) == ["bay 2", "bay 3"], "one of them has a turn"
    assert stuck_bays(views, {"1": 0.0, "2": 0.0, "3": 0.0}, now) == ["bay 1", "bay 2", "bay 3"]


def test_who_gets_its_turn_after_a_long_wait_has_its_whole_term_from_then_on() -> None:
    term = TERMS[State.COLLECTING]
    views = [BayView(name, State.COLLECTING, files=3) for name in "123"]
    seen = look_at(views, {}, 0.0, readers=2)
    for step in range(1, 11):  # two are read for a long time, the third waits
        views = [replace(view, read_bytes=step) if view.bay != "3" else view for view in views]
        seen = look_at(views, seen, step * term / 2, readers=2)
    now = 10 * term / 2
    views = [replace(view, state=State.COLLECTED) if view.bay != "3" else view for view in views]
    seen = look_at(views, seen, now + 1, readers=2)
    assert stuck(doing(views, seen, FULL), now + 1) == []
    assert [each.part for each in stuck(doing(views, seen, FULL), now + 1 + term)] == ["bay 3"]


def test_bays_that_wait_for_each_other_are_no_excuse() -> None:
    views = [BayView(name, State.COLLECTING, files=3) for name in "1234"]
    seen = look_at(views, {}, 0.0, readers=2)
    term, step = TERMS[State.COLLECTING], 10.0
    for look in range(1, int(3 * term / step)):
        seen = look_at(views, seen, look * step, readers=2)
    assert len(stuck(doing(views, seen, FULL), 3 * term)) == 4


def test_an_unknown_device_that_was_read_waits_for_the_archive() -> None:
    view = BayView("1", State.QUARANTINED, files=2, collected=1)
    assert stuck_bays([view], {"1": 0.0}, 1e6) == ["bay 1"]
    assert stuck_bays([replace(view, failed=1)], {"1": 0.0}, 1e6) == []


async def test_a_dock_is_looked_at_as_a_whole() -> None:
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    views = [BayView("1", State.COLLECTING, files=3)]
    asked = []

    async def ask() -> None:
        asked.append(now[0])

    watchdog = Watchdog(pulse, lambda: views, ask, 2, FULL, {})
    assert await watchdog.look() is None
    now[0] = TERMS[State.COLLECTING] + 1
    assert "bay 1: collecting" in str(await watchdog.look())
    views[0] = replace(views[0], read_bytes=1)
    assert await watchdog.look() is None
    pulse.does("sync entries", "at work", 5.0)
    now[0] += 6
    assert "sync entries: at work" in str(await watchdog.look())
    assert len(asked) == 4, "the journal's thread is asked each time"


def test_the_status_names_the_bays_that_hold_something() -> None:
    assert status([BayView("1", State.COLLECTING), BayView("2")]) == "槽位 bays: 1 collecting"
