"""Whether a program gets on: what each of its parts does since when, and how long that may take. The rule is pure.

A watchdog that is fed by a timer proves that the timer runs. So every part says what it is about to do and how long that may take at most, or
what it waits for; a part that is at one thing for longer than it may be is stuck, and then systemd gets no ping (`keep_alive`) and starts
the program anew. To wait for something outside (a recorder, a witness, room on a disk) is no standstill and has no limit.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from liuhen_files.notify import Notifier

log = logging.getLogger(__name__)

PINGS_PER_TERM = 3
"""So often within the watchdog's time is looked: one that comes late costs nothing."""


@dataclass(frozen=True)
class Doing:
    """What one part of a program does since a moment (seconds of a clock that only goes forward). `limit`: seconds that it may take; None:
    it waits for something outside the program."""

    part: str
    what: str
    since: float
    limit: float | None


def stuck(parts: Iterable[Doing], now: float) -> list[Doing]:
    """Those that are at one thing for longer than they may be."""
    return [each for each in parts if each.limit is not None and now - each.since > each.limit]


def sentence(parts: Sequence[Doing], now: float) -> str:
    """What is stuck, in words."""
    said = ", ".join(f"{each.part}: {each.what} ({now - each.since:.0f} s)" for each in parts)
    return f"停滞 stuck: {said}"


class Pulse:
    """What the parts of this program do now. From any thread."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._parts: dict[str, Doing] = {}

    def does(self, part: str, what: str, limit: float) -> None:
        """`part` begins something that may take so many seconds; said again, it got on."""
        self._parts[part] = Doing(part, what, self._seconds(), limit)

    def waits(self, part: str, what: str) -> None:
        """`part` waits for something outside."""
        self._parts[part] = Doing(part, what, self._seconds(), None)

    def parts(self) -> list[Doing]:
        return list(self._parts.values())

    def now(self) -> float:
        return self._seconds()


Look = Callable[[], Awaitable[str | None]]
"""Looks whether the program gets on: None if it does, else what is wrong."""


async def keep_alive(notifier: Notifier, look: Look, status: Callable[[], str]) -> None:
    """Pings for as long as `look` finds nothing wrong. A look that fails or takes too long is a standstill too. Runs until cancelled; does
    nothing where no watchdog waits."""
    if notifier.watchdog_seconds is None:
        return
    pause = notifier.watchdog_seconds / PINGS_PER_TERM
    said: str | None = None
    while True:
        try:
            async with asyncio.timeout(pause):
                wrong = await look()
        except Exception as error:
            wrong = f"{type(error).__name__}: {error}"
        if wrong is None:
            notifier.alive(status())
        else:
            notifier.status(wrong)
            if said is None:
                log.error("%s; without progress the watchdog starts this program anew", wrong)
        said = wrong
        await asyncio.sleep(pause)
