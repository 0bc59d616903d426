"""A stand-in for the bus: pyusb's own code runs, libusb under it is replaced by simulated recorders. No hardware, no kernel.

What it does as libusb does: descriptors, claims, timeouts (-7, ETIMEDOUT), stalls (EPIPE), a device that left (ENODEV), packets of
512 bytes. What it does not: speed, errors on the wire, other programs. The emulated machine under tests/hil has a real bus.
Time passes only in reads that find nothing.
"""

from __future__ import annotations

import array
import ctypes
import errno
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import usb.backend
from usb.core import USBError, USBTimeoutError

from liuhen_agent.detect import UsbDevice, UsbEndpoint, UsbInterface
from liuhen_agent.recorders import RecorderError
from liuhen_agent.recorders.wire_scsi import CHECK_CONDITION, Header
from liuhen_agent.simulate.machine import Machine
from liuhen_agent.simulate.machine_wire import MachineWire

PACKET = 512
BULK = (0x81, 0x01)


@dataclass
class Plugged:
    """One simulated recorder on the bus. `answers_on`: request and value of its control transfers."""

    machine: Machine
    address: int
    vendor: int = 0x4255
    product: int = 0x0001
    serial: str = "0000001"
    endpoints: tuple[int, ...] = BULK
    answers_on: tuple[int, int] = (0x55, 0x0080)
    kernel_driver: bool = False
    claimed: bool = False
    wire: MachineWire = field(init=False)

    def __post_init__(self) -> None:
        self.wire = MachineWire(self.machine)

    def seen(self) -> UsbDevice:
        """What detection says of it."""
        ends = tuple(UsbEndpoint(address, "bulk") for address in self.endpoints)
        interface = UsbInterface(0, 0xFF, 0, 0, ends)
        return UsbDevice(
            "1-1", self.vendor, self.product, self.serial, "Acme", "Recorder", 1, self.address, (interface,)
        )


class StandInBus(usb.backend.IBackend):  # type: ignore[misc]
    def __init__(self, *plugged: Plugged) -> None:
        self.plugged = list(plugged)

    def enumerate_devices(self) -> list[Plugged]:
        return self.plugged

    def get_device_descriptor(self, dev: Plugged) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=18, bDescriptorType=1, bcdUSB=0x200, bDeviceClass=0, bDeviceSubClass=0, bDeviceProtocol=0,
            bMaxPacketSize0=64, idVendor=dev.vendor, idProduct=dev.product, bcdDevice=0x100, iManufacturer=0, iProduct=0,
            iSerialNumber=0, bNumConfigurations=1, address=dev.address, bus=1, port_number=1, port_numbers=(1,), speed=3,
        )  # fmt: skip

    def get_configuration_descriptor(self, dev: Plugged, config: int) -> SimpleNamespace:
        if config:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=2, wTotalLength=32, bNumInterfaces=1, bConfigurationValue=1, iConfiguration=0,
            bmAttributes=0x80, bMaxPower=50, extra_descriptors=[],
        )  # fmt: skip

    def get_interface_descriptor(self, dev: Plugged, intf: int, alt: int, config: int) -> SimpleNamespace:
        if intf or alt:
            raise IndexError
        return SimpleNamespace(
            bLength=9, bDescriptorType=4, bInterfaceNumber=0, bAlternateSetting=0, bNumEndpoints=len(dev.endpoints),
            bInterfaceClass=0xFF, bInterfaceSubClass=0, bInterfaceProtocol=0, iInterface=0, extra_descriptors=[],
        )  # fmt: skip

    def get_endpoint_descriptor(self, dev: Plugged, ep: int, intf: int, alt: int, config: int) -> SimpleNamespace:
        return SimpleNamespace(
            bLength=7, bDescriptorType=5, bEndpointAddress=dev.endpoints[ep], bmAttributes=2, wMaxPacketSize=PACKET,
            bInterval=0, bRefresh=0, bSynchAddress=0, extra_descriptors=[],
        )  # fmt: skip

    def open_device(self, dev: Plugged) -> Plugged:
        return dev

    def close_device(self, dev_handle: Plugged) -> None:
        pass

    def get_configuration(self, dev_handle: Plugged) -> int:
        return 1

    def claim_interface(self, dev_handle: Plugged, intf: int) -> None:
        if dev_handle.kernel_driver:
            raise USBError("Resource busy", -6, errno.EBUSY)
        dev_handle.claimed = True

    def release_interface(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.claimed = False

    def is_kernel_driver_active(self, dev_handle: Plugged, intf: int) -> bool:
        return dev_handle.kernel_driver

    def detach_kernel_driver(self, dev_handle: Plugged, intf: int) -> None:
        dev_handle.kernel_driver = False

    def bulk_write(self, dev_handle: Plugged, ep: int, intf: int, data: Any, timeout: int) -> int:
        assert dev_handle.claimed and ep == dev_handle.endpoints[1]
        if dev_handle.machine.carries != "stream":
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        _on_the_bus(dev_handle.wire.write, bytes(data))
        return len(data)

    def bulk_read(self, dev_handle: Plugged, ep: int, intf: int, buff: Any, timeout: int) -> int:
        assert len(buff) % PACKET == 0, "a shorter buffer overflows"
        got = _on_the_bus(dev_handle.wire.read, len(buff), timeout / 1000)
        if not got:
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        buff[: len(got)] = array.array("B", got)
        return len(got)

    def ctrl_transfer(
        self, dev_handle: Plugged, request_type: int, request: int, value: int, index: int, data: Any, timeout: int
    ) -> int:
        if dev_handle.machine.carries != "control" or (request, value) != dev_handle.answers_on:
            raise USBError("Pipe error", -9, errno.EPIPE)
        if not request_type & 0x80:
            _on_the_bus(dev_handle.wire.write, bytes(data))
            return len(data)
        got = _on_the_bus(dev_handle.wire.read, len(data), timeout / 1000)
        if not got:
            raise USBTimeoutError("Operation timed out", -7, errno.ETIMEDOUT)
        data[: len(got)] = array.array("B", got)
        return len(got)


def _on_the_bus(work: Any, *arguments: Any) -> Any:
    try:
        return work(*arguments)
    except RecorderError as error:
        if error.code == "gone":
            raise USBError("No such device", -4, errno.ENODEV) from None
        raise USBError("Pipe error", -9, errno.EPIPE) from None


def scsi_ioctl(machine: Machine) -> Any:
    """A stand-in for `ioctl(fd, SG_IO, header)`: a simulated recorder answers what the header points to."""

    def ioctl(at: int, request: int, header: Header) -> int:
        assert request == 0x2285 and header.interface_id == ord("S")
        block = ctypes.string_at(header.cmdp, header.cmd_len)
        out = ctypes.string_at(header.dxferp, header.dxfer_len) if header.dxfer_direction == -2 else b""
        step = machine.step(block + out, datetime.now())
        said = b"".join(step.pieces)[: header.dxfer_len]
        if step.refused:
            header.status = CHECK_CONDITION
            ctypes.memmove(header.sbp, b"\x70\0\x05".ljust(18, b"\0"), 18)
            header.sb_len_wr = 18
        elif not said and header.dxfer_direction == -3:
            header.host_status = 3  # DID_TIME_OUT
        if header.dxfer_direction == -3:
            ctypes.memmove(header.dxferp, said, len(said))
            header.resid = header.dxfer_len - len(said)
        return 0

    return ioctl
