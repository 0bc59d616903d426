"""The turns of `fairness`, waited for: one queue for all bays of a dock."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from liuhen_agent.collect.fairness import Limits, Queue, Turn
from liuhen_agent.detect import Port


class Turns:
    """For one event loop."""

    def __init__(self, limits: Limits) -> None:
        self._queue = Queue(limits)
        self._numbers = itertools.count()
        self._begun: dict[int, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def reading(self, bay: str, bus: str, *, important: bool, size: int, left: int) -> AsyncIterator[None]:
        """Waits for the turn of a file; it ends with the block. Sizes in bytes."""
        number = next(self._numbers)
        mine = self._begun[number] = asyncio.get_running_loop().create_future()
        self._queue = self._queue.ask(Turn(number, bay, bus, important, size, left))
        try:
            self._go_on()
            await mine
            yield
        finally:
            del self._begun[number]
            self._queue = self._queue.leave(number)
            # a moment later: whoever has read a file asks for the next one at once, and is chosen from with the others
            asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        while True:
            self._queue, turn = self._queue.begin()
            if turn is None:
                return
            if not (begun := self._begun[turn.number]).done():  # whoever was cancelled this very moment gives it back
                begun.set_result(None)


def bus_of(port: Port) -> str:
    """The controller whose speed a recorder shares: its port path without the ports. What is not on USB shares nothing."""
    if port.usb is None:
        return f"bay {port.bay}"
    return port.usb.path.rpartition("/")[0]
