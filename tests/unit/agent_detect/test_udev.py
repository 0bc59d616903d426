"""The udev backend: on mocked ports in processes of their own, and on the kernel's real netlink where that is allowed."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path

import pytest

from liuhen_agent.detect import Bay, BayEvent, UsbDevice, WatchSettings
from liuhen_agent.detect.descriptors import parse
from liuhen_agent.detect.gathering import Device, Node
from liuhen_agent.detect.udev import Heard, Udev, watch
from support.usb_ports import VENDOR, descriptors

ROOT = Path(__file__).resolve().parents[3]
MOCKED = sorted(Path(__file__).parent.glob("on_mocked_*.py"))


@pytest.mark.parametrize("tests", MOCKED, ids=[path.stem for path in MOCKED])
def test_on_mocked_ports(tests: Path) -> None:
    """Every test of that file, under umockdev; what fails there is shown here."""
    done = subprocess.run(
        ["umockdev-wrapper", sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", tests],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr


SMALL = 2304  # bytes: the least the kernel gives
PORT = "pci0000:00/0000:00:14.0/usb2/1"


def kernel_speaks() -> None:
    """Have the kernel send an event of a disk of this machine; nothing else happens to it."""
    for disk in sorted(Path("/sys/block").iterdir()):
        try:
            (disk / "uevent").write_text("change")
            return
        except OSError:
            continue
    pytest.skip("no uevent may be sent here: needs root and a block device")


class Overrun(Udev):
    """The kernel's real events with a small buffer; what an enumeration finds is given by the test."""

    def __init__(self) -> None:
        super().__init__(udev_runs=False, source="kernel")
        self.found: list[Node] = []
        self.looks = 0
        self.heard: Heard | None = None

    @contextmanager
    def listening(self) -> Iterator[Heard]:
        with super().listening() as heard:
            heard._status.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
            self.heard = heard
            yield heard

    def enumerate(self) -> list[Node]:
        self.looks += 1
        return self.found

    async def waits(self) -> None:
        """Until whoever follows has enumerated and waits for the kernel."""
        while self.heard is None or not self.heard._something._waiters:
            await asyncio.sleep(0.01)


async def test_an_overrun_of_the_kernels_buffer_is_noticed_once_and_listening_goes_on() -> None:
    with Overrun().listening() as heard:
        kernel_speaks()
        if not await heard.batch(2):
            pytest.skip("the kernel's events do not come in here: another network namespace")
        for _ in range(100):  # the loop does not run meanwhile: nobody takes them
            kernel_speaks()
        assert await heard.batch(10) is None
        assert await heard.batch(0.05) == [], "the overrun is over"
        kernel_speaks()
        [event] = await heard.batch(10) or []
        assert event.action == "change"


async def test_what_came_while_the_buffer_was_full_is_found_by_enumerating() -> None:
    udev = Overrun()
    bay = Bay("1", "udev", Path("/dev"), ports=(PORT,))
    async with aclosing(watch([bay], WatchSettings(settle_seconds=0), udev)) as stream:
        coming = asyncio.ensure_future(anext(stream))
        await udev.waits()
        described = parse(descriptors([VENDOR]), 1)
        usb = UsbDevice(PORT, 0x4255, 1, "", "", "", 1, 2, described.interfaces)
        udev.found = [Device(f"/devices/{PORT}", usb, described)]
        for _ in range(100):
            kernel_speaks()
        event = await asyncio.wait_for(coming, 10)
        assert isinstance(event, BayEvent) and (event.change, event.port.usb) == ("plugged", usb)


async def test_nothing_is_asked_while_nothing_happens() -> None:
    """An idle dock's processor has nothing to do: the backend waits for the kernel and looks at nothing."""
    udev = Overrun()
    async with aclosing(watch([Bay("1", "udev", Path("/dev"), ports=(PORT,))], WatchSettings(), udev)) as stream:
        coming = asyncio.ensure_future(anext(stream))
        await udev.waits()
        loop = asyncio.get_running_loop()
        later = [handle for handle in loop._scheduled if not handle.cancelled()]  # type: ignore[attr-defined]
        assert udev.looks == 1 and later == [], "no timer runs"
        coming.cancel()
        await asyncio.gather(coming, return_exceptions=True)
