"""Who may read the log's entry bundles on the device listener: programs that show an auditor's token."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from aiohttp import hdrs, web

from liuhen_server.database import Database
from liuhen_server.people.accounts import bearer_may
from liuhen_server.people.roles import Action

__all__ = ["entry_readers"]


def entry_readers(database: Database, now: Callable[[], datetime]) -> Callable[[web.Request], Awaitable[bool]]:
    """What `add_log_routes` asks about each request: does its `Authorization` header carry a living auditor's token?"""

    async def may_read_entries(request: web.Request) -> bool:
        authorization = request.headers.get(hdrs.AUTHORIZATION)
        if authorization is None:
            return False
        async with database.read() as conn:
            return await bearer_may(conn, authorization, Action.READ_ENTRIES, int(now().timestamp()))

    return may_read_entries
