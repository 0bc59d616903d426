"""What the pages about recorders share: how far a person's lists and forms go, and times as forms have them."""

from __future__ import annotations

from datetime import datetime, timezone

from aiohttp import web

from liuhen_protocol.moment import format_time
from liuhen_server.database import Connection
from liuhen_server.people.access import visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.registry.agencies import Agency, every_agency
from liuhen_server.registry.fields import Mistakes
from liuhen_server.registry.officers import Officer, list_officers
from liuhen_server.web.guard import session_of

__all__ = ["limited_to", "moment_typed", "officers_to_choose", "to_choose"]

MOST_OFFICERS = 2_000


def limited_to(request: web.Request, action: Action) -> str | None:
    """The agency that this person's lists and forms are limited to; None: none, he sees all."""
    person = session_of(request).person
    return None if visible(person, action) is Scope.ALL else person.agency or ""


async def to_choose(request: web.Request, conn: Connection, action: Action, chosen: str | None) -> list[Agency]:
    """The agencies that a form of this person offers, and the one that stands in it already."""
    own = limited_to(request, action)
    every = [each for each in await every_agency(conn) if each.active or each.code == chosen]
    return [each for each in every if own is None or each.code in (own, chosen)]


async def officers_to_choose(conn: Connection, agency: str | None) -> list[Officer]:
    """Those of an agency (None: of all) who still enforce."""
    found = await list_officers(conn, agency=agency, limit=MOST_OFFICERS)
    return [each for each in found.officers if each.active]


def moment_typed(given: str, zone: timezone, field: str) -> str | None:
    """A time of a form (2026-11-20T14:05, the agency's zone) as statements write times; None for an empty field. Raises Mistakes."""
    text = given.strip()
    if not text:
        return None
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        parsed = None
    if parsed is None or len(text) not in (16, 19) or not 1990 <= parsed.year <= 2199:
        raise Mistakes({field: "moment"})
    return format_time(parsed.replace(tzinfo=zone))
