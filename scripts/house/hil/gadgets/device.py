"""One USB device of the guest's own: a gadget in configfs, and a FunctionFS function whose endpoints are files."""

from __future__ import annotations

import errno
import os
import select
import struct
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

GADGETS = Path("/sys/kernel/config/usb_gadget")
CONTROLLER = "dummy_udc.0"
BIND_SECONDS = 5.0
PACKET = 512  # of a bulk endpoint at high speed

DESCRIPTORS_V2, STRINGS = 3, 2  # magic numbers of what is written to ep0
FULL_SPEED, HIGH_SPEED, ALL_CONTROL = 1, 2, 64  # which descriptors follow; that every control transfer comes here
SETUP = 4  # type of event; the others tell of binding and configuring
EVENT = struct.Struct("<BBHHHB3x")  # bmRequestType, bRequest, wValue, wIndex, wLength, type
IN = 0x80


class Gadget:
    """One configuration of the device: a function that is bound to the controller or not. `ids`: VID and PID."""

    def __init__(self, name: str, function: str, ids: tuple[int, int], serial: str) -> None:
        self.ids, self.serial = ids, serial
        self.folder = GADGETS / name
        self.function = self.folder / "functions" / function
        for place in ("strings/0x409", "configs/c.1/strings/0x409"):
            (self.folder / place).mkdir(parents=True, exist_ok=True)
        self.function.mkdir(parents=True, exist_ok=True)
        for file, text in {
            "idVendor": f"{ids[0]:#06x}", "idProduct": f"{ids[1]:#06x}", "bcdUSB": "0x0200",
            "strings/0x409/serialnumber": serial, "strings/0x409/manufacturer": "HIL", "strings/0x409/product": "Recorder",
        }.items():  # fmt: skip
            (self.folder / file).write_text(text)
        link = self.folder / "configs/c.1" / function
        if not link.is_symlink():
            link.symlink_to(self.function)

    def bind(self) -> None:
        """Plug in. A controller that another gadget has just left is busy for a moment."""
        end = time.monotonic() + BIND_SECONDS
        while True:
            try:
                (self.folder / "UDC").write_text(CONTROLLER)
                return
            except OSError as error:
                if error.errno not in (errno.EBUSY, errno.ENODEV) or time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def unbind(self) -> None:
        """Pull."""
        try:
            (self.folder / "UDC").write_text("\n")
        except OSError as error:
            if error.errno != errno.ENODEV:
                raise


def card_gadget(name: str, ids: tuple[int, int], serial: str, disk: str) -> Gadget:
    """The recorder in disk mode: the kernel's own mass storage."""
    card = Gadget(name, "mass_storage.card", ids, serial)
    (card.function / "lun.0/removable").write_text("1")
    (card.function / "lun.0/file").write_text(disk)
    return card


@dataclass(frozen=True)
class Interface:
    """What a function shows: class, subclass, protocol, and bulk endpoints in descriptor order (0x81 in, 0x02 out). dummy_hcd gives an
    endpoint another address where this one is not free."""

    classes: tuple[int, int, int]
    bulk: Sequence[int] = ()
    all_control: bool = False


class FunctionFs:
    """A function whose endpoints are files. `control` is endpoint 0; `ends` the others, in descriptor order. Reading and writing wait until
    a host has configured the device."""

    def __init__(self, name: str, interface: Interface) -> None:
        mount = Path(f"/run/functionfs-{name}")
        mount.mkdir(exist_ok=True)
        subprocess.run(["mount", "-t", "functionfs", name, str(mount)], check=True)
        self.control = os.open(mount / "ep0", os.O_RDWR)
        count = 1 + len(interface.bulk)
        body = struct.pack("<II", count, count) + _descriptors(interface, 64) + _descriptors(interface, PACKET)
        flags = FULL_SPEED | HIGH_SPEED | (ALL_CONTROL if interface.all_control else 0)
        os.write(self.control, struct.pack("<III", DESCRIPTORS_V2, 12 + len(body), flags) + body)
        text = struct.pack("<H", 0x409) + b"Recorder\0"
        os.write(self.control, struct.pack("<IIII", STRINGS, 16 + len(text), 1, 1) + text)
        self.ends = [os.open(mount / f"ep{number}", os.O_RDWR) for number in range(1, count)]

    def event(self) -> tuple[int, int, int, int] | None:
        """The next control transfer: bmRequestType, bRequest, wValue, wLength. None: something else, or one the host gave up."""
        # a read that waits holds the kernel's lock of the function, and the device could not be pulled meanwhile
        select.select([self.control], [], [])
        try:
            kind, request, value, _, length, what = EVENT.unpack(os.read(self.control, EVENT.size))
        except OSError as error:
            if error.errno in (errno.EIDRM, errno.EINTR):
                return None
            raise
        return (kind, request, value, length) if what == SETUP else None

    def answer(self, data: bytes | None) -> None:
        """To an IN transfer. None: the request is not known (STALL, which FunctionFS does when nothing is read instead)."""
        try:
            if data is None:
                os.read(self.control, 0)
            else:
                os.write(self.control, data)
        except OSError as error:
            if error.errno not in (errno.EL2HLT, errno.EIDRM):
                raise

    def take(self, length: int) -> bytes:
        """The data of an OUT transfer, which is acknowledged by it; empty if the host gave it up."""
        try:
            return os.read(self.control, length)
        except OSError as error:
            if error.errno != errno.EIDRM:
                raise
            return b""

    def answer_always(self, answers: dict[int, bytes]) -> None:
        """From now on, in a thread: by bRequest; OUT transfers are taken in and change nothing."""
        threading.Thread(target=self._answer_always, args=(answers,), daemon=True).start()

    def _answer_always(self, answers: dict[int, bytes]) -> None:
        while True:
            if (event := self.event()) is None:
                continue
            kind, request, _, length = event
            if kind & IN:
                said = answers.get(request)
                self.answer(None if said is None else said[:length])
            else:
                self.take(length)


def _descriptors(interface: Interface, packet: int) -> bytes:
    found = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, len(interface.bulk), *interface.classes, 1)
    return found + b"".join(struct.pack("<BBBBHB", 7, 5, address, 2, packet, 0) for address in interface.bulk)
