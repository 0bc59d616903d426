"""Writes down who saw which case, and who took which of its documents: one entry per person, case, way and quarter of an hour.

After a restart a view may be written twice, never left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from liuhen_protocol.case_events import CaseViewed
from liuhen_server.acts import Acts
from liuhen_server.people.accounts import Person

__all__ = ["HOW", "ONE_VIEW_S", "CaseViews"]

ONE_VIEW_S = 15 * 60
HOW = ("page", "list", "document", "program")
"""On its page, as its record list for paper, by taking a document away, by a program under a person's token."""

_MOST_KEPT = 10_000


class CaseViews:
    """One per process."""

    def __init__(self, acts: Acts, now: Callable[[], int]) -> None:
        self._acts, self._now = acts, now
        self._lock = asyncio.Lock()
        self._seen: dict[tuple[int, str, str, str | None], int] = {}

    async def record(self, person: Person, case: str, how: str, document: str | None = None) -> bool:
        """Whether an entry was written now; committed then. `case` and `document` as the log names them. Raises what the database
        or a stopped log raises.
        """
        if how not in HOW:
            raise ValueError(how)
        key = (person.id, case, how, document)
        async with self._lock:
            now = self._now()
            last = self._seen.get(key)
            if last is not None and now - ONE_VIEW_S < last <= now:
                return False
            async with self._acts.of(person) as act:
                await act.state(CaseViewed(case, person.number, person.role_names, how, document))
            if len(self._seen) >= _MOST_KEPT:
                self._seen.clear()
            self._seen[key] = now
            return True
