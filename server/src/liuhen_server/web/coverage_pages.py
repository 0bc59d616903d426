"""Coverage over time: per agency and month, how much of what must be recorded is there; each figure opens the cases behind it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import select

from liuhen_server.cases.coverage import NeedState
from liuhen_server.cases.coverage_time import MONTHS, Figures, Measured, figures_of, month_before, months_until
from liuhen_server.cases.reading import Case, case_of, needs_of_cases
from liuhen_server.cases.schema import cases
from liuhen_server.database import Connection
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import every_agency
from liuhen_server.web.case_request import reachable_cases
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.render import page
from liuhen_server.web.routes import get

__all__ = ["ROUTES"]

AT_ONCE = 100  # cases: what is computed between two turns of the event loop
MOST_LISTED = 500
STATES = (NeedState.PRESENT, NeedState.EXCUSED, NeedState.MISSING)
_MONTH = re.compile(r"(?:19|20|21)\d\d-(?:0[1-9]|1[0-2])", re.ASCII)
STEP, BAR, HEIGHT = 40, 24, 100


@dataclass(frozen=True, slots=True)
class Bar:
    """A month of the chart: parts as (class, y, height) of a hundred, from below present, excused, missing."""

    x: int
    month: str
    figures: Figures
    parts: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class AgencyOverTime:
    code: str
    name: str
    rows: tuple[tuple[str, Figures], ...]
    bars: tuple[Bar, ...]


async def show(request: web.Request) -> web.StreamResponse:
    this_month = request.app[CONTEXT].today().isoformat()[:7]
    until = _month(request.query.get("until", "")) or this_month
    months = months_until(until)
    async with request.app[CONTEXT].database.read() as conn:
        names = {each.code: each.short for each in await every_agency(conn)}
        figures = figures_of(await _measured(request, conn, months))
    agencies = [_agency(code, names.get(code, code), months, figures) for code in sorted({code for code, _ in figures})]
    later = month_before(until, -MONTHS)
    return page(
        request,
        "coverage.html",
        agencies=agencies,
        until=until,
        earlier=f"/coverage?until={month_before(until, MONTHS)}",
        later=f"/coverage?until={min(later, this_month)}" if until < this_month else "",
        states=STATES,
        behind=_behind,
        step=STEP,
        bar=BAR,
    )


async def behind(request: web.Request) -> web.StreamResponse:
    """The cases of one figure: agency, month, and a state or none."""
    agency, month = request.query.get("agency", "")[:32], _month(request.query.get("month", ""))
    what = request.query.get("what", "")
    state = NeedState(what) if what in STATES else None
    async with request.app[CONTEXT].database.read() as conn:
        names = {each.code: each.short for each in await every_agency(conn)}
        figures = figures_of(await _measured(request, conn, (month,))) if month else {}
        found = figures.get((agency, month), Figures())
        ids = sorted(found.behind(state))[:MOST_LISTED]
        listed = await _cases(conn, ids)
        asked = await needs_of_cases(conn, listed)
    rows = []
    for case in listed:
        wanted = [need for need in asked[case.id][1] if need.method is not None and need.required]
        rows.append((case, [need for need in wanted if (need.state is state if state else need.state in STATES)]))
    return page(request, "coverage_cases.html", agency=names.get(agency, agency), month=month, state=state, rows=rows)


async def _measured(request: web.Request, conn: Connection, months: Sequence[str]) -> list[Measured]:
    """The cases that this person sees and that were opened in one of these months, each with what it asks for."""
    query = select(cases).where(
        reachable_cases(request, Action.SEE_COVERAGE),
        cases.c.opened_day >= f"{months[0]}-01",
        cases.c.opened_day <= f"{months[-1]}-31",
        cases.c.list_id.is_not(None),  # a case from before there was a list asks for no recording
    )
    every = [case_of(row) for row in (await conn.execute(query.order_by(cases.c.id))).mappings()]
    found = []
    for start in range(0, len(every), AT_ONCE):
        some = every[start : start + AT_ONCE]
        asked = await needs_of_cases(conn, some)
        found += [Measured(case.id, case.agency, case.opened_day[:7], asked[case.id][1]) for case in some]
    return found


async def _cases(conn: Connection, ids: Sequence[int]) -> list[Case]:
    query = select(cases).where(cases.c.id.in_(ids)).order_by(cases.c.opened_time.desc())
    return [case_of(row) for row in (await conn.execute(query)).mappings()]


def _agency(code: str, name: str, months: Sequence[str], figures: dict[tuple[str, str], Figures]) -> AgencyOverTime:
    rows = tuple((month, figures.get((code, month), Figures())) for month in months)
    return AgencyOverTime(code, name, rows, tuple(_bar(place, month, each) for place, (month, each) in enumerate(rows)))


def _bar(place: int, month: str, figures: Figures) -> Bar:
    parts, top = [], float(HEIGHT)
    for state, count in zip(STATES, (figures.present, figures.excused, figures.missing), strict=True):
        if count:
            height = round(count * HEIGHT / figures.required, 2)
            top -= height
            parts.append((state.value, round(top, 2), height))
    return Bar(place * STEP + (STEP - BAR) // 2, month, figures, tuple(parts))


def _behind(agency: str, month: str, state: str = "") -> str:
    values = {"agency": agency, "month": month, "what": state}
    return "/coverage/cases?" + urlencode({name: value for name, value in values.items() if value})


def _month(text: str) -> str:
    return text if _MONTH.fullmatch(text) else ""


ROUTES = (
    get("/coverage", show, Action.SEE_COVERAGE),
    get("/coverage/cases", behind, Action.SEE_COVERAGE),
)
