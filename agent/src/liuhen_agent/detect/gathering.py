"""What the kernel shows on the USB ports, put together: per bay one recorder, or a reason why there is none. Pure.

The edge puts in what it saw (`put`, `drop`, `resync`); `seen` and `refused` are functions of what is in then, never of the
order it came in. Device, line and disks of one recorder are joined by the port path alone: serial numbers and ids are the
device's own words, and two recorders of a kind say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from liuhen_agent.detect import Bay, RefusedDevice, UsbDevice
from liuhen_agent.detect import Port as BayPort
from liuhen_agent.detect.descriptors import Described
from liuhen_agent.detect.port_path import is_below
from liuhen_agent.detect.refusals import (
    MASS_STORAGE,
    SECOND_DEVICE,
    SECOND_DISK,
    UNKNOWN_PORT,
    Rule,
    is_hub,
    judge,
    sentence,
)
from liuhen_agent.detect.watcher import Seen

DISK_PATIENCE = 15.0  # seconds from a device that promises a disk to the disk: a slow card, eight at once
LINE_PATIENCE = 5.0  # to the serial line: the kernel may have to load the driver
NO_LINE = frozenset(
    {"", "usb", "usbfs", "usb-storage", "uas", "cdc_acm"}
)  # drivers whose work is known otherwise, or nobody's


@dataclass(frozen=True)
class Device:
    """A device on the bus. `path`: its DEVPATH; `fixed`: the hub says that it cannot be unplugged."""

    path: str
    usb: UsbDevice
    described: Described
    authorised: bool = True
    fixed: bool = False


@dataclass(frozen=True)
class Child:
    """What the kernel made of a device: a disk, a partition, a serial line, an interface, or something no recorder is (`kind`
    "foreign"). `place`: the device's port path. `size` of disks, bytes; `instance`: differs for a disk that took an
    earlier one's name; `driver` of interfaces."""

    path: str
    place: str
    kind: Literal["disk", "partition", "line", "interface", "foreign"]
    subsystem: str = ""
    node: Path | None = None
    size: int = 0
    instance: str = ""
    mtp: bool = False
    driver: str = ""


Node = Device | Child


class Gathering:
    """All that is on the ports, by DEVPATH."""

    def __init__(self, bays: Sequence[Bay], own_ports: Sequence[str] = ()) -> None:
        self._bays = tuple(bays)
        self._own = tuple(own_ports)
        self._nodes: dict[str, Node] = {}

    def put(self, node: Node) -> None:
        """It is there, as described; whatever was known of its path is replaced."""
        self._nodes[node.path] = node

    def drop(self, path: str) -> None:
        """It is gone, and all below it."""
        for known in [known for known in self._nodes if known == path or known.startswith(f"{path}/")]:
            del self._nodes[known]

    def forget(self, path: str) -> None:
        """It is of no interest now; what is below it is not touched: a driver is bound after it has made its line."""
        self._nodes.pop(path, None)

    def resync(self, nodes: Iterable[Node]) -> None:
        """This and nothing else is there."""
        self._nodes = {node.path: node for node in nodes}

    def seen(self) -> dict[str, Seen | None]:
        """What is in each bay, as far as it is a recorder."""
        return {bay.name: self._seen(bay, *first) if (first := self._first(bay)) else None for bay in self._bays}

    def refused(self) -> dict[tuple[str, int, int], RefusedDevice]:
        """What is refused, by port path, bus and address: the same device is refused once for each plugging-in."""
        found = {}
        for device in self._devices():
            if (why := self._why(device)) is not None:
                usb = device.usb
                bay = self._bay_at(usb.path)
                found[usb.path, usb.bus, usb.address] = RefusedDevice(
                    usb.path, bay.name if bay else None, why.code, sentence(why, usb)
                )
        return found

    def plugged(self) -> list[Device]:
        """Every device on the ports but hubs, refused or not, in the order of their paths."""
        return [device for device in self._devices() if not is_hub(device.described)]

    def _why(self, device: Device) -> Rule | None:
        place = device.usb.path
        if any(place == own or is_below(place, own) for own in self._own):
            return None
        bay = self._bay_at(place)
        if bay is None:  # hubs and what is built in belong to the machine
            return None if is_hub(device.described) or device.fixed else UNKNOWN_PORT
        if (why := self._judge(device)) is not None:
            return why
        first = self._first(bay)
        if first is None or first[0].usb.path != place:
            return SECOND_DEVICE if place in bay.ports else UNKNOWN_PORT
        return SECOND_DISK if len(_with_medium(first[1])) > 1 else None

    def _judge(self, device: Device) -> Rule | None:
        foreign = [child.subsystem for child in self._children(device) if child.kind == "foreign"]
        return judge(device.described, device.authorised, foreign)

    def _first(self, bay: Bay) -> tuple[Device, list[Child]] | None:
        """The device in the bay that is spoken to: the first that is not refused, in the order of the bay's ports."""
        at = {device.usb.path: device for device in self._devices()}
        for port in bay.ports:
            device = at.get(port)
            if device is not None and self._judge(device) is None:
                return device, self._children(device)
        return None

    def _seen(self, bay: Bay, device: Device, children: list[Child]) -> Seen:
        usb = replace(device.usb, mtp=device.usb.mtp or any(child.mtp for child in children))
        disks = _with_medium(children)
        disk = disks[0] if disks else None
        empty = next((child for child in children if child.kind == "disk" and not child.size), None)
        line = next((child for child in children if child.kind == "line"), None)
        parts = [f"usb:{usb.path}:{usb.bus}:{usb.address}"]
        parts += [f"{child.kind}:{child.node}:{child.instance}" for child in (disk, line) if child]
        port = BayPort(
            bay.name,
            bay.backend,
            bay.folder,
            identity=" ".join(parts),
            disk=disk.node if disk else None,
            tty=line.node if line else None,
            usb=usb,
            empty_disk=empty.node if empty and not disk else None,
        )
        return Seen(port, tuple(children), _patience(port, usb, children))

    def _devices(self) -> list[Device]:
        return sorted((node for node in self._nodes.values() if isinstance(node, Device)), key=lambda node: node.path)

    def _children(self, device: Device) -> list[Child]:
        """In the order of their paths, so that the first disk is the same at each docking."""
        place = device.usb.path
        found = [node for node in self._nodes.values() if isinstance(node, Child) and node.place == place]
        return sorted(found, key=lambda child: child.path)

    def _bay_at(self, place: str) -> Bay | None:
        """The bay of a port, or of the port that a hub is plugged in at."""
        for bay in self._bays:
            if any(place == port or is_below(place, port) for port in bay.ports):
                return bay
        return None


def _patience(port: BayPort, usb: UsbDevice, children: Iterable[Child]) -> float:
    """How long to wait for what is on its way: a disk or line the device promises; the word of the system on interfaces it has
    not looked at yet; the line that a driver is about to make of a vendor's own interface."""
    classes = {(each.usb_class, each.subclass) for each in usb.interfaces}
    if port.disk is not None:
        return 0.0
    if any(usb_class == MASS_STORAGE for usb_class, _ in classes):
        return DISK_PATIENCE
    if port.tty is not None:
        return 0.0
    known = [child for child in children if child.kind == "interface"]
    complete = len(known) >= len({each.number for each in usb.interfaces})
    coming = (0x02, 0x02) in classes or any(child.driver not in NO_LINE for child in known)
    return LINE_PATIENCE if coming or not complete else 0.0


def _with_medium(children: Iterable[Child]) -> list[Child]:
    return [child for child in children if child.kind == "disk" and child.size]
