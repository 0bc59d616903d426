"""Keeps the index up with the log, and makes it anew."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import select, update

from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import log_state
from liuhen_server.log import lock
from liuhen_server.search.index import empty, put
from liuhen_server.search.schema import search_read
from liuhen_server.search.sources import sources, what_was_logged
from liuhen_server.search.words import VERSION

__all__ = ["Indexer"]

AT_ONCE = 1_000  # entries of the log, or documents of a room, in one transaction


class Indexer:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._one = asyncio.Lock()

    async def catch_up(self, most: int | None = None) -> int:
        """Reads what was logged since the last time, at most so many entries (None: all). Returns how many are left.

        An index whose words were taken by another rule than this version's is made anew first.
        """
        async with self._one:
            if not await self._is_of_this_version():
                await self._begin_anew()
            await self._read_rooms()
            read = 0
            while left := await self.behind():
                if most is not None and read >= most:
                    return left
                async with self._database.write() as conn:
                    await _read_on(conn)
                read += AT_ONCE
            return 0

    async def has_rooms(self) -> None:
        """Waits until all that other rooms have is in the index: it is, but for the first look after an upgrade."""
        if not await self._is_of_this_version() or await self._reads_rooms():
            await self.catch_up(0)

    async def rebuild(self, tell: Callable[[int], None] = lambda _: None) -> int:
        """Empties the index and fills it again; returns how many documents were put. `tell` hears the number so far. While
        it runs, a search finds what is there already. Whatever stops it: the next search, or the next run, goes on from there.
        """
        async with self._one:
            await self._begin_anew()
            done = await self._read_rooms(tell)
            while await self.behind():
                async with self._database.write() as conn:
                    done += await _read_on(conn)
                tell(done)
            return done

    async def _begin_anew(self) -> None:
        async with self._database.write() as conn:
            room = 0 if sources() else None
            await conn.execute(update(search_read).values(next_index=0, version=VERSION, room=room, place=0))
            await empty(conn)

    async def _read_rooms(self, tell: Callable[[int], None] = lambda _: None) -> int:
        """Whatever other rooms have that is not in the index yet: where it stands is kept with what was put."""
        done = 0
        while await self._reads_rooms():
            async with self._database.write() as conn:
                await lock(conn)  # whoever acts puts documents under it: nobody else puts the same one
                done += await _read_room(conn)
            tell(done)
        return done

    async def _reads_rooms(self) -> bool:
        async with self._database.read() as conn:
            return bool((await conn.execute(select(search_read.c.room.is_not(None)))).scalar_one())

    async def _is_of_this_version(self) -> bool:
        async with self._database.read() as conn:
            return bool((await conn.execute(select(search_read.c.version == VERSION))).scalar_one())

    async def behind(self) -> int:
        """How many entries of the log are not in the index yet."""
        query = select(select(log_state.c.next_index).scalar_subquery() - search_read.c.next_index)
        async with self._database.read() as conn:
            return int((await conn.execute(query)).scalar_one())


async def _read_room(conn: Connection) -> int:
    """The next documents of the room that is being read."""
    room, place = (await conn.execute(select(search_read.c.room, search_read.c.place).with_for_update())).one()
    if room is None:  # another process was quicker
        return 0
    documents, after = await sources()[room](conn, place, AT_ONCE)
    await put(conn, documents)
    following = room + 1 if room + 1 < len(sources()) else None
    now = {"room": room, "place": after} if after is not None else {"room": following, "place": 0}
    await conn.execute(update(search_read).values(now))
    return len(documents)


async def _read_on(conn: Connection) -> int:
    first = (await conn.execute(select(search_read.c.next_index).with_for_update())).scalar_one()
    end = min((await conn.execute(select(log_state.c.next_index))).scalar_one(), first + AT_ONCE)
    documents = await what_was_logged(conn, first, end)
    await put(conn, documents)
    await conn.execute(update(search_read).values(next_index=end))
    return len(documents)
