"""P-E1, bulk binary: `A1 B2 C3 D4 ?? group status sub ?? payload@9`, group E1, status 00 a request and 80 done. Padded to 64 bytes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from liuhen_agent.simulate.machine import Carries, Machine, Step, user_record

MAGIC = b"\xa1\xb2\xc3\xd4"
SIZE, REPLY = 64, 128
GROUP, DONE, FAILED, LOCKED = 0xE1, 0x80, 0x81, 0x82
LOGIN, ID_CODE, GET_INFO, SET_TIME, DISK_MODE, BATTERY = 0x10, 0x20, 0x30, 0x41, 0x51, 0x70


@dataclass
class BulkRecorder(Machine):
    carries: ClassVar[Carries] = "stream"
    pending: bytes = b""

    def answer(self, data: bytes, now: datetime) -> Step:
        self.pending = (self.pending + data)[-4096:]
        start = self.pending.find(MAGIC)
        if start < 0 or len(self.pending) < start + SIZE:
            return Step()
        request, self.pending = self.pending[start : start + SIZE], self.pending[start + SIZE :]
        command, payload = request[7], request[9:]
        self.heard.append(f"{command:02x}")
        if request[5] != GROUP or request[6] != 0:
            return Step((self._frame(command, FAILED),))
        if command == DISK_MODE and self.logged_in:
            return Step((self._frame(command, DONE),), leaves=self.character.reenumerate_seconds)
        return Step((self._obey(command, payload, now),))

    def _frame(self, command: int, status: int, payload: bytes = b"") -> bytes:
        return (MAGIC + bytes([0, GROUP, status, command, 0]) + payload).ljust(REPLY, b"\0")

    def _obey(self, command: int, payload: bytes, now: datetime) -> bytes:
        about = self.character
        if command == LOGIN:
            said = self.try_password(payload.split(b"\0")[0].decode("ascii", "replace"))
            return self._frame(command, {"right": DONE, "wrong": FAILED, "locked": LOCKED}[said])
        if command == ID_CODE:
            return self._frame(command, DONE, about.serial.encode())
        if not self.logged_in:
            return self._frame(command, FAILED)
        if command == GET_INFO:
            return self._frame(command, DONE, user_record(about, terminated=False))
        if command == SET_TIME:
            high, low, month, day, hour, minute, second = payload[:7]
            try:
                wanted = datetime(high * 256 + low, month, day, hour, minute, second)
            except ValueError:
                return self._frame(command, FAILED)
            return self._frame(command, DONE if self.set_clock(wanted, now) else FAILED)
        if command == BATTERY:
            return self._frame(command, DONE, bytes([about.battery]))
        return self._frame(command, FAILED)
