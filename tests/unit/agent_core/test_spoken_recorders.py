"""Recorders that must be spoken to, in a whole dock: from the bus to collected clips, and bad ones that hold nobody up.

The recorders are simulated in this process, and what is plugged in is said by the test: no USB is here. The same way over a real
bus is shown in the emulated machine.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from liuhen_agent.clock import Reading
from liuhen_agent.detect import Bay, BayEvent, Port, UsbDevice, UsbEndpoint, UsbInterface
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.recorders.profile import Profile
from liuhen_agent.recorders.wire import Wire
from liuhen_agent.simulate.families import FAMILIES
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import build_image
from liuhen_agent.simulate.machine import Character, Machine, Step
from liuhen_agent.simulate.machine_wire import MachineWire
from liuhen_agent.simulate.serial_recorder import SerialRecorder
from liuhen_agent.stay import Parts
from liuhen_agent.unlock import find
from liuhen_protocol.events import ClipCollected, DockAlarm, RecorderDocked
from liuhen_protocol.statement import Clock
from support import dock_alone
from support.dock_at_work import said, until

CLIP = "DCIM/100MEDIA/DSJ7A01_01234520261122093014_0007.MP4"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    dock_alone.enrol(tmp_path / "dock")
    return tmp_path / "dock"


def card(path: Path, label: str = "DSJ7A01") -> Path:
    source = path.with_suffix(".clip")
    source.write_bytes(b"clip" * 1000)
    return build_image(path, [CardFile(CLIP, source, datetime(2026, 11, 22, 14, 30))], label=label)


class Noticed(MachineWire):
    """Tells when its recorder leaves the port."""

    def __init__(self, machine: Machine, on_leaving: Callable[[], object]) -> None:
        super().__init__(machine)
        self._on_leaving = on_leaving

    def _after(self, step: Step) -> None:
        super()._after(step)
        if step.leaves is not None:
            self._on_leaving()


class Bench:
    """One bay with one simulated recorder on the bus. It comes back as a disk when it was told to show one."""

    def __init__(self, name: str, folder: Path, disk: Path, character: Character) -> None:
        self.machine: Machine = FAMILIES[name](character, datetime.now())
        ends = () if self.machine.carries == "control" else (UsbEndpoint(0x81, "bulk"), UsbEndpoint(0x02, "bulk"))
        interfaces = (UsbInterface(0, 0xFF, 0, 0, ends),)
        usb = UsbDevice("1-1", 0x4255, 0x0001, "0000001", "Acme", "Recorder", 1, 7, interfaces)
        self.port = Port("1", "image", folder, "usb", usb=usb)
        self.back = Port("1", "image", folder, "disk", disk=disk)
        self._left = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def wire(self, port: Port, profile: Profile) -> Wire:
        return Noticed(self.machine, lambda: self._loop.call_soon_threadsafe(self._left.set))

    async def watch(self, *_: object) -> AsyncIterator[BayEvent]:
        yield BayEvent("1", "plugged", self.port)
        await self._left.wait()
        yield BayEvent("1", "pulled", self.port)
        yield BayEvent("1", "plugged", self.back)
        await asyncio.Event().wait()


async def docked(data_dir: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch, done: Callable[[], bool]) -> None:
    monkeypatch.setattr("liuhen_agent.dock.watch", bench.watch)
    monkeypatch.setattr("liuhen_agent.dock.Parts", partial(Parts, find_line=partial(find, wire_of=bench.wire)))
    config = dock_alone.config(data_dir, Bay("1", "image", bench.port.folder))
    wishes = Wishes(sync=dock_alone.Obliging, read_clock=lambda: Reading(datetime.now(UTC), Clock("ntp", 50)))
    task = asyncio.create_task(Dock(data_dir, config, wishes).run())
    try:
        await until(done)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def passwords(data_dir: Path, *profiles: str) -> None:
    path = data_dir / "recorders.toml"
    path.write_text("".join(f'[{name}]\nrole = "USER"\nsecret = "000000"\n' for name in profiles))
    path.chmod(0o600)


@pytest.mark.parametrize("name", ["p-a1", "p-t", "p-bc-bulk"])
async def test_a_recorder_on_the_bus_is_identified_unlocked_and_collected(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    passwords(data_dir, name)
    bench = Bench(name, tmp_path, card(tmp_path / "card.img"), Character(clock_offset=timedelta(hours=2)))
    await docked(data_dir, bench, monkeypatch, lambda: any(isinstance(e, ClipCollected) for e in said(data_dir)))
    events = said(data_dir)
    [docking] = [event for event in events if isinstance(event, RecorderDocked)]
    [clip] = [event for event in events if isinstance(event, ClipCollected)]
    serial = "DSJ7A" if name == "p-t" else "DSJ7A01"
    assert (docking.profile, docking.transport, docking.recorder.serial) == (name, "usb", serial)
    assert not docking.quarantined and docking.battery_percent == (None if name == "p-t" else 76)
    assert (clip.recorder, clip.path) == (serial, CLIP)


async def test_without_a_password_the_recorder_is_named_and_nothing_is_sent(
    data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench("p-a1", tmp_path, card(tmp_path / "card.img"), Character())
    await docked(data_dir, bench, monkeypatch, lambda: any(isinstance(e, DockAlarm) for e in said(data_dir)))
    [docking] = [event for event in said(data_dir) if isinstance(event, RecorderDocked)]
    [alarm] = [event for event in said(data_dir) if isinstance(event, DockAlarm)]
    assert (docking.profile, docking.recorder.serial, alarm.code) == ("p-a1", "DSJ7A01", "wrong-password")
    assert bench.machine.heard == ["15"], "the harmless question alone"


async def test_a_line_that_floods_or_never_answers_holds_no_other_bay_up(data_dir: Path, tmp_path: Path) -> None:
    """On real pseudo-terminals."""
    passwords(data_dir, "p-bc")
    good = tmp_path / "good"
    good.mkdir()
    bays = [
        Bay("flood", "image", tmp_path / "flood"),
        Bay("mute", "image", tmp_path / "mute"),
        Bay("good", "image", good),
    ]
    config = dock_alone.config(data_dir, *bays)
    with (
        SerialRecorder(tmp_path / "flood", character=Character(endless=True)),
        SerialRecorder(tmp_path / "mute", character=Character(silent=True)),
    ):
        card(tmp_path / "card.img").rename(good / "card.img")
        task = asyncio.create_task(
            Dock(data_dir, config, Wishes(watch=dock_alone.QUICK, sync=dock_alone.Obliging)).run()
        )
        try:
            await until(lambda: any(isinstance(event, ClipCollected) for event in said(data_dir)))
            await until(lambda: len([e for e in said(data_dir) if isinstance(e, DockAlarm)]) >= 3)  # good: not cleared
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    bad = {event.bay: event for event in said(data_dir) if isinstance(event, RecorderDocked) and event.bay != "good"}
    assert set(bad) == {"flood", "mute"} and all(event.quarantined for event in bad.values())
    codes = {event.code for event in said(data_dir) if isinstance(event, DockAlarm)}
    assert codes & {"garbled", "no-answer"}
