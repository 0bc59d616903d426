"""The list of cases: newest first, found by number or by what it is about, each with its stage and the days it has left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, exists, literal, select, tuple_

from liuhen_server.cases.calendar import Calendar
from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.clocks import Clock, clocks_of
from liuhen_server.cases.coverage import blockers
from liuhen_server.cases.indexed import CASE
from liuhen_server.cases.reading import Case, case_of, events_of_cases, needs_of_cases, officers_of
from liuhen_server.cases.schema import case_handlers, cases
from liuhen_server.database import Connection
from liuhen_server.deadlines.decided import decided_events, with_decided
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.decisions.standing import lacks_of
from liuhen_server.people.roles import Action
from liuhen_server.search.facets import Reach
from liuhen_server.search.finder import found_among, found_keys
from liuhen_server.web.case_request import names_of, reachable_cases
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import may, session_of
from liuhen_server.web.paging import COUNTED, LAST, Cut, Turn, counted, cut
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get
from liuhen_server.web.search_kinds import cases_reached
from liuhen_server.web.search_pages import INDEXER

__all__ = ["ROUTES", "Filters", "Wanted", "cases_of", "wanted_cases"]


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; empty text asks for nothing."""

    text: str = ""
    enforcement: str = ""
    stage: str = ""
    whose: str = ""
    turn: Turn = field(default_factory=Turn)

    @classmethod
    def of(cls, request: web.Request) -> Filters:
        query = request.query
        text = query.get("text", "").strip()[:80]
        return cls(
            text=text if text.isprintable() else "",
            enforcement=query.get("class", "") if query.get("class") in CLASSES else "",
            stage=query.get("stage", "") if query.get("stage") in {stage.value for stage in Stage} else "",
            whose="mine" if query.get("whose") == "mine" else "",
            turn=Turn.of(query),
        )

    @property
    def any(self) -> bool:
        return bool(self.text or self.enforcement or self.stage or self.whose)

    def address(self, turn: Turn, path: str = "/cases") -> str:
        values = {"text": self.text, "class": self.enforcement, "stage": self.stage, "whose": self.whose}
        kept = {name: value for name, value in values.items() if value} | turn.fields()
        return path + ("?" + urlencode(kept) if kept else "")

    def condition(self, officer: int | None) -> ColumnElement[bool]:
        """Everything but the text, which the index of the search knows."""
        wanted: list[ColumnElement[bool]] = [literal(True)]
        if self.enforcement:
            wanted.append(cases.c.enforcement == self.enforcement)
        if self.stage:
            wanted.append(cases.c.stage == self.stage)
        if self.whose:
            mine = select(case_handlers.c.id).where(
                case_handlers.c.case_id == cases.c.id,
                case_handlers.c.officer_id == (officer or 0),
                case_handlers.c.until_time.is_(None),
            )
            wanted.append(exists(mine))
        return and_(*wanted)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Cases that the filters ask for and a person may see: `within`, of the table of cases, and besides what the search box would find
    for `text` within `reach`; empty text: all of them."""

    within: ColumnElement[bool]
    text: str
    reach: Reach

    def condition(self, *, sqlite: bool) -> ColumnElement[bool]:
        """Of the table of cases: for those who read them all."""
        if not self.text:
            return self.within
        ids = self.ids(sqlite=sqlite)
        return literal(False) if ids is None else and_(self.within, cases.c.id.in_(ids))

    def ids(self, *, sqlite: bool) -> Select[tuple[int]] | None:
        """Of every case that the text finds, each once; None: of none."""
        keys = found_keys(self.text, CASE, self.reach, sqlite=sqlite)
        return None if keys is None else select(cast(keys.subquery().c.key, BigInteger).label("id"))


async def wanted_cases(request: web.Request, filters: Filters) -> Wanted:
    if filters.text:
        await request.app[INDEXER].has_rooms()
    person = session_of(request).person
    reach = cases_reached(person) or Reach(frozenset())
    return Wanted(and_(reachable_cases(request), filters.condition(person.officer)), filters.text, reach)


@dataclass(frozen=True, slots=True)
class Row:
    """`missing`: how much its stages, its decision, service and execution ask for and do not have. `clock`: the agency's that ends first, of those that run."""

    case: Case
    handlers: tuple[str, ...]
    missing: int
    clock: Clock | None


async def show(request: web.Request) -> web.StreamResponse:
    context, filters, words = request.app[CONTEXT], Filters.of(request), words_of(request)
    person = session_of(request).person
    wanted = await wanted_cases(request, filters)
    async with context.database.read() as conn:
        total, found = await cases_of(conn, wanted, filters.turn)
        listed = [case_of(row) for row in found.rows]
        ids = [case.id for case in listed]
        handled = await officers_of(conn, ids)
        needs = await needs_of_cases(conn, listed) if listed else {}
        lacking = await lacks_of(conn, listed)
        events = await events_of_cases(conn, ids)
        decided, calendar = await decided_events(conn, ids), await calendar_in_force(conn)
        names = await names_of(conn, (), {officer for each in handled.values() for officer in each})
    return page(
        request,
        "cases.html",
        filters=filters,
        rows=[
            Row(
                case,
                tuple(names.officer(each) for each in sorted(handled.get(case.id, ()))),
                len(blockers(needs[case.id][1])) + len(lacking[case.id]),
                _next_clock(
                    case, with_decided(events.get(case.id, {}), decided.get(case.id, {})), context.today(), calendar
                ),
            )
            for case in listed
        ],
        total=words.count(total, COUNTED),
        newer=found.newer and filters.address(found.newer),
        older=found.older and filters.address(found.older),
        classes=list(CLASSES.values()),
        stages=[*CLASSES["penalty"].stages, Stage.ARCHIVED],
        stage_name=CLASSES["penalty"].stage_name,
        may_open=may(request, Action.OPEN_CASES),
        exports={form: filters.address(Turn(), f"/cases/export.{form}") for form in ("xlsx", "csv")},
        sees_coverage=may(request, Action.SEE_COVERAGE),
        has_officer=person.officer is not None,
    )


NEWEST = 1_000
"""Cases that are looked through one by one for a text that more than COUNTED have: a page of them is found among these."""


async def cases_of(conn: Connection, wanted: Wanted, turn: Turn) -> tuple[int, Cut]:
    """How many cases are wanted (above COUNTED: more than that), and the page of them that is asked for."""
    if not wanted.text:  # along the time, which ends as soon as the page is full
        query = select(cases).where(wanted.within)
        return await counted(conn, query), await cut(conn, query, cases.c.opened_time, cases.c.id, turn)
    ids = wanted.ids(sqlite=conn.dialect.name == "sqlite")
    if ids is None:
        return 0, Cut((), None, None)
    named, found = select(cases.c.opened_time, cases.c.id).where(wanted.within), ids.subquery()
    answering = named.join(found, found.c.id == cases.c.id)
    total = await counted(conn, answering)
    page = await _among_the_newest(conn, wanted, named, turn) if total > COUNTED and turn.newer is None else None
    if page is None:
        # materialized: the index is asked once, and not for each case along the time
        every = answering.cte("wanted").prefix_with("MATERIALIZED")
        page = await cut(conn, select(every), every.c.opened_time, every.c.id, turn)
    rows = await conn.execute(select(cases).where(cases.c.id.in_([row["id"] for row in page.rows])))
    of = {row["id"]: row for row in rows.mappings()}
    return total, replace(page, rows=tuple(of[row["id"]] for row in page.rows))


async def _among_the_newest(conn: Connection, wanted: Wanted, named: Select[Any], turn: Turn) -> Cut | None:
    """The page, where the newest of those behind `turn` fill it; else None. What many have need not be read of all of them."""
    place = turn.older or LAST
    named = named.where(tuple_(cases.c.opened_time, cases.c.id) < tuple_(place.time, place.number))
    newest = named.order_by(cases.c.opened_time.desc(), cases.c.id.desc()).limit(NEWEST).cte("newest")
    newest = newest.prefix_with("MATERIALIZED")
    answering = found_among(newest, wanted.text, CASE, wanted.reach, sqlite=conn.dialect.name == "sqlite").subquery()
    page = await cut(conn, select(answering), answering.c.opened_time, answering.c.id, turn)
    return page if page.older is not None else None


def _next_clock(case: Case, events: Mapping[str, date], today: date, calendar: Calendar) -> Clock | None:
    """Of an archived case none: nobody waits for it."""
    if case.stage is Stage.ARCHIVED:
        return None
    running = (clock for clock in clocks_of(case.enforcement, events, today, calendar) if clock.ended is None)
    return next((clock for clock in running if not clock.rule.of_party), None)


ROUTES = (get("/cases", show, Action.SEE_CASES),)
