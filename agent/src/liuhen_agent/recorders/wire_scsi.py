"""A recorder whose disk answers vendor SCSI commands: Linux SG_IO through ioctl, nothing of its medium touched.

The kernel lets only a generic node (`/dev/sgN`) opened for reading and writing, or a privileged process, send commands it
does not know; a disk node opened read-only answers INQUIRY. So the generic node beside the disk is preferred, and on an
installed dock only the SCSI helper may open it (`liuhen_agent.scsi`).
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from liuhen_agent.recorders import RecorderError

SG_IO = 0x2285
TO_DEVICE, FROM_DEVICE, NO_DATA = -2, -3, -1
SENSE = 32
BLOCK = 16  # bytes of a command block
INQUIRY = 0x12
GOOD, CHECK_CONDITION = 0, 2


class Header(ctypes.Structure):
    """`struct sg_io_hdr` of <scsi/sg.h>."""

    _fields_ = (
        ("interface_id", ctypes.c_int),
        ("dxfer_direction", ctypes.c_int),
        ("cmd_len", ctypes.c_ubyte),
        ("mx_sb_len", ctypes.c_ubyte),
        ("iovec_count", ctypes.c_ushort),
        ("dxfer_len", ctypes.c_uint),
        ("dxferp", ctypes.c_void_p),
        ("cmdp", ctypes.c_void_p),
        ("sbp", ctypes.c_void_p),
        ("timeout", ctypes.c_uint),
        ("flags", ctypes.c_uint),
        ("pack_id", ctypes.c_int),
        ("usr_ptr", ctypes.c_void_p),
        ("status", ctypes.c_ubyte),
        ("masked_status", ctypes.c_ubyte),
        ("msg_status", ctypes.c_ubyte),
        ("sb_len_wr", ctypes.c_ubyte),
        ("host_status", ctypes.c_ushort),
        ("driver_status", ctypes.c_ushort),
        ("resid", ctypes.c_int),
        ("duration", ctypes.c_uint),
        ("info", ctypes.c_uint),
    )


Ioctl = Callable[[int, int, Header], int]


def generic_node(disk: Path, sys: Path = Path("/sys/class/block")) -> Path | None:
    """`/dev/sgN` of a disk node, as sysfs names it; None where there is none (an image, no sg driver)."""
    try:
        names = sorted(path.name for path in (sys / disk.resolve().name / "device" / "scsi_generic").iterdir())
    except OSError:
        return None
    return Path("/dev") / names[0] if names else None


def inquiry(node: Path, ioctl: Ioctl = fcntl.ioctl, seconds: float = 2.0) -> str:
    """Vendor, product and revision of the disk, as one line. Raises RecorderError."""
    disk = SgNode(open_node(node, writing=False), seconds, ioctl)
    try:
        said = disk.execute(bytes([INQUIRY, 0, 0, 0, 36, 0]), b"", 36)
    finally:
        disk.close()
    return as_one_line(said[8:16], said[16:32], said[32:36])


def as_one_line(vendor: bytes, product: bytes, revision: bytes) -> str:
    """What a disk calls itself, with one space between, as profiles have it."""
    parts = (vendor, product, revision)
    return " ".join(" ".join(part.decode("ascii", "replace").split()) for part in parts).strip()


def open_node(node: Path, *, writing: bool = True) -> int:
    """A descriptor. Raises RecorderError: unsupported, gone."""
    try:
        return os.open(node, (os.O_RDWR if writing else os.O_RDONLY) | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise _as_recorder_error(error, str(node)) from error


class Disk(Protocol):
    """Who carries out commands. `execute`: `data` goes out, or at most `most` bytes come back. Raises RecorderError: refused for a check
    condition, no-answer when the host gave up, gone, unsupported."""

    def execute(self, block: bytes, data: bytes, most: int) -> bytes: ...

    def close(self) -> None: ...


class ScsiWire:
    """See `wire.Wire`. `reads`: what the block of a command that reads begins with; it is carried out by the read."""

    keeps_late_answers = False

    def __init__(self, disk: Disk, reads: bytes) -> None:
        self._disk, self._reads = disk, reads
        self._waiting = b""

    def write(self, data: bytes) -> None:
        self._waiting = b""
        if self._reads and data.startswith(self._reads):
            self._waiting = data[:BLOCK]
        else:
            self._disk.execute(data[:BLOCK], data[BLOCK:], 0)

    def read(self, most: int, seconds: float) -> bytes:
        block, self._waiting = self._waiting, b""
        return self._disk.execute(block, b"", most) if block else b""

    def close(self) -> None:
        self._disk.close()


class SgNode:
    """See `Disk`. A node that was opened for it (`open_node`), which is closed with it."""

    def __init__(self, at: int, seconds: float, ioctl: Ioctl = fcntl.ioctl) -> None:
        self._at, self._seconds, self._ioctl = at, seconds, ioctl

    def execute(self, block: bytes, data: bytes, most: int) -> bytes:
        """See `Disk`."""
        command = ctypes.create_string_buffer(block, len(block))
        sense = ctypes.create_string_buffer(SENSE)
        buffer = ctypes.create_string_buffer(data, len(data)) if data else ctypes.create_string_buffer(max(most, 1))
        length = len(data) or most
        header = Header(
            interface_id=ord("S"),
            dxfer_direction=TO_DEVICE if data else FROM_DEVICE if most else NO_DATA,
            cmd_len=len(block),
            mx_sb_len=SENSE,
            dxfer_len=length,
            dxferp=ctypes.addressof(buffer),
            cmdp=ctypes.addressof(command),
            sbp=ctypes.addressof(sense),
            timeout=max(1, round(self._seconds * 1000)),
        )
        try:
            self._ioctl(self._at, SG_IO, header)
        except OSError as error:
            raise _as_recorder_error(error, "the recorder's disk") from error
        if header.host_status:
            raise RecorderError("no-answer", f"the recorder's disk does not answer (host status {header.host_status})")
        if header.status != GOOD:
            key = sense.raw[2] & 0x0F if header.sb_len_wr > 2 else 0
            raise RecorderError(
                "refused", f"the recorder does not know the command (status {header.status}, sense key {key})"
            )
        return buffer.raw[: max(0, min(most, length - max(header.resid, 0)))] if most else b""

    def close(self) -> None:
        if self._at >= 0:
            os.close(self._at)
            self._at = -1


def _as_recorder_error(error: OSError, what: str) -> RecorderError:
    if error.errno in (errno.EPERM, errno.EACCES):
        return RecorderError(
            "unsupported", f"{what}: the dock's user may not send it commands (docs/adding-a-recorder.md, 4)"
        )
    if error.errno in (errno.ENOTTY, errno.EINVAL):
        return RecorderError("unsupported", f"{what} takes no SCSI commands")
    return RecorderError("gone", f"{what}: {error.strerror}")
