"""P-JL, SCSI vendor commands beside a mass-storage disk: `FB 82` writes, `FD 81` reads, [5] command, [6..7] length."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from liuhen_agent.simulate.machine import Carries, Machine, Step, user_record

VENDOR, PRODUCT, REVISION = b"DV16    ", b"DEVICE          ", b"V1.0"
BLOCK = 16
INIT, ID_CODE, GET_INFO, SET_TIME, DISK_MODE, BATTERY, CARD = 0x01, 0x02, 0x03, 0x05, 0x06, 0x08, 0x0C


@dataclass
class ScsiRecorder(Machine):
    carries: ClassVar[Carries] = "scsi"

    def answer(self, data: bytes, now: datetime) -> Step:
        block, out = data[:BLOCK], data[BLOCK:]
        if block[0] == 0x12:
            return Step((b"\x00\x80\x04\x02\x1f\0\0\0" + VENDOR + PRODUCT + REVISION,))
        if len(block) != BLOCK or block[:2] not in (b"\xfb\x82", b"\xfd\x81"):
            return Step(refused=True)
        command, length = block[5], int.from_bytes(block[6:8], "big")
        self.heard.append(f"{command:02x}")
        if block[0] == 0xFD:
            said = self._tell(command)
            return Step((said[:length],)) if said else Step(refused=True)
        if command == DISK_MODE:
            return self.leaving
        if command == INIT or (command == SET_TIME and self._set(out, now)):
            return Step()
        return Step(refused=True)

    def _tell(self, command: int) -> bytes:
        about = self.character
        return {
            ID_CODE: about.serial.encode().ljust(16, b"\0"),
            GET_INFO: user_record(about, terminated=False),
            BATTERY: bytes([about.battery]),
            CARD: b"\x01",
        }.get(command, b"")

    def _set(self, out: bytes, now: datetime) -> bool:
        try:
            year, month, day, hour, minute, second = struct.unpack("<HBBBBB", out[:7])
            return self.set_clock(datetime(year, month, day, hour, minute, second), now)
        except (struct.error, ValueError):
            return False
