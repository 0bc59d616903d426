"""The SCSI commands of a recorder's disk: those of its card as SPC-4 and SBC-3 have them, and its vendor's own, which the simulator answers.

The card is there or is not; without it every command on the medium says so. No USB here.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from liuhen_agent.simulate.machine import Machine

BLOCK = 512
NOT_READY, ILLEGAL_REQUEST = 2, 5  # sense keys
NO_MEDIUM, UNKNOWN_COMMAND, OUT_OF_RANGE, BAD_FIELD = 0x3A, 0x20, 0x21, 0x24  # additional sense codes

TEST_UNIT_READY, REQUEST_SENSE, INQUIRY, MODE_SENSE_6, START_STOP, PREVENT = 0x00, 0x03, 0x12, 0x1A, 0x1B, 0x1E
READ_CAPACITY, READ_10, WRITE_10, VERIFY, SYNCHRONIZE, MODE_SENSE_10 = 0x25, 0x28, 0x2A, 0x2F, 0x35, 0x5A
ALWAYS_WELL = (START_STOP, PREVENT)


@dataclass(frozen=True)
class Answer:
    """`data` to the host; `well`: GOOD, else CHECK CONDITION, whose reason REQUEST SENSE tells. `leaves` as in `machine.Step`."""

    data: bytes = b""
    well: bool = True
    leaves: float | None = None


class ScsiDisk:
    """`card`: opened for reading and writing; `shown`: whether the host sees it."""

    def __init__(self, recorder: Machine, card: BinaryIO) -> None:
        self._recorder = recorder
        self._card = card
        self._blocks = card.seek(0, os.SEEK_END) // BLOCK
        self._sense = (0, 0)
        self.shown = False

    def obey(self, block: bytes, out: bytes) -> Answer:
        """One command block of 16 bytes, and what came with it."""
        code = block[0]
        if code >= 0xC0 or (code == INQUIRY and not block[1] & 1):
            return self._vendors_own(block, out)
        if code == INQUIRY:
            return self._refuse(ILLEGAL_REQUEST, BAD_FIELD)  # it has no vital product data
        if code == REQUEST_SENSE:
            (key, additional), self._sense = self._sense, (0, 0)
            return Answer(bytes([0x70, 0, key, 0, 0, 0, 0, 10, 0, 0, 0, 0, additional, 0, 0, 0, 0, 0]))
        if code == MODE_SENSE_6:
            return Answer(bytes([3, 0, 0, 0]))
        if code == MODE_SENSE_10:
            return Answer(bytes([0, 6, 0, 0, 0, 0, 0, 0]))
        if code in ALWAYS_WELL:
            return Answer()
        return self._on_the_medium(code, block, out)

    def _vendors_own(self, block: bytes, out: bytes) -> Answer:
        step = self._recorder.step(block + out, datetime.now())
        if step.refused:
            return self._refuse(ILLEGAL_REQUEST, BAD_FIELD)
        return Answer(b"".join(step.pieces), leaves=step.leaves)

    def _on_the_medium(self, code: int, block: bytes, out: bytes) -> Answer:
        if code not in (TEST_UNIT_READY, READ_CAPACITY, READ_10, WRITE_10, VERIFY, SYNCHRONIZE):
            return self._refuse(ILLEGAL_REQUEST, UNKNOWN_COMMAND)
        if not self.shown:
            return self._refuse(NOT_READY, NO_MEDIUM)
        if code == READ_CAPACITY:
            return Answer(struct.pack(">II", self._blocks - 1, BLOCK))
        if code == SYNCHRONIZE:
            self._card.flush()
            os.fsync(self._card.fileno())
        if code not in (READ_10, WRITE_10):
            return Answer()
        first, count = struct.unpack_from(">I", block, 2)[0], struct.unpack_from(">H", block, 7)[0]
        if first + count > self._blocks or (code == WRITE_10 and len(out) != count * BLOCK):
            return self._refuse(ILLEGAL_REQUEST, OUT_OF_RANGE)
        self._card.seek(first * BLOCK)
        if code == READ_10:
            return Answer(self._card.read(count * BLOCK))
        self._card.write(out)
        self._card.flush()
        return Answer()

    def _refuse(self, key: int, additional: int) -> Answer:
        self._sense = (key, additional)
        return Answer(well=False)
