"""Publicity: what has to become public, what is in hand, and each version on its way through three people's hands."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from aiohttp import web

from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.cases.tables import check_mistakes, read_table
from liuhen_server.deadlines.deadline import Within
from liuhen_server.deadlines.decision_source import of_publications, of_withdrawals
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.people.access import Thing, visible
from liuhen_server.people.roles import Action, Scope
from liuhen_server.publicity import items
from liuhen_server.publicity.content import MOST_ROWS, Content, Sheet, read_content, wrong_text
from liuhen_server.publicity.fill import content_of_decision, content_of_officers, decided
from liuhen_server.publicity.items import Version, find_version, names_kept, versions_of
from liuhen_server.publicity.kinds import FORMS, KINDS, Kind, Shape, kind_of
from liuhen_server.publicity.masking import Choice
from liuhen_server.publicity.reading import lines, said_of
from liuhen_server.publicity.rules import NAMES, State
from liuhen_server.publicity.signed import KIND
from liuhen_server.registry.agencies import every_agency
from liuhen_server.web.case_request import field, fields, names_of, number
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post
from liuhen_server.web.sheet_files import sent_with_file, xlsx

__all__ = ["ROUTES"]

VERSION = web.RequestKey("public_version", Version)
VERSION_PATH = "/publicity/{public:[1-9][0-9]{0,17}}"
MOST = 200
LONG = ("facts", "basis", "content", "remark")
MADE = ("decision", "inspection-result", "officers", "statistics")
"""Kinds that are not typed in: they are made from what the archive knows."""


async def _own_agency(request: web.Request) -> Thing:
    return Thing("publicity-new", session_of(request).person.agency)


async def _version_asked_for(request: web.Request) -> Thing:
    async with request.app[CONTEXT].database.read() as conn:
        found = await find_version(conn, int(request.match_info["public"]))
    if found is None:
        raise Problem("no_such_publication", 404)
    request[VERSION] = found
    return Thing(found.name, found.agency)


async def show_all(request: web.Request) -> web.StreamResponse:
    return await _all(request, 200)


async def _all(request: web.Request, status: int, wrong: Wrong | None = None) -> web.StreamResponse:
    context, person = request.app[CONTEXT], session_of(request).person
    everywhere = visible(person, Action.SEE_PUBLICITY) is Scope.ALL
    agency = (request.query.get("agency") or None) if everywhere else person.agency or ""
    async with context.database.read() as conn:
        within, today = Within(await calendar_in_force(conn), agency), context.today()
        due = sorted(await of_publications(conn, today, within), key=lambda each: each.due)
        over = sorted(await of_withdrawals(conn, today, within), key=lambda each: each.due)
        in_hand = await lines(conn, agency, ("collected", "reviewed"), MOST)
        public = await lines(conn, agency, ("published",), MOST)
        ended = await lines(conn, agency, ("withdrawn", "returned"), MOST)
        names = await names_of(conn, {each.collected_by for each in (*in_hand, *public, *ended)}, ())
        agencies = {each.code: each.short for each in await every_agency(conn)}
    taken = {each.title for each in in_hand}
    return page(
        request,
        "publicity.html",
        status=status,
        due=[each for each in due if each.name not in taken][:MOST],
        over=over[:MOST],
        parts_of=(("in_hand", in_hand), ("public", public), ("ended", ended)),
        kinds=KINDS,
        typed_kinds=[each for each in KINDS.values() if each.key not in MADE],
        states=NAMES,
        names=names,
        agencies=agencies,
        everywhere=everywhere,
        asked=agency,
        collects=may(request, Action.COLLECT_PUBLICITY) and bool(person.agency),
        wrong=wrong.said if wrong is not None else None,
    )


async def collect(request: web.Request) -> web.StreamResponse:
    """A decision (`decision`: its id) or the agency's officers, from what the archive knows."""
    person, context = session_of(request).person, request.app[CONTEXT]
    if not person.agency:
        raise Problem("no_agency", 409)
    try:
        async with context.database.read() as conn:
            agency = person.agency
            if await field(request, "kind") == "officers":
                kind, about, content = "officers", "", await content_of_officers(conn, person.agency)
            else:
                found = await decided(conn, number(await field(request, "decision")))
                if found is None or found.agency not in person.agencies:
                    raise Wrong("没有这个决定", "no such decision", "decision")
                agency = found.agency  # a decision is public under the name of who made it
                kind, about, content = found.kind, found.about, await content_of_decision(conn, found)
        version = await items.collect(request.app[ACTS], person, agency, kind, about, content)
    except Wrong as wrong:
        return await _all(request, 422, wrong)
    raise web.HTTPSeeOther(f"/publicity/{version.id}")


async def new(request: web.Request) -> web.StreamResponse:
    return _new(request, 200, request.query.get("kind", ""))


def _new(
    request: web.Request, status: int, kind: str, wrong: Wrong | None = None, given: Mapping[str, str] | None = None
) -> web.StreamResponse:
    if kind not in KINDS or kind in MADE:
        raise Problem("no_such_publication", 404)
    return page(
        request,
        "publicity_new.html",
        status=status,
        kind=KINDS[kind],
        shape=Shape,
        given=given or {},
        wrong=wrong.said if wrong is not None else None,
    )


async def add(request: web.Request) -> web.StreamResponse:
    person = session_of(request).person
    if not person.agency:
        raise Problem("no_agency", 409)
    given, data = await sent_with_file(request)
    key = given.get("kind", "")
    if key not in KINDS or key in MADE:
        raise Problem("no_such_publication", 404)
    kind = KINDS[key]
    try:
        content = await _content(kind, given, data)
        about = given.get("title", "") if kind.has_about else ""
        version = await items.collect(request.app[ACTS], person, person.agency, key, about[:64], content)
    except Wrong as wrong:
        return _new(request, 422, key, wrong, given)
    raise web.HTTPSeeOther(f"/publicity/{version.id}")


async def _content(kind: Kind, given: Mapping[str, str], data: bytes) -> Content:
    title = given.get("title", "")
    if kind.shape == Shape.TEXT:
        return Content(kind.key, title, {}, (), given.get("text", "").replace("\r\n", "\n").strip())
    return Content(kind.key, title, {}, (await asyncio.to_thread(_sheet, kind, data),))


def _sheet(kind: Kind, data: bytes) -> Sheet:
    """The rows of an xlsx or CSV whose first row names the kind's columns, in any order. Raises Wrong, naming each bad row."""
    if not data:
        raise Wrong("请选择文件", "choose a file", "file")
    table = read_table(io.BytesIO(data), [Said(name, name) for name in kind.columns], MOST_ROWS)
    rows = [(number, tuple(cell.replace("\r\n", "\n") for cell in cells)) for number, cells in table.rows]
    wrong = [
        (number, Said(f"“{name}”{said.zh}", f"{name}: {said.en}"))
        for number, cells in rows
        for name, cell in zip(kind.columns, cells, strict=True)
        if (said := wrong_text(cell)) is not None
    ]
    check_mistakes([*table.mistakes, *wrong])
    return Sheet("", kind.columns, tuple(cells for _, cells in rows))


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, request[VERSION], 200)


async def _draw(
    request: web.Request, version: Version, status: int, wrong: Wrong | None = None, typed: Content | None = None
) -> web.StreamResponse:
    person, kind = session_of(request).person, kind_of(version.kind)
    async with request.app[CONTEXT].database.read() as conn:
        history = await versions_of(conn, version.item_id)
        whole = {each.collected_by for each in history} | {each.published_by or "" for each in history}
        names = await names_of(conn, whole | {version.reviewed_by or "", version.confirmed_by or ""}, ())
        words = await said_of(conn, [version.confirmation, *(each.reason for each in history)])
        looked_for = await names_kept(conn, version.id)
        agencies = {each.code: each.name for each in await every_agency(conn)}
    collected = version.state is State.COLLECTED
    edits = collected and person.number == version.collected_by and may(request, Action.COLLECT_PUBLICITY)
    raw = typed or read_content(version.raw or version.content)
    form = FORMS.get(raw.form)
    waits = kind.confirmed_by is not None and version.confirmed_by is None
    return page(
        request,
        "publicity_version.html",
        status=status,
        held=version,
        kind=kind,
        agency=agencies.get(version.agency, version.agency),
        named=form.fields if form is not None else {},
        table=kind.shape == Shape.TABLE,
        long=LONG,
        raw=raw,
        shown=read_content(version.content),
        looked_for=sorted(looked_for),
        edits=edits,
        choices=Choice,
        states=NAMES,
        names=names,
        words=words,
        history=history,
        confirms=collected
        and kind.confirmed_by is not None
        and may(request, Action.CONFIRM_LISTS if kind.by_justice else Action.REVIEW_PUBLICITY),
        waits=waits,
        reviews=collected and may(request, Action.REVIEW_PUBLICITY),
        publishes=version.state is State.REVIEWED and may(request, Action.PUBLISH),
        withdraws=version.state is State.PUBLISHED and may(request, Action.PUBLISH),
        may_type=version.kind != KIND,
        corrects=version.kind != KIND and version.state is State.PUBLISHED and may(request, Action.COLLECT_PUBLICITY),
        wrong=wrong.said if wrong is not None else None,
    )


async def save(request: web.Request) -> web.StreamResponse:
    held, person = request[VERSION], session_of(request).person
    form = await request.post()
    before = read_content(held.raw or held.content)

    def given(place: str, text: str) -> str:
        value = form.get(f"at-{place}")
        return value.replace("\r\n", "\n").replace("\x00", "").strip() if isinstance(value, str) else text

    content = before.changed(given)
    choices = {
        each.key: Choice(chosen)
        for each in held.found
        if (chosen := str(form.get(f"choice-{each.key}", ""))) in tuple(Choice)
    }
    names = [line for text in await fields(request, "names") for line in text.splitlines()]
    try:
        edit = number(await field(request, "edit"))
        await items.save(request.app[ACTS], person, held.id, edit, content, choices, names)
    except Wrong as wrong:
        return await _again(request, wrong, content)
    raise web.HTTPSeeOther(f"/publicity/{held.id}")


async def sheet(request: web.Request) -> web.StreamResponse:
    """The table as it is or will be public; for its collector as he has it."""
    held = request[VERSION]
    own = held.raw if held.collected_by == session_of(request).person.number else None
    content = read_content(own or held.content)
    if kind_of(held.kind).shape != Shape.TABLE:
        raise Problem("no_such_publication", 404)
    (table,) = content.sheets
    widths = [max(10, min(40, 2 * max(map(len, column)))) for column in zip(table.columns, *table.rows, strict=True)]
    name = f"{content.title}_第{held.version}版.xlsx"
    return await xlsx(name, "清单", [table.columns, *table.rows], widths)


async def read_sheet(request: web.Request) -> web.StreamResponse:
    """A version in hand gets the rows of a sheet instead of its own: all of them or, where one cannot be taken, none."""
    held, person = request[VERSION], session_of(request).person
    given, data = await sent_with_file(request)
    kind, before = kind_of(held.kind), read_content(held.raw or held.content)
    try:
        if kind.shape != Shape.TABLE:
            raise Wrong("这类内容不是表格", "this is no table", "file")
        content = replace(before, sheets=(await asyncio.to_thread(_sheet, kind, data),))
        async with request.app[CONTEXT].database.read() as conn:
            names = await names_kept(conn, held.id)
        await items.save(request.app[ACTS], person, held.id, number(given.get("edit", "")), content, {}, names)
    except Wrong as wrong:
        return await _again(request, wrong)
    raise web.HTTPSeeOther(f"/publicity/{held.id}")


async def correct(request: web.Request) -> web.StreamResponse:
    """A new version that begins as the public one is."""
    held, person = request[VERSION], session_of(request).person
    try:
        content = read_content(held.content)
        made = await items.collect(request.app[ACTS], person, held.agency, held.kind, held.about, content)
    except Wrong as wrong:
        return await _again(request, wrong)
    raise web.HTTPSeeOther(f"/publicity/{made.id}")


async def _again(request: web.Request, wrong: Wrong, typed: Content | None = None) -> web.StreamResponse:
    async with request.app[CONTEXT].database.read() as conn:
        now = await find_version(conn, request[VERSION].id) or request[VERSION]
    return await _draw(request, now, 409 if wrong.field == "edit" else 422, wrong, typed)


Doing = Callable[[Acts, Actor, int, int], Awaitable[object]]


async def _do(request: web.Request, doing: Doing) -> web.StreamResponse:
    held = request[VERSION]
    try:
        await doing(request.app[ACTS], session_of(request).person, held.id, number(await field(request, "edit")))
    except Wrong as wrong:
        return await _again(request, wrong)
    raise web.HTTPSeeOther(f"/publicity/{held.id}")


async def confirm(request: web.Request) -> web.StreamResponse:
    """Of lists that the justice department confirms: it does so itself."""
    return await _confirm(request, by_justice=True)


async def record_confirmation(request: web.Request) -> web.StreamResponse:
    """Of lists that another body confirms: who reviews them writes down by which letter it did."""
    return await _confirm(request, by_justice=False)


async def _confirm(request: web.Request, *, by_justice: bool) -> web.StreamResponse:
    what = await field(request, "what")

    async def doing(acts: Acts, person: Actor, version_id: int, edit: int) -> None:
        if kind_of(request[VERSION].kind).by_justice is not by_justice:
            raise Wrong("这类内容不由您确认", "this is not confirmed by you", "state")
        await items.confirm(acts, person, version_id, edit, what)

    return await _do(request, doing)


async def give_back(request: web.Request) -> web.StreamResponse:
    reason = await field(request, "reason")
    return await _do(request, lambda acts, person, it, edit: items.give_back(acts, person, it, edit, reason))


async def review(request: web.Request) -> web.StreamResponse:
    return await _do(request, items.review)


async def publish(request: web.Request) -> web.StreamResponse:
    today = request.app[CONTEXT].today()
    return await _do(request, lambda acts, person, it, edit: items.publish(acts, person, it, edit, today))


async def withdraw(request: web.Request) -> web.StreamResponse:
    reason, today = await field(request, "reason"), request.app[CONTEXT].today()
    return await _do(request, lambda acts, person, it, edit: items.withdraw(acts, person, it, edit, reason, today))


ROUTES = (
    get("/publicity", show_all, Action.SEE_PUBLICITY),
    post("/publicity/collect", collect, Action.COLLECT_PUBLICITY, _own_agency),
    get("/publicity/new", new, Action.COLLECT_PUBLICITY, _own_agency),
    post("/publicity/new", add, Action.COLLECT_PUBLICITY, _own_agency, upload=True),
    get(VERSION_PATH, show, Action.SEE_PUBLICITY, _version_asked_for),
    post(VERSION_PATH, save, Action.COLLECT_PUBLICITY, _version_asked_for),
    get(VERSION_PATH + "/table.xlsx", sheet, Action.SEE_PUBLICITY, _version_asked_for),
    post(VERSION_PATH + "/table", read_sheet, Action.COLLECT_PUBLICITY, _version_asked_for, upload=True),
    post(VERSION_PATH + "/correct", correct, Action.COLLECT_PUBLICITY, _version_asked_for),
    post(VERSION_PATH + "/confirm", confirm, Action.CONFIRM_LISTS, _version_asked_for),
    post(VERSION_PATH + "/confirmed", record_confirmation, Action.REVIEW_PUBLICITY, _version_asked_for),
    post(VERSION_PATH + "/return", give_back, Action.REVIEW_PUBLICITY, _version_asked_for),
    post(VERSION_PATH + "/review", review, Action.REVIEW_PUBLICITY, _version_asked_for),
    post(VERSION_PATH + "/refuse", give_back, Action.PUBLISH, _version_asked_for),
    post(VERSION_PATH + "/publish", publish, Action.PUBLISH, _version_asked_for),
    post(VERSION_PATH + "/withdraw", withdraw, Action.PUBLISH, _version_asked_for),
)
