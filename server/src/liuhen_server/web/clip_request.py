"""What the routes below /clips/ share: which clip is meant, and that looking at it is written down."""

from __future__ import annotations

import logging

from aiohttp import web

from liuhen_server.custody.checking import Checker
from liuhen_server.custody.evidence import ORIGINAL, Clip, find_clip
from liuhen_server.custody.viewing import Views
from liuhen_server.database import DatabaseUnavailable
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.people.access import Thing
from liuhen_server.registry.agencies import agency_of_dock
from liuhen_server.registry.seen import officers_meant
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import Problem, session_of

__all__ = ["CHECKER", "CLIP", "VIEWS", "clip_asked_for", "record_view"]

VIEWS: web.AppKey[Views] = web.AppKey("views", Views)
CHECKER: web.AppKey[Checker] = web.AppKey("checker", Checker)
CLIP = web.RequestKey("clip", Clip)
log = logging.getLogger("liuhen.people")


async def clip_asked_for(request: web.Request) -> Thing:
    """Finds the original that the address names (`request[CLIP]`). Raises the problem page for one that the archive does
    not know. Whose it is, is the recorder's own word: the officers of the agency whose the dock was then, who had
    its number then.
    """
    async with request.app[CONTEXT].database.read() as conn:
        clip = await find_clip(conn, request.match_info["dock"], request.match_info["sha256"])
        if clip is None or clip.kind != ORIGINAL:
            raise Problem("no_such_clip", 404)
        agency = await agency_of_dock(conn, clip.dock)
        told = (clip.dock, clip.officer, clip.collected_time) if clip.officer else None
        officers = (await officers_meant(conn, [told]))[told] if told is not None else frozenset()
    request[CLIP] = clip
    return Thing(f"clip-{clip.sha256}", agency, officers)


async def record_view(request: web.Request, clip: Clip, how: str) -> int:
    """The log index of the view. Raises the problem page when it cannot be written: then nothing is shown."""
    person = session_of(request).person
    try:
        return await request.app[VIEWS].record(clip, person.number, person.role_names, how)
    except (DatabaseUnavailable, LogStopped) as error:
        log.error("the view of %s by %s could not be written: %s", clip.sha256, person.number, error)
        raise Problem("not_recorded", 503) from error
    except Exception as error:
        log.exception("the view of %s by %s could not be written", clip.sha256, person.number)
        raise Problem("not_recorded", 503) from error
