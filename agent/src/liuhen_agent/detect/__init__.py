"""Which recorder is in which bay: backends that report `BayEvent`s (ADR 0001).

    async for event in watch(bays, settings): ...          # liuhen_agent.detect.emulated

A backend reports what is there and every change, each at least once and never twice in a row: `plugged` and `pulled`
of one bay alternate. The consumer needs no memory of its own and may start again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Backend = Literal["image", "directory"]
Change = Literal["plugged", "pulled"]


@dataclass(frozen=True)
class Bay:
    """One position of the dock, as configured. `folder` is the emulated port (image) or the folder of files
    (directory).

    `marker`: name of a file in `folder` whose presence means "plugged" (backend directory only; without it any
    entry does).
    """

    name: str
    backend: Backend
    folder: Path
    marker: str | None = None


@dataclass(frozen=True)
class UsbEndpoint:
    """`address` as in the descriptor: 0x81 is IN 1. `kind` says how it transfers."""

    address: int
    kind: Literal["control", "isochronous", "bulk", "interrupt"]


@dataclass(frozen=True)
class UsbInterface:
    """One interface as the device describes it (USB 2.0, 9.6.5); its numbers come from the device and prove nothing."""

    number: int
    usb_class: int
    subclass: int
    protocol: int
    endpoints: tuple[UsbEndpoint, ...]


@dataclass(frozen=True)
class UsbDevice:
    """What the kernel says of a device on the bus, taken when it came: when it goes, sysfs has forgotten it. Strings are the
    device's own, as one line. `path` is the port path under its controller, the same for line and disk of one recorder."""

    path: str
    vendor: int
    product: int
    serial: str
    manufacturer: str
    model: str
    bus: int
    address: int
    interfaces: tuple[UsbInterface, ...]
    mtp: bool = False


@dataclass(frozen=True)
class Port:
    """What is plugged into a bay right now. At least one of disk, directory, tty and usb is set; `usb` alone means a recorder
    that is spoken to on the bus (vendor commands, MTP), beside a disk or a tty it says whose they are.

    `identity` changes when the thing in the bay changes (another file, another inode, the same file put in again).
    """

    bay: str
    backend: Backend
    folder: Path
    identity: str
    disk: Path | None = None  # a disk image or block node: `recorders.volume.open_volume`
    directory: Path | None = None  # a folder of files: `recorders.directory.open_directory`
    tty: Path | None = None  # a serial line: `recorders.line_protocol`
    usb: UsbDevice | None = None  # what is on the bus (backend udev)


@dataclass(frozen=True)
class BayEvent:
    """`plugged` carries what is there now; `pulled` carries what was there."""

    bay: str
    change: Change
    port: Port


@dataclass(frozen=True)
class WatchSettings:
    """`poll_seconds`: how often a port is looked at. `settle_seconds`: how long it must not change to count as
    plugged."""

    poll_seconds: float = 0.2
    settle_seconds: float = 0.4
