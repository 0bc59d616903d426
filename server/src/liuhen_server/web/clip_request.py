"""What the routes below /clips/ share: which clip is meant, and that looking at it is written down."""

from __future__ import annotations

import logging

from aiohttp import web

from liuhen_server.custody.checking import Checker
from liuhen_server.custody.evidence import ORIGINAL, Clip, find_clip
from liuhen_server.custody.viewing import Views
from liuhen_server.database import DatabaseUnavailable
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import Problem, session_of

__all__ = ["CHECKER", "VIEWS", "record_view", "requested_clip"]

VIEWS: web.AppKey[Views] = web.AppKey("views", Views)
CHECKER: web.AppKey[Checker] = web.AppKey("checker", Checker)
log = logging.getLogger("liuhen.people")


async def requested_clip(request: web.Request) -> Clip:
    """The original that the address names. Raises the problem page for one that the archive does not know."""
    async with request.app[CONTEXT].database.read() as conn:
        clip = await find_clip(conn, request.match_info["dock"], request.match_info["sha256"])
    if clip is None or clip.kind != ORIGINAL:
        raise Problem("no_such_clip", 404)
    return clip


async def record_view(request: web.Request, clip: Clip, how: str) -> int:
    """The log index of the view. Raises the problem page when it cannot be written: then nothing is shown."""
    person = session_of(request).person
    try:
        return await request.app[VIEWS].record(clip, person.number, " ".join(sorted(person.roles)), how)
    except (DatabaseUnavailable, LogStopped) as error:
        log.error("the view of %s by %s could not be written: %s", clip.sha256, person.number, error)
        raise Problem("not_recorded", 503) from error
    except Exception as error:
        log.exception("the view of %s by %s could not be written", clip.sha256, person.number)
        raise Problem("not_recorded", 503) from error
