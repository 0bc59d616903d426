"""The dock at work over folders and disk images. The archive is the stand-in of `support.dock_alone`."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liuhen_agent.bay import State
from liuhen_agent.clear import call, order
from liuhen_agent.clear.wipe import Outcome
from liuhen_agent.clock import Reading
from liuhen_agent.collect.spool import Spool
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import FileRow, FileState, Journal, queries, read_only
from liuhen_agent.recorders import VolumeError, directory
from liuhen_agent.recorders.profile import default_folder, load_profiles
from liuhen_agent.stay import Stay
from liuhen_protocol import dsse
from liuhen_protocol.events import (
    ClipCollected,
    ClipFailed,
    DockAlarm,
    RecorderCleared,
    RecorderDocked,
    RecorderInventory,
    RecorderUndocked,
)
from liuhen_protocol.statement import Clock, read_statement
from support import dock_alone
from support.dock_at_work import card, of_kind, until, working

NAME = "DSJ7A01_01234520261122143059_0001.MP4"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    dock_alone.enrol(tmp_path / "dock")
    return tmp_path / "dock"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recorder").mkdir()
    return tmp_path / "recorder"


def last_files(data_dir: Path) -> list[FileRow]:
    with read_only(dock_alone.journal_of(data_dir)) as db:
        return queries.files(db, queries.last_sessions(db)[0].id)


async def test_hostile_and_odd_names_end_as_collected_clips(data_dir: Path, folder: Path) -> None:
    contents = {
        b"a\nb.mp4": b"newline",
        b"\xff\xfe.mp4": b"no utf-8",
        "现场检查.mp4".encode("gbk"): b"gbk",
        b"x" * 251 + b".mp4": b"255 bytes",
        b"..mp4": b"dots",
        b"empty.mp4": b"",
        b"%2e%2e%2f.mp4": b"escaped",
    }
    for name, content in contents.items():
        Path(os.fsdecode(os.fsencode(folder) + b"/" + name)).write_bytes(content)
    [view] = await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    assert view.state is State.READY
    found = {file.raw: file for file in last_files(data_dir)}
    assert set(found) == set(contents)
    for raw, file in found.items():
        assert file.sha256 == hashlib.sha256(contents[raw]).hexdigest()
        assert (data_dir / "spool" / file.sha256).read_bytes() == contents[raw]
    assert sorted(entry.name for entry in (data_dir / "spool").iterdir() if entry.name != "incoming") == sorted(
        hashlib.sha256(content).hexdigest() for content in contents.values()
    )


async def test_clips_of_one_second_and_of_one_name_are_all_kept(data_dir: Path, folder: Path) -> None:
    contents = {
        "DCIM/100MEDIA/DSJ7A01_01234520261122143059_0001.MP4": b"one",
        "DCIM/100MEDIA/DSJ7A01_01234520261122143059_0002.MP4": b"two, of the same second",
        "DCIM/101MEDIA/DSJ7A01_01234520261122143059_0001.MP4": b"the same name with other bytes",
        "DCIM/102MEDIA/DSJ7A01_01234520261122143059_0001.MP4": b"one",
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    collected = of_kind(data_dir, ClipCollected)
    assert {event.path for event in collected} == set(contents)
    assert len(list((data_dir / "spool").glob("?" * 64))) == 3  # the same bytes twice are one file and two statements


@pytest.mark.parametrize("year", [1970, 2099])
async def test_a_recorder_whose_clock_is_absurd_is_collected(data_dir: Path, folder: Path, year: int) -> None:
    path = folder / f"0000000_000000{year}0101000000_0001.MP4"
    path.write_bytes(b"clip")
    moment = datetime(year, 1, 2).timestamp()
    os.utime(path, (moment, moment))
    [view] = await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    [event] = of_kind(data_dir, ClipCollected)
    assert view.state is State.READY
    assert event.recorder_time == f"{year}-01-01T00:00:00"
    assert event.officer is None and event.recorder == ""


async def test_a_recorder_plugged_in_again_repeats_nothing_visible(data_dir: Path, folder: Path) -> None:
    (folder / NAME).write_bytes(b"clip")
    for _ in range(2):
        [view] = await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
        assert view.state is State.READY
    assert len(of_kind(data_dir, ClipCollected)) == 1
    assert len(of_kind(data_dir, RecorderInventory)) == 2
    assert [event.premature for event in of_kind(data_dir, RecorderUndocked)] == [False, False]


async def test_a_stay_waits_until_all_that_was_said_of_it_is_in_the_log(data_dir: Path, folder: Path) -> None:
    """Every receipt is there from the first docking; the second one is not known to the archive yet."""
    (folder / NAME).write_bytes(b"clip")
    bay = Bay("1", "directory", folder)
    await dock_alone.run_until_idle(data_dir, bay)
    patience = asyncio.Event()
    wishes = Wishes(watch=dock_alone.QUICK, sync=lambda journal: dock_alone.Obliging(journal, patience))
    dock = Dock(data_dir, dock_alone.config(data_dir, bay), wishes)
    task = asyncio.create_task(dock.run())
    try:
        await until(lambda: [view.state for view in dock._board.views()] == [State.COLLECTED])
        await until(lambda: dock._board.views()[0].receipted == 1)
        with read_only(dock_alone.journal_of(data_dir)) as db:
            assert queries.outstanding(db, queries.last_sessions(db)[0].id) == 1, "that it came, and its inventory"
        assert dock._board.views()[0].state is State.COLLECTED
        patience.set()
        await until(lambda: dock._board.views()[0].state is State.READY)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_several_recorders_are_collected_at_once(data_dir: Path, tmp_path: Path) -> None:
    """Nobody knows cards with such files: all of it is in the archive, and the cards are as they were."""
    bays, before = [], []
    for number in range(3):
        port = tmp_path / f"port{number}"
        port.mkdir()
        image = card(port / "card.img", tmp_path, {f"F{number}.MP4": bytes([number]) * 1000}, label=f"CARD{number}")
        before.append(image.read_bytes())
        bays.append(Bay(str(number), "image", port))
    views = await dock_alone.run_until_idle(data_dir, *bays)
    assert [(view.state, view.collected, view.receipted, view.recorder) for view in views] == [
        (State.QUARANTINED, 1, 1, f"CARD{number}") for number in range(3)
    ]
    assert {path.read_bytes() for path in (data_dir / "spool").glob("?" * 64)} == {bytes([n]) * 1000 for n in range(3)}
    assert [(bay.folder / "card.img").read_bytes() for bay in bays] == before


@pytest.mark.parametrize("content", [bytes(100_000), os.urandom(100_000), b""], ids=["zeros", "noise", "nothing"])
async def test_a_disk_without_a_file_system_is_a_quarantine_entry_and_an_alarm(
    data_dir: Path, tmp_path: Path, content: bytes
) -> None:
    port = tmp_path / "port"
    port.mkdir()
    (port / "card.img").write_bytes(content)
    [view] = await dock_alone.run_until_idle(data_dir, Bay("1", "image", port))
    assert view.state is State.FAILED
    [docked] = of_kind(data_dir, RecorderDocked)
    assert docked.quarantined
    assert [event.code for event in of_kind(data_dir, DockAlarm)] == ["no-file-system"]
    assert (port / "card.img").read_bytes() == content


async def test_a_reader_that_was_taken_over_cannot_end_the_dock_by_what_it_answers(
    data_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lying(volume: directory.DirectoryVolume) -> object:
        raise VolumeError("damaged\n\x1b[2J" * 10_000, "damaged\n\x1b[2J" * 10_000)

    monkeypatch.setattr(directory.DirectoryVolume, "_inventory", lying)
    (folder / "a.mp4").write_bytes(b"clip")
    [view] = await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    assert view.state is State.FAILED and view.note.isprintable()
    [alarm] = of_kind(data_dir, DockAlarm)
    assert alarm.code.startswith("damaged") and alarm.code.isprintable()


async def test_an_unknown_device_is_read_and_stays_in_quarantine(data_dir: Path, tmp_path: Path) -> None:
    port, profiles = tmp_path / "port", tmp_path / "profiles"
    port.mkdir()
    profiles.mkdir()
    shutil.copy(dock_alone.config(data_dir).profiles / "p-bc.toml", profiles)
    card(port / "card.img", tmp_path, {"A.MP4": b"clip"})
    before = (port / "card.img").read_bytes()
    config = replace(dock_alone.config(data_dir, Bay("1", "image", port)), profiles=profiles)
    [view] = await Dock(
        data_dir, config, Wishes(once_idle=True, watch=dock_alone.QUICK, sync=dock_alone.Obliging)
    ).run()
    assert (view.state, view.collected, view.receipted) == (State.QUARANTINED, 1, 1)
    assert (port / "card.img").read_bytes() == before
    [undocked] = of_kind(data_dir, RecorderUndocked)
    assert not undocked.premature


async def test_a_file_that_cannot_be_read_is_said_and_the_recorder_is_not_done(
    data_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.mp4").write_bytes(b"good")
    (folder / "b.mp4").write_bytes(b"bad")
    listed = directory.DirectoryVolume._inventory

    def lying(volume: directory.DirectoryVolume) -> object:
        found = listed(volume)
        return replace(found, files=tuple(replace(f, size=f.size + (f.path == "b.mp4")) for f in found.files))

    monkeypatch.setattr(directory.DirectoryVolume, "_inventory", lying)
    [view] = await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    assert view.state is State.FAILED
    [failed] = of_kind(data_dir, ClipFailed)
    assert (failed.path, failed.reason) == ("b.mp4", "size-differs")
    assert {file.path: file.state for file in last_files(data_dir)} == {
        "a.mp4": FileState.COLLECTED,
        "b.mp4": FileState.FAILED,
    }


async def test_a_file_that_vanished_is_said_and_the_others_are_collected(
    data_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        (folder / name).write_bytes(name.encode())
    listed = directory.DirectoryVolume._inventory

    def vanishing(volume: directory.DirectoryVolume) -> object:
        found = listed(volume)
        (folder / "b.mp4").unlink()
        return found

    monkeypatch.setattr(directory.DirectoryVolume, "_inventory", vanishing)
    [view] = await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    assert view.state is State.FAILED and view.note
    assert [event.path for event in of_kind(data_dir, ClipFailed)] == ["b.mp4"]
    assert [event.path for event in of_kind(data_dir, ClipCollected)] == ["a.mp4", "c.mp4"]


async def test_a_clock_set_back_while_a_clip_is_read_does_not_date_it_after_its_statement(
    data_dir: Path, folder: Path
) -> None:
    """Step 9 of the verifier: begun, finished, stated, in this order; an honest clip must not be broken by the network's time."""
    minutes = itertools.count()

    def going_back() -> Reading:
        return Reading(datetime(2026, 11, 22, tzinfo=UTC) - timedelta(minutes=next(minutes)), Clock("ntp", 1))

    (folder / "a.mp4").write_bytes(b"clip")
    config = dock_alone.config(data_dir, Bay("1", "directory", folder))
    wishes = Wishes(once_idle=True, watch=dock_alone.QUICK, sync=dock_alone.Obliging, read_clock=going_back)
    await Dock(data_dir, config, wishes).run()
    with read_only(dock_alone.journal_of(data_dir)) as db:
        statements = [read_statement(dsse.Envelope.parse(row.data).payload) for row in queries.envelopes(db)]
    [collected] = [one for one in statements if isinstance(one.event, ClipCollected)]
    assert isinstance(collected.event, ClipCollected)
    assert collected.event.began <= collected.event.finished <= collected.link.time


async def test_a_clip_without_an_officer_is_not_given_the_officer_of_another_clip(data_dir: Path, folder: Path) -> None:
    (folder / NAME).write_bytes(b"of officer 012345")
    (folder / "DSJ7A01_00000020261122150000_0002.MP4").write_bytes(b"of nobody")
    await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    assert {event.path[-8:]: event.officer for event in of_kind(data_dir, ClipCollected)} == {
        "0001.MP4": "012345",
        "0002.MP4": None,
    }


async def test_a_recorder_pulled_while_it_is_read_is_premature_and_goes_on_when_it_comes_back(
    data_dir: Path, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.mp4").write_bytes(b"a" * 1000)
    (folder / "b.mp4").write_bytes(b"b" * 1000)
    reading, go_on = threading.Event(), threading.Event()
    readinto = directory.FileStream.readinto

    def held(stream: directory.FileStream, buffer: memoryview) -> int:
        if stream._entry.path == "b.mp4" and not go_on.is_set():
            reading.set()
            go_on.wait(20)
        return readinto(stream, buffer)

    monkeypatch.setattr(directory.FileStream, "readinto", held)
    stop, noticed = Stay.stop, threading.Event()

    def noticing(stay: Stay) -> None:
        stop(stay)
        noticed.set()

    monkeypatch.setattr(Stay, "stop", noticing)
    bay = Bay("1", "directory", folder)
    async with working(data_dir, dock_alone.config(data_dir, bay)):
        await until(reading.is_set)
        folder.rename(tmp_path / "away")
        await until(noticed.is_set)
        go_on.set()
        await until(lambda: bool(of_kind(data_dir, RecorderUndocked)))
        [undocked] = of_kind(data_dir, RecorderUndocked)
        assert (undocked.premature, undocked.state) == (True, "collecting")
        assert [event.path for event in of_kind(data_dir, ClipCollected)] == ["a.mp4"]
        assert not list((data_dir / "spool" / "incoming").iterdir())
        (tmp_path / "away").rename(folder)
        await until(lambda: len(of_kind(data_dir, ClipCollected)) == 2)
    assert sorted(event.path for event in of_kind(data_dir, ClipCollected)) == ["a.mp4", "b.mp4"]


async def test_a_full_disk_is_said_and_work_goes_on_when_there_is_room(
    data_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.mp4").write_bytes(b"clip")
    room = threading.Event()
    monkeypatch.setattr(Spool, "free", lambda spool: 1 << 40 if room.is_set() else 0)
    async with working(data_dir, dock_alone.config(data_dir, Bay("1", "directory", folder))):
        await until(lambda: [e.code for e in of_kind(data_dir, DockAlarm)] == ["disk-full"])
        assert not of_kind(data_dir, ClipCollected)
        room.set()
        await until(lambda: len(of_kind(data_dir, ClipCollected)) == 1)
    with read_only(dock_alone.journal_of(data_dir)) as db:
        assert queries.alarms(db) == []


async def test_receipted_copies_make_room_and_others_never(
    data_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.mp4").write_bytes(b"old")
    bay = Bay("1", "directory", folder)
    await dock_alone.run_until_idle(data_dir, bay)
    (folder / "b.mp4").write_bytes(b"new")
    old = data_dir / "spool" / hashlib.sha256(b"old").hexdigest()
    monkeypatch.setattr(Spool, "free", lambda spool: 0 if old.exists() else 1 << 40)
    [view] = await dock_alone.run_until_idle(data_dir, bay)
    assert view.state is State.READY and not old.exists()
    assert len(of_kind(data_dir, ClipCollected)) == 2


async def test_what_was_cleared_is_said_although_the_recorder_is_taken_at_that_moment(
    data_dir: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The helper is a stand-in: what matters is that its answer is heard. The real one is tested with the archive."""
    clearing, go_on = asyncio.Event(), asyncio.Event()

    async def clear(journal: Journal, data_dir: Path, what: order.Order, helper: Path | None) -> Outcome:
        clearing.set()
        await go_on.wait()
        return Outcome(what.session, True, "delete", 1, (("ab" * 32, 7),))

    profiles = tuple(replace(p, clearing="delete") for p in load_profiles(default_folder()) if p.name == "directory")
    monkeypatch.setattr("liuhen_agent.dock.load_profiles", lambda folder: profiles)
    monkeypatch.setattr(call, "clear", clear)
    stop = Stay.stop

    def noticing(stay: Stay) -> None:
        stop(stay)
        go_on.set()

    monkeypatch.setattr(Stay, "stop", noticing)
    (folder / "a.mp4").write_bytes(b"clip")
    async with working(data_dir, dock_alone.config(data_dir, Bay("1", "directory", folder))):
        await asyncio.wait_for(clearing.wait(), 20)
        (folder / "a.mp4").unlink()
        await until(lambda: bool(of_kind(data_dir, RecorderUndocked)))
    [cleared] = of_kind(data_dir, RecorderCleared)
    assert [receipt.index for receipt in cleared.receipts] == [7]
    [undocked] = of_kind(data_dir, RecorderUndocked)
    assert (undocked.state, undocked.premature) == ("ready", False)
