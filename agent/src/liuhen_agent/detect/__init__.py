"""Which recorder is in which bay: backends that report `BayEvent`s (ADR 0001, 0012).

    async for event in watch(bays, settings): ...          # liuhen_agent.detect.backends

A backend reports what is there and every change, each at least once and never twice in a row: `plugged` and `pulled`
of one bay alternate. What is no recorder comes as a `RefusedDevice` and is never opened. The consumer needs no memory
of its own and may start again at any time.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Backend = Literal["image", "directory", "udev"]
Change = Literal["plugged", "pulled"]


@dataclass(frozen=True)
class Bay:
    """One position of the dock, as configured. `folder` is the emulated port (image), the folder of files (directory) or
    where device nodes lie (udev).

    `marker`: name of a file in `folder` whose presence means "plugged" (backend directory only; without it any
    entry does). `ports`: the USB port paths of one connector, its USB 2 and its USB 3 side (backend udev only).
    """

    name: str
    backend: Backend
    folder: Path
    marker: str | None = None
    ports: tuple[str, ...] = ()


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
    device's own, as one line. `path` is the port path (`port_path`), the same for line and disk of one recorder.
    `interfaces` of the active configuration, an entry for each alternate setting."""

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
    that is spoken to on the bus (vendor commands, MTP), beside a disk or a tty it says whose they are. `empty_disk` is a disk
    without a medium: a recorder that keeps its card to itself until a SCSI command tells it to show it.

    `identity` changes when the thing in the bay changes (another file, another inode, the same file put in again).
    """

    bay: str
    backend: Backend
    folder: Path
    identity: str
    disk: Path | None = None  # a disk image or block node: `recorders.volume.open_volume`
    directory: Path | None = None  # a folder of files: `recorders.directory.open_directory`
    tty: Path | None = None  # a serial line: `recorders.wire_serial`
    usb: UsbDevice | None = None  # what is on the bus (backend udev)
    empty_disk: Path | None = None  # backend udev; never together with disk


@dataclass(frozen=True)
class BayEvent:
    """`plugged` carries what is there now; `pulled` carries what was there."""

    bay: str
    change: Change
    port: Port


@dataclass(frozen=True)
class RefusedDevice:
    """Something was plugged in that is no recorder, or where no recorder belongs. It is not opened. `where`: its port path;
    `bay`: the bay it is in, if any; `code`: a row of `refusals`; `detail`: a sentence, Chinese first. `gone`: it was taken
    away again, or is refused no longer."""

    where: str
    bay: str | None
    code: str
    detail: str
    gone: bool = False


@dataclass(frozen=True)
class WatchSettings:
    """`poll_seconds`: how often an emulated port is looked at. `settle_seconds`: how long a port must not change to count
    as plugged. `own_ports`: USB ports whose devices belong to the dock itself. `udev_runs`: False only on a test bench
    without the udev daemon; else a device counts when udev is done with it."""

    poll_seconds: float = 0.2
    settle_seconds: float = 0.4
    own_ports: tuple[str, ...] = ()
    udev_runs: bool = True
