"""A P-BC recorder on a pseudo-terminal, in an emulated port (a folder, ADR 0001): the link `tty`, later a disk image.

Simulated, since no such hardware is here: it follows the command table of `recorders/line_protocol.py`. After
`BC+UDISKEN=1` it takes its `tty` away and, after a while, puts its disk image into the same folder. Disk mode holds for
one plug-in only.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import threading
import tty
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

GARBAGE = b"\x00\xff~~boot\x07 [ 0.12] usb\xfe\r\n+UID\r\n"


@dataclass(frozen=True)
class Character:
    """How the simulated recorder is and misbehaves. `clock_offset`: what it adds to the true local time."""

    serial: str = "DSJ7A01"
    unit_id: str = "3210001"
    officer: str = "012345"
    officer_name: str = "王芳"
    unit: str = "320100"
    unit_name: str = "朝阳县市场监督管理局"
    role: str = "USER"
    password: str = "000000"  # noqa: S105 - the default of many recorders, and no security boundary
    clock_offset: timedelta = timedelta(0)
    clock_starts: datetime | None = None  # a flat battery: the clock began here when it was plugged in
    clock_fixed: bool = False  # it refuses to have its clock set
    battery: int = 76
    lock_after: int = 3
    garbage: bool = False  # noise before answers, answers in single bytes
    silent: bool = False  # takes commands and never answers
    endless: bool = False  # answers without an end
    reenumerate_seconds: float = 0.5


@dataclass
class Device:
    """The recorder's own state and answers: no I/O. `now` is the true local time, handed in."""

    character: Character
    plugged_at: datetime
    logged_in: bool = False
    wrong: int = 0
    set_offset: timedelta | None = None
    heard: list[str] = field(default_factory=list)

    def clock(self, now: datetime) -> datetime:
        if self.set_offset is not None:
            return now + self.set_offset
        if self.character.clock_starts is not None:
            return self.character.clock_starts + (now - self.plugged_at)
        return now + self.character.clock_offset

    def answer(self, command: str, now: datetime) -> tuple[list[str], bool]:
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
            case ("BC+SYSTIME", _, _) if about.clock_fixed:
                return ["Error:not allowed"], False
            case ("BC+SYSTIME", _, digits):
                return self._set_clock(digits, now), False
            case ("BC+BATVAL?", _, _):
                return [f"+BATVAL:{about.battery}", "OK"], False
            case ("BC+UDISKEN", _, "1"):
                return ["OK"], True
        return ["Error:unknown command"], False

    def _login(self, secret: str) -> list[str]:
        if self.wrong >= self.character.lock_after:
            return ["Error:locked"]
        if secret == f"{self.character.role}:{self.character.password}":
            self.logged_in, self.wrong = True, 0
            return ["+LOGIN:Sucess"]  # spelt so; and no OK follows
        self.wrong += 1
        return ["+LOGIN:Fail"]

    def _set_clock(self, digits: str, now: datetime) -> list[str]:
        try:
            wanted = datetime.strptime(digits, "%Y%m%d%H%M%S")
        except ValueError:
            return ["Error:time"]
        self.set_offset = wanted - now
        return ["OK"]


class SerialRecorder:
    """Plugs into `port` (a folder). `disk`: its image, which moves into the port in disk mode and back when pulled.

    `with SerialRecorder(port, disk) as recorder:` plugs and pulls; `plug` and `pull` can be called again and again.
    """

    def __init__(self, port: Path, disk: Path | None = None, character: Character = Character()) -> None:
        self.port = port
        self.disk = disk
        self.character = character
        self.device = Device(character, datetime.now())
        self.in_disk_mode = threading.Event()
        self._pulled = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def disk_in_port(self) -> Path | None:
        return self.port / self.disk.name if self.disk else None

    def plug(self) -> None:
        self.port.mkdir(parents=True, exist_ok=True)
        self.device = Device(self.character, datetime.now(), wrong=self.device.wrong, set_offset=self.device.set_offset)
        self.in_disk_mode.clear()
        self._pulled.clear()
        master, slave = os.openpty()
        tty.setraw(slave)
        link = self.port / "tty"
        link.unlink(missing_ok=True)
        link.symlink_to(os.ttyname(slave))
        self._thread = threading.Thread(target=self._live, args=(master, slave), daemon=True, name="simulated recorder")
        self._thread.start()

    def pull(self) -> None:
        self._pulled.set()
        if self._thread:
            self._thread.join(10)
            self._thread = None
        self._leave_port()
        if self.disk and (inside := self.disk_in_port) and inside.exists():
            shutil.move(inside, self.disk)

    def __enter__(self) -> SerialRecorder:
        self.plug()
        return self

    def __exit__(self, *_: object) -> None:
        self.pull()

    def _leave_port(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self.port / "tty").unlink()

    def _live(self, master: int, slave: int) -> None:
        try:
            goes_to_disk = self._talk(master)
        finally:
            self._leave_port()
            os.close(master)  # whoever has the line open now sees it hang up
            os.close(slave)
        if goes_to_disk and not self._pulled.wait(self.character.reenumerate_seconds):
            if self.disk and (inside := self.disk_in_port):
                shutil.move(self.disk, inside)
            self.in_disk_mode.set()

    def _talk(self, master: int) -> bool:
        pending = b""
        while not self._pulled.is_set():
            ready, _, _ = select.select([master], [], [], 0.05)
            if not ready:
                continue
            try:
                pending += os.read(master, 4096)
            except OSError:
                continue
            while b"\n" in pending:
                line, pending = pending.split(b"\n", 1)
                lines, goes_to_disk = self.device.answer(line.strip().decode("ascii", "replace"), datetime.now())
                self._send(master, lines)
                if goes_to_disk:
                    self._pulled.wait(0.05)  # the OK reaches the dock before the line hangs up
                    return True
        return False

    def _send(self, master: int, lines: list[str]) -> None:
        if self.character.silent:
            return
        if self.character.endless:
            os.write(master, b"+UID:" + b"A" * 3000 + b"\x1b[2J" * 300)
            return
        data = "".join(f"{line}\r\n" for line in lines).encode("gbk")
        if not self.character.garbage:
            os.write(master, data)
            return
        for byte in GARBAGE + data:
            os.write(master, bytes([byte]))
