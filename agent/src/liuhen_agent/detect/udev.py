"""The backend `udev`: real USB ports, followed through the kernel's events. The only module that touches pyudev and sysfs.

Nothing is polled: the loop sleeps until the kernel says something, or until something has settled. Order at the start: listen,
then enumerate, then follow; what is reported twice changes nothing. When the kernel's buffer ran over, events are missing and
those that are left may be older than what an enumeration finds: all of them are thrown away and everything is enumerated anew.

On removal sysfs has forgotten whose child a device was, so only its path is used. Attributes are read in a thread: the kernel
holds some of them back while it is still talking to a device, and a device may take its time.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyudev

from liuhen_agent.detect import Bay, BayEvent, RefusedDevice, UsbDevice, WatchSettings
from liuhen_agent.detect.descriptors import MOST_BYTES, parse
from liuhen_agent.detect.gathering import Child, Device, Gathering, Node
from liuhen_agent.detect.port_path import OnBus, bus_kind, of_hub_port, on_bus, port_path
from liuhen_agent.detect.refusals import RULES
from liuhen_agent.detect.watcher import Watcher
from liuhen_agent.plain_text import one_line
from liuhen_files.pulse import Pulse

FOREIGN = frozenset().union(*(rule.subsystems for rule in RULES))
SUBSYSTEMS = ("usb", "block", "tty", *sorted(FOREIGN))
PART = "detection of USB devices"
LOOK_SECONDS = 300.0  # to look at all that is plugged in; longer is a standstill
SECTOR = 512  # bytes; sysfs counts disks in them whatever the disk does
MOST_TEXT = 126  # characters a USB string descriptor can hold
MOST_WAITING = 4096  # events; more than that is an enumeration
BUFFER = 8 << 20  # bytes, where the program may ask for so much
PyDevice = Any  # pyudev has no types


class UdevUnusable(OSError):
    """Bays on USB ports are configured and udev cannot be listened to: why, and what to do."""


class Udev:
    """Events and enumeration as `gathering` understands them."""

    def __init__(self, *, udev_runs: bool = True, source: str = "udev") -> None:
        self._udev_runs = udev_runs
        self._source = source
        try:
            self._context = pyudev.Context()
        except (ImportError, OSError) as error:
            raise UdevUnusable(errno.ENOSYS, f"udev cannot be used here ({error}): install libudev1") from error

    @contextmanager
    def listening(self) -> Iterator[Heard]:
        """What is heard from now on, inside an event loop. Raises UdevUnusable."""
        try:
            monitor = pyudev.Monitor.from_netlink(self._context, source=self._source)
        except OSError as error:
            raise UdevUnusable(errno.ENOSYS, f"udev cannot be listened to ({error})") from error
        for subsystem in SUBSYSTEMS:
            monitor.filter_by(subsystem)
        with suppress(OSError):  # needs a capability the dock does not have; then the default has to do
            monitor.set_receive_buffer_size(BUFFER)
        monitor.start()
        loop = asyncio.get_running_loop()
        number = monitor.fileno()
        heard = Heard(monitor.poll, socket.socket(fileno=os.dup(number)))
        loop.add_reader(number, heard.drain)
        try:
            yield heard
        finally:
            loop.remove_reader(number)
            heard.close()

    def enumerate(self) -> list[Node]:
        """All that is there. May take a while: for a thread."""
        found = []
        for subsystem in SUBSYSTEMS:
            for device in self._context.list_devices(subsystem=subsystem):
                if (node := self.node(device)) is not None:
                    found.append(node)
        return found

    async def refresh(self, gathering: Gathering, batch: list[PyDevice] | None) -> None:
        """Put what events say into the gathering; None: they are not enough, put in all there is."""
        if batch is None:
            gathering.resync(await asyncio.to_thread(self.enumerate))
        elif batch:
            for action, path, node in await asyncio.to_thread(self._looked_at, batch):
                if node is not None:
                    gathering.put(node)
                elif action == "remove":
                    gathering.drop(path)
                else:
                    gathering.forget(path)

    def _looked_at(self, batch: list[PyDevice]) -> list[tuple[str, str, Node | None]]:
        return [
            (str(device.action), str(device.device_path), None if device.action == "remove" else self.node(device))
            for device in batch
            if device.device_path
        ]

    def other_side(self, device: Device) -> str | None:
        """The port path of the other bus of the connector a device is plugged in at: USB 3 beside USB 2, or the reverse. None
        where the kernel does not know of one."""
        with suppress(OSError):
            peer = Path(f"/sys{device.path}", "port", "peer").resolve(strict=True)
            where = of_hub_port(str(peer).removeprefix("/sys"))
            if where is not None:
                return port_path(where, bus_kind(_text(where.root, "speed")))
        return None

    def node(self, device: PyDevice) -> Node | None:
        """One device as it is now. None: not on a USB bus, of no interest, gone again, or udev is not done with it yet (its
        own event follows)."""
        path = str(device.device_path)
        where = on_bus(path)
        if where is None or (self._udev_runs and not device.is_initialized):
            return None
        place = port_path(where, bus_kind(_text(where.root, "speed")))
        subsystem = str(device.subsystem)
        node = Path(str(device.device_node)) if device.device_node else None
        if subsystem == "usb":
            if path == where.device:
                return _device(device, where, place)
            return Child(path, place, "interface", mtp="MTP" in _text(path, "interface"), driver=_driver(path))
        if subsystem == "block":
            return _block(device, path, place, node)
        if subsystem == "tty":
            return Child(path, place, "line", subsystem, node) if node else None
        return Child(path, place, "foreign", subsystem, node)


class Heard:
    """Events that came in and were not looked at yet. `drain` is called by the loop, `batch` by who follows."""

    def __init__(self, poll: Callable[[float], PyDevice | None], status: socket.socket) -> None:
        self._poll = poll
        self._status = status  # the same socket once more: only to read and clear its error
        self._waiting: list[PyDevice] = []
        self._lost = False
        self._broken: OSError | None = None
        self._something = asyncio.Event()

    def drain(self) -> None:
        """Take in all there is. An overrun is an OSError without a number and stays until SO_ERROR is read."""
        self._something.set()
        while self._broken is None:
            try:
                device = self._poll(0)
            except OSError as error:
                pending = self._status.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if pending not in (0, errno.ENOBUFS):
                    self._broken = UdevUnusable(pending, f"listening to udev failed: {os.strerror(pending)}")
                    self._broken.__cause__ = error
                self._lost = True
                continue
            if device is None:  # a device is a mapping: it may be empty and yet there
                return
            self._waiting.append(device)
            if len(self._waiting) > MOST_WAITING:
                self._lost = True
                self._waiting.clear()

    async def batch(self, seconds: float | None) -> list[PyDevice] | None:
        """What came since the last time, after at most `seconds`; None: some of it was lost, enumerate."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._something.wait()
        self._something.clear()
        if self._broken is not None:
            raise self._broken
        found, self._waiting = self._waiting, []
        lost, self._lost = self._lost, False
        return None if lost else found

    def close(self) -> None:
        """The monitor's own socket closes with the last reference to it."""
        del self._poll
        self._status.close()


async def watch(
    bays: Sequence[Bay], settings: WatchSettings, udev: Udev | None = None, pulse: Pulse | None = None
) -> AsyncGenerator[BayEvent | RefusedDevice, None]:
    """Events for ever, first for what is there already. End it by cancelling. Raises UdevUnusable."""
    udev, pulse = udev or Udev(udev_runs=settings.udev_runs), pulse or Pulse()
    pulse.does(PART, "listing what is plugged in", LOOK_SECONDS)
    gathering = Gathering(bays, settings.own_ports)
    watcher = Watcher(settings.settle_seconds)
    said: dict[tuple[str, int, int], RefusedDevice] = {}
    with udev.listening() as heard:
        await udev.refresh(gathering, None)
        while True:
            for refusal in _differences(said, gathering.refused()):
                yield refusal
            for bay, seen in gathering.seen().items():
                for event in watcher.step(bay, seen, time.monotonic()):
                    yield event
            due = watcher.due()
            pulse.waits(PART, "events")
            batch = await heard.batch(None if due is None else max(due - time.monotonic(), 0.0))
            pulse.does(PART, "looking at what came", LOOK_SECONDS)
            await udev.refresh(gathering, batch)


def _differences(
    said: dict[tuple[str, int, int], RefusedDevice], now: dict[tuple[str, int, int], RefusedDevice]
) -> Iterator[RefusedDevice]:
    """What is refused anew, and what is not any more; `said` follows."""
    for key, before in list(said.items()):
        if now.get(key) != before:
            del said[key]
            yield RefusedDevice(before.where, before.bay, before.code, before.detail, gone=True)
    for key, refusal in now.items():
        if key not in said:
            said[key] = refusal
            yield refusal


def _device(device: PyDevice, where: OnBus, place: str) -> Node | None:
    numbers = [_number(where.device, name, 16) for name in ("idVendor", "idProduct")]
    if None in numbers:
        return None
    described = parse(_bytes(where.device, "descriptors"), _number(where.device, "bConfigurationValue", 10))
    usb = UsbDevice(
        path=place,
        vendor=numbers[0] or 0,
        product=numbers[1] or 0,
        serial=_text(where.device, "serial"),
        manufacturer=_text(where.device, "manufacturer"),
        model=_text(where.device, "product"),
        bus=_number(where.device, "busnum", 10) or 0,
        address=_number(where.device, "devnum", 10) or 0,
        interfaces=described.interfaces,
        mtp=device.properties.get("ID_MTP_DEVICE") == "1"
        or any((each.usb_class, each.subclass) == (0x06, 0x01) for each in described.interfaces),
    )
    return Device(
        where.device,
        usb,
        described,
        authorised=_text(where.device, "authorized") != "0",
        fixed=_text(where.device, "removable") == "fixed",
    )


def _block(device: PyDevice, path: str, place: str, node: Path | None) -> Node | None:
    if node is None or node.name.startswith("sr"):  # a CD with drivers for other systems
        return None
    if device.device_type != "disk":
        return Child(path, place, "partition", "block", node)
    sectors = _number(path, "size", 10) or 0
    return Child(path, place, "disk", "block", node, sectors * SECTOR, str(device.properties.get("DISKSEQ", "")))


def _bytes(path: str, name: str) -> bytes:
    """An attribute in sysfs; empty where there is none, or not any more."""
    try:
        with Path(f"/sys{path}", name).open("rb") as file:
            return file.read(MOST_BYTES)
    except OSError:
        return b""


def _text(path: str, name: str) -> str:
    return one_line(_bytes(path, name).decode("utf-8", "replace").strip(), MOST_TEXT)


def _driver(path: str) -> str:
    with suppress(OSError):
        return Path(f"/sys{path}", "driver").readlink().name
    return ""


def _number(path: str, name: str, base: int) -> int | None:
    try:
        return int(_text(path, name), base)
    except ValueError:
        return None
