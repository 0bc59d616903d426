"""Whoever is shown a case is written down first: what cannot be written down is not shown."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from liuhen_server.cases.views import CaseViews
from liuhen_server.database import DatabaseUnavailable
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.web.case_request import CASE
from liuhen_server.web.guard import Problem, session_of

__all__ = ["CASE_VIEWS", "record_case_view", "seen"]

CASE_VIEWS: web.AppKey[CaseViews] = web.AppKey("case_views", CaseViews)
_logger = logging.getLogger("liuhen.people")


async def record_case_view(request: web.Request, how: str, document: str | None = None) -> None:
    """Of the case that the address names. Raises the problem page when it cannot be written."""
    case, person = request[CASE].case, session_of(request).person
    try:
        await request.app[CASE_VIEWS].record(person, case.name, how, document)
    except (DatabaseUnavailable, LogStopped) as error:
        _logger.error("the view of %s by %s could not be written: %s", case.name, person.number, error)
        raise Problem("not_recorded", 503) from error


def seen(handler: Handler, how: str) -> Handler:
    """The handler of a route about one case, with the view written down before it answers."""

    async def recorded(request: web.Request) -> web.StreamResponse:
        await record_case_view(request, how)
        return await handler(request)

    return recorded
