"""What people see of the bays. Texts of a recorder are shown, never obeyed."""

from __future__ import annotations

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from rich.console import Console

from liuhen_agent.bay import State
from liuhen_agent.clock import Reading
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import Queue, ToSend
from liuhen_agent.progress import (
    NOTHING_LEFT,
    BayView,
    Board,
    DockView,
    UploadsView,
    read_status,
    sentence,
    table,
    write_status,
)
from liuhen_agent.status import Status
from liuhen_agent.sync.pace import UploadHours
from liuhen_protocol.statement import Clock
from support import dock_alone


@pytest.mark.parametrize("text", ["[/red]", "[bold]", "[link=https://example.org]x[/link]", "CAM[01]", ":smile:"])
def test_a_recorders_text_is_shown_as_it_is_and_ends_no_screen(text: str) -> None:
    shown = io.StringIO()
    view = BayView("1", State.FAILED, recorder=text, officer=text, note=text)
    Console(file=shown, width=200, force_terminal=False).print(table([view]))
    assert shown.getvalue().count(text) == 3


@pytest.mark.parametrize("state", sorted(NOTHING_LEFT))
def test_a_bay_with_nothing_left_to_do_promises_no_time_left(state: State) -> None:
    """The last estimate was made while there still was something; beside "safe to take" it would keep an officer waiting."""
    board = Board(["1"])
    board.show("1", state=State.COLLECTED, session="s1", files=1, collected=1, total_bytes=5)
    board.measure(Queue(0, 0, 0, {"s1": ToSend(0, 0)}, frozenset()))
    assert board.view("1").seconds_left is not None
    board.show("1", state=state)
    assert board.view("1").seconds_left is None
    assert "剩余" not in sentence(board.view("1"))


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


CLOSED = UploadsView("22:00", "06:00", "Asia/Shanghai", open=False)


def stored_at(rate: int, board: Board, at: list[float], *, seconds: int) -> None:
    """The line to the archive moves for so long."""
    for second in range(seconds):
        at[0] += 1
        board.moved("ab", (second + 1) * rate)
        board.measure(Queue(1, 10**9, 0, {"s1": ToSend(10**9, 10**9, 10**9)}, frozenset({"ab"})))


def test_outside_the_upload_hours_no_time_left_is_promised_and_it_is_said_when_they_begin() -> None:
    """Also in the first seconds, while the line's rate from before is still remembered."""
    at = [0.0]
    board = Board(["1"], seconds=lambda: at[0])
    board.show("1", state=State.COLLECTED, session="s1", files=2, collected=2, total_bytes=2 * 10**9)
    stored_at(1_000_000, board, at, seconds=20)
    assert board.view("1").seconds_left is not None and board.view("1").held_until == ""
    at[0] += 1
    board.measure(Queue(1, 10**9, 0, {"s1": ToSend(10**9, 10**9, 10**9)}, frozenset()), CLOSED)
    view = board.view("1")
    assert (view.seconds_left, view.held_until) == (None, "22:00")
    assert "22:00 开始上传" in sentence(view)
    at[0] += 1
    board.measure(Queue(0, 0, 0, {"s1": ToSend(0, 0)}, frozenset()), CLOSED)
    assert board.view("1").held_until == "" and board.view("1").seconds_left == 3, "its receipts alone are left"


def test_important_clips_are_not_said_to_wait_for_the_upload_hours() -> None:
    at = [0.0]
    board = Board(["1"], seconds=lambda: at[0])
    board.show("1", state=State.COLLECTED, session="s1", files=1, collected=1, total_bytes=10**9)
    for second in range(20):
        at[0] = float(second)
        board.moved("ab", second * 1_000_000)
        board.measure(Queue(1, 10**9, 0, {"s1": ToSend(10**9, 10**9, 0)}, frozenset({"ab"})), CLOSED)
    assert board.view("1").held_until == "" and board.view("1").seconds_left is not None


def test_a_recorder_still_being_read_outside_the_upload_hours_is_promised_no_time() -> None:
    at = [0.0]
    board = Board(["1"], seconds=lambda: at[0])
    board.show("1", state=State.COLLECTING, session="s1", files=9, collected=0, total_bytes=10**9)
    for second in range(20):
        at[0] = float(second)
        board.add_bytes("1", 1_000_000)
        board.measure(Queue(0, 0, 0, {"s1": ToSend(0, 0)}, frozenset()), CLOSED)
    assert board.view("1").seconds_left is None


@pytest.mark.parametrize(
    ("uploads", "said"),
    [
        (UploadsView(), ""),
        (CLOSED, "上传时段 uploads 22:00–06:00 (Asia/Shanghai)，22:00 开始上传 waiting until 22:00"),
        (UploadsView("22:00", "06:00", "Asia/Shanghai"), "上传时段 uploads 22:00–06:00 (Asia/Shanghai)"),
        (UploadsView(mbit=8), "限速 at most 8 Mbit/s"),
    ],
)
def test_status_says_when_and_how_fast_footage_goes_to_the_archive(
    tmp_path: Path, uploads: UploadsView, said: str
) -> None:
    write_status(tmp_path, DockView(clock="ntp", archive=True, uploads=uploads))
    found = Status([], {}, 0, [], read_status(tmp_path))
    assert found.dock.uploads == uploads
    assert found.running() == " · ".join(
        filter(None, ["采集站运行中 the dock is running", "证据库已连接 archive connected", said])
    )


async def test_a_dock_outside_its_upload_hours_says_so(tmp_path: Path) -> None:
    dock_alone.enrol(tmp_path / "dock")
    folder = tmp_path / "recorder"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"clip" * 1000)
    noon = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    hours = UploadHours.parse("22:00-06:00", ZoneInfo("Asia/Shanghai"))
    config = replace(dock_alone.config(tmp_path / "dock", Bay("1", "directory", folder)), upload_hours=hours)
    wishes = Wishes(
        watch=dock_alone.QUICK,
        sync=lambda journal: dock_alone.Obliging(journal, asyncio.Event()),
        read_clock=lambda: Reading(noon, Clock("ntp", 50)),
    )
    running = asyncio.create_task(Dock(tmp_path / "dock", config, wishes).run())
    async with asyncio.timeout(60):
        while not (view := read_status(tmp_path / "dock")).bays or not view.bays[0].held_until:
            await asyncio.sleep(0.05)
    assert (view.uploads, view.bays[0].held_until) == (CLOSED, "22:00")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
