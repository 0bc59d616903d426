"""Whose file is read next: a pure rule over who waits and who reads, and the turns that follow from it.

A dock's connectors hang on few USB controllers, and what hangs on one shares its speed. So at most `readers` files are read at once,
and at most `bus_readers` on one controller. When a place is free, the first of this order takes it among those whose controller
has room:
   1. important clips, of whichever bay                             they wait only for files that are being read already
   2. a bay that others have been read before for OVERDUE bytes     nobody waits for ever behind those who come later
   3. the controller that reads least                               what is idle is used
   4. the bay with the fewest bytes left                            two clips do not wait for a card of 64 GB
   5. the one that has waited longest
A turn is one file: what has begun is read to its end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

OVERDUE = 64 << 30  # a large card: what comes later may pass it by about half an hour


@dataclass(frozen=True)
class Limits:
    """How many files may be read at once, in all and on one controller."""

    readers: int = 2
    bus_readers: int = 2


@dataclass(frozen=True)
class Turn:
    """One file that is to be read. `number` tells turns apart and grows; `bus`: the controller; `size`: its bytes; `left`: the bytes its
    bay has still to read, this file included; `passed`: bytes of others that began while it waited."""

    number: int
    bay: str
    bus: str
    important: bool
    size: int
    left: int
    passed: int = 0


def choose(waiting: Sequence[Turn], reading: Iterable[Turn], limits: Limits) -> Turn | None:
    """The next to read; None when nobody waits or nothing is free. The table above."""
    busy = Counter(turn.bus for turn in reading)
    if busy.total() >= limits.readers:
        return None
    free = [turn for turn in waiting if busy[turn.bus] < limits.bus_readers]
    return min(free, key=lambda turn: _rank(turn, busy[turn.bus]), default=None)


def _rank(turn: Turn, busy: int) -> tuple[bool, int, int, int, int]:
    overdue = turn.passed >= OVERDUE
    return (not turn.important, -turn.passed if overdue else 0, busy, turn.left, turn.number)


@dataclass(frozen=True)
class Queue:
    """Who waits and who reads. Values: each step gives a new one."""

    limits: Limits
    waiting: tuple[Turn, ...] = ()
    reading: tuple[Turn, ...] = ()

    def ask(self, turn: Turn) -> Queue:
        return replace(self, waiting=(*self.waiting, turn))

    def leave(self, number: int) -> Queue:
        """It has been read, or is not wanted any more."""
        return replace(
            self,
            waiting=tuple(turn for turn in self.waiting if turn.number != number),
            reading=tuple(turn for turn in self.reading if turn.number != number),
        )

    def begin(self) -> tuple[Queue, Turn | None]:
        """The next turn begins, if there is one; all others have been passed by its bytes."""
        turn = choose(self.waiting, self.reading, self.limits)
        if turn is None:
            return self, None
        waiting = tuple(
            replace(other, passed=other.passed + turn.size) for other in self.waiting if other.number != turn.number
        )
        return replace(self, waiting=waiting, reading=(*self.reading, turn)), turn
