"""Writes down who looks at a clip, before anything of it is shown.

A player asks for a clip in dozens of ranges, and people reload pages: the same person, clip and way of looking within
a quarter of an hour is one view. After a restart a view may be written twice, never left out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import insert

from liuhen_protocol.events import ClipViewed
from liuhen_protocol.statement import Subject
from liuhen_server.custody.evidence import Clip
from liuhen_server.custody.schema import clip_views
from liuhen_server.database import Database
from liuhen_server.log.archive_chain import ArchiveChain
from liuhen_server.log.signed_state import stopping

__all__ = ["ONE_VIEW_S", "Views"]

ONE_VIEW_S = 15 * 60
_MOST_KEPT = 10_000


class Views:
    def __init__(self, database: Database, chain: ArchiveChain, now: Callable[[], int]) -> None:
        self._database = database
        self._chain = chain
        self._now = now
        self._lock = asyncio.Lock()
        self._seen: dict[tuple[str, str, str, str], tuple[int, int]] = {}

    async def record(self, clip: Clip, viewer: str, role: str, how: str) -> int:
        """Returns the index of the `clip.viewed` in the log, committed. `how`: page, play, download or proof.

        `viewer` is the person's number: the log is for ever, names are not.
        """
        key = (clip.sha256, clip.dock, viewer, how)
        async with self._lock:
            now = self._now()
            last = self._seen.get(key)
            if last is not None and now - ONE_VIEW_S < last[0] <= now:
                return last[1]
            async with stopping(self._database, self._chain.now), self._database.write() as conn:
                subject = Subject(clip.name, clip.sha256, clip.sm3)
                stated = await self._chain.append(conn, ClipViewed(viewer=viewer, role=role, how=how), subject)
                await conn.execute(
                    insert(clip_views).values(log_index=stated.index, sha256=clip.sha256, dock=clip.dock)
                )
            if len(self._seen) >= _MOST_KEPT:
                self._seen.clear()
            self._seen[key] = (now, stated.index)
            return stated.index
