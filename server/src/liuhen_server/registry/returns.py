"""When a recorder that was checked out at the dock came back: it was docked again. Read off the stays, as docks told the log.

It is not kept as long as nobody needs it: the next who writes down who has the recorder writes the return down, too.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import select

from liuhen_protocol.moment import format_time, parse_time
from liuhen_server.custody.schema import stays
from liuhen_server.database import Connection

__all__ = ["RESEATED", "came_back", "return_of"]

RESEATED = timedelta(minutes=1)
"""Who takes a recorder and puts it back within so much of it only seated it anew, or took it while its dock reported late."""

MOST_RESEATED = 100


def came_back(since: str, stay: int, dockings: Iterable[tuple[int, str]]) -> str | None:
    """The time at which a recorder that left `stay` (a docked_index) at `since` was docked again; None: it was not. `dockings`
    are its stays as (docked_index, time), in any order: what the log had before is no return, whatever a dock's clock says.
    """
    after = format_time(parse_time(since) + RESEATED)
    return min((time for index, time in dockings if index > stay and time >= after), default=None)


async def return_of(conn: Connection, serial: str, since: str, stay: int) -> str | None:
    """The same, of the recorder with this serial."""
    query = select(stays.c.docked_index, stays.c.time).where(
        stays.c.recorder == serial, stays.c.docked_index > stay, stays.c.time > since
    )
    rows = await conn.execute(query.order_by(stays.c.docked_index).limit(MOST_RESEATED))
    return came_back(since, stay, [(row.docked_index, row.time) for row in rows])
