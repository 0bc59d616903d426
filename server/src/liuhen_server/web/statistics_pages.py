"""The annual tables: figures as they stand, the cases behind each, drafts and signatures, and the printed form."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from sqlalchemy import select

from liuhen_server.cases.reading import case_of
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.publicity.annual import collect_report, public_version_of
from liuhen_server.publicity.rules import NAMES, State
from liuhen_server.registry.agencies import every_agency
from liuhen_server.statistics.counting import MOST_LISTED, cases_behind, cells_of
from liuhen_server.statistics.counting import Scope as Counting
from liuhen_server.statistics.figures import FIGURES, MONTHS, TABLES, Figure, Value
from liuhen_server.statistics.reports import (
    FIRST_YEAR,
    Counted,
    Report,
    counted_of,
    draft_report,
    due_day,
    find_report,
    recount,
    reports_of,
    save_words,
    sign_report,
)
from liuhen_server.statistics.sheet import ten_thousand_yuan, write_report
from liuhen_server.web.case_request import names_of
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import read_form
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.media import attachment
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

REPORT = web.RequestKey("statistics_report", Report)
REPORT_PATH = "/statistics/reports/{report:[1-9][0-9]{0,17}}"
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_YEAR = re.compile(r"20\d\d", re.ASCII)
ROW, BAR, WIDE = 22, 14, 300
STEP, COLUMN, HIGH = 40, 24, 100


async def _report_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_report(conn, int(request.match_info["report"]))
    if found is None:
        raise Problem("no_such_report", 404)
    request[REPORT] = found
    return Thing(found.name, found.agency)


async def _own_agency(request: web.Request) -> Thing:
    return Thing("statistics-new", session_of(request).person.agency)


def _asked(request: web.Request) -> Counting:
    """The year and the agency that the address asks for; who sees one agency is asked about no other."""
    person = session_of(request).person
    typed = request.query.get("year", "")
    year = int(typed) if _YEAR.fullmatch(typed) else request.app[CONTEXT].today().year
    if visible(person, Action.SEE_STATISTICS) is Scope.ALL:
        return Counting(year, request.query.get("agency", "")[:32] or None)
    asked = request.query.get("agency", "")
    return Counting(year, asked if asked in person.before else person.agency or "")


def _address(scope: Counting, key: str = "") -> str:
    values = {"year": str(scope.year), "agency": scope.agency or "", "figure": key}
    where = "/statistics/cases?" if key else "/statistics?"
    return where + urlencode({name: value for name, value in values.items() if value})


async def show(request: web.Request) -> web.StreamResponse:
    """Counted as the page is asked for."""
    scope, today = _asked(request), request.app[CONTEXT].today()
    async with request.app[CONTEXT].database.read() as conn:
        known = {each.code: each.short for each in await every_agency(conn)}
        counted = counted_of(await cells_of(conn, scope))
        reports = await reports_of(conn, scope.agency)
        names = await names_of(conn, {each.signed_by or each.edited_by for each in reports}, ())
    person = session_of(request).person
    every = visible(person, Action.SEE_STATISTICS) is Scope.ALL
    if not every:  # those it carries on for have annual tables of their own
        known = {code: short for code, short in known.items() if code in person.agencies}
    return page(
        request,
        "statistics.html",
        scope=scope,
        agencies=known,
        every=every or bool(person.before),
        of_all=every,
        reports=reports,
        names=names,
        years=list(range(today.year, max(FIRST_YEAR, today.year - 10) - 1, -1)),
        due=due_day(scope.year),
        today=today,
        may_keep=may(request, Action.KEEP_STATISTICS) and bool(session_of(request).person.agency),
        **_drawn(counted, scope),
    )


async def behind(request: web.Request) -> web.StreamResponse:
    """The cases that a figure counts."""
    scope, figure = _asked(request), FIGURES.get(request.query.get("figure", ""))
    if figure is None:
        raise Problem("no_such_figure", 404)
    async with request.app[CONTEXT].database.read() as conn:
        found = await cases_behind(conn, figure, scope)
        known = await conn.execute(select(cases).where(cases.c.id.in_({case_id for case_id, _, _ in found})))
        listed = {case.id: case for case in (case_of(row) for row in known.mappings())}
        agencies = {each.code: each.short for each in await every_agency(conn)}
    return page(
        request,
        "statistics_cases.html",
        scope=scope,
        figure=figure,
        rows=[(listed[case_id], day, fen) for case_id, day, fen in found],
        agencies=agencies,
        back=_address(scope),
        most=MOST_LISTED,
        money=ten_thousand_yuan,
    )


async def draft(request: web.Request) -> web.StreamResponse:
    person, form = session_of(request).person, await read_form(request)
    if not person.agency:
        raise Problem("no_agency", 409)
    agency = form["agency"] if form["agency"] in person.before else person.agency
    try:
        found = await draft_report(request.app[ACTS], person, agency, form.number("year"), request.app[CONTEXT].today())
    except Wrong as error:
        raise Problem("no_such_year", 422) from error
    raise web.HTTPSeeOther(f"/statistics/reports/{found.id}")


async def show_report(request: web.Request) -> web.StreamResponse:
    return await _draw(request, request[REPORT], 200)


async def save(request: web.Request) -> web.StreamResponse:
    held, form = request[REPORT], await read_form(request)
    acts, person, edit = request.app[ACTS], session_of(request).person, form.number("edit")
    try:
        if form["do"] == "recount":
            await recount(acts, person, held.id, edit)
        else:
            await save_words(acts, person, held.id, edit, form["words"])
    except Wrong as wrong:
        return await _draw(request, await _now(request), 409 if wrong.field == "edit" else 422, wrong, form["words"])
    raise web.HTTPSeeOther(f"/statistics/reports/{held.id}")


async def sign(request: web.Request) -> web.StreamResponse:
    held, form, today = request[REPORT], await read_form(request), request.app[CONTEXT].today()
    try:
        await sign_report(request.app[ACTS], session_of(request).person, held.id, form.number("edit"), today)
    except Wrong as wrong:
        return await _draw(request, await _now(request), 422, wrong)
    raise web.HTTPSeeOther(f"/statistics/reports/{held.id}")


async def workbook(request: web.Request) -> web.StreamResponse:
    held = request[REPORT]
    async with request.app[CONTEXT].database.read() as conn:
        names = {each.code: each.name for each in await every_agency(conn)}
    agency = names.get(held.agency, held.agency)
    remark = f"已签发，SHA-256：{held.sha256}，日志条目 {held.log_index}" if held.sha256 else "草稿，未签发"
    out = io.BytesIO()
    await asyncio.to_thread(write_report, agency, held.year, held.counted.values, held.words, remark, out)
    headers = {
        "Content-Type": _XLSX,
        "Content-Disposition": attachment(f"{agency}_{held.year}年行政执法统计年报_第{held.version}版.xlsx"),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    return web.Response(body=out.getvalue(), headers=headers)


async def make_public(request: web.Request) -> web.StreamResponse:
    """Hands the signed report to publicity."""
    held = request[REPORT]
    try:
        async with request.app[CONTEXT].database.read() as conn:
            version = await collect_report(conn, request.app[ACTS], session_of(request).person, held)
    except Wrong as wrong:
        return await _draw(request, held, 422, wrong)
    raise web.HTTPSeeOther(f"/publicity/{version.id}")


async def _now(request: web.Request) -> Report:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_report(conn, request[REPORT].id)
    assert found is not None
    return found


async def _draw(
    request: web.Request, held: Report, status: int, wrong: Wrong | None = None, typed: str | None = None
) -> web.StreamResponse:
    scope = Counting(held.year, held.agency)
    async with request.app[CONTEXT].database.read() as conn:
        agencies = {each.code: each.name for each in await every_agency(conn)}
        now = counted_of(await cells_of(conn, scope)).values
        names = await names_of(conn, {held.edited_by, held.signed_by or ""}, ())
        public = await public_version_of(conn, held)
    is_draft, today = held.signed_by is None, request.app[CONTEXT].today()
    return page(
        request,
        "statistics_report.html",
        status=status,
        held=held,
        agency=agencies.get(held.agency, held.agency),
        names=names,
        words=held.words if typed is None or not is_draft else typed,
        edits=is_draft and may(request, Action.KEEP_STATISTICS),
        signs=is_draft and may(request, Action.SIGN_STATISTICS),
        own=held.edited_by == session_of(request).person.number,
        over=held.year < today.year,
        due=due_day(held.year),
        public=public,
        public_state=None if public is None else NAMES[public.state],
        public_again=public is not None and public.state in (State.RETURNED, State.WITHDRAWN),
        collects=may(request, Action.COLLECT_PUBLICITY),
        today=today,
        changed=[
            (figure, held.counted.values[key], now[key])
            for key, figure in FIGURES.items()
            if held.counted.values[key] != now[key]
        ],
        wrong=wrong.said if wrong is not None else None,
        **_drawn(held.counted, scope),
    )


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of the chart by kind: `length` of `WIDE`."""

    figure: Figure
    value: Value
    y: int
    length: float


def _drawn(counted: Counted, scope: Counting) -> dict[str, Any]:
    """What both pages show of figures: the tables, the chart of the kinds of penalties, the months of the totals."""
    kinds = [figure for figure in TABLES[0].groups[0] if not figure.total and counted.values[figure.key].count]
    most = max((counted.values[figure.key].count for figure in kinds), default=1)
    bars = [
        Bar(figure, value, place * ROW, round(value.count * WIDE / most, 2))
        for place, figure in enumerate(kinds)
        if (value := counted.values[figure.key])
    ]
    months = [
        (FIGURES[key], counts, max(counts), [round(count * HIGH / max(counts), 2) for count in counts])
        for key, counts in counted.months.items()
        if max(counts)
    ]
    return {
        "tables": TABLES,
        "values": counted.values,
        "bars": bars,
        "row": ROW,
        "bar": BAR,
        "months": months,
        "month_names": MONTHS,
        "step": STEP,
        "column": COLUMN,
        "behind": lambda key: _address(scope, key),
        "money": ten_thousand_yuan,
    }


ROUTES = (
    get("/statistics", show, Action.SEE_STATISTICS),
    get("/statistics/cases", behind, Action.SEE_STATISTICS),
    post("/statistics/reports", draft, Action.KEEP_STATISTICS, _own_agency),
    get(REPORT_PATH, show_report, Action.SEE_STATISTICS, _report_asked_for),
    post(REPORT_PATH, save, Action.KEEP_STATISTICS, _report_asked_for),
    post(REPORT_PATH + "/sign", sign, Action.SIGN_STATISTICS, _report_asked_for),
    post(REPORT_PATH + "/publicity", make_public, Action.COLLECT_PUBLICITY, _report_asked_for),
    get(REPORT_PATH + "/xlsx", workbook, Action.SEE_STATISTICS, _report_asked_for),
)
