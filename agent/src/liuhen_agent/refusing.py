"""What is said of a device that is no recorder: a statement, a line on the bay, and nothing else happens. The other bays go on.

Each plugging-in is said once. A device that comes and goes without end (a bad contact, or an attack on the chain's length)
is said at most once a minute for each port and reason.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from liuhen_agent.bay import State
from liuhen_agent.detect import RefusedDevice
from liuhen_agent.journal import Journal
from liuhen_agent.plain_text import one_line
from liuhen_agent.progress import Board
from liuhen_protocol.events import DockAlarm

log = logging.getLogger(__name__)

PAUSE_SECONDS = 60.0


class Refusals:
    """`say` for each. `seconds`: a clock that only goes forward."""

    def __init__(self, journal: Journal, board: Board, seconds: Callable[[], float] = time.monotonic) -> None:
        self._journal = journal
        self._board = board
        self._seconds = seconds
        self._said: dict[tuple[str, str], float] = {}

    async def say(self, refused: RefusedDevice) -> None:
        """On the bay's line while it is there, in the chain once."""
        if refused.gone:
            self._board.unrefuse(refused.where)
            if refused.bay is not None and self._board.view(refused.bay).note == refused.detail:
                self._board.show(refused.bay, note="")
            return
        self._board.refuse(refused.where, refused.bay, refused.code)
        if refused.bay is not None and self._board.view(refused.bay).state is State.ABSENT:
            self._board.show(refused.bay, note=refused.detail)
        where = f"bay {refused.bay}" if refused.bay is not None else "no bay"
        log.warning("%s: %s: %s", where, refused.code, refused.detail)
        now, key = self._seconds(), (refused.where, refused.code)
        self._said = {each: since for each, since in self._said.items() if now - since < PAUSE_SECONDS}
        if key not in self._said:
            self._said[key] = now
            place = f"槽位 bay {refused.bay}: " if refused.bay is not None else ""
            await self._journal.append(DockAlarm(refused.code, one_line(place + refused.detail), session=None))
