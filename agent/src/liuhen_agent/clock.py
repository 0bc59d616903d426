"""The dock's clock, as it is written into statements: a time in UTC and how far it can be trusted.

A dock has no clock of its own when it was without power: until the network set it, its time is whatever the card said
last. So a reading carries its source ("ntp" while something vouches for it, else "unsynchronised") and an uncertainty in
milliseconds. Who vouches, the first that can be asked:

    the kernel          adjtimex(2): timesyncd, chrony and ntpd all tell it that they set it, and it counts how far it may have gone since
    systemd-timesyncd   its file, touched at each success (a unit with ProtectClock= may not ask the kernel)
    chrony              `chronyc -c tracking`

Rules that need a time get a reading handed in; nothing below this module asks for one.
"""

from __future__ import annotations

import ctypes
import math
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from liuhen_protocol.moment import format_time
from liuhen_protocol.statement import Clock

TIMESYNC = Path("/run/systemd/timesync/synchronized")
CHRONY = Path("/run/chrony")
CHRONY_SECONDS = 60.0
"""How long an answer of chrony's serves: a program is started for each."""

BASE_MS = 1_000  # a public time server over a county's line; timesyncd does not say how far off it was
DRIFT_PPM = 500  # what the kernel reckons with for a clock that nobody corrects (NTP's MAXFREQ)
LOST_MS = 16_000  # so far off, it counts as not set (the kernel's NTP_PHASE_LIMIT): after nine hours without network
UNSYNCHRONISED = Clock("unsynchronised", 86_400_000)  # nobody vouches for it: a day, for want of a better figure


@dataclass(frozen=True)
class Kernel:
    """What adjtimex(2) answers: whether the clock counts as set, and how far it may be off, in microseconds."""

    synchronised: bool
    max_error_us: int


def judge(kernel: Kernel | None, timesync_age: float | None, tracking: str | None) -> Clock:
    """Who vouches for the clock and how far it may be off. None: could not be asked. `timesync_age`: seconds since timesyncd's
    last success; `tracking`: the line of `chronyc -c tracking`."""
    if kernel is not None:
        return _set(BASE_MS + kernel.max_error_us / 1000) if kernel.synchronised else UNSYNCHRONISED
    if timesync_age is not None:
        return _set(BASE_MS + max(timesync_age, 0.0) * DRIFT_PPM / 1000)
    return UNSYNCHRONISED if tracking is None else _by_chrony(tracking)


def _by_chrony(tracking: str) -> Clock:
    """Fields of `tracking` (chronyc(1)): 4 the clock's offset, 10 root delay, 11 root dispersion, all in seconds; 13 the state."""
    fields = tracking.strip().split(",")
    try:
        if fields[13] == "Not synchronised":
            return UNSYNCHRONISED
        offset, delay, dispersion = float(fields[4]), float(fields[10]), float(fields[11])
        return _set((abs(offset) + delay / 2 + dispersion) * 1000)
    except (IndexError, ValueError, OverflowError):
        return UNSYNCHRONISED


def _set(uncertainty_ms: float) -> Clock:
    if not 0 <= uncertainty_ms < LOST_MS:  # not a number is none of both
        return UNSYNCHRONISED
    return Clock("ntp", max(1, math.ceil(uncertainty_ms)))


@dataclass(frozen=True)
class Reading:
    """A moment (aware, UTC) and what vouches for it."""

    time: datetime
    clock: Clock


ReadClock = Callable[[], Reading]


def read_system_clock() -> Reading:
    """The machine's clock, and who vouches for it now."""
    kernel = _ask_kernel()
    age = None if kernel else _ask_timesyncd()
    tracking = None if kernel or age is not None else _chrony.ask()
    return Reading(datetime.now(UTC), judge(kernel, age, tracking))


class _Timex(ctypes.Structure):
    """`struct timex` of <sys/timex.h>, as far as it is read; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 512),
    )


_STA_UNSYNC = 0x0040
_TIME_ERROR = 5
_libc = ctypes.CDLL(None, use_errno=True)


def _ask_kernel() -> Kernel | None:
    """None where the kernel may not be asked. Asking changes nothing (modes = 0)."""
    answer = _Timex()
    state = _libc.adjtimex(ctypes.byref(answer))
    if state < 0:
        return None
    return Kernel(state != _TIME_ERROR and not answer.status & _STA_UNSYNC, answer.maxerror)


def _ask_timesyncd() -> float | None:
    try:
        return time.time() - TIMESYNC.stat().st_mtime
    except OSError:
        return None


class _Chrony:
    """Asks chrony now and then."""

    def __init__(self) -> None:
        self._line: str | None = None
        self._asked = -math.inf

    def ask(self) -> str | None:
        if time.monotonic() - self._asked >= CHRONY_SECONDS:
            self._asked, self._line = time.monotonic(), self._run()
        return self._line

    def _run(self) -> str | None:
        if not CHRONY.exists():
            return None
        try:
            done = subprocess.run(
                ["chronyc", "-n", "-c", "tracking"],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=2,
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
            )
        except (OSError, subprocess.SubprocessError, ValueError):
            return None
        return done.stdout if done.returncode == 0 else None


_chrony = _Chrony()
write_time = format_time  # a moment as statements and the journal write it
