"""What somebody has to do, by when, and where: the first page after signing in. Heads also see what is overdue in their agency,
the justice department what is overdue in all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from liuhen_server.deadlines.deadline import Deadline, Standing, Within, concerns
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.deadlines.sources import everything_due
from liuhen_server.people.access import visible
from liuhen_server.people.roles import Action, Role, Scope
from liuhen_server.registry.agencies import every_agency
from liuhen_server.web.case_request import Names, names_of
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import session_of
from liuhen_server.web.language import Words
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get

__all__ = ["ROUTES"]

MOST = 200
"""Rows of one list; what lies beyond is counted."""


@dataclass(frozen=True, slots=True)
class Row:
    deadline: Deadline
    who: str
    agency: str


@dataclass(frozen=True, slots=True)
class Part:
    """`key`: own, agency or all. `total` counts what is not shown too."""

    key: str
    rows: Sequence[Row]
    total: int


async def show(request: web.Request) -> web.StreamResponse:
    context, person, words = request.app[CONTEXT], session_of(request).person, words_of(request)
    today, sees_all = context.today(), visible(person, Action.SEE_DEADLINES) is Scope.ALL
    oversees = sees_all or Role.HEAD in person.roles
    async with context.database.read() as conn:
        calendar = await calendar_in_force(conn)
        known = {each.code: each.short for each in await every_agency(conn)}
        asked = request.query.get("agency", "") if sees_all and request.query.get("agency") in known else ""
        officer = None if oversees else person.officer or 0
        within = Within(calendar, asked or None if sees_all else person.agency or "", officer)
        found = await everything_due(conn, today, within)
        if rule := request.query.get("rule", ""):
            found = [each for each in found if each.rule.key == rule]
        own = [each for each in found if concerns(person, each)]
        overdue = [each for each in found if each.standing is Standing.OVERDUE and not concerns(person, each)]
        shown = [*own[:MOST], *(overdue[:MOST] if oversees else [])]
        names = await names_of(
            conn,
            {number for each in shown for number in each.who.people},
            {officer for each in shown for officer in each.who.officers},
        )
    parts = [] if sees_all and not own else [_part("own", own, names, known, words)]
    if oversees:
        parts.append(_part("all" if sees_all else "agency", overdue, names, known, words))
    return page(
        request,
        "todo.html",
        parts_of=parts,
        has_own=bool(own) or not sees_all,
        overdue=sum(each.standing is Standing.OVERDUE for each in own),
        due_today=sum(each.due == today for each in own),
        unknown=sorted({each.due.year for each in shown if each.provisional}),
        agencies=Counter(known[each.agency] for each in overdue) if sees_all else {},
        codes={short: code for code, short in known.items()},
        asked=asked,
        of_all=sees_all,
    )


def _part(key: str, found: Sequence[Deadline], names: Names, agencies: dict[str, str], words: Words) -> Part:
    rows = [Row(each, _who(each, names, words), agencies.get(each.agency, each.agency)) for each in found[:MOST]]
    return Part(key, rows, len(found))


def _who(deadline: Deadline, names: Names, words: Words) -> str:
    people = [names.person(number) for number in sorted(deadline.who.people)]
    people += [names.officer(officer) for officer in sorted(deadline.who.officers)]
    people += [words(f"role.{role}") for role in sorted(deadline.who.roles)]
    return words("list.and").join(people)


ROUTES = (get("/todo", show, Action.SEE_DEADLINES),)
