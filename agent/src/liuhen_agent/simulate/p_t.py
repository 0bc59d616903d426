"""P-T, older vendor control transfers: value 0x00AA, `54 cmd 00 00 len payload@12`; answer byte 8 is 1 when done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from liuhen_agent.simulate.machine import Carries, Machine, Step

SIZE = 64
LOGIN, DISK_MODE, GET_TIME, GET_ID, SET_TIME = 1, 4, 6, 7, 9


@dataclass
class OldControlRecorder(Machine):
    carries: ClassVar[Carries] = "control"

    def answer(self, data: bytes, now: datetime) -> Step:
        if len(data) < 12 or data[0] != 0x54:
            return Step(refused=True)
        command, payload = data[1], data[12 : 12 + data[4]]
        self.heard.append(f"{command:02x}")
        if command == DISK_MODE and self.logged_in:
            return Step((self._frame(command, done=True),), leaves=self.character.reenumerate_seconds)
        return Step((self._obey(command, payload, now),))

    def _frame(self, command: int, *, done: bool, payload: bytes = b"") -> bytes:
        head = bytes([0x54, command, 0, 0, len(payload), 0, 0, 0, 1 if done else 0, 0, 0, 0])
        return (head + payload).ljust(SIZE, b"\0")

    def _obey(self, command: int, payload: bytes, now: datetime) -> bytes:
        about = self.character
        if command == LOGIN:
            return self._frame(command, done=self.try_password(payload.decode("ascii", "replace")) == "right")
        if command == GET_ID:  # device 5, separator, officer 6
            return self._frame(command, done=True, payload=f"{about.serial[:5]}_{about.officer}".encode())
        if not self.logged_in:
            return self._frame(command, done=False)
        if command == GET_TIME:
            return self._frame(command, done=True, payload=f"{self.clock(now):%Y%m%d%H%M%S}".encode())
        if command == SET_TIME:
            try:
                wanted = datetime.strptime(payload.decode("ascii", "replace"), "%Y%m%d%H%M%S")
            except ValueError:
                return self._frame(command, done=False)
            return self._frame(command, done=self.set_clock(wanted, now))
        return self._frame(command, done=False)
