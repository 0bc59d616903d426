"""The search page: one box for everything, found things by kind, filters in the address. Only what the person may see is found."""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import select

from liuhen_server.database import Connection
from liuhen_server.database.schema import docks
from liuhen_server.people.access import visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.registry.agencies import every_agency
from liuhen_server.registry.indexed import OFFICER
from liuhen_server.search.finder import COUNTED, Finder, Group, Page
from liuhen_server.search.finder import Filters as Asked
from liuhen_server.search.indexer import Indexer
from liuhen_server.search.persons import Searches, names_a_person
from liuhen_server.search.question import Question, plainly, spans
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import Problem, session_of
from liuhen_server.web.language import Words
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get
from liuhen_server.web.search_kinds import KINDS, Line
from liuhen_server.web.stay_pages import caught_up

__all__ = ["ROUTES", "Filters", "marked", "prepare"]

log = logging.getLogger("liuhen.people")
AT_ONCE = 5_000  # entries of the log that a search waits for; the rest is read behind it
ROWS, ROWS_OF_ONE_KIND = 10, 50
INDEXER: web.AppKey[Indexer] = web.AppKey("indexer", Indexer)
SEARCHES: web.AppKey[Searches] = web.AppKey("searches", Searches)
CATCHING_UP: web.AppKey[set[asyncio.Task[object]]] = web.AppKey("catching_up", set)


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; empty text and None ask for nothing."""

    asked: str = ""
    kind: str = ""
    agency: str = ""
    first: date | None = None
    last: date | None = None
    before: int | None = None

    @classmethod
    def of(cls, request: web.Request) -> Filters:
        """Values that are none ask for nothing."""
        query = request.query
        kind, before = query.get("kind", ""), query.get("before", "")
        known = kind in {each.name for each in KINDS}
        return cls(
            asked=plainly(query.get("q", "")),
            kind=kind if known else "",
            agency=plainly(query.get("agency", ""))[:255],
            first=_day(query.get("from", "")),
            last=_day(query.get("to", "")),
            before=int(before) if known and re.fullmatch(r"[0-9]{1,18}", before) else None,
        )

    @property
    def narrow(self) -> bool:
        return bool(self.kind or self.agency or self.first or self.last)

    def address(self, kind: str, before: int | None = None) -> str:
        given = {
            "q": self.asked,
            "kind": kind,
            "agency": self.agency,
            "from": self.first.isoformat() if self.first else "",
            "to": self.last.isoformat() if self.last else "",
            "before": "" if before is None else str(before),
        }
        return "/search?" + urlencode({name: value for name, value in given.items() if value})


def _day(text: str) -> date | None:
    try:
        parsed = date.fromisoformat(text)
    except ValueError:
        return None
    return parsed if 1971 <= parsed.year <= 2199 else None


def prepare(application: web.Application, searches: Searches) -> None:
    application[INDEXER] = Indexer(application[CONTEXT].database)
    application[SEARCHES] = searches
    application[CATCHING_UP] = set()
    application.on_cleanup.append(_stop)


async def _stop(application: web.Application) -> None:
    for task in application[CATCHING_UP]:
        task.cancel()
    await asyncio.gather(*application[CATCHING_UP], return_exceptions=True)


@dataclass(frozen=True, slots=True)
class Shown:
    """The found things of one kind. `older` and `newest` are addresses, or none."""

    kind: str
    count: str
    lines: tuple[Line, ...]
    every: str
    newest: str
    older: str


async def show(request: web.Request) -> web.StreamResponse:
    context, filters, words = request.app[CONTEXT], Filters.of(request), words_of(request)
    person = session_of(request).person
    left = await _catch_up(request)
    await caught_up(request)
    async with context.database.read() as conn:
        seen = {each.name: reach for each in KINDS if (reach := await each.reach(conn, person)) is not None}
        names = await _agencies(conn) if visible(person, Action.SEE_EVIDENCE) is Scope.ALL else {}
        personal = await names_a_person(conn, filters.asked)
    found = await Finder(context.database).find(filters.asked, seen, _asked(filters, names), _page(filters))
    if personal or (filters.asked and any(group.kind == OFFICER for group in found.groups)):
        await record_search(request, filters.asked, sum(group.count for group in found.groups))
    async with context.database.read() as conn:
        groups = [await _shown(conn, group, filters, words) for group in found.groups]
    return page(
        request,
        "search.html",
        filters=filters,
        asked=found.asked,
        groups=groups,
        kinds=list(seen),
        agencies=names,
        left=left,
        mark=lambda text: marked(found.question, text),
    )


def _asked(filters: Filters, names: dict[str, str]) -> Asked:
    agencies = frozenset({filters.agency, names.get(filters.agency, filters.agency)} if filters.agency else ())
    return Asked(filters.kind, agencies, filters.first, filters.last)


def _page(filters: Filters) -> Page:
    return Page(ROWS_OF_ONE_KIND, filters.before) if filters.kind else Page(ROWS)


async def _agencies(conn: Connection) -> dict[str, str]:
    """What an agency is called, by its code; those that docks name and nobody registered are called as they are."""
    known = {agency.code: agency.name for agency in await every_agency(conn)}
    named = (await conn.execute(select(docks.c.agency).distinct().order_by(docks.c.agency))).scalars()
    return known | {each: each for each in named if each not in known and each not in known.values()}


async def _shown(conn: Connection, group: Group, filters: Filters, words: Words) -> Shown:
    [kind] = [each for each in KINDS if each.name == group.kind]
    lines = await kind.lines(conn, group.hits, words)
    one = bool(filters.kind)
    return Shown(
        group.kind,
        words.count(group.count, COUNTED) if filters.before is None else "",
        tuple(lines[hit.id] for hit in group.hits if hit.id in lines),
        "" if one else filters.address(group.kind),
        filters.address(group.kind) if filters.before is not None else "",
        filters.address(group.kind, group.next) if one and group.next is not None else "",
    )


def marked(question: Question, text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it was asked for; the template escapes them and marks those that were."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for begin, after in spans(question, text):
        pieces += [(text[end:begin], False), (text[begin:after], True)]
        end = after
    return [piece for piece in (*pieces, (text[end:], False)) if piece[0]]


async def record_search(request: web.Request, asked: str, found: int) -> None:
    """Raises the problem page when it cannot be written: then nothing is shown."""
    person = session_of(request).person
    try:
        await request.app[SEARCHES].record(person, asked, found)
    except Exception as error:
        log.exception("a search of %s could not be written", person.number)
        raise Problem("not_recorded", 503) from error


async def _catch_up(request: web.Request) -> int:
    """How many entries of the log are not in the index yet; what is many is read on behind the page."""
    indexer, running = request.app[INDEXER], request.app[CATCHING_UP]
    try:
        left = await indexer.catch_up(AT_ONCE) if not running else await indexer.behind()
    except Exception:
        log.exception("the index could not be kept up with the log")
        return 0
    if left and not running:
        task: asyncio.Task[object] = asyncio.create_task(indexer.catch_up(), name="index")
        running.add(task)
        task.add_done_callback(lambda done: _ended(running, done))
    return left


def _ended(running: set[asyncio.Task[object]], task: asyncio.Task[object]) -> None:
    running.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("the index could not be kept up with the log", exc_info=error)


ROUTES = (get("/search", show, Action.SEE_EVIDENCE),)
