"""A recorder that changes over is waited for in its bay, for as long as its profile says, and its disk must be its own."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from liuhen_agent.changeover import Changeover, another_disk, shows_files
from liuhen_agent.detect import Port, UsbDevice
from liuhen_agent.recorders import RecorderError, RecorderIdentity
from liuhen_agent.recorders.profile import default_folder, load_profiles

PROFILES = {profile.name: profile for profile in load_profiles(default_folder())}
LINE = Port("1", "image", Path(), "line", tty=Path("/dev/ttyACM0"))
DISK = Port("1", "image", Path(), "disk", disk=Path("/dev/sdb"))
USB = UsbDevice("1-1", 0x4255, 1, "", "", "", 1, 7, ())


async def test_the_disk_that_comes_is_the_port_from_then_on() -> None:
    changeover = Changeover()
    assert not changeover.comes_back(None), "nobody told it to leave"
    changeover.begin()
    waiting = asyncio.ensure_future(changeover.disk(LINE, 20))
    assert changeover.comes_back(None)
    assert changeover.comes_back(replace(LINE, usb=USB)), "its interface may come before its disk"
    assert changeover.comes_back(DISK)
    assert await waiting is DISK
    assert not changeover.comes_back(None), "from now on leaving is leaving"


async def test_one_that_stays_away_is_an_error_and_one_whose_disk_never_left_is_not() -> None:
    changeover = Changeover()
    changeover.begin()
    with pytest.raises(RecorderError, match="no-answer"):
        await changeover.disk(LINE, 0.01)
    changeover.begin()
    assert await changeover.disk(DISK, 0.01) is DISK
    assert await changeover.disk(DISK, 0.01) is DISK, "nothing was begun"
    changeover.begin()
    changeover.give_up()
    assert not changeover.comes_back(DISK)


async def test_of_another_recorder_that_came_meanwhile_it_is_said_what_to_do() -> None:
    """It is not spoken to: it may be the same one, which came back without its disk, and would be asked again for ever."""
    changeover = Changeover()
    changeover.begin()
    assert changeover.comes_back(None) and changeover.comes_back(LINE)
    with pytest.raises(RecorderError, match="something else is in the bay: take it out and plug it in again"):
        await changeover.disk(LINE, 0.01)
    changeover.begin()
    assert changeover.comes_back(LINE) and changeover.comes_back(None)
    with pytest.raises(RecorderError) as away:
        await changeover.disk(LINE, 0.01)
    assert "something else" not in away.value.why, "nothing is in the bay"


def test_what_shows_its_files_needs_no_unlocking() -> None:
    assert shows_files(DISK) and not shows_files(LINE)
    assert not shows_files(replace(LINE, usb=USB)) and shows_files(replace(LINE, usb=replace(USB, mtp=True)))


@pytest.mark.parametrize(
    ("name", "serial", "label", "another"),
    [
        ("p-bc", "DSJ7A01", "DSJ7A01", False),
        ("p-bc", "DSJ7a01", "DSJ7A01", False),  # FAT knows capitals only
        ("p-bc", "DSJ7A01", "DSJ7A02", True),
        ("p-bc", "DSJ7A01", "", True),
        ("p-bc", None, "DSJ7A02", False),  # it told no serial: nothing to compare
        ("p-a1", "DSJ7A01", "NO NAME", False),  # its labels are no serials
    ],
)
def test_the_disk_must_carry_the_serial_that_was_told(name: str, serial: str | None, label: str, another: bool) -> None:
    why = another_disk(PROFILES[name], RecorderIdentity(serial=serial), label)
    assert (why is not None) is another
