"""A simulated recorder: a pure state machine, bytes in and bytes out. No I/O, no clock of its own.

    step = machine.step(data, now)     # `now`: the true local time; `data`: what came over the wire
    step.pieces                        # what it answers, piece by piece, after `step.delay` seconds
    step.refused                       # it does not know the request: STALL, or CHECK CONDITION
    step.leaves                        # not None: it leaves the port now and comes back as a disk after so many seconds

What `data` is depends on the wire. Serial and bulk: any piece of the stream. Control transfers: the data of one OUT transfer; the
answer is what later IN transfers give. SCSI: the 16-byte command block and then the data that goes out with it.
Whoever puts a machine on a wire (`pty_recorder`, a stand-in for the USB library, a USB gadget) keeps these meanings.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Literal

GARBAGE = b"\x00\xff~~boot\x07 [ 0.12] usb\xfe\r\n+UID\r\n"
FLOOD = 256 * 1024

Carries = Literal["stream", "control", "scsi"]


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
    firmware: str = "V1.02"
    lock_after: int = 3
    garbage: bool = False  # noise before answers, answers in single bytes
    silent: bool = False  # takes commands and never answers
    endless: bool = False  # answers without an end
    partial: bool = False  # stops in the middle of each answer
    late_seconds: float = 0.0  # how long it thinks before it answers
    reenumerate_seconds: float = 0.5


@dataclass(frozen=True)
class Step:
    """What the recorder does now. See the module."""

    pieces: tuple[bytes, ...] = ()
    delay: float = 0.0
    refused: bool = False
    leaves: float | None = None


@dataclass
class Machine(ABC):
    """One recorder while it is plugged in. `wrong` and `set_offset` outlive a replug: whoever replugs hands them on."""

    carries: ClassVar[Carries]
    character: Character
    plugged_at: datetime
    logged_in: bool = False
    wrong: int = 0
    set_offset: timedelta | None = None
    heard: list[str] = field(default_factory=list)

    def step(self, data: bytes, now: datetime) -> Step:
        """What it answers to `data`, bad manners included."""
        about = self.character
        step = self.answer(data, now)
        if about.silent:
            return Step(leaves=step.leaves)
        if not step.pieces:
            return step
        pieces = step.pieces
        if about.endless:
            pieces = (b"+UID:" + b"A" * 3000 + b"\x1b[2J" * 300,) + (b"\xa5" * 4096,) * (FLOOD // 4096)
        elif about.garbage:
            noise = GARBAGE + b"".join(pieces) if self.carries == "stream" else bytes(len(b"".join(pieces)))
            pieces = tuple(bytes([byte]) for byte in noise) if self.carries == "stream" else (noise,)
        elif about.partial:
            whole = b"".join(pieces)
            pieces = (whole[: len(whole) // 2],)
        return Step(pieces, about.late_seconds, step.refused, step.leaves)

    @abstractmethod
    def answer(self, data: bytes, now: datetime) -> Step:
        """What a well-behaved one of this family answers."""

    def clock(self, now: datetime) -> datetime:
        if self.set_offset is not None:
            return now + self.set_offset
        if self.character.clock_starts is not None:
            return self.character.clock_starts + (now - self.plugged_at)
        return now + self.character.clock_offset

    def set_clock(self, wanted: datetime, now: datetime) -> bool:
        if self.character.clock_fixed:
            return False
        self.set_offset = wanted - now
        return True

    def try_password(self, secret: str) -> Literal["right", "wrong", "locked"]:
        if self.wrong >= self.character.lock_after:
            return "locked"
        if secret == self.character.password:
            self.logged_in, self.wrong = True, 0
            return "right"
        self.wrong += 1
        return "wrong"

    @property
    def leaving(self) -> Step:
        return Step(leaves=self.character.reenumerate_seconds)


def user_record(about: Character, *, terminated: bool) -> bytes:
    """ZFY_INFO: serial 7, officer 6, name 32, unit 12, unit's name 32 bytes in GBK; each with a NUL behind it (94 bytes) or not (89)."""
    fields = ((about.serial, 7), (about.officer, 6), (about.officer_name, 32), (about.unit, 12), (about.unit_name, 32))
    end = b"\0" if terminated else b""
    return b"".join(text.encode("gbk")[:size].ljust(size, b"\0") + end for text, size in fields)
