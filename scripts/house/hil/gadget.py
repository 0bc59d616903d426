"""A recorder with vendor control transfers as a real USB device, inside the guest: VID:PID 4255:0001 on dummy_hcd, spoken to through FunctionFS.

    python gadget.py SERIAL DISK        runs in the guest, as root, with the dock's own Python; DISK is a block device, the recorder's card

The recorder itself is the pure simulator of the dock's tests (`liuhen_agent.simulate.p_a1`); this only carries its bytes. After the disk-mode
command the device leaves the bus and comes back on the same port as mass storage. Standing on its own: nothing else of this folder is in the guest.
Source: the kernel's Documentation/usb/functionfs.rst, gadget_configfs.rst and include/uapi/linux/usb/functionfs.h.
"""

from __future__ import annotations

import errno
import os
import signal
import struct
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

from liuhen_agent.simulate.machine import Character
from liuhen_agent.simulate.p_a1 import ControlRecorder

GADGETS = Path("/sys/kernel/config/usb_gadget")
CONTROLLER = "dummy_udc.0"
VENDOR, PRODUCT = "0x4255", "0x0001"
REQUEST, VALUE = 0x55, 0x0080  # the protocol's own (P-A1)

DESCRIPTORS_V2, STRINGS = 3, 2  # magic numbers of what is written to ep0
FULL_SPEED, HIGH_SPEED, ALL_CONTROL = (
    1,
    2,
    64,
)  # flags: which descriptors follow, and that every control transfer comes here
SETUP = 4  # type of event; the others tell of binding and configuring
EVENT = struct.Struct("<BBHHHB3x")  # bmRequestType, bRequest, wValue, wIndex, wLength, type
IN = 0x80
BIND_SECONDS = 5.0


class Gadget:
    """One configuration of the device: a function that is bound to the controller or not."""

    def __init__(self, name: str, function: str, serial: str) -> None:
        self.folder = GADGETS / name
        self.function = self.folder / "functions" / function
        for place in ("strings/0x409", "configs/c.1/strings/0x409"):
            (self.folder / place).mkdir(parents=True, exist_ok=True)
        self.function.mkdir(parents=True, exist_ok=True)
        for file, text in {
            "idVendor": VENDOR, "idProduct": PRODUCT, "bcdUSB": "0x0200", "strings/0x409/serialnumber": serial,
            "strings/0x409/manufacturer": "HIL", "strings/0x409/product": "Recorder",
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


def open_control(name: str) -> int:
    """The control endpoint of a FunctionFS function with one vendor interface and no other endpoint."""
    mount = Path(f"/run/functionfs-{name}")
    mount.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "functionfs", name, str(mount)], check=True)
    control = os.open(mount / "ep0", os.O_RDWR)
    interface = struct.pack("<BBBBBBBBB", 9, 4, 0, 0, 0, 0xFF, 0, 0, 1)
    body = struct.pack("<II", 1, 1) + interface + interface  # the same at both speeds
    os.write(control, struct.pack("<III", DESCRIPTORS_V2, 12 + len(body), FULL_SPEED | HIGH_SPEED | ALL_CONTROL) + body)
    text = struct.pack("<H", 0x409) + b"Recorder\0"
    os.write(control, struct.pack("<IIII", STRINGS, 16 + len(text), 1, 1) + text)
    return control


def talk(control: int, recorder: ControlRecorder) -> float:
    """Answer until the recorder goes over to disk mode; the seconds it then takes to come back."""
    reply = b""
    while True:
        try:
            event = os.read(control, EVENT.size)
        except OSError as error:
            if error.errno in (errno.EIDRM, errno.EINTR):  # a transfer was given up by the host
                continue
            raise
        kind, request, value, _, length, what = EVENT.unpack(event)
        if what != SETUP:
            continue
        ours = (request, value) == (REQUEST, VALUE)
        if kind & IN:
            answer(control, reply[:length] if ours and reply else None)
            continue
        data = os.read(control, length)  # reading acknowledges it
        if not ours:
            continue
        step = recorder.step(data, datetime.now())
        reply = b"".join(step.pieces)
        print(f"{data[:4].hex()} -> {reply[:4].hex()}", flush=True)
        if step.leaves is not None:
            return serve_last(control, reply, step.leaves)


def serve_last(control: int, reply: bytes, seconds: float) -> float:
    """The host still fetches the answer to the disk-mode command before the recorder leaves."""
    while True:
        kind, _, _, _, length, what = EVENT.unpack(os.read(control, EVENT.size))
        if what == SETUP and kind & IN:
            answer(control, reply[:length])
            return seconds


def answer(control: int, data: bytes | None) -> None:
    """None: the request is not known (STALL, which FunctionFS does when nothing is read instead)."""
    try:
        if data is None:
            os.read(control, 0)
        else:
            os.write(control, data)
    except OSError as error:
        if error.errno not in (errno.EL2HLT, errno.EIDRM):
            raise


def main() -> None:
    serial, disk = sys.argv[1], sys.argv[2]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that both are pulled below
    for module in (["dummy_hcd", "num=1", "is_super_speed=0"], ["libcomposite"]):
        subprocess.run(["modprobe", *module], check=True)
    vendor = Gadget("recorder", "ffs.recorder", serial)
    control = open_control("recorder")
    card = Gadget("card", "mass_storage.card", serial)
    (card.function / "lun.0/removable").write_text("1")
    (card.function / "lun.0/file").write_text(disk)
    try:
        vendor.bind()
        print("plugged", flush=True)
        seconds = talk(control, ControlRecorder(Character(serial=serial), datetime.now()))
        vendor.unbind()
        time.sleep(seconds)  # the recorder's own pace
        card.bind()
        print("disk mode", flush=True)
        while True:
            signal.pause()
    finally:
        vendor.unbind()
        card.unbind()


if __name__ == "__main__":
    main()
