"""USB devices as sysfs shows them, for tests: descriptors, and descriptions that umockdev turns into a mocked /sys and /dev.

A device is described by the port it is plugged in at and by what it offers; nothing here knows what the dock makes of it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

PCI = "/devices/pci0000:00/0000:00:14.0"
DUMMY = "/devices/platform/dummy_hcd.0"
Interface = tuple[int, int, int, Sequence[int]]  # class, subclass, protocol, endpoint addresses (bulk)

DISK: Interface = (0x08, 0x06, 0x50, (0x81, 0x02))
VENDOR: Interface = (0xFF, 0x00, 0x00, (0x01, 0x81))
LINE: tuple[Interface, Interface] = ((0x02, 0x02, 0x01, (0x83,)), (0x0A, 0x00, 0x00, (0x84, 0x04)))
KEYBOARD: Interface = (0x03, 0x01, 0x01, (0x81,))
NCM: tuple[Interface, Interface] = ((0x02, 0x0D, 0x00, (0x81,)), (0x0A, 0x00, 0x01, (0x82, 0x02)))
MTP: Interface = (0x06, 0x01, 0x01, (0x81, 0x02, 0x83))
HUB: Interface = (0x09, 0x00, 0x00, (0x81,))


def descriptors(
    interfaces: Sequence[Interface], vendor: int = 0x4255, product: int = 1, device_class: int = 0
) -> bytes:
    """The device's and its one configuration's descriptors, as /sys/…/descriptors has them (USB 2.0, 9.6)."""
    body = b""
    for number, (usb_class, subclass, protocol, endpoints) in enumerate(interfaces):
        body += struct.pack("<9B", 9, 4, number, 0, len(endpoints), usb_class, subclass, protocol, 0)
        for address in endpoints:
            body += struct.pack("<BBBBHB", 7, 5, address, 2, 512, 0)
    device = struct.pack("<BBHBBBBHHHBBBB", 18, 1, 0x200, device_class, 0, 0, 64, vendor, product, 0x100, 1, 2, 3, 1)
    return device + struct.pack("<BBHBBBBB", 9, 2, 9 + len(body), len(interfaces), 1, 0, 0x80, 50) + body


@dataclass(frozen=True)
class Usb:
    """One device at a port: `bus` is the number the kernel happened to give, `ports` its devpath."""

    ports: str
    interfaces: Sequence[Interface]
    controller: str = PCI
    bus: int = 1
    address: int = 7
    serial: str = "0000007"
    vendor: int = 0x4255
    product: int = 1
    model: str = "Recorder"
    disk: str | None = None  # sda: with one partition
    generic: str | None = None  # sg0: the disk's generic SCSI node
    sectors: int = 131_072
    line: str | None = None  # ttyACM0
    net: str | None = None
    driver: str | None = None  # of the first interface
    authorised: bool = True
    raw: bytes | None = None  # other descriptors than those of `interfaces`

    @property
    def path(self) -> str:
        """Its DEVPATH."""
        parts = self.ports.split(".")
        nested = [f"{self.bus}-{'.'.join(parts[: count + 1])}" for count in range(len(parts))]
        return "/".join([self.controller, f"usb{self.bus}", *nested])

    @property
    def name(self) -> str:
        return f"{self.bus}-{self.ports}"

    def below(self, number: int) -> str:
        return f"{self.path}/{self.name}:1.{number}"

    @property
    def disk_path(self) -> str:
        host = 10 * self.bus + self.address
        return f"{self.below(0)}/host{host}/target{host}:0:0/{host}:0:0:0/block/{self.disk}"

    @property
    def generic_path(self) -> str:
        return f"{self.disk_path.rsplit('/', 2)[0]}/scsi_generic/{self.generic}"

    def paragraphs(self) -> list[str]:
        """For umockdev, a device each, parents first."""
        data = self.raw if self.raw is not None else descriptors(self.interfaces, self.vendor, self.product)
        node = f"bus/usb/{self.bus:03}/{self.address:03}"
        found = [
            _paragraph(
                self.path,
                f"N: {node}",
                f"E: DEVNAME=/dev/{node}",
                "E: SUBSYSTEM=usb",
                "E: DEVTYPE=usb_device",
                "E: MAJOR=189",
                f"E: MINOR={128 * (self.bus - 1) + self.address - 1}",
                f"A: dev=189:{128 * (self.bus - 1) + self.address - 1}",
                f"A: idVendor={self.vendor:04x}",
                f"A: idProduct={self.product:04x}",
                f"A: serial={self.serial}",
                f"A: product={self.model}",
                "A: manufacturer=Maker",
                f"A: busnum={self.bus}",
                f"A: devnum={self.address}",
                f"A: devpath={self.ports}",
                "A: bConfigurationValue=1",
                f"A: authorized={int(self.authorised)}",
                f"H: descriptors={data.hex().upper()}",
            )
        ]
        for number, (usb_class, *_) in enumerate(self.interfaces):
            lines = ["E: SUBSYSTEM=usb", "E: DEVTYPE=usb_interface", f"A: bInterfaceClass={usb_class:02x}"]
            if self.driver and not number:
                lines.append(f"L: driver=../../../../../../bus/usb/drivers/{self.driver}")
            found.append(_paragraph(self.below(number), *lines))
        if self.disk:
            letters = ord(self.disk[-1]) - ord("a")
            found.append(_block(self.disk_path, self.disk, "disk", 16 * letters, self.sectors, self.address))
            found.append(
                _block(f"{self.disk_path}/{self.disk}1", f"{self.disk}1", "partition", 16 * letters + 1, 2048, None)
            )
        if self.generic:
            names = [f"N: {self.generic}", f"E: DEVNAME=/dev/{self.generic}", "E: SUBSYSTEM=scsi_generic"]
            numbers = ["E: MAJOR=21", f"E: MINOR={self.generic[-1]}", f"A: dev=21:{self.generic[-1]}"]
            found.append(_paragraph(self.generic_path, *names, *numbers))
        if self.line:
            path = f"{self.below(max(len(self.interfaces) - 2, 0))}/tty/{self.line}"
            numbers = ["E: MAJOR=166", f"E: MINOR={self.line[-1]}", f"A: dev=166:{self.line[-1]}"]
            found.append(
                _paragraph(path, f"N: {self.line}", f"E: DEVNAME=/dev/{self.line}", "E: SUBSYSTEM=tty", *numbers)
            )
        if self.net:
            found.append(_paragraph(f"{self.below(0)}/net/{self.net}", "E: SUBSYSTEM=net", f"E: INTERFACE={self.net}"))
        return found


def root_hub(bus: int, speed: int = 480, controller: str = PCI) -> str:
    return _paragraph(
        f"{controller}/usb{bus}",
        f"N: bus/usb/{bus:03}/001",
        f"E: DEVNAME=/dev/bus/usb/{bus:03}/001",
        "E: SUBSYSTEM=usb",
        "E: DEVTYPE=usb_device",
        "A: idVendor=1d6b",
        "A: idProduct=0002",
        f"A: busnum={bus}",
        "A: devnum=1",
        "A: devpath=0",
        f"A: speed={speed}",
        f"H: descriptors={descriptors([HUB], 0x1D6B, 2, 9).hex().upper()}",
    )


def _block(path: str, name: str, kind: str, minor: int, sectors: int, diskseq: int | None) -> str:
    lines = [f"N: {name}", f"E: DEVNAME=/dev/{name}", "E: SUBSYSTEM=block", f"E: DEVTYPE={kind}"]
    lines += ["E: MAJOR=8", f"E: MINOR={minor}", f"A: dev=8:{minor}", f"A: size={sectors}"]
    if diskseq is not None:
        lines.append(f"E: DISKSEQ={diskseq}")
    return _paragraph(path, *lines)


def _paragraph(path: str, *lines: str) -> str:
    return "\n".join([f"P: {path}", *lines, ""])
