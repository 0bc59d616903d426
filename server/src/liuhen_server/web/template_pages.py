"""Document templates: an agency's own, and a case's document filled from one; what is filled is a document of the case at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping

from aiohttp import web

from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.documents import Paper, add_document, receive
from liuhen_server.cases.said import Wrong
from liuhen_server.papers.acts import body_of, find_template, keep_template, templates_of
from liuhen_server.papers.docx import MOST_TEMPLATE_BYTES, fill
from liuhen_server.papers.fields import FIELDS, values_of
from liuhen_server.people.access import Thing
from liuhen_server.people.roles import Action
from liuhen_server.registry.agencies import find_agency
from liuhen_server.web.case_papers import read_upload
from liuhen_server.web.case_request import CASE, case_asked_for, names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.forms import read_form
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

_CASE = "/cases/{case:[1-9][0-9]{0,17}}"


async def _own_agency(request: web.Request) -> Thing:
    return Thing("template-new", session_of(request).person.agency)


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, 200)


async def _draw(request: web.Request, status: int, wrong: Wrong | None = None, chosen: str = "") -> web.StreamResponse:
    agency = session_of(request).person.agency or ""
    async with request.app[CONTEXT].database.read() as conn:
        found = await templates_of(conn, agency)
        names = await names_of(conn, {each.by for each in found}, ())
    return page(
        request,
        "templates.html",
        status=status,
        found=found,
        names=names,
        classes=CLASSES,
        kinds=_kinds(),
        fields=FIELDS,
        keeps=may(request, Action.KEEP_TEMPLATES) and bool(agency),
        chosen=chosen,
        wrong=wrong.said if wrong is not None else None,
    )


def _kinds() -> dict[tuple[str, str, str], tuple[str, str]]:
    """Class, stage and kind → names, of every document that there is."""
    return {
        (rules.key, row.stage.value, kind.key): (
            f"{rules.name.zh}·{row.name.zh}·{kind.name.zh}",
            f"{rules.name.en} · {kind.name.en}",
        )
        for rules in CLASSES.values()
        for row in rules.table
        for kind in row.documents
    }


async def keep(request: web.Request) -> web.StreamResponse:
    person = session_of(request).person
    if not person.agency:
        raise Problem("no_agency", 409)
    given: Mapping[str, str] = {}
    try:
        given, file = await read_upload(request)
        if file is None or not file.filename:
            raise Wrong("请选择文件", "choose a file", "file")
        body = bytearray()
        while piece := await file.read_chunk(64 << 10):
            body += piece
            if len(body) > MOST_TEMPLATE_BYTES:
                raise Wrong("模板超过 2 MB", "the template has more than 2 MB", "file")
        enforcement, stage, kind = [*given.get("what", "").split(":"), "", ""][:3]
        await keep_template(
            request.app[ACTS], person, person.agency, enforcement, stage, kind, file.filename, bytes(body)
        )
    except Wrong as wrong:
        return await _draw(request, 422, wrong, given.get("what", ""))
    raise web.HTTPSeeOther("/templates")


async def choose(request: web.Request) -> web.StreamResponse:
    return await _draw_case(request, 200)


async def _draw_case(request: web.Request, status: int, wrong: Wrong | None = None) -> web.StreamResponse:
    case = request[CASE].case
    async with request.app[CONTEXT].database.read() as conn:
        found = await templates_of(conn, case.agency, case.enforcement)
    return page(
        request,
        "template_fill.html",
        status=status,
        case=case,
        found=sorted(found, key=lambda each: each.stage != case.stage),
        kinds=_kinds(),
        wrong=wrong.said if wrong is not None else None,
    )


async def filled(request: web.Request) -> web.StreamResponse:
    whole, context, form = request[CASE], request.app[CONTEXT], await read_form(request)
    if context.incoming is None:
        raise Problem("no_such_template", 404)
    async with context.database.read() as conn:
        template = await find_template(conn, number(form["template"]))
        if template is None or (template.agency, template.enforcement) != (whole.case.agency, whole.case.enforcement):
            raise Problem("no_such_template", 404)
        body, agency = await body_of(conn, template.id), await find_agency(conn, whole.case.agency)
        names = await names_of(conn, (), whole.officers)
    assert agency is not None
    handlers = tuple((names.officer(each), names.certificate(each)) for each in sorted(whole.officers))
    values = values_of(whole, agency.name, agency.credit_code or "", handlers, context.today())

    async def pieces() -> AsyncIterator[bytes]:
        yield await asyncio.to_thread(fill, body, values)

    path = context.incoming / f"paper-{context.random_bytes(16).hex()}"
    stem = template.name.rpartition(".")[0] or template.name
    try:
        received = await receive(context.store, path, f"{stem}.docx", pieces())
        paper = Paper(Stage(template.stage), template.kind, context.today().isoformat())
        await add_document(request.app[ACTS], session_of(request).person, whole.case.id, received, paper)
    except Wrong as wrong:
        return await _draw_case(request, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}")


ROUTES = (
    get("/templates", show, Action.SEE_TEMPLATES),
    post("/templates", keep, Action.KEEP_TEMPLATES, _own_agency, upload=True),
    get(_CASE + "/fill", choose, Action.WORK_CASES, case_asked_for),
    post(_CASE + "/fill", filled, Action.WORK_CASES, case_asked_for),
)
