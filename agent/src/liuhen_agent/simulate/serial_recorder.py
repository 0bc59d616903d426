"""A simulated recorder on a pseudo-terminal, in an emulated port (a folder, ADR 0001): the link `tty`, later a disk image.

Simulated, since no such hardware is here: it puts a `Machine` on a serial line. When the machine goes over to disk mode,
its `tty` goes away and, after a while, its disk image comes into the same folder. Disk mode holds for one plug-in only.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import threading
import time
import tty
from datetime import datetime
from pathlib import Path

from liuhen_agent.simulate.machine import Character, Machine, Step
from liuhen_agent.simulate.p_bc import LineRecorder

__all__ = ["Character", "SerialRecorder"]

ORDINARY = Character()


class SerialRecorder:
    """Plugs into `port` (a folder). `disk`: its image, which moves into the port in disk mode and back when pulled. `family`: what it
    speaks, P-BC unless said otherwise.

    `with SerialRecorder(port, disk) as recorder:` plugs and pulls; `plug` and `pull` can be called again and again.
    """

    def __init__(
        self,
        port: Path,
        disk: Path | None = None,
        character: Character = ORDINARY,
        family: type[Machine] = LineRecorder,
    ) -> None:
        self.port = port
        self.disk = disk
        self.character = character
        self.family = family
        self.device = family(character, datetime.now())
        self.in_disk_mode = threading.Event()
        self._pulled = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def disk_in_port(self) -> Path | None:
        return self.port / self.disk.name if self.disk else None

    def plug(self) -> None:
        self.port.mkdir(parents=True, exist_ok=True)
        before = self.device
        self.device = self.family(self.character, datetime.now(), wrong=before.wrong, set_offset=before.set_offset)
        self.in_disk_mode.clear()
        self._pulled.clear()
        master, slave = os.openpty()
        tty.setraw(slave)
        os.set_blocking(master, False)
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
        leaves: float | None = None
        try:
            leaves = self._talk(master)
        finally:
            self._leave_port()
            os.close(master)  # whoever has the line open now sees it hang up
            os.close(slave)
        if leaves is not None and not self._pulled.wait(leaves):
            if self.disk and (inside := self.disk_in_port):
                shutil.move(self.disk, inside)
            self.in_disk_mode.set()

    def _talk(self, master: int) -> float | None:
        """Until it is pulled (None) or leaves for disk mode (after how many seconds it comes back)."""
        while not self._pulled.is_set():
            ready, _, _ = select.select([master], [], [], 0.05)
            if not ready:
                continue
            try:
                data = os.read(master, 4096)
            except OSError:
                continue
            step = self.device.step(data, datetime.now())
            self._send(master, step)
            if step.leaves is not None:
                self._pulled.wait(0.05)  # the answer reaches the dock before the line hangs up
                return step.leaves
        return None

    def _send(self, master: int, step: Step) -> None:
        """Piece by piece; what nobody takes within a second is lost, as on a real line."""
        if step.delay:
            self._pulled.wait(step.delay)
        for piece in step.pieces:
            rest, given_up = memoryview(piece), time.monotonic() + 1
            while rest and not self._pulled.is_set() and time.monotonic() < given_up:
                try:
                    rest = rest[os.write(master, rest) :]
                except BlockingIOError:
                    select.select([], [master], [], 0.05)
                except OSError:
                    return
