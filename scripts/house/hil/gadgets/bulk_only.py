"""The Bulk-Only transport (USB Mass Storage Class, Bulk-Only Transport 1.0) of a disk that is written in Python: a command wrapper comes in, data
goes one way, a status wrapper goes out."""

from __future__ import annotations

import errno
import os
import struct
import time
from collections.abc import Callable
from typing import Protocol

from house.hil.gadgets.device import IN, PACKET, Interface
from house.hil.gadgets.scsi_disk import ScsiDisk

IDS = (0x4255, 0x0002)
INTERFACE = Interface((0x08, 0x06, 0x50), bulk=(0x81, 0x02))
GET_MAX_LUN = 0xFE  # class request; one logical unit, number 0
COMMAND = struct.Struct("<4s4sIBBB16s")  # signature, tag, length, flags, unit, length of the block, block
STATUS = struct.Struct("<4s4sIB")  # signature, tag, what was not carried, status
PIECE = 64 * 1024  # bytes of one read or write
RESET_SECONDS = 0.02


class Function(Protocol):
    """What is needed of a `FunctionFs`: the endpoint to the host, the one from it, and its control requests."""

    ends: list[int]

    def answer_always(self, answers: dict[int, bytes]) -> None: ...


class BulkOnly:
    """`serve` answers until the recorder leaves; it may be called again when it has come back."""

    def __init__(self, function: Function, disk: ScsiDisk, say: Callable[[str], None]) -> None:
        self._to_host, self._from_host = function.ends
        self._disk = disk
        self._say = say
        function.answer_always({GET_MAX_LUN: b"\0"})

    def serve(self) -> float:
        """The seconds the recorder takes to come back, once its disk-mode command was acknowledged."""
        while True:
            try:
                leaves = self._one()
            except OSError as error:
                if error.errno != errno.ESHUTDOWN:  # pulled, or the host has reset it: a new command wrapper follows
                    raise
                time.sleep(RESET_SECONDS)  # until it is configured anew the endpoint refuses at once, over and over
                continue
            if leaves is not None:
                return leaves

    def _one(self) -> float | None:
        wrapper = os.read(self._from_host, PACKET)
        if len(wrapper) != COMMAND.size or wrapper[:4] != b"USBC":
            self._say(f"no command wrapper: {len(wrapper)} bytes")
            return None
        _, tag, length, flags, _, block_length, block = COMMAND.unpack(wrapper)
        goes_in = bool(flags & IN)
        out = b"" if goes_in else self._take(length)
        answer = self._disk.obey(block[: block_length & 0x1F].ljust(16, b"\0"), out)
        if block[0] >= 0xC0:
            self._say(f"{block[:block_length].hex()} -> {answer.data[:7].hex() or answer.well}")
        carried = len(out)
        if goes_in and length:
            carried = self._give(answer.data[:length], length)
        os.write(self._to_host, STATUS.pack(b"USBS", tag, length - carried, 0 if answer.well else 1))
        return answer.leaves

    def _take(self, length: int) -> bytes:
        taken = bytearray()
        while len(taken) < length:
            taken += os.read(self._from_host, min(length - len(taken), PIECE))
        return bytes(taken)

    def _give(self, data: bytes, asked: int) -> int:
        for at in range(0, len(data), PIECE):
            os.write(self._to_host, data[at : at + PIECE])
        if len(data) < asked and len(data) % PACKET == 0:
            os.write(self._to_host, b"")  # an empty packet ends what is shorter than asked for
        return len(data)
