"""P-BC, ASCII lines: `BC+…` commands, `+KEY:value`, `OK`, `Error:…`. After one implementer's command table."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from liuhen_agent.simulate.machine import Carries, Machine, Step


@dataclass
class LineRecorder(Machine):
    carries: ClassVar[Carries] = "stream"
    pending: bytes = b""

    def answer(self, data: bytes, now: datetime) -> Step:
        *lines, self.pending = (self.pending + data).split(b"\n")
        replies: list[str] = []
        for line in lines:
            said, leaves = self.obey(line.strip().decode("ascii", "replace"), now)
            replies += said
            if leaves:
                return Step((self._wire(replies),), leaves=self.character.reenumerate_seconds)
        return Step((self._wire(replies),)) if replies else Step()

    def _wire(self, lines: list[str]) -> bytes:
        return "".join(f"{line}\r\n" for line in lines).encode("gbk")

    def obey(self, command: str, now: datetime) -> tuple[list[str], bool]:
        """Reply lines, and whether the recorder now goes over to disk mode."""
        self.heard.append(command)
        about = self.character
        match command.partition("="):
            case ("BC+UID?", _, _):
                return [f"+UID:{about.unit_id}", "OK"], False
            case ("BC+DID?", _, _):
                return [f"+DID:{about.serial}", "OK"], False
            case ("BC+LOGIN", _, secret):
                return self._login(secret), False
        if not self.logged_in:
            return ["Error:not login"], False
        match command.partition("="):
            case ("BC+USER?", _, _):
                return [f"+USER:{about.officer},{about.officer_name},{about.unit},{about.unit_name}", "OK"], False
            case ("BC+SYSTIME?", _, _):
                return [f"+SYSTIME:{self.clock(now):%Y%m%d%H%M%S}", "OK"], False
            case ("BC+SYSTIME", _, digits):
                return self._set_clock(digits, now), False
            case ("BC+BATVAL?", _, _):
                return [f"+BATVAL:{about.battery}", "OK"], False
            case ("BC+PCUDISKSTAT?", _, _):
                return ["+PCUDISKSTAT:0", "OK"], False
            case ("BC+UDISKEN", _, "1"):
                return ["OK"], True
        return ["Error:unknown command"], False

    def _login(self, secret: str) -> list[str]:
        role, _, password = secret.partition(":")
        said = self.try_password(password if role == self.character.role else "\0")
        return {"right": ["+LOGIN:Sucess"], "wrong": ["+LOGIN:Fail"], "locked": ["Error:locked"]}[
            said
        ]  # spelt so; no OK

    def _set_clock(self, digits: str, now: datetime) -> list[str]:
        try:
            wanted = datetime.strptime(digits, "%Y%m%d%H%M%S")
        except ValueError:
            return ["Error:time"]
        return ["OK"] if self.set_clock(wanted, now) else ["Error:not allowed"]
