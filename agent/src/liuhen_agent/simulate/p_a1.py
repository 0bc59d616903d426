"""P-A1, vendor control transfers: OUT and IN of request 0x55, value 0x0080, 128 bytes: `A1 cmd 00 cmd payload@4`, zero padded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from liuhen_agent.simulate.machine import Carries, Machine, Step, user_record

SIZE = 128
LOGIN, ID_CODE, GET_INFO, SET_TIME, BATTERY, FIRMWARE, DISK_MODE, RED, GREEN = (
    0x12, 0x15, 0x17, 0x1C, 0x20, 0x21, 0x23, 0x40, 0x41,
)  # fmt: skip
DONE, FAILED, LOCKED = 1, 0, 2


@dataclass
class ControlRecorder(Machine):
    carries: ClassVar[Carries] = "control"
    light: str = ""

    def answer(self, data: bytes, now: datetime) -> Step:
        if len(data) != SIZE or data[0] != 0xA1 or data[1] != data[3]:
            return Step(refused=True)
        command, payload = data[1], data[4:]
        self.heard.append(f"{command:02x}")
        if command == DISK_MODE and self.logged_in:
            return Step((self._frame(command, DONE),), leaves=self.character.reenumerate_seconds)
        return Step((self._obey(command, payload, now),))

    def _frame(self, command: int, status: int, payload: bytes = b"") -> bytes:
        return (bytes([0xA1, command, status, command]) + payload).ljust(SIZE, b"\0")

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
            return self._frame(command, DONE, user_record(about, terminated=True))
        if command == SET_TIME:
            return self._frame(command, DONE if self._set(payload[:14], now) else FAILED)
        if command == BATTERY:
            return self._frame(command, DONE, bytes([about.battery]))
        if command == FIRMWARE:
            return self._frame(command, DONE, about.firmware.encode())
        if command in (RED, GREEN):
            self.light = "red" if command == RED else "green"
            return self._frame(command, DONE)
        return self._frame(command, FAILED)

    def _set(self, digits: bytes, now: datetime) -> bool:
        try:
            return self.set_clock(datetime.strptime(digits.decode("ascii", "replace"), "%Y%m%d%H%M%S"), now)
        except ValueError:
            return False
