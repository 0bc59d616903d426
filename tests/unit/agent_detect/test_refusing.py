"""A refused device is said once for each plugging-in and shown while it is there; it cannot fill the chain."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from liuhen_agent.bay import State
from liuhen_agent.clock import read_system_clock
from liuhen_agent.detect import RefusedDevice
from liuhen_agent.dock import opened_journal
from liuhen_agent.journal import Journal, queries
from liuhen_agent.progress import Board
from liuhen_agent.refusing import PAUSE_SECONDS, Refusals
from liuhen_protocol import dsse
from liuhen_protocol.events import DockAlarm
from liuhen_protocol.statement import read_statement
from support import dock_alone

KEYBOARD = RefusedDevice("pci/usb2/1", "1", "refused-input-device", "已拒绝 键盘 refused: a keyboard")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[Journal]:
    dock_alone.enrol(tmp_path)
    async with opened_journal(tmp_path, read_system_clock) as opened:
        yield opened


async def said(journal: Journal) -> list[str]:
    rows = await journal.ask(queries.envelopes)
    events = [read_statement(dsse.Envelope.parse(row.data).payload).event for row in rows]
    return [event.detail for event in events if isinstance(event, DockAlarm)]


async def test_it_is_said_in_the_chain_and_shown_on_the_bay_until_it_is_gone(journal: Journal) -> None:
    board, clock = Board(["1"]), Clock()
    refusals = Refusals(journal, board, clock)
    await refusals.say(KEYBOARD)
    assert await said(journal) == ["槽位 bay 1: 已拒绝 键盘 refused: a keyboard"]
    assert board.view("1").note == KEYBOARD.detail
    await refusals.say(replace(KEYBOARD, gone=True))
    assert board.view("1").note == ""
    assert len(await said(journal)) == 1


async def test_each_plugging_in_is_said_but_not_one_that_never_ends(journal: Journal) -> None:
    board, clock = Board(["1"]), Clock()
    refusals = Refusals(journal, board, clock)
    for _ in range(1000):
        await refusals.say(KEYBOARD)
        await refusals.say(replace(KEYBOARD, gone=True))
    assert len(await said(journal)) == 1
    await refusals.say(replace(KEYBOARD, where="pci/usb2/2"))
    clock.now += PAUSE_SECONDS
    await refusals.say(KEYBOARD)
    assert len(await said(journal)) == 3


async def test_a_bay_at_work_keeps_what_it_shows(journal: Journal) -> None:
    board = Board(["1"])
    board.show("1", state=State.COLLECTING, note="")
    refusals = Refusals(journal, board)
    await refusals.say(replace(KEYBOARD, code="refused-second-device"))
    assert board.view("1").note == ""
    await refusals.say(replace(KEYBOARD, bay=None, code="refused-unknown-port"))
    assert len(await said(journal)) == 2
