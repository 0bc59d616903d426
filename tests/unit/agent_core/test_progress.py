"""What people see of the bays. Texts of a recorder are shown, never obeyed."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path

import pytest
from rich.console import Console

from liuhen_agent.bay import State
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import Queue, ToSend
from liuhen_agent.progress import BayView, Board, DockView, read_status, table
from support import dock_alone


@pytest.mark.parametrize("text", ["[/red]", "[bold]", "[link=https://example.org]x[/link]", "CAM[01]", ":smile:"])
def test_a_recorders_text_is_shown_as_it_is_and_ends_no_screen(text: str) -> None:
    shown = io.StringIO()
    view = BayView("1", State.FAILED, recorder=text, officer=text, note=text)
    Console(file=shown, width=200, force_terminal=False).print(table([view]))
    assert shown.getvalue().count(text) == 3


async def seen(data_dir: Path, wanted: State) -> DockView:
    async with asyncio.timeout(60):
        while True:
            view = read_status(data_dir)
            if view.bays and view.bays[0].state is wanted:
                return view
            await asyncio.sleep(0.05)


async def test_a_dock_at_work_tells_its_screens_and_says_good_bye(tmp_path: Path) -> None:
    dock_alone.enrol(tmp_path / "dock")
    folder = tmp_path / "recorder"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / name).write_bytes(name.encode() * 1000)
    patience = asyncio.Event()
    wishes = Wishes(watch=dock_alone.QUICK, sync=lambda journal: dock_alone.Obliging(journal, patience))
    dock = Dock(tmp_path / "dock", dock_alone.config(tmp_path / "dock", Bay("1", "directory", folder)), wishes)
    running = asyncio.create_task(dock.run())
    waiting = await seen(tmp_path / "dock", State.COLLECTED)
    assert waiting.running and waiting.clock
    async with asyncio.timeout(60):
        while (stored := read_status(tmp_path / "dock").bays[0]).unsent != 10_000:
            await asyncio.sleep(0.05)
    assert (stored.files, stored.collected, stored.read_bytes) == (2, 2, 10_000)
    assert stored.seconds_left is None, "nothing was ever sent: nobody knows how long it takes"
    patience.set()
    ready = (await seen(tmp_path / "dock", State.READY)).bays[0]
    assert ready.since > stored.since and ready.receipted == 2
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert not read_status(tmp_path / "dock").running


def test_bytes_on_their_way_are_counted_once_and_a_resumed_upload_not_from_its_beginning() -> None:
    at = [0.0]
    board = Board(["1"], seconds=lambda: at[0])
    board.show("1", state=State.COLLECTED, session="s1", files=1, collected=1, total_bytes=100_000_000)
    board.add_bytes("1", 100_000_000)
    queue = Queue(1, 100_000_000, 0, {"s1": ToSend(100_000_000, 100_000_000)}, frozenset({"ab"}))
    for second in range(20):
        at[0] = float(second)
        board.moved("ab", 60_000_000 + second * 1_000_000)  # it goes on where an earlier run stopped
        board.measure(queue)
    [view] = board.dock().bays
    assert board.dock().sending == 1_000_000
    assert view.unsent == 21_000_000 and view.seconds_left is not None and 20 <= view.seconds_left <= 26


def test_a_recorder_that_leaves_takes_its_estimate_with_it() -> None:
    board = Board(["1"])
    board.show("1", state=State.COLLECTED, session="s1", files=1, collected=1, total_bytes=5)
    board.measure(Queue(0, 0, 0, {"s1": ToSend(0, 0)}, frozenset()))
    assert board.view("1").seconds_left is not None
    board.clear("1")
    board.measure(Queue(0, 0, 0, {}, frozenset()))
    assert board.view("1") == BayView("1")
