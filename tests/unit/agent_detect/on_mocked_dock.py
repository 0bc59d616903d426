"""A whole dock over mocked USB ports: the disk nodes of the mocked /dev are real FAT images. Run by test_udev.py under umockdev.

The archive is the stand-in of `support.dock_alone`: nothing is cleared on its receipts.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest

from liuhen_agent.bay import State
from liuhen_agent.detect import Bay, WatchSettings
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import queries, read_only
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import build_image
from liuhen_protocol import dsse
from liuhen_protocol.events import ClipCollected, DockAlarm, Event, RecorderDocked
from liuhen_protocol.statement import read_statement
from support import dock_alone
from support.mocked_usb import MockedUsb
from support.usb_ports import DISK, KEYBOARD, Usb

E = TypeVar("E", bound=Event)
HERE = "pci0000:00/0000:00:14.0"
BAYS = [Bay(str(bay), "udev", Path("/dev"), ports=(f"{HERE}/usb2/{bay}",)) for bay in (1, 2, 3)]
NAME = "DSJ7A01_01234520261122143059_0001.MP4"


@pytest.fixture
def ports() -> Iterator[MockedUsb]:
    with MockedUsb() as mocked:
        yield mocked


def of_kind(data_dir: Path, kind: type[E]) -> list[E]:
    with read_only(dock_alone.journal_of(data_dir)) as db:
        events = [read_statement(dsse.Envelope.parse(row.data).payload).event for row in queries.envelopes(db)]
    return [event for event in events if isinstance(event, kind)]


def card(tmp_path: Path, number: int) -> Path:
    source = tmp_path / f"{number}.mp4"
    source.write_bytes(f"footage of recorder {number}".encode())
    file = CardFile(f"DCIM/100MEDIA/{NAME}", source, datetime(2026, 11, 22, 14, 30))
    return build_image(tmp_path / f"{number}.img", [file], label="DSJ7A01")


async def test_two_recorders_that_say_the_same_are_two_and_a_keyboard_beside_them_is_only_said(
    ports: MockedUsb, tmp_path: Path
) -> None:
    dock_alone.enrol(tmp_path / "dock")
    settings = WatchSettings(settle_seconds=0.05, udev_runs=False)
    dock = Dock(
        tmp_path / "dock",
        dock_alone.config(tmp_path / "dock", *BAYS),
        Wishes(once_idle=True, watch=settings, sync=dock_alone.Obliging),
    )
    for number, name in ((1, "sda"), (2, "sdb")):
        ports.there(Usb(str(number), [DISK], address=10 + number, disk=name))
        shutil.copyfile(card(tmp_path, number), ports.node(name))
    ports.there(Usb("3", [KEYBOARD, DISK], address=20, disk="sdc"))
    shutil.copyfile(card(tmp_path, 3), ports.node("sdc"))

    views = {view.bay: view for view in await asyncio.wait_for(dock.run(), 60)}

    assert [(views[bay].collected, views[bay].receipted) for bay in "12"] == [(1, 1), (1, 1)]
    assert views["3"].state is State.ABSENT and "键盘" in views["3"].note
    assert {clip.bay for clip in of_kind(tmp_path / "dock", ClipCollected)} == {"1", "2"}
    assert sorted(docked.bay for docked in of_kind(tmp_path / "dock", RecorderDocked)) == ["1", "2"]
    [alarm] = [alarm for alarm in of_kind(tmp_path / "dock", DockAlarm) if alarm.code.startswith("refused-")]
    assert alarm.code == "refused-input-device" and "bay 3" in alarm.detail
    with read_only(dock_alone.journal_of(tmp_path / "dock")) as db:
        assert queries.alarms(db) == [], "it stands in the chain and holds nothing up"
