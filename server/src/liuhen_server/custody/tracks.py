"""Where a film was made, by its recorder's own word: the track that the dock took out of it, read from the store.

It is a derivative like the proxy: what its bytes are, the dock signed. They are read strictly and only when they are those very bytes.
Tracks are kept in memory by their digest, thinned out: the same digest is the same track for ever.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from hashlib import sha256

from sqlalchemy import select

from liuhen_protocol.errors import Malformed
from liuhen_protocol.track import MEDIA_TYPE, MOST_BYTES, ROLE, Point, read_track
from liuhen_server.custody.evidence import Clip, clip_of
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.store.interface import NotStored, Store

__all__ = ["MOST_KEPT_POINTS", "Tracks", "thinned", "tracks_of"]

MOST_KEPT_POINTS = 300
_MOST_KEPT = 2000

Key = tuple[str, str]
"""A clip: (dock, sha256)."""


async def tracks_of(conn: Connection, keys: Collection[Key]) -> Mapping[Key, Clip]:
    """The newest stored track of each of these clips that has one."""
    query = select(clips).where(
        clips.c.original.in_({each for _, each in keys}),
        clips.c.role == ROLE,
        clips.c.media_type == MEDIA_TYPE,
        clips.c.size <= MOST_BYTES,
        clips.c.stored_index.is_not(None),
        clips.c.disposed_index.is_(None),
    )
    found: dict[Key, Clip] = {}
    for row in (await conn.execute(query.order_by(clips.c.promised_index))).mappings():
        if (key := (row["dock"], row["original"])) in keys:
            found[key] = clip_of(row)
    return found


def thinned(points: Sequence[Point], most: int) -> tuple[Point, ...]:
    """At most so many of them, evenly, with the first and the last. `most`: two at least."""
    if len(points) <= most:
        return tuple(points)
    return tuple(points[round(place * (len(points) - 1) / (most - 1))] for place in range(most))


class Tracks:
    """One per process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._kept: OrderedDict[str, tuple[Point, ...]] = OrderedDict()

    async def of(self, track: Clip) -> tuple[Point, ...] | None:
        """Its points, MOST_KEPT_POINTS of them at most; None where the stored bytes are not there, not those that the dock stated, or no
        track.
        """
        if (kept := self._kept.get(track.sha256)) is not None:
            self._kept.move_to_end(track.sha256)
            return kept
        points = await asyncio.to_thread(self._read, track)
        if points is not None:
            self._kept[track.sha256] = points
            if len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)
        return points

    def _read(self, track: Clip) -> tuple[Point, ...] | None:
        try:
            data = b"".join(self._store.read(track.sha256, 0, MOST_BYTES + 1))
            if sha256(data).hexdigest() != track.sha256:
                return None
            return thinned(read_track(data), MOST_KEPT_POINTS)
        except (NotStored, OSError, Malformed):
            return None
