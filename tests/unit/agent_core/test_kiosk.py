"""The officer's screen: what it says of the dock, and that nothing asked of it changes anything."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from click.testing import CliRunner

from liuhen_agent import journal, status
from liuhen_agent.bay import State
from liuhen_agent.command import main
from liuhen_agent.journal import Day, JournalDamaged, read_only
from liuhen_agent.kiosk import server
from liuhen_agent.kiosk.reading import Folder, Kept, Seen
from liuhen_agent.kiosk.view import Officers, about, masked, screen
from liuhen_agent.progress import BayView, DockView, RefusedView, UploadsView, read_status, write_status
from support import screen as world
from support.screen import EMPTY, FAILED, READING, READY, STORING, UNKNOWN, UNKNOWN_DONE, ZONE, RunningScreen, dock


def shown(view: DockView, officers: Officers = "masked", alarms: tuple[str, ...] = ()) -> dict[str, Any]:
    kept = Kept(Day(214, 86_000_000_000, 214), 3, alarms)
    seen = Seen(view, kept, "dock-03", "朝阳县市场监督管理局", datetime(2026, 11, 23, 9, 42, tzinfo=ZONE))
    return screen(seen, officers)


def tile(view: BayView, officers: Officers = "masked") -> dict[str, Any]:
    [only] = shown(dock(view), officers)["tiles"]
    return dict(only)


# --- what it says


def test_a_bay_being_read_says_who_how_far_how_long_and_not_to_unplug() -> None:
    told = tile(READING)
    assert told["who"][0] == "证号 2103…27"
    assert (told["clips"], told["percent"], told["left"]) == ("12/31", 38, ("约 6 分钟", "about 6 min"))
    assert told["hold"] == ("请勿拔出", "Do not unplug")


def test_the_whole_number_of_an_officer_stays_in_the_process_unless_the_agency_shows_it() -> None:
    assert "21030027" not in json.dumps(shown(dock(READING, READY)))
    assert tile(READING, "whole")["who"][0] == "证号 21030027"


@pytest.mark.parametrize(
    ("number", "said"),
    [
        ("21030000127", "2103…27"),
        ("21030027", "2103…27"),
        ("010127", "01…27"),
        ("12345", "12…45"),
        ("1234", "…4"),
        ("7", "…7"),
    ],
)
def test_a_masked_number_is_known_to_its_owner_alone(number: str, said: str) -> None:
    assert masked(number) == said


def test_without_an_officer_the_recorder_is_named() -> None:
    assert tile(replace(READING, officer=""))["who"][0] == "0000127"


def test_percent_never_says_all_before_the_word_does() -> None:
    assert tile(replace(READING, read_bytes=READING.total_bytes))["percent"] == 99
    assert tile(replace(STORING, unsent=0))["percent"] == 99
    assert tile(READY)["percent"] is None


def test_ready_says_so_with_shape_and_word_and_when() -> None:
    told = tile(READY)
    assert (told["kind"], told["mark"], told["title"][0]) == ("ready", "●", "可以取走")
    assert told["left"][0] == "09:38 完成" and told["hold"] == ("", "")
    assert (told["clips"], told["counted"][0]) == ("31", "段已入库")


def test_an_unknown_device_is_held_while_it_is_read_and_then_goes_to_the_administrator() -> None:
    assert tile(UNKNOWN)["hold"][0] == "请勿拔出" and tile(UNKNOWN)["do"][0] == "请联系管理员"
    done = tile(UNKNOWN_DONE)
    assert done["hold"] == ("", "") and "未清空" in done["what"][0]
    assert tile(replace(UNKNOWN_DONE, code="other-disk"))["do"][0] == "请拔出后重新插入"


def test_a_failure_says_what_and_what_to_do_and_shows_no_raw_error() -> None:
    told = tile(FAILED)
    assert told["mark"] == "■" and told["what"][0] and told["do"][0]
    assert "cluster" not in json.dumps(told)
    assert tile(replace(FAILED, code="of-a-newer-dock"))["do"][0] == "请联系管理员"


def test_no_estimate_is_said_as_estimating_not_as_a_number() -> None:
    assert tile(replace(READING, seconds_left=None))["left"][0] == "正在估算时间"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (1, "不到 1 分钟"),
        (59, "不到 1 分钟"),
        (60, "约 1 分钟"),
        (61, "约 2 分钟"),
        (3540, "约 59 分钟"),
        (3600, "约 1 小时"),
        (3601, "约 1.5 小时"),
        (5400, "约 1.5 小时"),
        (40000, "约 11.5 小时"),
    ],
)
def test_time_left_is_rounded_up(seconds: int, said: str) -> None:
    assert about(seconds)[0] == said


def test_a_device_that_is_no_recorder_is_said_in_its_bay_or_above_all() -> None:
    view = dock(
        *EMPTY,
        refused=(RefusedView("1-1.2", "2", "refused-input-device"), RefusedView("1-9", "", "refused-unknown-port")),
    )
    told = shown(view)
    assert told["tiles"][1]["mark"] == "▲" and told["tiles"][1]["do"][0]
    assert told["tiles"][0]["kind"] == "empty"
    assert len(told["alarms"]) == 1


def test_alarms_that_stop_clearing_come_first() -> None:
    first = shown(dock(*EMPTY), alarms=("disk-full", "certificate", "split-view"))["alarms"][0]
    assert "不可信" in first[0][0]


def test_a_dock_that_does_not_run_is_said_instead_of_old_tiles() -> None:
    told = shown(dock(READING, running=False))
    assert told["tiles"] == () and "未在工作" in told["message"][0][0] and "请勿拔出" in told["message"][1][0]


def test_the_clock_and_the_archive_are_said_with_shape_and_word() -> None:
    told = shown(dock(READING, clock="unsynchronised", archive=False))
    assert not told["clock"]["well"] and not told["archive"]["well"]
    assert shown(dock(READING, archive=None))["archive"] is None, "nobody asked it yet"


def test_footage_that_waits_for_the_upload_hours_is_said_with_when_they_begin() -> None:
    closed = UploadsView("22:00", "06:00", "Asia/Shanghai", open=False, mbit=8)
    told = shown(dock(replace(STORING, held_until="22:00", seconds_left=None), uploads=closed))
    [held] = told["tiles"]
    assert (held["what"], held["left"]) == (("22:00 开始上传", "Sent from 22:00"), ("", ""))
    assert held["hold"][0] == "请勿拔出" and held["percent"] is not None
    assert told["sending"][0] == "待传 3 段 · 上传时段 22:00–06:00，22:00 开始上传"
    assert shown(dock(STORING, uploads=closed, running=False))["sending"][0] == "待传 3 段", "nobody will begin then"
    [unknown] = shown(dock(replace(UNKNOWN, held_until="22:00"), uploads=closed))["tiles"]
    assert "只读采集" in unknown["what"][0], "what the officer must know of it comes first"


def test_the_limit_of_the_line_is_said_beside_its_rate() -> None:
    told = shown(dock(STORING, uploads=UploadsView(mbit=8)))
    assert told["sending"] == (
        "上传 34 MB/s · 待传 3 段 · 限速 8 Mbit/s",
        "Sending 34 MB/s · 3 waiting · At most 8 Mbit/s",
    )
    always = shown(dock(STORING, uploads=UploadsView("22:00", "06:00", "Asia/Shanghai")))
    assert always["sending"][0] == "上传 34 MB/s · 待传 3 段", "it is the time for it"


def test_what_recorders_say_is_one_short_line() -> None:
    told = tile(replace(READING, officer="", recorder="A\u202e\x1b[2J\n" + "B" * 500))
    assert len(told["who"][0]) <= 40 and told["who"][0].isprintable()


# --- what it reads


async def test_today_begins_at_midnight_of_the_agency(tmp_path: Path) -> None:
    """Late in the evening in UTC it is the next morning in the agency's zone."""
    late = datetime(2026, 11, 22, 15, 59, 59, tzinfo=UTC)  # 23:59:59
    await world.seed(tmp_path, clips=5, receipted=3, now=late)
    before = Folder(tmp_path, ZONE, lambda: late).look()
    after = Folder(tmp_path, ZONE, lambda: datetime(2026, 11, 22, 16, 0, 1, tzinfo=UTC)).look()
    assert before.kept is not None and after.kept is not None
    assert before.kept.today == Day(5, 2_000_000_000, 3)
    assert after.kept.today == Day(0, 0, 0) and after.kept.waiting == 2


async def test_a_stopped_docks_figures_are_read_even_where_this_user_can_make_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As root nothing forbids that, so the first way of opening is made to fail as SQLite does for the screen's own user."""
    await world.seed(tmp_path, clips=3, receipted=3)
    opened = journal._opened_read_only

    def forbidden(path: Path, option: str) -> sqlite3.Connection:
        if not option:
            raise JournalDamaged("unable to open database file")
        return opened(path, option)

    monkeypatch.setattr(journal, "_opened_read_only", forbidden)
    kept = Folder(tmp_path, ZONE).look().kept
    assert kept is not None and kept.today.clips == 3
    with pytest.raises(JournalDamaged), read_only(tmp_path / "journal.db"):
        pass  # whoever decides on what it reads does not read like that
    (tmp_path / "journal.db-wal").touch()
    assert Folder(tmp_path, ZONE).look().kept is None, "somebody writes"


def test_a_folder_that_is_no_dock_is_shown_all_the_same(tmp_path: Path) -> None:
    seen = Folder(tmp_path / "nothing", ZONE).look()
    assert seen.kept is None and not seen.view.running
    assert screen(seen, "masked")["today"] == ("今日统计暂不可用", "Today's figures cannot be read")


def test_a_dock_that_was_killed_counts_as_stopped_once_it_wrote_nothing_for_a_while(tmp_path: Path) -> None:
    write_status(tmp_path, dock(READING))
    written = (tmp_path / "status.json").stat().st_mtime
    assert read_status(tmp_path, lambda: written + 5).running
    assert not read_status(tmp_path, lambda: written + 11).running
    assert not read_status(tmp_path, lambda: written - 3600).running, "the clock was set back"
    assert read_status(tmp_path, lambda: written + 11).bays == (READING,)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"bays": [{"bay": 1, "colour": 2}]}', '{"bays": 5}', "\udcff"])
def test_a_status_file_that_cannot_be_read_is_a_dock_that_does_not_run(tmp_path: Path, content: str) -> None:
    (tmp_path / "status.json").write_text(content, "utf-8", "surrogateescape")
    assert not read_status(tmp_path).running


# --- the server


@asynccontextmanager
async def served(tmp_path: Path) -> AsyncIterator[tuple[RunningScreen, aiohttp.ClientSession]]:
    await world.seed(tmp_path)
    running = RunningScreen(tmp_path)
    running.write(dock(READING))
    await running.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield running, session
    finally:
        await running.stop()


def content(folder: Path) -> dict[str, bytes]:
    kept = (path for path in folder.rglob("*") if path.is_file() and path.suffix not in (".db-shm", ".db-wal"))
    return {str(path): path.read_bytes() for path in kept}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "TRACE", "PROPFIND"])
async def test_no_method_but_get_is_answered_and_nothing_changes(tmp_path: Path, method: str) -> None:
    async with served(tmp_path) as (running, session):
        before = content(tmp_path)
        for path in [*server.FILES, "/events"]:
            async with session.request(method, running.url.rstrip("/") + path, data=b"x=1") as answer:
                assert answer.status == 405, path
                assert answer.headers["Allow"] == "GET"
        for path in ("/status.json", "/journal.db", "/kiosk/../journal.db", "/static/kiosk.js", "/../identity.json"):
            async with session.get(running.url.rstrip("/") + path) as answer:
                assert answer.status == 404, path
        assert content(tmp_path) == before


async def test_every_answer_is_strict_and_the_page_has_no_form_and_nothing_from_elsewhere(tmp_path: Path) -> None:
    async with served(tmp_path) as (running, session):
        for path in server.FILES:
            async with session.get(running.url.rstrip("/") + path) as answer:
                assert answer.status == 200
                policy = answer.headers["Content-Security-Policy"]
                assert "default-src 'none'" in policy and "form-action 'none'" in policy and "unsafe" not in policy
                assert answer.headers["X-Content-Type-Options"] == "nosniff"
                text = await answer.text()
                assert not re.search(r"<form|<button|<input|<a |method:|https?://(?!www\.w3\.org/2000/svg)", text), path


async def test_a_page_of_another_name_cannot_read_the_screen_through_its_browser(tmp_path: Path) -> None:
    """DNS rebinding: a web page whose name suddenly means this machine."""
    async with served(tmp_path) as (running, session):
        for host, status in (("evil.example", 421), ("evil.example:8780", 421), (f"localhost:{running.port}", 200)):
            async with session.get(running.url, headers={"Host": host}) as answer:
                assert answer.status == status, host


async def test_events_tell_the_screen_at_once_and_again_when_it_changes(tmp_path: Path) -> None:
    async with served(tmp_path) as (running, session), session.get(running.url + "events") as stream:
        assert stream.content_type == "text/event-stream"
        assert (await _next(stream))["tiles"][0]["title"][0] == "采集中"
        running.write(dock(READY))
        assert (await _next(stream))["tiles"][0]["title"][0] == "可以取走"


@dataclass(frozen=True)
class Failing(Folder):
    """A folder whose disk fails while there is something in `faults`; it counts how often it was looked at meanwhile."""

    faults: list[str] = field(default_factory=list)

    def look(self) -> Seen:
        if self.faults:
            self.faults.append("again")
            raise OSError(self.faults[0])
        return super().look()


async def test_an_old_screen_is_not_kept_alive_while_the_folder_cannot_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No beat: the page hears nothing and says so, instead of "safe to take" from before."""
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.005)
    monkeypatch.setattr(server, "BEAT_SECONDS", 0.02)
    write_status(tmp_path, dock(READY))
    folder, told = Failing(tmp_path, ZONE), asyncio.Queue[str]()

    async def listen() -> None:
        async for text in server.Screens(folder, "masked").watch():
            await told.put(text)

    listening = asyncio.create_task(listen())
    assert "可以取走" in await told.get()
    assert await told.get() == "", "it lives"
    folder.faults.append("Input/output error")
    await _until(lambda: len(folder.faults) > 3)
    heard = told.qsize()
    await _until(lambda: len(folder.faults) > 40)  # many times the beat
    assert told.qsize() == heard
    folder.faults.clear()
    while not (text := await asyncio.wait_for(told.get(), 20)):
        pass
    assert "可以取走" in text
    listening.cancel()


async def _until(reached: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not reached():
            await asyncio.sleep(0.005)


async def _next(stream: aiohttp.ClientResponse) -> dict[str, Any]:
    while True:
        line = await asyncio.wait_for(stream.content.readline(), 20)
        if line.startswith(b"data: ") and len(line) > 10:
            return dict(json.loads(line[6:]))


async def test_too_many_screens_are_turned_away_and_leave_room_when_they_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MOST_WATCHERS", 1)
    async with served(tmp_path) as (running, session):
        async with session.get(running.url + "events") as stream:
            await _next(stream)
            async with session.get(running.url + "events") as second:
                assert second.status == 503
        while True:  # the server hears of the closed connection in its own time
            async with session.get(running.url + "events") as third:
                if third.status == 200:
                    break
            await asyncio.sleep(0.02)


# --- the command


@pytest.mark.parametrize("listen", ["0.0.0.0:8780", "192.168.1.5:8780", "[::]:8780", "dock-03.example:8780"])
def test_other_machines_are_not_served_unless_told(tmp_path: Path, listen: str) -> None:
    done = CliRunner().invoke(main, ["--data", str(tmp_path), "kiosk", "--listen", listen])
    assert done.exit_code == 2 and "--allow-network" in done.stderr


@pytest.mark.parametrize("listen", ["8780", "127.0.0.1", "127.0.0.1:x", ":8780", "127.0.0.1:99999"])
def test_an_address_that_is_none_is_wrong_use(tmp_path: Path, listen: str) -> None:
    assert CliRunner().invoke(main, ["--data", str(tmp_path), "kiosk", "--listen", listen]).exit_code == 2


def test_the_command_serves_beside_a_stopped_dock_and_ends_on_sigterm(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "liuhen_agent", "--data", str(tmp_path), "kiosk", "--listen", "127.0.0.1:0"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as kiosk:
        assert kiosk.stdout is not None
        line = kiosk.stdout.readline()
        assert re.fullmatch(r"ready http://127\.0\.0\.1:\d+\n", line), line
        port = line.rpartition(":")[2].strip()
        taken = subprocess.run([*command[:-1], f"127.0.0.1:{port}"], capture_output=True, text=True, timeout=60)
        assert taken.returncode == 1 and "error" in taken.stderr and "Traceback" not in taken.stderr
        kiosk.send_signal(signal.SIGTERM)
        _, errors = kiosk.communicate(timeout=60)
        assert kiosk.returncode == 0 and "Traceback" not in errors, errors


def test_a_watched_status_is_live_and_ends_well_on_ctrl_c(tmp_path: Path) -> None:
    asyncio.run(world.seed(tmp_path))
    write_status(tmp_path, dock(READING))
    command = [sys.executable, "-m", "liuhen_agent", "--data", str(tmp_path), "status", "--watch", "--json"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as watch:
        assert watch.stdout is not None
        assert json.loads(watch.stdout.readline())["bays"][0]["state"] == "collecting"
        write_status(tmp_path, dock(READY))
        deadline = time.monotonic() + 60
        while json.loads(watch.stdout.readline())["bays"][0]["state"] != State.READY.value:
            assert time.monotonic() < deadline
        watch.send_signal(signal.SIGINT)
        _, errors = watch.communicate(timeout=60)
        assert watch.returncode == 0 and "Traceback" not in errors, errors


def test_an_interrupt_that_python_drops_ends_the_watch_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that comes while something is cleared away is printed as ignored, and nobody hears of it."""
    asyncio.run(world.seed(tmp_path))
    write_status(tmp_path, dock(READING))
    first, looks = status.look(tmp_path), 0

    def look(data_dir: Path) -> status.Status:
        nonlocal looks
        looks += 1
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return first

    monkeypatch.setattr(status, "look", look)
    monkeypatch.setattr(status, "WATCH_SECONDS", 0.0)
    before = signal.getsignal(signal.SIGINT)
    try:
        assert status._watch(tmp_path, first, as_json=True) is first
    finally:
        signal.signal(signal.SIGINT, before)
    assert looks == 1
