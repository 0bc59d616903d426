"""What systemd is told: that a program is ready, and that it gets on only while every part of it does."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from liuhen_files.notify import LONGEST_STATUS, Notifier
from liuhen_files.pulse import Doing, Pulse, keep_alive, sentence, stuck
from support.supervisor import Supervisor


@pytest.fixture(params=["path", "abstract"])
def supervisor(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Supervisor]:
    found = Supervisor(str(tmp_path / "notify") if request.param == "path" else f"@liuhen-test-{os.getpid()}")
    yield found
    found.close()


def test_each_word_reaches_the_supervisor(supervisor: Supervisor) -> None:
    notifier = Notifier(supervisor.address)
    notifier.ready("两个槽位 two bays")
    assert supervisor.heard() == {"READY": "1", "STATUS": "两个槽位 two bays"}
    notifier.alive("1 collecting")
    assert supervisor.heard() == {"WATCHDOG": "1", "STATUS": "1 collecting"}
    notifier.stopping()
    assert supervisor.heard()["STOPPING"] == "1"


def test_a_status_is_one_line_whatever_a_recorder_is_called(supervisor: Supervisor) -> None:
    Notifier(supervisor.address).status("bay 1\nWATCHDOG=1\nREADY=1" + "x" * 5000)
    heard = supervisor.heard()
    assert set(heard) == {"STATUS"} and len(heard["STATUS"]) == LONGEST_STATUS


def test_a_program_that_nobody_supervises_says_nothing_and_goes_on(tmp_path: Path) -> None:
    Notifier().ready("")
    Notifier(str(tmp_path / "nobody is here")).alive("")


def test_what_systemd_hands_over_is_read_from_the_environment() -> None:
    ours = {"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "90000000", "WATCHDOG_PID": str(os.getpid())}
    assert Notifier.from_environment(ours) == Notifier("/run/n", 90.0)
    assert Notifier.from_environment(ours | {"WATCHDOG_PID": "1"}) == Notifier("/run/n", None)
    assert Notifier.from_environment({"WATCHDOG_USEC": "soon"}) == Notifier(None, None)
    assert Notifier.from_environment({}) == Notifier()


# --- the rule


def test_a_part_is_stuck_when_it_is_at_one_thing_for_longer_than_it_may_be() -> None:
    work, waiting = Doing("log", "ordering", 10.0, 5.0), Doing("bays", "for a recorder", 10.0, None)
    assert stuck([work, waiting], 15.0) == []
    assert stuck([work, waiting], 15.1) == [work]
    assert "log: ordering (6 s)" in sentence([work], 16.0)


def test_a_part_that_says_again_what_it_does_gets_on() -> None:
    now = [0.0]
    pulse = Pulse(lambda: now[0])
    pulse.does("log", "ordering", 5.0)
    now[0] = 4.0
    pulse.does("log", "ordering", 5.0)
    now[0] = 8.0
    assert stuck(pulse.parts(), now[0]) == []
    now[0] = 9.5
    assert [each.part for each in stuck(pulse.parts(), now[0])] == ["log"]
    pulse.waits("log", "entries")
    now[0] = 1e6
    assert stuck(pulse.parts(), now[0]) == []


async def test_a_ping_comes_while_the_program_gets_on_and_none_while_it_is_stuck(supervisor: Supervisor) -> None:
    wrong: list[str | None] = [None]

    async def look() -> str | None:
        return wrong[0]

    task = asyncio.create_task(keep_alive(Notifier(supervisor.address, 0.03), look, lambda: "well"))
    try:
        assert await supervisor.next() == {"WATCHDOG": "1", "STATUS": "well"}
        wrong[0] = "stuck: log"
        while (heard := await supervisor.next()) == {"WATCHDOG": "1", "STATUS": "well"}:
            pass
        for _ in range(3):  # and it stays so
            assert heard == {"STATUS": "stuck: log"}
            heard = await supervisor.next()
        wrong[0] = None
        while "WATCHDOG" not in await supervisor.next():
            pass
    finally:
        task.cancel()


@pytest.mark.parametrize("how", ["raises", "never answers"])
async def test_a_look_that_fails_or_does_not_end_is_a_standstill(supervisor: Supervisor, how: str) -> None:
    async def look() -> str | None:
        if how == "raises":
            raise OSError("the journal is gone")
        await asyncio.Event().wait()
        return None

    task = asyncio.create_task(keep_alive(Notifier(supervisor.address, 0.03), look, lambda: "well"))
    try:
        for _ in range(2):
            heard = await supervisor.next()
            assert set(heard) == {"STATUS"} and "Error" in heard["STATUS"]
    finally:
        task.cancel()
