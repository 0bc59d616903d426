"""Searches for a person are written down: who asked, how much was found; what was asked for only as a commitment.

The same search of the same person within a quarter of an hour is one entry. After a restart it may be written twice, never
left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import literal, or_, select

from liuhen_protocol.events import SearchMade
from liuhen_server.acts import Acts
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.people.accounts import Person
from liuhen_server.registry.schema import officers
from liuhen_server.search.question import ask, plainly

__all__ = ["ONE_SEARCH_S", "Searches", "names_a_person"]

ONE_SEARCH_S = 15 * 60
_MOST_KEPT = 10_000


async def names_a_person(conn: Connection, typed: str) -> bool:
    """Whether an officer is asked for: by name, by certificate, or by the number that recorders write."""
    pieces = plainly(typed).split()[:12]
    if not ask(typed).parts or not pieces:
        return False
    both = [*pieces, *(piece.upper() for piece in pieces)]
    known = or_(
        literal("".join(pieces)).contains(officers.c.name),
        officers.c.certificate.in_(both),
        officers.c.recorder_number.in_(pieces),
    )
    if (await conn.execute(select(officers.c.id).where(known).limit(1))).scalar() is not None:
        return True
    recorded = select(clips.c.officer).where(clips.c.officer.in_(pieces)).limit(1)
    return (await conn.execute(recorded)).scalar() is not None


class Searches:
    """One per process."""

    def __init__(self, acts: Acts, now: Callable[[], int]) -> None:
        self._acts, self._now = acts, now
        self._lock = asyncio.Lock()
        self._seen: dict[tuple[int, str], int] = {}

    async def record(self, person: Person, typed: str, found: int) -> bool:
        """Whether an entry was written now; committed then. Raises what the database or a stopped log raises."""
        text = plainly(typed)
        key = (person.id, text)
        async with self._lock:
            now = self._now()
            last = self._seen.get(key)
            if last is not None and now - ONE_SEARCH_S < last <= now:
                return False
            async with self._acts.of(person) as act:
                said = await act.commit_text("search", person.number, text)
                await act.state(SearchMade(person.number, person.role_names, "officer", found, said.sha256))
            if len(self._seen) >= _MOST_KEPT:
                self._seen.clear()
            self._seen[key] = now
            return True
