"""Which port paths a bay has: a person plugs something into one connector after the other, and what comes says where it is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from liuhen_agent.detect import UsbDevice
from liuhen_agent.detect.gathering import Device, Gathering
from liuhen_agent.detect.udev import Heard, Udev


@dataclass(frozen=True)
class Connector:
    """`ports`: its port paths as far as they are known, USB 2 first; `device`: what is plugged in there."""

    ports: tuple[str, ...]
    device: UsbDevice

    def joined(self, other: Connector) -> Connector:
        """Both are the same connector: something else was plugged in there."""
        return Connector(_ordered(*self.ports, *other.ports), other.device)


async def present(udev: Udev) -> list[Connector]:
    """Where something is plugged in now, in the order of the ports."""
    gathering = Gathering(())
    await udev.refresh(gathering, None)
    found = [await asyncio.to_thread(_connector, udev, device) for device in gathering.plugged()]
    return sorted(found, key=lambda connector: [_numbers(port) for port in connector.ports])


@asynccontextmanager
async def pluggings(udev: Udev) -> AsyncIterator[AsyncIterator[Connector]]:
    """Each plugging-in from now on, for ever; what is there already says nothing."""
    gathering = Gathering(())
    with udev.listening() as heard:
        await udev.refresh(gathering, None)
        yield _pluggings(udev, heard, gathering)


async def _pluggings(udev: Udev, heard: Heard, gathering: Gathering) -> AsyncIterator[Connector]:
    known = {_key(device) for device in gathering.plugged()}
    while True:
        await udev.refresh(gathering, await heard.batch(None))
        there = {_key(device): device for device in gathering.plugged()}
        for key, device in there.items():
            if key not in known:
                yield await asyncio.to_thread(_connector, udev, device)
        known = set(there)


def _connector(udev: Udev, device: Device) -> Connector:
    other = udev.other_side(device)
    return Connector(_ordered(device.usb.path, *([other] if other else [])), device.usb)


def _ordered(*ports: str) -> tuple[str, ...]:
    return tuple(sorted(set(ports), key=_numbers))


def _numbers(port: str) -> tuple[str, list[int]]:
    """Port 10 comes after port 2."""
    bus, _, ports = port.rpartition("/")
    return bus, [int(number) for number in ports.split(".")]


def _key(device: Device) -> tuple[str, int, int]:
    return device.usb.path, device.usb.bus, device.usb.address
