"""Faults between a recorder and its receipt, with real processes: nothing is lost, nothing visible is repeated."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from end_to_end.relay import Relay
from end_to_end.world import Station, files_on, make_card, until
from end_to_end.yanked import NAME, yanked_bay
from house.county import County, command, running
from liuhen_agent.journal import ClipState
from liuhen_protocol.events import (
    ClipCollected,
    ClipFailed,
    DockAlarm,
    DockStarted,
    RecorderCleared,
    RecorderDocked,
    RecorderUndocked,
)

MIB = 1 << 20
FIRST = "DCIM/100MEDIA/DSJ7A01_01234520261122143059_0001.MP4"
SECOND = "DCIM/100MEDIA/DSJ7A01_01234520261122143559_0002.MP4"


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    """A disk of `size` bytes at this folder."""
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size},mode=700", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path, leave: int) -> Path:
    """A file that takes all of the disk but `leave` bytes."""
    found = os.statvfs(folder)
    filler = folder / "filler"
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - leave)
    return filler


@pytest.fixture
def far_station(county: County, new_station: Callable[..., Station]) -> Iterator[tuple[Station, Relay]]:
    """A dock that reaches its archive through a network that can be cut."""
    with Relay(county.devices_port) as relay:
        yield new_station(url=relay.url), relay


def test_network_cut_in_the_middle_of_an_upload_is_made_up_for(far_station: tuple[Station, Relay]) -> None:
    station, relay = far_station
    content = os.urandom(12 * MIB)
    card = make_card(station.bay("1") / "card.img", {FIRST: content})
    relay.cut_after(6 * MIB)
    station.start()
    assert relay.was_cut.wait(60)
    assert station.clips(ClipState.RECEIPTED) == [] and files_on(card) == [FIRST]
    relay.mend()
    station.finish()
    station.check_all_there({FIRST: content})
    assert files_on(card) == []
    assert relay.passed < 20 * MIB, "what the archive had was not sent again"


def test_archive_killed_in_the_middle_of_an_upload_goes_on_where_it_was(
    county: County, far_station: tuple[Station, Relay]
) -> None:
    station, relay = far_station
    content = os.urandom(12 * MIB)
    card = make_card(station.bay("1") / "card.img", {FIRST: content})
    relay.cut_after(6 * MIB)
    station.start()
    assert relay.was_cut.wait(60)
    county.stop("archive", kill=True)
    assert files_on(card) == [FIRST]
    relay.mend()
    county.start_archive()
    station.finish()
    station.check_all_there({FIRST: content})
    assert files_on(card) == []


@pytest.mark.parametrize("bay", ["same bay", "other bay"])
def test_recorder_pulled_while_it_is_copied_and_plugged_in_again_loses_and_repeats_nothing(
    station: Station, tmp_path: Path, bay: str
) -> None:
    contents = {FIRST: os.urandom(MIB), SECOND: os.urandom(6 * MIB)}
    card = make_card(tmp_path / "made.img", contents)
    with yanked_bay(
        station.bay("1"), card, stops_at=card.read_bytes().index(contents[SECOND][:4096]) + 3 * MIB
    ) as port:
        station.start()
        assert port.reached.wait(60)
        assert until(lambda: station.events(ClipCollected))[0].path == FIRST
        port.pull()
        [undocked] = until(lambda: station.events(RecorderUndocked))
        assert undocked.premature
        place = station.bay("1") / NAME
        if bay == "same bay":
            port.plug()
        else:
            place = station.bay("2") / "card.img"
            shutil.copy(card, place)
        if station.leaves() != 0:  # it was told to leave when idle, and between the two plugs it was
            station.run()
        assert files_on(place) == []
    station.check_all_there(contents)
    assert [event.path for event in station.events(ClipFailed)] in ([], [SECOND])
    assert len(station.events(RecorderDocked)) == 2
    assert [event.premature for event in station.events(RecorderUndocked)] == [True, False]


def test_full_disk_of_a_dock_is_said_and_collecting_goes_on_when_there_is_room(
    county: County, new_station: Callable[..., Station], tmp_path: Path
) -> None:
    station = new_station(bays=("1",))
    spool = station.folder / "spool"
    content = os.urandom(4 * MIB)
    with small_disk(spool, 80 * MIB):  # 64 MiB stay free for the journal
        filler = fill(spool, 66 * MIB)
        card = make_card(station.bay("1") / "card.img", {FIRST: content})
        station.start()
        [alarm] = until(station.alarms)
        assert alarm.code == "disk-full" and "磁盘已满" in alarm.detail
        assert "disk-full" in str(station.status()["alarms"])
        assert files_on(card) == [FIRST] and station.events(ClipCollected) == []
        filler.unlink()
        station.finish()
        station.check_all_there({FIRST: content})
        assert files_on(card) == []
        assert [event.code for event in station.events(DockAlarm)] == ["disk-full"]
        assert station.alarms() == []


def test_full_disk_of_an_archive_is_said_and_uploads_go_on_when_there_is_room(tmp_path: Path) -> None:
    content = os.urandom(6 * MIB)
    with small_disk(tmp_path / "county" / "archive", 100 * MIB) as disk, running(tmp_path / "county") as county:
        station = Station(county, "dock-1", bays=("1",)).enroll()
        filler = fill(disk, 40 * MIB)
        card = make_card(station.bay("1") / "card.img", {FIRST: content})
        station.start()
        try:
            [alarm] = until(station.alarms)
            assert alarm.code == "archive-full" and "证据库存储空间不足" in alarm.detail
            assert "storage-full" in station.said()
            assert "no room" in (county.folder / "archive.log").read_text()
            assert files_on(card) == [FIRST] and station.clips(ClipState.RECEIPTED) == []
            filler.unlink()
            station.finish()
        finally:
            station.end()
        station.check_all_there({FIRST: content})
        assert files_on(card) == []
        assert station.alarms() == []


def test_dock_that_lost_its_card_goes_on_behind_the_archives_head_and_says_so(station: Station, tmp_path: Path) -> None:
    make_card(station.bay("1") / "card.img", {FIRST: b"before" * 1000})
    station.run()
    before = station.statements()
    shutil.rmtree(station.folder)
    station.enroll()
    card = make_card(station.bay("1") / "card.img", {SECOND: b"after" * 1000})
    station.run()
    after = station.statements()
    resumed = after[0].event
    assert isinstance(resumed, DockStarted) and resumed.resumed is not None
    assert after[0].link.seq == before[-1].link.seq + 1 == resumed.resumed.after_seq + 1
    assert resumed.resumed.after_hash == after[0].link.prev and "lost" in resumed.resumed.reason
    assert [event.path for event in station.events(ClipCollected)] == [SECOND]
    assert files_on(card) == [] and station.alarms() == []
    verified = command("liuhen-server", "verify", "--data", station.county.archive)
    assert verified.returncode == 0, "the break is in the log, and the log holds"


def test_sigterm_of_everything_in_the_middle_of_work_leaves_what_a_new_start_completes(tmp_path: Path) -> None:
    contents = {f"DCIM/100MEDIA/DSJ7A01_012345202611221430{n:02}_{n:04}.MP4": os.urandom(MIB) for n in range(8)}
    with running(tmp_path / "county") as county:
        station = Station(county, "dock-1", bays=("1",)).enroll()
        card = make_card(station.bay("1") / "card.img", contents)
        try:
            station.start()
            until(lambda: station.events(ClipCollected))
            assert station.process is not None
            station.process.send_signal(signal.SIGTERM)
            assert county.stop("archive") == 0
            assert county.stop("witness") == 0
            assert station.process.wait(60) in (0, 1) and "Traceback" not in station.said()
            assert list((station.folder / "spool" / "incoming").iterdir()) == [], "no half clip is left"
            if not station.events(RecorderCleared):
                assert len(files_on(card)) == len(contents)
            county.start()
            station.run()
            station.check_all_there(contents)
            assert files_on(card) == []
            command("liuhen-server", "verify", "--data", county.archive)
        finally:
            station.end()
        for name in ("archive", "witness"):
            assert "Traceback" not in (county.folder / f"{name}.log").read_text()
