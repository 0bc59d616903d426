"""What is put into an emulated port is reported once when it has settled, and once when it is gone."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

from liuhen_agent.detect import Bay, BayEvent, WatchSettings
from liuhen_agent.detect.emulated import look, watch
from liuhen_agent.detect.watcher import Watcher
from liuhen_agent.simulate.serial_recorder import Character, SerialRecorder

QUICK = WatchSettings(poll_seconds=0.01, settle_seconds=0.03)


async def following(events: AsyncIterator[BayEvent]) -> BayEvent:
    return await asyncio.wait_for(anext(events), 10)


async def test_a_serial_recorder_that_turns_into_a_disk_is_pulled_and_plugged_in_the_same_bay(tmp_path: Path) -> None:
    disk = tmp_path / "card.img"
    disk.write_bytes(b"x" * 4096)
    port = tmp_path / "bay1"
    recorder = SerialRecorder(port, disk, Character(reenumerate_seconds=0.1))
    recorder.plug()
    events = watch([Bay("1", "image", port)], QUICK)
    first = await following(events)
    assert (first.change, first.port.tty) == ("plugged", port / "tty")
    fd = os.open(port / "tty", os.O_RDWR | os.O_NOCTTY)
    os.write(fd, b"BC+LOGIN=USER:000000\r\nBC+UDISKEN=1\r\n")
    pulled, plugged = await following(events), await following(events)
    os.close(fd)
    assert (pulled.change, pulled.port) == ("pulled", first.port)
    assert (plugged.change, plugged.bay, plugged.port.disk) == ("plugged", "1", port / "card.img")
    recorder.pull()
    assert (await following(events)).change == "pulled"


async def test_what_is_there_before_the_dock_starts_is_reported(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "card.img").write_bytes(b"x")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "clip.mp4").write_bytes(b"x")
    bays = [
        Bay("1", "image", tmp_path / "a"),
        Bay("2", "directory", tmp_path / "b"),
        Bay("3", "image", tmp_path / "no"),
    ]
    events = watch(bays, QUICK)
    seen = {(await following(events)).bay, (await following(events)).bay}
    assert seen == {"1", "2"}


def test_an_image_is_not_plugged_while_it_is_still_being_copied_in(tmp_path: Path) -> None:
    bay, watcher = Bay("1", "image", tmp_path), Watcher(settle_seconds=1.0)
    card = tmp_path / "card.img"
    for second in range(5):
        card.write_bytes(b"x" * (second + 1))
        assert watcher.step("1", look(bay), float(second)) == []
    assert [event.change for event in watcher.step("1", look(bay), 5.0)] == ["plugged"]
    card.write_bytes(b"written to while plugged")
    assert watcher.step("1", look(bay), 6.0) == []


def test_another_image_of_the_same_name_is_a_new_recorder(tmp_path: Path) -> None:
    bay, watcher = Bay("1", "image", tmp_path), Watcher(settle_seconds=0.0)
    (tmp_path / "card.img").write_bytes(b"one")
    assert [event.change for event in watcher.step("1", look(bay), 0.0)] == ["plugged"]
    (tmp_path / "new").write_bytes(b"two")
    (tmp_path / "new").rename(tmp_path / "card.img")
    assert [event.change for event in watcher.step("1", look(bay), 1.0)] == ["pulled", "plugged"]
    (tmp_path / "card.img").unlink()
    assert [event.change for event in watcher.step("1", look(bay), 2.0)] == ["pulled"]
    assert watcher.step("1", look(bay), 3.0) == []


def test_a_directory_bay_with_a_marker_is_plugged_by_the_marker(tmp_path: Path) -> None:
    bay = Bay("1", "directory", tmp_path, marker="READY")
    (tmp_path / "clip.mp4").write_bytes(b"x")
    assert look(bay) is None
    (tmp_path / "READY").touch()
    seen = look(bay)
    assert seen is not None
    assert seen.port.directory == tmp_path


def test_folders_and_dangling_links_are_no_recorders(tmp_path: Path) -> None:
    (tmp_path / "folder.img").mkdir()
    (tmp_path / "dangling.img").symlink_to("nowhere")
    (tmp_path / "tty").write_text("a file")
    assert look(Bay("1", "image", tmp_path)) is None
