"""A simulated recorder as a `recorders.wire.Wire` in the same process: no port, no bus, and time that passes by itself.

Waiting costs nothing: `seconds` is this wire's own monotonic clock, and a read that finds nothing moves it on.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from liuhen_agent.recorders import RecorderError
from liuhen_agent.simulate.machine import Machine, Step


class MachineWire:
    """See `Wire`. `left`: the recorder went over to disk mode."""

    def __init__(self, machine: Machine, now: Callable[[], datetime] = datetime.now) -> None:
        self._machine = machine
        self._now = now
        self._time = 0.0
        self._coming: list[tuple[float, bytes]] = []  # when it can be read, and what
        self.left = False

    @property
    def keeps_late_answers(self) -> bool:
        return self._machine.carries == "stream"

    def seconds(self) -> float:
        return self._time

    def write(self, data: bytes) -> None:
        if self.left:
            raise RecorderError("gone", "the recorder left the port")
        step = self._machine.step(data, self._now())
        if not self.keeps_late_answers:
            self._coming = []  # an answer that nobody fetched is overwritten by the next
        self._coming += [(self._time + step.delay, piece) for piece in step.pieces]
        self._after(step)

    def _after(self, step: Step) -> None:
        if step.leaves is not None:
            self.left = True
        if step.refused:
            raise RecorderError("refused", "the recorder does not know the request")

    def read(self, most: int, seconds: float) -> bytes:
        if self._coming and self._coming[0][0] <= self._time + seconds:
            due, piece = self._coming.pop(0)
            self._time = max(self._time, due)
            if len(piece) > most:
                self._coming.insert(0, (due, piece[most:]))
            return piece[:most]
        if self.left:
            raise RecorderError("gone", "the recorder left the port")
        self._time += seconds
        return b""

    def close(self) -> None:
        self._coming = []
