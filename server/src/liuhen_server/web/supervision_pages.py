"""Oversight: every agency by every item, one page an agency, spot checks that anybody can draw again, opinions until they are answered."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta

from aiohttp import web
from sqlalchemy import select

from liuhen_protocol.errors import Refused
from liuhen_protocol.tiles import TileNodes
from liuhen_server.acts import said
from liuhen_server.cases.fields import day_of
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.database import Connection
from liuhen_server.merging.acts import mergers_of
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.registry.agencies import Agency, every_agency, find_agency
from liuhen_server.supervision import acts as doing
from liuhen_server.supervision.acts import KINDS, OF_THE_COUNTY, Opinion, SpotCheck
from liuhen_server.supervision.draw import verify_draw
from liuhen_server.supervision.matrix import ITEMS, matrix
from liuhen_server.supervision.schema import supervision_answers
from liuhen_server.web.case_request import names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import Form, read_form
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

_AGENCY = web.RequestKey("supervised", Agency)
_CHECK = web.RequestKey("spot_check", SpotCheck)
_OPINION = web.RequestKey("opinion", Opinion)
DAYS_TO_ANSWER = 15


async def _agency_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_agency(conn, request.match_info["code"])
    if found is None:
        raise Problem("no_such_agency", 404)
    request[_AGENCY] = found
    return Thing(found.number, found.code)


async def _check_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await doing.find_check(conn, int(request.match_info["check"]))
    if found is None:
        raise Problem("no_such_check", 404)
    request[_CHECK] = found
    return Thing(found.name, found.agency)


async def _opinion_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await doing.find_opinion(conn, int(request.match_info["opinion"]))
    if found is None:
        raise Problem("no_such_opinion", 404)
    request[_OPINION] = found
    return Thing(found.name, found.agency)


async def _report_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await doing.find_report(conn, int(request.match_info["filed"]))
    if found is None:
        raise Problem("no_such_self_report", 404)
    return Thing(f"self-report-{found['id']}", found["agency"])


async def show(request: web.Request) -> web.StreamResponse:
    person, context = session_of(request).person, request.app[CONTEXT]
    if visible(person, Action.SEE_SUPERVISION) is not Scope.ALL:
        if not person.agency:
            raise Problem("no_agency", 409)
        raise web.HTTPSeeOther(f"/supervision/{person.agency}")
    async with context.database.read() as conn:
        rows = await matrix(conn, context.today())
        members = await doing.records_of(conn, None)
        merged = [each for each in await mergers_of(conn) if each.heir]
        names = {each.code: each for each in await every_agency(conn)}
    return page(
        request,
        "supervision.html",
        items=ITEMS,
        rows=rows,
        members=members,
        merged=merged,
        agencies=names,
        kinds={key: KINDS[key] for key in OF_THE_COUNTY},
        keeps=may(request, Action.SUPERVISE),
        today=context.today(),
        wrong=None,
    )


async def show_agency(request: web.Request) -> web.StreamResponse:
    return await _draw(request, request[_AGENCY].code, 200)


async def _draw(request: web.Request, code: str, status: int, wrong: Wrong | None = None) -> web.StreamResponse:
    context, today = request.app[CONTEXT], request.app[CONTEXT].today()
    async with context.database.read() as conn:
        agency = await find_agency(conn, code)
        assert agency is not None
        rows = await matrix(conn, today, code)
        merger = next((each for each in await mergers_of(conn, code) if each.heir), None)
        successor = None if merger is None else await find_agency(conn, merger.into)
        checks, opinions = await doing.checks_of(conn, code), await doing.opinions_of(conn, code)
        reports, records = await doing.reports_of(conn, code), await doing.records_of(conn, code)
        ids = {each.id for each in opinions}
        query = select(supervision_answers).where(supervision_answers.c.opinion_id.in_(ids))
        answers = (await conn.execute(query.order_by(supervision_answers.c.id))).mappings().all()
        texts = await _texts(conn, {each.said for each in opinions} | {each["said"] for each in (*answers, *reports)})
        people = {each.by for each in opinions} | {each["by"] for each in (*answers, *reports)}
        people |= {each["received_by"] or "" for each in reports} | {each.announced_by for each in checks}
        names = await names_of(conn, people, ())
    return page(
        request,
        "supervision_agency.html",
        status=status,
        agency=agency,
        merger=merger,
        successor=successor,
        cells=rows[0].cells if rows else {},
        items=ITEMS,
        checks=checks,
        opinions=opinions,
        answers={each.id: [row for row in answers if row["opinion_id"] == each.id] for each in opinions},
        reports=reports,
        records=records,
        texts=texts,
        names=names,
        kinds={key: name for key, name in KINDS.items() if key not in OF_THE_COUNTY},
        supervises=may(request, Action.SUPERVISE),
        answers_here=may(request, Action.ANSWER_SUPERVISION),
        today=today,
        year_began=date(today.year, 1, 1),
        due=today + timedelta(days=DAYS_TO_ANSWER),
        wrong=wrong.said if wrong is not None else None,
    )


async def _texts(conn: Connection, ids: set[int]) -> dict[int, str]:
    rows = await conn.execute(select(said.c.id, said.c.text).where(said.c.id.in_(ids)))
    return {row.id: row.text or "" for row in rows}


async def announce(request: web.Request) -> web.StreamResponse:
    form, code = await read_form(request), request[_AGENCY].code
    try:
        found = await doing.announce(
            request.app[ACTS],
            session_of(request).person,
            code,
            day_of(form["from_day"], "from_day"),
            day_of(form["until_day"], "until_day"),
            form.number("sample"),
        )
    except Wrong as wrong:
        return await _draw(request, code, 422, wrong)
    raise web.HTTPSeeOther(f"/supervision/checks/{found.id}")


async def show_check(request: web.Request) -> web.StreamResponse:
    return await _draw_check(request, 200)


async def draw(request: web.Request) -> web.StreamResponse:
    check, log = request[_CHECK], request.app[CONTEXT].log
    published = log.published()
    size = 0 if published is None else published[0].size
    try:
        await doing.draw_cases(request.app[ACTS], session_of(request).person, check.id, size, TileNodes(size, log.tile))
    except Wrong as wrong:
        return await _draw_check(request, 409, wrong)
    raise web.HTTPSeeOther(f"/supervision/checks/{check.id}")


async def _draw_check(request: web.Request, status: int, wrong: Wrong | None = None) -> web.StreamResponse:
    """Whoever opens the page of a check that was drawn has it drawn again from the log's own tree."""
    check, context = request[_CHECK], request.app[CONTEXT]
    published = context.log.published()
    size, refused = (0 if published is None else published[0].size), ""
    if check.cases is not None:
        try:
            await asyncio.to_thread(verify_draw, check.drawn(), TileNodes(size, context.log.tile))
        except Refused as error:
            refused = error.code
    async with context.database.read() as conn:
        query = select(cases.c.id, cases.c.number, cases.c.title, cases.c.stage).where(
            cases.c.id.in_(check.cases or ())
        )
        drawn = (await conn.execute(query.order_by(cases.c.id))).all()
        agency = await find_agency(conn, check.agency)
    return page(
        request,
        "supervision_check.html",
        status=status,
        check=check,
        agency=agency,
        drawn=drawn,
        waits=max(0, check.needs_size - size),
        refused=refused,
        supervises=may(request, Action.SUPERVISE),
        wrong=wrong.said if wrong is not None else None,
    )


async def give_opinion(request: web.Request) -> web.StreamResponse:
    form, code = await read_form(request), request[_AGENCY].code
    person, today = session_of(request).person, request.app[CONTEXT].today()
    try:
        due = day_of(form["due"], "due")
        await doing.give_opinion(request.app[ACTS], person, code, form["about"], due, form["text"], today)
    except Wrong as wrong:
        return await _draw(request, code, 422, wrong)
    raise web.HTTPSeeOther(f"/supervision/{code}")


async def answer(request: web.Request) -> web.StreamResponse:
    form, held = await read_form(request), request[_OPINION]
    try:
        await doing.answer(request.app[ACTS], session_of(request).person, held.id, form.number("version"), form["text"])
    except Wrong as wrong:
        return await _draw(request, held.agency, 409 if wrong.field == "version" else 422, wrong)
    raise web.HTTPSeeOther(f"/supervision/{held.agency}")


async def close(request: web.Request) -> web.StreamResponse:
    form, held = await read_form(request), request[_OPINION]
    acts, person, accepted = request.app[ACTS], session_of(request).person, form["do"] == "accept"
    try:
        await doing.close(acts, person, held.id, form.number("version"), form["text"], accepted=accepted)
    except Wrong as wrong:
        return await _draw(request, held.agency, 409 if wrong.field == "version" else 422, wrong)
    raise web.HTTPSeeOther(f"/supervision/{held.agency}")


async def file_report(request: web.Request) -> web.StreamResponse:
    form, code = await read_form(request), request[_AGENCY].code
    acts, person, today = request.app[ACTS], session_of(request).person, request.app[CONTEXT].today()
    try:
        await doing.file_report(acts, person, code, form.number("year"), form["text"], today)
    except Wrong as wrong:
        return await _draw(request, code, 422, wrong)
    raise web.HTTPSeeOther(f"/supervision/{code}")


async def receive_report(request: web.Request) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        filed = await doing.find_report(conn, number(request.match_info["filed"]))
    assert filed is not None
    try:
        await doing.receive_report(request.app[ACTS], session_of(request).person, filed["id"])
    except Wrong as wrong:
        return await _draw(request, filed["agency"], 409, wrong)
    raise web.HTTPSeeOther(f"/supervision/{filed['agency']}")


async def keep_record(request: web.Request) -> web.StreamResponse:
    code = request[_AGENCY].code
    try:
        await _keep(request, await read_form(request), code)
    except Wrong as wrong:
        return await _draw(request, code, 422, wrong)
    raise web.HTTPSeeOther(f"/supervision/{code}")


async def keep_member(request: web.Request) -> web.StreamResponse:
    try:
        await _keep(request, await read_form(request), None)
    except Wrong as error:
        raise Problem("not_written_down", 422) from error
    raise web.HTTPSeeOther("/supervision")


async def _keep(request: web.Request, form: Form, agency: str | None) -> None:
    acts, person = request.app[ACTS], session_of(request).person
    if form["do"] == "end":
        await doing.end_record(acts, person, agency, form.number("record"))
        return
    hours = form.number("hours") if form["hours"] else 0
    day = day_of(form["day"], "day")
    await doing.add_record(acts, person, agency, form["kind"], form["name"], form["what"], day, hours)


_ONE, _CHECK_PATH = "/supervision/{code:[a-z0-9-]{2,32}}", "/supervision/checks/{check:[1-9][0-9]{0,17}}"
_OPINION_PATH = "/supervision/opinions/{opinion:[1-9][0-9]{0,17}}"
ROUTES = (
    get("/supervision", show, Action.SEE_SUPERVISION),
    post("/supervision/members", keep_member, Action.SUPERVISE),
    get(_CHECK_PATH, show_check, Action.SEE_SUPERVISION, _check_asked_for),
    post(_CHECK_PATH + "/draw", draw, Action.SUPERVISE, _check_asked_for),
    post(_OPINION_PATH + "/answer", answer, Action.ANSWER_SUPERVISION, _opinion_asked_for),
    post(_OPINION_PATH + "/close", close, Action.SUPERVISE, _opinion_asked_for),
    post("/supervision/reports/{filed:[1-9][0-9]{0,17}}/receive", receive_report, Action.SUPERVISE, _report_asked_for),
    get(_ONE, show_agency, Action.SEE_SUPERVISION, _agency_asked_for),
    post(_ONE + "/checks", announce, Action.SUPERVISE, _agency_asked_for),
    post(_ONE + "/opinions", give_opinion, Action.SUPERVISE, _agency_asked_for),
    post(_ONE + "/reports", file_report, Action.ANSWER_SUPERVISION, _agency_asked_for),
    post(_ONE + "/records", keep_record, Action.ANSWER_SUPERVISION, _agency_asked_for),
)
