"""P-AT, framed ASCII: `@Cmd;len;arg;#` in, one message out, on a pair of bulk endpoints. It has no command that reads its clock."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from liuhen_agent.simulate.machine import Carries, Machine, Step

FRAME = re.compile(rb"@(\w{3});(\d{1,2});([^;#]{0,64});#")


@dataclass
class FramedRecorder(Machine):
    carries: ClassVar[Carries] = "stream"
    pending: bytes = b""
    date: str = ""

    def answer(self, data: bytes, now: datetime) -> Step:
        self.pending = (self.pending + data)[-4096:]
        found = FRAME.search(self.pending)
        if found is None:
            return Step()
        self.pending = self.pending[found.end() :]
        name, argument = found.group(1).decode(), found.group(3).decode("ascii", "replace")
        self.heard.append(f"{name};{argument}")
        if name == "ATH" and self.logged_in:
            return Step((b"ATH;OK",), leaves=self.character.reenumerate_seconds)
        return Step((self._obey(name, argument, now).encode("gbk"),))

    def _obey(self, name: str, argument: str, now: datetime) -> str:
        if name == "Ver":
            return {"right": "Ver;OK", "wrong": "Ver;ER", "locked": "Ver;LOCK"}[self.try_password(argument)]
        if name == "Gdv":
            return self.character.serial
        if not self.logged_in:
            return f"{name};ER"
        if name == "Sdt":
            self.date = argument
            return "Sdt;OK"
        if name == "Stm":
            try:
                wanted = datetime.strptime(self.date + argument[:6], "%Y%m%d%H%M%S")
            except ValueError:
                return "Stm;ER"
            return "Stm;OK" if self.set_clock(wanted, now) else "Stm;ER"
        return f"{name};ER"
