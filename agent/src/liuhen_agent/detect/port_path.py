"""USB port paths: the name of a connector that stays the same whatever is plugged in and however often the dock starts.

    <controller as in sysfs>/<usb2 | usb3>/<port.port.port>        pci0000:00/0000:00:14.0/usb2/1.4

Bus numbers (usb1, usb2, …) depend on the order drivers were loaded in, the controller's place on its own bus does not. One
connector has two port paths, since a USB 3 controller drives its USB 2 and its USB 3 side as two buses whose ports are
numbered apart; a bay therefore names both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

BusKind = Literal["usb2", "usb3"]

PORT_PATH = re.compile(r"(?:[A-Za-z0-9][A-Za-z0-9:._@,-]*/)+usb[23]/[0-9]{1,3}(?:\.[0-9]{1,3}){0,6}")
_ROOT = re.compile(r"usb[0-9]+")
_DEVICE = re.compile(r"[0-9]+-([0-9]+(?:\.[0-9]+)*)")
_NUMBERED = re.compile(r"\.[0-9]+\.auto(?=/|$)")  # the number is the order in which drivers came up
SUPER_SPEED = 5000.0  # Mbit/s


@dataclass(frozen=True)
class OnBus:
    """Where in sysfs something hangs on a USB bus. `root` and `device`: paths below /sys of the root hub and of the device the
    thing belongs to; `ports`: the device's `devpath`."""

    controller: str
    root: str
    device: str
    ports: str


def on_bus(path: str) -> OnBus | None:
    """From a path below /sys (DEVPATH), of a USB device or of anything under it. None: not on a USB bus, or a root hub."""
    parts = path.strip("/").split("/")
    for number, part in enumerate(parts):
        if not _ROOT.fullmatch(part):
            continue
        last = number
        while last + 1 < len(parts) and _DEVICE.fullmatch(parts[last + 1]):
            last += 1
        found = _DEVICE.fullmatch(parts[last])
        if found is None or parts[0] != "devices":
            return None
        controller = _NUMBERED.sub(".auto", "/".join(parts[1:number]))
        return OnBus(controller, _joined(parts[: number + 1]), _joined(parts[: last + 1]), found[1])
    return None


def of_hub_port(path: str) -> OnBus | None:
    """From the path of a hub's port below /sys, as a device's `port` and that one's `peer` lead to:
    …/usb2/2-0:1.0/usb2-port1, …/usb2/2-1/2-1:1.0/2-1-port4. None: no such path."""
    hub, port = path.rsplit("/", 2)[0], path.rpartition("-port")[2]
    if not port.isdecimal():
        return None
    if (outer := on_bus(f"{hub}/")) is not None:
        return OnBus(outer.controller, outer.root, outer.device, f"{outer.ports}.{port}")
    root = on_bus(f"{hub}/{hub.rpartition('/usb')[2]}-{port}")
    return root if root is not None and root.root == hub else None


def bus_kind(root_speed: str) -> BusKind:
    """Of a root hub's `speed` in Mbit/s as sysfs writes it."""
    try:
        return "usb3" if float(root_speed) >= SUPER_SPEED else "usb2"
    except ValueError:
        return "usb2"


def port_path(where: OnBus, kind: BusKind) -> str:
    return f"{where.controller}/{kind}/{where.ports}"


def is_below(path: str, port: str) -> bool:
    """Whether something at `path` hangs behind a hub that is plugged in at `port`."""
    return path.startswith(f"{port}.")


def _joined(parts: list[str]) -> str:
    return "/" + "/".join(parts)
