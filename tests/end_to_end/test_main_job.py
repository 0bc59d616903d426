"""The whole main job through real processes and real TLS: docked, collected, stored, logged, receipted, cleared, verified."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from end_to_end.world import PASSWORD, Station, files_on, make_card, until
from house.county import County, command, running
from liuhen_agent.journal import ClipKind, ClipState
from liuhen_agent.simulate.footage import make_clip
from liuhen_agent.simulate.serial_recorder import Character, SerialRecorder
from liuhen_protocol.events import (
    ClipCollected,
    DockAlarm,
    RecorderCleared,
    RecorderClockSet,
    RecorderDocked,
    RecorderInventory,
)

FIRST = "DCIM/100MEDIA/DSJ7A01_01234520261122143059_0001.MP4"
SECOND = "DCIM/100MEDIA/DSJ7A01_01234520261122143559_0002_IMP.MP4"
FILES = {FIRST: b"first" * 9000, SECOND: b"second" * 9000, "LOG/20261122.txt": b"on\r\noff\r\n"}


@pytest.fixture
def own_county(tmp_path: Path, database_url: str) -> Iterator[County]:
    """A county on each kind of database."""
    with running(tmp_path / "county", None if database_url.startswith("sqlite") else database_url) as county:
        yield county


def test_clips_of_both_kinds_of_recorder_are_stored_receipted_cleared_and_verified(
    own_county: County, tmp_path: Path
) -> None:
    make_clip(tmp_path / "clip.mp4")
    film = (tmp_path / "clip.mp4").read_bytes()
    station = Station(own_county, "dock-1", proxies=True).enroll()
    card = make_card(station.bay("1") / "card.img", {FIRST: film, SECOND: film + b"\0" * 8})
    exfat = make_card(
        tmp_path / "0000127.img", {"DCIM/现场检查_朝阳县.MP4": b"not a film"}, label="0000127", kind="exfat"
    )
    character = Character(serial="0000127", officer="210355", password=PASSWORD, reenumerate_seconds=0.1)
    with SerialRecorder(station.bay("2"), exfat, character) as recorder:
        station.run()
        assert recorder.disk_in_port is not None
        assert files_on(card) == [] == files_on(recorder.disk_in_port)
    contents = {FIRST: film, SECOND: film + b"\0" * 8, "DCIM/现场检查_朝阳县.MP4": b"not a film"}
    station.check_all_there(contents)
    [proxy] = station.clips(ClipState.RECEIPTED, ClipKind.DERIVATIVE)  # both films play alike
    assert station.stored(proxy.sha256).stat().st_size == proxy.size
    cleared = {receipt.sha256 for event in station.events(RecorderCleared) for receipt in event.receipts}
    assert cleared == {hashlib.sha256(content).hexdigest() for content in contents.values()}
    assert "firsts" not in station.said() and PASSWORD not in station.said()

    policy = tmp_path / "policy"
    command("liuhen-server", "policy", "--data", own_county.archive, "--out", policy)
    proof = tmp_path / "proof"
    sha256 = hashlib.sha256(film).hexdigest()
    command("liuhen-server", "proof", "--data", own_county.archive, sha256, "--out", proof)
    command("liuhen-verify", "clip", tmp_path / "clip.mp4", "--proof", proof, "--policy", policy)
    command("liuhen-server", "verify", "--data", own_county.archive)
    own_county.close()
    command("liuhen-verify", "log", own_county.archive / "log", "--policy", policy)


def test_two_recorders_of_one_number_at_once_are_both_collected_and_cleared(station: Station, tmp_path: Path) -> None:
    """Two bays, one serial number, one file name, other bytes: two recorders that cannot be told apart by what they say."""
    contents = {bay: {FIRST: f"clip of bay {bay}".encode() * 2000} for bay in station.bays}
    cards = [make_card(station.bay(bay) / "card.img", files) for bay, files in contents.items()]
    station.run()
    collected = station.events(ClipCollected)
    assert sorted((event.bay, event.recorder, event.path) for event in collected) == [
        ("1", "DSJ7A01", FIRST),
        ("2", "DSJ7A01", FIRST),
    ]
    stored = {clip.sha256 for clip in station.clips(ClipState.RECEIPTED)}
    assert stored == {hashlib.sha256(files[FIRST]).hexdigest() for files in contents.values()}
    assert [files_on(card) for card in cards] == [[], []]


@pytest.mark.parametrize(("year", "clock"), [(1970, "vouched"), (2099, "vouched"), (1970, "not-vouched")])
def test_an_absurd_clock_is_in_the_log_and_set_only_by_a_dock_whose_own_time_is_vouched_for(
    new_station: Callable[..., Station], county: County, tmp_path: Path, year: int, clock: str
) -> None:
    station = new_station(bays=("1",), clock=clock)
    name = f"0000127_210355{year}0101000000_0001.MP4"
    card = make_card(tmp_path / "0000127.img", {name: b"clip" * 500}, label="0000127")
    character = Character(
        serial="0000127", password=PASSWORD, clock_starts=datetime(year, 1, 1), reenumerate_seconds=0.1
    )
    with SerialRecorder(station.bay("1"), card, character) as recorder:
        station.run()
        heard = recorder.device.heard
    statements = station.statements()
    kinds = [type(statement.event) for statement in statements]
    [docked] = station.events(RecorderDocked)
    setting = [n for n, said in enumerate(heard) if said.startswith("BC+SYSTIME=")]
    assert "BC+SYSTIME?" in heard, "it is read in any case"
    alarms = [alarm.code for alarm in station.events(DockAlarm)]
    if clock == "vouched":
        assert {statement.link.clock.source for statement in statements} == {"ntp"}
        assert heard.index("BC+SYSTIME?") < setting[0]
        assert kinds.index(RecorderDocked) < kinds.index(RecorderClockSet) < kinds.index(RecorderInventory)
        [clock_set] = station.events(RecorderClockSet)
        assert clock_set.before.startswith(str(year)) and not clock_set.after.startswith(str(year))
        assert "clock-not-set" not in alarms
    else:
        assert {statement.link.clock.source for statement in statements} == {"unsynchronised"}
        assert not setting and not station.events(RecorderClockSet)
        assert "clock-not-set" in alarms
    assert docked.clock_reading is not None and docked.clock_reading.startswith(str(year))
    assert (
        docked.clock_offset_ms is not None and abs(docked.clock_offset_ms) > 1000 * timedelta(days=365).total_seconds()
    )
    assert station.events(ClipCollected)[0].recorder_time == f"{year}-01-01T00:00:00"
    found = command("liuhen-server", "dock", "list", "--data", county.archive, "--json").stdout
    logged = {dock["name"]: dock["entries"] for dock in json.loads(found)["docks"]}
    assert logged[station.name] == len(statements), "all of it is in the log"


def test_a_broken_film_and_a_hanging_ffmpeg_do_not_hold_up_originals(
    new_station: Callable[..., Station], tmp_path: Path
) -> None:
    """Every ffprobe hangs for ever: the originals are stored, receipted and cleared while the proxy still waits."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("ffmpeg", "ffprobe"):
        (tools / tool).write_text("#!/bin/sh\nexec sleep 1000\n")
        (tools / tool).chmod(0o755)
    make_clip(tmp_path / "clip.mp4")
    film = (tmp_path / "clip.mp4").read_bytes()
    files = {FIRST: film[: len(film) // 2], SECOND: b"\0" * 5000}
    station = new_station(proxies=True, environment={"PATH": f"{tools}:/usr/bin:/bin:/usr/sbin:/sbin"})
    card = make_card(station.bay("1") / "card.img", files)
    station.start()
    until(lambda: station.events(RecorderCleared))
    assert files_on(card) == []
    station.check_all_there(files)
    assert station.clips(ClipState.SPOOLED, ClipKind.DERIVATIVE) == []
    assert station.process is not None and station.process.poll() is None
    station.process.terminate()
    station.finish(1)  # told to stop before every bay was done
