"""Writes down who was refused what: one entry per person, action, thing and quarter of an hour, however often it is tried.

After a restart a refusal may be written twice, never left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from liuhen_protocol.events import AccessRefused
from liuhen_server.acts import Acts
from liuhen_server.people.accounts import Person
from liuhen_server.people.roles import Action

__all__ = ["ONE_REFUSAL_S", "Refusals"]

ONE_REFUSAL_S = 15 * 60
_MOST_KEPT = 10_000


class Refusals:
    def __init__(self, acts: Acts, now: Callable[[], int]) -> None:
        self._acts, self._now = acts, now
        self._lock = asyncio.Lock()
        self._seen: dict[tuple[int, Action, str], int] = {}

    async def record(self, person: Person, action: Action, thing: str) -> bool:
        """Whether an entry was written now; committed then. Raises what the database or a stopped log raises."""
        key = (person.id, action, thing)
        async with self._lock:
            now = self._now()
            last = self._seen.get(key)
            if last is not None and now - ONE_REFUSAL_S < last <= now:
                return False
            async with self._acts.of(person) as act:
                await act.state(AccessRefused(person.number, person.role_names, action.value, thing))
            if len(self._seen) >= _MOST_KEPT:
                self._seen.clear()
            self._seen[key] = now
            return True
