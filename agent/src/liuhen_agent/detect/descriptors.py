"""A device's own descriptors (USB 2.0, 9.6), as the kernel hands them on in `/sys/…/descriptors`: pure, and written by a stranger.

Whatever the bytes are, parsing ends, and never gives more than `MOST_INTERFACES`; a device that has more, or none, is
nothing to speak to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from liuhen_agent.detect import UsbEndpoint, UsbInterface

MOST_BYTES = 65_536
MOST_INTERFACES = 64  # alternate settings counted
MOST_ENDPOINTS = 32  # of one interface
DEVICE, CONFIGURATION, INTERFACE, ENDPOINT = 1, 2, 4, 5  # bDescriptorType
KINDS: tuple[Literal["control", "isochronous", "bulk", "interrupt"], ...] = (
    "control",
    "isochronous",
    "bulk",
    "interrupt",
)


@dataclass(frozen=True)
class Described:
    """`interfaces`: every alternate setting of the active configuration; `sound`: they could be read as a whole."""

    device_class: int
    interfaces: tuple[UsbInterface, ...]
    sound: bool


def parse(data: bytes, configuration: int | None) -> Described:
    """`configuration`: bConfigurationValue of the active one; None or unknown: the first. Never raises."""
    data = data[:MOST_BYTES]
    if len(data) < 18 or data[1] != DEVICE:
        return Described(0, (), sound=False)
    found: dict[int, bytes] = {}
    at = 18
    while at + 9 <= len(data) and data[at + 1] == CONFIGURATION:
        length = max(int.from_bytes(data[at + 2 : at + 4], "little"), 9)
        found.setdefault(data[at + 5], data[at : at + length])
        at += length
    if not found:
        return Described(data[4], (), sound=False)
    chosen = found[configuration] if configuration in found else next(iter(found.values()))
    return _interfaces(data[4], chosen)


def _interfaces(device_class: int, data: bytes) -> Described:
    interfaces: list[UsbInterface] = []
    endpoints: list[UsbEndpoint] = []
    sound, at = True, 0
    while at + 2 <= len(data):
        length, kind = data[at], data[at + 1]
        one = data[at : at + length]
        if length < 2 or len(one) < length:
            sound = False
            break
        at += length
        if kind == INTERFACE and length >= 9:
            if len(interfaces) == MOST_INTERFACES:
                sound = False
                break
            endpoints = []
            interfaces.append(UsbInterface(one[2], one[5], one[6], one[7], ()))
        elif kind == ENDPOINT and length >= 7 and interfaces and len(endpoints) < MOST_ENDPOINTS:
            endpoints.append(UsbEndpoint(one[2], KINDS[one[3] & 3]))
            last = interfaces[-1]
            interfaces[-1] = UsbInterface(last.number, last.usb_class, last.subclass, last.protocol, tuple(endpoints))
    return Described(device_class, tuple(interfaces), sound and bool(interfaces))
