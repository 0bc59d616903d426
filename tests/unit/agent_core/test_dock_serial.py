"""A recorder on a serial line in a whole dock: its clock, its password, the disk it comes back as. It is simulated on a pseudo-terminal."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from liuhen_agent.simulate.serial_recorder import Character, SerialRecorder
from liuhen_protocol.events import (
    ClipCollected,
    DockAlarm,
    RecorderCleared,
    RecorderClockSet,
    RecorderDocked,
    RecorderUndocked,
)
from liuhen_protocol.statement import Clock
from support import dock_alone
from support.dock_at_work import card, of_kind, serial_config, so_many, until, working

NAME = "DSJ7A01_01234520261122143059_0001.MP4"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    dock_alone.enrol(tmp_path / "dock")
    return tmp_path / "dock"


async def test_a_serial_recorder_says_its_clock_before_it_is_set_and_comes_back_as_a_disk(
    data_dir: Path, tmp_path: Path
) -> None:
    port = tmp_path / "port"
    disk = card(tmp_path / "line.img", tmp_path, {"A.MP4": b"clip"})
    character = Character(clock_offset=timedelta(hours=2), reenumerate_seconds=0.1)
    config = serial_config(data_dir, port, "000000")
    with SerialRecorder(port, disk, character):
        async with working(data_dir, config):
            await until(lambda: bool(of_kind(data_dir, ClipCollected)))
    [docked] = of_kind(data_dir, RecorderDocked)
    [clock_set] = of_kind(data_dir, RecorderClockSet)
    [collected] = of_kind(data_dir, ClipCollected)
    assert (docked.transport, docked.recorder.serial, docked.battery_percent) == ("serial", "DSJ7A01", 76)
    assert docked.clock_reading == clock_set.before != clock_set.after
    assert docked.clock_offset_ms is not None and abs(clock_set.offset_ms - docked.clock_offset_ms) < 1000
    assert (collected.recorder, collected.bay) == ("DSJ7A01", "1")


async def test_a_recorder_that_does_not_let_its_clock_be_set_is_collected_all_the_same(
    data_dir: Path, tmp_path: Path
) -> None:
    port = tmp_path / "port"
    disk = card(tmp_path / "line.img", tmp_path, {"A.MP4": b"clip"})
    character = Character(clock_fixed=True, reenumerate_seconds=0.1)
    with SerialRecorder(port, disk, character):
        async with working(data_dir, serial_config(data_dir, port, "000000")):
            await until(lambda: bool(of_kind(data_dir, ClipCollected)))
    assert not of_kind(data_dir, RecorderClockSet)
    assert of_kind(data_dir, DockAlarm)[0].code == "clock-not-set"


async def test_a_dock_whose_time_nobody_vouches_for_sets_no_recorders_clock_and_says_so(
    data_dir: Path, tmp_path: Path
) -> None:
    port = tmp_path / "port"
    disk = card(tmp_path / "line.img", tmp_path, {"A.MP4": b"clip"})
    config = serial_config(data_dir, port, "000000")
    with SerialRecorder(port, disk, Character(clock_offset=timedelta(hours=2), reenumerate_seconds=0.1)) as recorder:
        async with working(data_dir, config, Clock("unsynchronised", 86_400_000)):
            await until(lambda: bool(of_kind(data_dir, ClipCollected)))
        assert not [said for said in recorder.device.heard if said.startswith("BC+SYSTIME=")]
    assert of_kind(data_dir, RecorderDocked)[0].clock_reading is not None
    alarm = of_kind(data_dir, DockAlarm)[0]
    assert alarm.code == "clock-not-set" and "not synchronised" in alarm.detail
    assert not of_kind(data_dir, RecorderClockSet)


@pytest.mark.parametrize("label", ["DSJ7A99", "NO NAME"])
async def test_the_disk_of_another_recorder_is_read_and_never_cleared(
    data_dir: Path, tmp_path: Path, label: str
) -> None:
    """Pulled between disk mode and coming back, and another one put into the bay: its label is not the serial that was told."""
    port = tmp_path / "port"
    disk = card(tmp_path / "line.img", tmp_path, {NAME: b"clip"}, label=label)
    with SerialRecorder(port, disk, Character(reenumerate_seconds=0.1)):
        async with working(data_dir, serial_config(data_dir, port, "000000")):
            await until(lambda: bool(of_kind(data_dir, ClipCollected)))
    assert of_kind(data_dir, DockAlarm)[0].code == "other-disk"
    [undocked] = of_kind(data_dir, RecorderUndocked)
    assert undocked.state in ("quarantined", "pulled")
    assert not of_kind(data_dir, RecorderCleared)


async def test_a_refused_password_is_not_sent_again_when_the_recorder_is_plugged_in_again(
    data_dir: Path, tmp_path: Path
) -> None:
    """Three plug-ins with a wrong password in the dock's file would lock most recorders."""
    recorder = SerialRecorder(tmp_path / "port")
    async with working(data_dir, serial_config(data_dir, tmp_path / "port", "123456")):
        for times in (1, 2, 3):
            with recorder:
                await until(partial(so_many, data_dir, DockAlarm, times))
            await until(partial(so_many, data_dir, RecorderUndocked, times))
    assert {event.code for event in of_kind(data_dir, DockAlarm)} == {"wrong-password"}
    assert recorder.device.wrong == 1


async def test_a_refused_password_is_an_alarm_and_not_tried_again(data_dir: Path, tmp_path: Path) -> None:
    port = tmp_path / "port"
    recorder = SerialRecorder(port)
    config = serial_config(data_dir, port, "123456")
    with recorder:
        async with working(data_dir, config):
            await until(lambda: bool(of_kind(data_dir, DockAlarm)))
    assert [event.code for event in of_kind(data_dir, DockAlarm)] == ["wrong-password"]
    assert recorder.device.wrong == 1
