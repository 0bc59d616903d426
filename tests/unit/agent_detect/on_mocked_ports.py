"""Recorders that come and go on mocked USB ports, seen by the real libudev and pyudev. Run by test_udev.py under umockdev."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from liuhen_agent.detect import Bay, BayEvent, RefusedDevice, WatchSettings
from liuhen_agent.detect.backends import watch
from support.mocked_usb import MockedUsb
from support.usb_ports import DISK, DUMMY, HUB, KEYBOARD, LINE, MTP, NCM, VENDOR, Usb

HERE = "pci0000:00/0000:00:14.0"
BAYS = [
    Bay("1", "udev", Path("/dev"), ports=(f"{HERE}/usb2/1.1", f"{HERE}/usb3/1.1")),
    Bay("2", "udev", Path("/dev"), ports=(f"{HERE}/usb2/1.2", f"{HERE}/usb3/1.2")),
    *(Bay(str(bay), "udev", Path("/dev"), ports=(f"{HERE}/usb2/1.{bay}",)) for bay in range(3, 9)),
    Bay("gadget", "udev", Path("/dev"), ports=("platform/dummy_hcd.0/usb2/1",)),
]
SETTINGS = WatchSettings(settle_seconds=0.05, udev_runs=False, own_ports=(f"{HERE}/usb2/9",))


@pytest.fixture
def ports() -> Iterator[MockedUsb]:
    with MockedUsb() as mocked:
        yield mocked


class Following:
    """The events, one by one; and whether none comes while something else happens."""

    def __init__(self, stream: AsyncIterator[BayEvent | RefusedDevice]) -> None:
        self._stream = stream
        self._coming: asyncio.Task[BayEvent | RefusedDevice] | None = None

    def ask(self) -> asyncio.Task[BayEvent | RefusedDevice]:
        if self._coming is None:
            self._coming = asyncio.ensure_future(anext(self._stream))
        return self._coming

    async def next(self) -> BayEvent | RefusedDevice:
        coming = self.ask()
        found = await asyncio.wait_for(asyncio.shield(coming), 10)
        self._coming = None
        return found

    async def bay_event(self) -> BayEvent:
        found = await self.next()
        assert isinstance(found, BayEvent), found
        return found

    async def refusal(self) -> RefusedDevice:
        found = await self.next()
        assert isinstance(found, RefusedDevice), found
        return found


@pytest.fixture
async def events(ports: MockedUsb) -> AsyncIterator[Following]:
    """Listening: what is there at the start was enumerated, as the mouse at a port of no bay shows. The keyboard at a port of the
    dock's own is not mentioned."""
    ports.there(Usb("9", [KEYBOARD], address=2))
    ports.there(Usb("8", [KEYBOARD], address=99))
    async with aclosing(watch(BAYS, SETTINGS)) as stream:  # type: ignore[type-var]
        following = Following(stream)
        assert (await following.refusal()).where == f"{HERE}/usb2/8"
        yield following
        following.ask().cancel()
        await asyncio.gather(following.ask(), return_exceptions=True)


async def test_disk_line_and_device_of_one_recorder_are_one_plugging_in(ports: MockedUsb, events: Following) -> None:
    device = Usb("1.1", [DISK, *LINE], disk="sda", line="ttyACM0")
    await ports.plug(device)
    plugged = await events.bay_event()
    assert (plugged.bay, plugged.change) == ("1", "plugged")
    assert (plugged.port.disk, plugged.port.tty) == (Path("/dev/sda"), Path("/dev/ttyACM0"))
    usb = plugged.port.usb
    assert usb is not None
    assert (usb.path, usb.vendor, usb.product, usb.serial) == (f"{HERE}/usb2/1.1", 0x4255, 1, "0000007")
    assert [endpoint.address for endpoint in usb.interfaces[0].endpoints] == [0x81, 0x02]
    await ports.pull(device)
    pulled = await events.bay_event()
    assert (pulled.bay, pulled.change, pulled.port) == ("1", "pulled", plugged.port)


async def test_what_is_there_before_the_dock_starts_is_reported(ports: MockedUsb) -> None:
    ports.there(Usb("1.2", [DISK], disk="sdb"))
    ports.there(Usb("1.1", [KEYBOARD], address=8))
    async with aclosing(watch(BAYS, SETTINGS)) as stream:  # type: ignore[type-var]
        events = Following(stream)
        refused = await events.refusal()
        assert (refused.bay, refused.code) == ("1", "refused-input-device")
        plugged = await events.bay_event()
        assert (plugged.bay, plugged.port.disk) == ("2", Path("/dev/sdb"))


async def test_a_line_that_goes_and_a_disk_that_comes_at_its_port_are_pulled_and_plugged_there(
    ports: MockedUsb, events: Following
) -> None:
    """The recorder changes over: another address, another product id, the same port."""
    line = Usb("1.1", LINE, line="ttyACM0")
    await ports.plug(line)
    first = await events.bay_event()
    assert (first.bay, first.port.tty, first.port.disk) == ("1", Path("/dev/ttyACM0"), None)
    await ports.pull(line)
    await ports.plug(Usb("1.1", [DISK], address=8, product=0xF, disk="sda"))
    pulled, plugged = await events.bay_event(), await events.bay_event()
    assert (pulled.change, pulled.port) == ("pulled", first.port)
    assert (plugged.change, plugged.bay, plugged.port.disk, plugged.port.tty) == (
        "plugged",
        "1",
        Path("/dev/sda"),
        None,
    )


async def test_a_recorder_that_comes_back_at_the_usb_3_side_of_its_connector_is_in_the_same_bay(
    ports: MockedUsb, events: Following
) -> None:
    slow, fast = Usb("1.2", [VENDOR]), Usb("1.2", [DISK], bus=2, disk="sda")
    await ports.plug(slow)
    assert (await events.bay_event()).bay == "2"
    await ports.pull(slow)
    await ports.plug(fast)
    assert [(event.bay, event.change) for event in (await events.bay_event(), await events.bay_event())] == [
        ("2", "pulled"),
        ("2", "plugged"),
    ]


async def test_the_same_recorder_in_another_bay_leaves_the_one_and_comes_to_the_other(
    ports: MockedUsb, events: Following
) -> None:
    await ports.plug(here := Usb("1.1", [DISK], disk="sda"))
    assert (await events.bay_event()).bay == "1"
    await ports.pull(here)
    await ports.plug(Usb("1", [DISK], controller=DUMMY, bus=3, address=2, disk="sda"))
    assert [(event.bay, event.change) for event in (await events.bay_event(), await events.bay_event())] == [
        ("1", "pulled"),
        ("gadget", "plugged"),
    ]


async def test_eight_recorders_with_one_serial_behind_one_hub_are_eight(ports: MockedUsb, events: Following) -> None:
    await ports.plug(Usb("1", [HUB], address=3))
    recorders = [Usb(f"1.{bay}", [DISK], address=10 + bay, disk=f"sd{'ihgfedcb'[bay - 1]}") for bay in range(1, 9)]
    for recorder in recorders:
        await ports.plug(recorder)
    found = [await events.bay_event() for _ in recorders]
    assert {(event.bay, str(event.port.disk)) for event in found} == {
        (str(bay), f"/dev/{recorder.disk}") for bay, recorder in enumerate(recorders, 1)
    }
    for recorder in recorders[2:5]:
        await ports.pull(recorder)
    assert {(await events.bay_event()).bay for _ in range(3)} == {"3", "4", "5"}


async def test_a_recorder_pulled_before_its_disk_came_was_never_there(ports: MockedUsb, events: Following) -> None:
    await ports.plug(early := Usb("1.1", [DISK]))
    await ports.pull(early)
    await ports.plug(Usb("1.2", [DISK], address=9, disk="sda"))
    assert (await events.bay_event()).bay == "2"


async def test_a_serial_adapter_is_one_plugging_in_although_its_line_comes_late(
    ports: MockedUsb, events: Following
) -> None:
    """The driver is there before the line; without waiting it would be plugged in twice, once as nobody knows what."""
    adapter = Usb("1.1", [VENDOR], vendor=0x0403, product=0x6001, driver="ftdi_sio")
    await ports.plug(adapter)
    await ports.plug(other := Usb("1.2", [VENDOR], address=9))
    assert (await events.bay_event()).bay == "2", "that one has settled"
    await ports.plug_line(replace(adapter, line="ttyUSB0"))
    await ports.change(adapter.below(0), "bind")  # the kernel says so after the line is there
    plugged = await events.bay_event()
    assert (plugged.bay, plugged.port.tty) == ("1", Path("/dev/ttyUSB0"))
    await ports.pull(other)
    assert (await events.bay_event()).change == "pulled"


async def test_a_disk_without_medium_is_waited_for(ports: MockedUsb, events: Following) -> None:
    device = Usb("1.1", [DISK], disk="sda", sectors=0)
    await ports.plug(device)
    await ports.change(device.disk_path, size="131072")
    plugged = await events.bay_event()
    assert (plugged.port.disk, plugged.port.empty_disk) == (Path("/dev/sda"), None)


async def test_repeated_and_meaningless_events_change_nothing(ports: MockedUsb, events: Following) -> None:
    device = Usb("1.1", [DISK], disk="sda")
    await ports.plug(device)
    await events.bay_event()
    for action in ("bind", "change", "add", "unbind"):
        await ports.change(device.path, action)
        await ports.change(device.below(0), action)
        await ports.change(device.disk_path, action)
    await ports.pull(device)
    assert (await events.bay_event()).change == "pulled"


async def test_a_disk_that_is_also_a_keyboard_is_refused_as_a_whole(ports: MockedUsb, events: Following) -> None:
    await ports.plug(device := Usb("1.1", [DISK, KEYBOARD], disk="sda", model="Flash\x1b[2JDisk"))
    refused = await events.refusal()
    assert (refused.where, refused.bay, refused.code) == (f"{HERE}/usb2/1.1", "1", "refused-input-device")
    assert "4255:0001" in refused.detail and refused.detail.isprintable()
    await ports.pull(device)
    assert (await events.refusal()).gone
    await ports.plug(Usb("1.1", [DISK], address=9, disk="sda"))
    assert (await events.bay_event()).change == "plugged"


async def test_a_camera_that_is_a_network_card_is_refused_and_named(ports: MockedUsb, events: Following) -> None:
    await ports.plug(Usb("1.2", NCM, vendor=0x2672, product=0x59, model="GoPro HERO"))
    refused = await events.refusal()
    assert (refused.bay, refused.code) == ("2", "refused-network-card")
    assert "2672:0059 “Maker GoPro HERO”" in refused.detail


async def test_a_vendor_device_that_the_kernel_makes_a_network_card_of_is_refused(
    ports: MockedUsb, events: Following
) -> None:
    await ports.plug(Usb("1.1", [VENDOR], vendor=0x0BDA, net="enx0"))
    found = await events.next()
    while isinstance(found, BayEvent):  # it may have settled before its network card came
        found = await events.next()
    assert (found.bay, found.code) == ("1", "refused-network-card")


async def test_a_device_at_no_bay_is_reported_and_not_opened_and_hubs_between_are_not(
    ports: MockedUsb, events: Following
) -> None:
    await ports.plug(Usb("4", [HUB], address=3))
    await ports.plug(Usb("4.1", [DISK], address=4, disk="sda"))
    refused = await events.refusal()
    assert (refused.where, refused.bay, refused.code) == (f"{HERE}/usb2/4.1", None, "refused-unknown-port")


async def test_a_hub_in_a_bay_is_refused_and_so_is_what_is_behind_it(ports: MockedUsb, events: Following) -> None:
    await ports.plug(Usb("1.1", [HUB], address=3))
    await ports.plug(Usb("1.1.2", [DISK], address=4, disk="sda"))
    assert [(each.bay, each.code) for each in (await events.refusal(), await events.refusal())] == [
        ("1", "refused-hub"),
        ("1", "refused-unknown-port"),
    ]


async def test_a_recorder_without_disk_or_line_is_reported_with_what_it_is(ports: MockedUsb, events: Following) -> None:
    await ports.plug(Usb("1.1", [MTP]))
    plugged = await events.bay_event()
    assert plugged.port.usb is not None and plugged.port.usb.mtp
    assert (plugged.port.disk, plugged.port.tty) == (None, None)


@pytest.mark.parametrize("raw", [b"", b"\x12\x01", bytes(range(256)) * 40, b"\xff" * 65_536])
async def test_a_device_with_broken_descriptors_is_refused_and_the_next_bay_goes_on(
    ports: MockedUsb, events: Following, raw: bytes
) -> None:
    await ports.plug(Usb("1.1", [DISK], raw=raw, disk="sda"))
    await ports.plug(Usb("1.2", [DISK], address=9, disk="sdb"))
    refused = await events.refusal()
    assert (refused.bay, refused.code) == ("1", "refused-bad-descriptor")
    assert (await events.bay_event()).bay == "2"
