"""Reviews across cases: what waits for a reviewer, who the reviewers are, and the flow chart of the agency."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from aiohttp import web
from sqlalchemy import ColumnElement, Row, and_, false, func, select, true

from liuhen_server.cases.classes import CLASSES
from liuhen_server.cases.clocks import Clock
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.database import Connection
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.registry.agencies import Agency, every_agency, find_agency
from liuhen_server.review.chart import chart_of, svg_of
from liuhen_server.review.lists import find_major_list
from liuhen_server.review.reading import major_rows_on
from liuhen_server.review.reviewers import keep_reviewer, officers_at_work, ratio_of, reviewers_of
from liuhen_server.review.schema import review_consultations, reviews
from liuhen_server.review.terms import clock_of
from liuhen_server.web.case_request import field, names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.media import attachment
from liuhen_server.web.render import page, words_of
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

MOST = 200
_SHOWN = ("open", "mine", "questions", "ended")


@dataclass(frozen=True, slots=True)
class Queued:
    """A round in the queue. `clock` None: it was withdrawn."""

    case_id: int
    number: str
    title: str
    agency: str
    enforcement: str
    round: int
    state: str
    submitted_day: str
    taken_by: str | None
    clock: Clock | None


async def queue(request: web.Request) -> web.StreamResponse:
    person, context = session_of(request).person, request.app[CONTEXT]
    shown = request.query.get("show", "")
    sees_all = visible(person, Action.SEE_REVIEWS) is Scope.ALL
    if shown not in _SHOWN:
        shown = "questions" if may(request, Action.ANSWER_PREREVIEWS) else "open"
    async with context.database.read() as conn:
        where = and_(_reached(request), _asked(shown, person.number))
        count = (
            await conn.execute(
                select(func.count()).select_from(reviews.join(cases, cases.c.id == reviews.c.case_id)).where(where)
            )
        ).scalar_one()
        order = reviews.c.id.desc() if shown == "ended" else reviews.c.submitted_day.asc()
        query = (
            select(reviews, cases.c.number, cases.c.title, cases.c.enforcement)
            .join(cases, cases.c.id == reviews.c.case_id)
            .where(where)
            .order_by(order, reviews.c.id)
            .limit(MOST)
        )
        calendar, today = await calendar_in_force(conn), context.today()
        rows = []
        for row in (await conn.execute(query)).all():
            clock = None
            if row.outcome != "withdrawn":
                day = None if row.opinion_day is None else date.fromisoformat(row.opinion_day)
                submitted = date.fromisoformat(row.submitted_day)
                clock = clock_of(submitted, day, today, calendar, extended=row.extended_by is not None)
            rows.append(_queued(row, clock))
        names = await names_of(conn, {each.taken_by or "" for each in rows}, ())
        agencies = {each.code: each for each in await every_agency(conn)} if sees_all else {}
    return page(
        request,
        "reviews.html",
        rows=rows,
        count=count,
        most=MOST,
        shown=shown,
        choices=[each for each in _SHOWN if each != "mine" or may(request, Action.GIVE_OPINIONS)],
        names=names,
        agencies=agencies,
        classes=CLASSES,
    )


def _reached(request: web.Request) -> ColumnElement[bool]:
    person = session_of(request).person
    match visible(person, Action.SEE_REVIEWS):
        case Scope.ALL:
            return true()
        case Scope.AGENCY:
            return reviews.c.agency.in_(sorted(person.agencies))
        case _:
            return false()


def _asked(shown: str, person: str) -> ColumnElement[bool]:
    match shown:
        case "mine":
            return and_(reviews.c.outcome.is_(None), reviews.c.taken_by == person)
        case "questions":
            waits = select(review_consultations.c.review_id).where(
                review_consultations.c.kind == "prereview", review_consultations.c.answer.is_(None)
            )
            return reviews.c.id.in_(waits)
        case "ended":
            return reviews.c.outcome.is_not(None)
        case _:
            return reviews.c.outcome.is_(None)


def _queued(row: Row[tuple[object, ...]], clock: Clock | None) -> Queued:
    values = row._mapping
    state = values["outcome"] or ("submitted" if values["taken_by"] is None else "taken")
    return Queued(
        values["case_id"],
        values["number"],
        values["title"],
        values["agency"],
        values["enforcement"],
        values["round"],
        state,
        values["submitted_day"],
        values["taken_by"],
        clock,
    )


async def _own_agency(request: web.Request) -> Thing:
    return Thing("reviewers", session_of(request).person.agency)


async def _agency_asked_for(request: web.Request, conn: Connection) -> Agency:
    """The own one; for those who see all, the one of the address or the first. Raises the problem page where there is none."""
    person = session_of(request).person
    if visible(person, Action.SEE_REVIEWS) is not Scope.ALL:
        found = await find_agency(conn, person.agency or "")
    else:
        wanted = request.query.get("agency", "")[:32]
        every = await every_agency(conn, active=True)
        found = await find_agency(conn, wanted) if wanted else next(iter(every), None)
    if found is None:
        raise Problem("no_agency", 404)
    return found


async def show_reviewers(request: web.Request) -> web.StreamResponse:
    return await _draw_reviewers(request, 200)


async def _draw_reviewers(request: web.Request, status: int, wrong: Wrong | None = None) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        agency = await _agency_asked_for(request, conn)
        found = await reviewers_of(conn, agency.code)
        ratio = ratio_of(found, await officers_at_work(conn, agency.code))
        sees_all = visible(session_of(request).person, Action.SEE_REVIEWS) is Scope.ALL
        agencies = await every_agency(conn, active=True) if sees_all else ()
    keeps = visible(session_of(request).person, Action.KEEP_REVIEWERS) is not None
    return page(
        request,
        "reviewers.html",
        status=status,
        agency=agency,
        agencies=agencies,
        reviewers=found,
        ratio=ratio,
        keeps=keeps,
        wrong=wrong.said if wrong is not None else None,
    )


async def save_reviewer(request: web.Request) -> web.StreamResponse:
    person, texts = session_of(request).person, {}
    for name in ("first_day", "qualification", "remark"):
        texts[name] = await field(request, name)
    which, version = number(await field(request, "person")), number(await field(request, "version"))
    try:
        await keep_reviewer(
            request.app[ACTS], person, person.agency or "", which, version, **texts, today=request.app[CONTEXT].today()
        )
    except Wrong as wrong:
        return await _draw_reviewers(request, 409 if wrong.field == "version" else 422, wrong)
    raise web.HTTPSeeOther("/reviewers")


async def show_chart(request: web.Request) -> web.StreamResponse:
    words, context = words_of(request), request.app[CONTEXT]
    enforcement = request.query.get("class", "")
    chosen = CLASSES.get(enforcement) or CLASSES["penalty"]
    async with context.database.read() as conn:
        agency = await _agency_asked_for(request, conn)
        list_id, rows = await major_rows_on(conn, agency.code, context.today())
        held = None if list_id is None else await find_major_list(conn, list_id)
    chart = chart_of(agency.name, chosen, rows)
    if request.query.get("form") == "svg":
        drawn = '<?xml version="1.0" encoding="UTF-8"?>\n' + svg_of(chart, words.said, standing_alone=True)
        name = f"{words.said(chart.title)}.svg"
        headers = {"Content-Disposition": attachment(name)}
        return web.Response(text=drawn, content_type="image/svg+xml", charset="utf-8", headers=headers)
    return page(
        request,
        "review_chart.html",
        agency=agency,
        chosen=chosen,
        classes=CLASSES.values(),
        chart=chart,
        held=held,
        svg=svg_of(chart, words.said),
    )


ROUTES = (
    get("/reviews", queue, Action.SEE_REVIEWS),
    get("/reviewers", show_reviewers, Action.SEE_REVIEWS),
    post("/reviewers", save_reviewer, Action.KEEP_REVIEWERS, _own_agency),
    get("/review-chart", show_chart, Action.SEE_REVIEWS),
)
