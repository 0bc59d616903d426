"""A recorder that is spoken to on the bus: bulk endpoints or vendor control transfers, through pyusb and libusb.

The device is found by bus and address, which are its own while it is plugged in; VID:PID and serial are not (several
recorders of one kind have the same). Endpoints are the interface's own bulk ones, whatever their numbers.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Callable
from typing import Any, TypeVar

import usb.core
import usb.util

from liuhen_agent.detect import UsbDevice
from liuhen_agent.recorders import RecorderError
from liuhen_agent.recorders.protocol import Link

Result = TypeVar("Result")
OUT_TO_DEVICE, IN_FROM_DEVICE = 0x40, 0xC0  # vendor request, recipient device (USB 2.0, 9.3)
GONE = (errno.ENODEV, errno.EIO, errno.ESHUTDOWN, errno.ENOENT)
MOST_BULK = 16 * 1024


class _Usb:
    """An opened device. `backend`: pyusb's, None for libusb."""

    def __init__(self, found: UsbDevice, link: Link, backend: Any = None) -> None:
        self._link = link
        try:
            self._device: Any = self._asked(
                lambda: usb.core.find(bus=found.bus, address=found.address, backend=backend)
            )
        except usb.core.NoBackendError as error:
            raise RecorderError("unsupported", "libusb is missing: apt-get install libusb-1.0-0") from error
        if self._device is None:
            raise RecorderError("gone", f"no device on bus {found.bus}, address {found.address}")
        if (self._device.idVendor, self._device.idProduct) != (found.vendor, found.product):
            usb.util.dispose_resources(self._device)
            raise RecorderError("gone", "another device has taken its place on the bus")

    def _milliseconds(self, seconds: float) -> int:
        return max(1, round(seconds * 1000))

    def _asked(self, work: Callable[[], Result]) -> Result | None:
        """None after a timeout. Raises RecorderError."""
        try:
            return work()
        except usb.core.USBTimeoutError:
            return None
        except usb.core.USBError as error:
            if error.errno == errno.EPIPE:
                raise RecorderError("refused", "the recorder does not know the request") from error
            if error.errno in (errno.EACCES, errno.EPERM):
                why = "the dock's user may not speak to it: its udev rule is missing"
                raise RecorderError("unsupported", why) from error
            if error.errno == errno.EBUSY:
                raise RecorderError("unsupported", "another program holds its interface") from error
            if error.errno == errno.EOVERFLOW:
                raise RecorderError("garbled", "the recorder sends more than was asked for") from error
            if error.errno in GONE:
                raise RecorderError("gone", "the recorder left the bus") from error
            raise RecorderError("gone", f"the bus says: {error}") from error

    def close(self) -> None:
        with contextlib.suppress(usb.core.USBError):
            usb.util.dispose_resources(self._device)


class ControlWire(_Usb):
    """Vendor control transfers: a write is one OUT, a read one IN of the same request. No interface is claimed: these requests go to
    the device."""

    keeps_late_answers = False

    def write(self, data: bytes) -> None:
        link, timeout = self._link, self._milliseconds(self._link.reply_seconds)
        sent = self._asked(
            lambda: self._device.ctrl_transfer(OUT_TO_DEVICE, link.request, link.value, link.index, data, timeout)
        )
        if sent != len(data):
            raise RecorderError("no-answer", "the recorder takes nothing in")

    def read(self, most: int, seconds: float) -> bytes:
        link, timeout = self._link, self._milliseconds(seconds)
        got = self._asked(
            lambda: self._device.ctrl_transfer(IN_FROM_DEVICE, link.request, link.value, link.index, most, timeout)
        )
        return bytes(got)[:most] if got is not None else b""


class BulkWire(_Usb):
    """One bulk OUT and one bulk IN endpoint of one interface, which is claimed for this process."""

    keeps_late_answers = True

    def __init__(self, found: UsbDevice, link: Link, backend: Any = None) -> None:
        super().__init__(found, link, backend)
        try:
            self._asked(self._claim)
        except BaseException:
            self.close()
            raise

    def _claim(self) -> None:
        for interface in self._device.get_active_configuration():
            number = interface.bInterfaceNumber
            ends = [end for end in interface if usb.util.endpoint_type(end.bmAttributes) == usb.util.ENDPOINT_TYPE_BULK]
            outs = [end for end in ends if not end.bEndpointAddress & 0x80]
            ins = [end for end in ends if end.bEndpointAddress & 0x80]
            if not outs or not ins or self._link.interface not in (None, number):
                continue
            with contextlib.suppress(NotImplementedError):  # libusb 0.1 cannot tell: claiming says it then
                if self._device.is_kernel_driver_active(number):
                    self._device.detach_kernel_driver(number)
            usb.util.claim_interface(self._device, number)
            self._out, self._in = outs[0], ins[0]
            self._rest = b""
            return
        raise RecorderError("unsupported", "it has no interface with a bulk endpoint each way")

    def write(self, data: bytes) -> None:
        timeout = self._milliseconds(self._link.reply_seconds)
        if self._asked(lambda: self._out.write(data, timeout)) != len(data):
            raise RecorderError("no-answer", "the recorder takes nothing in")

    def read(self, most: int, seconds: float) -> bytes:
        """A transfer is always asked for in whole packets (a shorter buffer would overflow); what is too much waits for the next read."""
        if not self._rest:
            got = self._asked(lambda: self._in.read(MOST_BULK, self._milliseconds(seconds)))
            self._rest = bytes(got) if got is not None else b""
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece
