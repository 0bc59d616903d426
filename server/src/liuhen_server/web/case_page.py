"""One case on one screen: its stages from left to right, what is in each and what is missing, the days left, and who did what."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from liuhen_server.acts import said
from liuhen_server.cases.classes import Stage, kinds
from liuhen_server.cases.clocks import clocks_of
from liuhen_server.cases.coverage import Need, NeedState, document_item
from liuhen_server.cases.finding import suggestions_for
from liuhen_server.cases.linking import unlink_clip
from liuhen_server.cases.lists import excuse
from liuhen_server.cases.reading import Document, Excused, Link, WholeCase
from liuhen_server.cases.record import Outdated, move_case
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.custody.evidence import ORIGINAL
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.deadlines.decided import decided_events, with_decided
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.decisions.outcomes import OUTCOMES
from liuhen_server.decisions.ways import ENDS, EXECUTIONS, SERVICES
from liuhen_server.people.roles import Action
from liuhen_server.retention.holds import holds_of_case, reasons_of
from liuhen_server.retention.terms import GROUNDS
from liuhen_server.review.criteria import yuan
from liuhen_server.web.case_request import CASE, case_asked_for, field, names_of, number
from liuhen_server.web.case_views import seen
from liuhen_server.web.context import ACTS, CONTEXT, TRACKS
from liuhen_server.web.decision_view import decisions_on_page
from liuhen_server.web.guard import may, session_of
from liuhen_server.web.language import Words
from liuhen_server.web.render import page, words_of
from liuhen_server.web.review_part import part_of
from liuhen_server.web.routes import get, post
from liuhen_server.web.stay_pages import caught_up

__all__ = ["CASE_PATH", "ROUTES", "draw_case"]

CASE_PATH = "/cases/{case:[1-9][0-9]{0,17}}"


@dataclass(frozen=True, slots=True)
class Kept:
    """Something in a stage: a document or a clip, in the order of its time."""

    time: str
    document: Document | None
    link: Link | None
    name: str
    size: int
    label: Said | None


@dataclass(frozen=True, slots=True)
class Column:
    """A stage as the page shows it. `state`: done, now, ahead or skipped."""

    stage: Stage
    state: str
    kept: tuple[Kept, ...]
    missing: tuple[Need, ...]
    ahead: tuple[Need, ...]
    excused: tuple[tuple[Need, Excused | None, str], ...]


async def show(request: web.Request) -> web.StreamResponse:
    return await draw_case(request, request[CASE], 200)


async def draw_case(
    request: web.Request, whole: WholeCase, status: int, wrong: Wrong | None = None, outdated: bool = False
) -> web.StreamResponse:
    context, case = request.app[CONTEXT], whole.case
    works = may(request, Action.WORK_CASES)
    await caught_up(request)
    async with context.database.read() as conn:
        named = await _clip_names(conn, whole)
        holds = tuple(each for each in await holds_of_case(conn, case.id) if each.lasts(context.today()))
        decision = await decisions_on_page(request, conn, whole)
        reasons = await _texts(conn, whole) | await reasons_of(conn, holds)
        names = await names_of(
            conn,
            {each.by for each in whole.acts}
            | {each.by for each in whole.documents}
            | {case.opened_by}
            | {each.by for each in holds}
            | decision.people,
            {each.officer_id for each in whole.handlers},
        )
        proposed = await suggestions_for(conn, whole, context.zone, request.app[TRACKS]) if works else ()
        calendar = await calendar_in_force(conn)
        review = await part_of(conn, whole, context.today(), calendar)
        decided = (await decided_events(conn, [case.id])).get(case.id, {})
    needs = whole.needs()
    columns = [_column(whole, stage, needs, named, reasons) for stage in case.rules.stages]
    return page(
        request,
        "case.html",
        status=status,
        whole=whole,
        case=case,
        rules=case.rules,
        columns=columns,
        missing=[need for need in needs if need.state is NeedState.MISSING],
        wanted=_wanted(whole, needs),
        clocks=clocks_of(case.enforcement, with_decided(whole.events(), decided), context.today(), calendar),
        then=case.rules.then(case.stage),
        Stage=Stage,
        names=names,
        abouts=_abouts(whole, named, needs, words_of(request)),
        reasons=reasons,
        clip_names=named,
        proposed=proposed,
        holds=holds,
        grounds=GROUNDS,
        decision=decision,
        review=review,
        sees_review=may(request, Action.SEE_REVIEWS),
        outcomes=OUTCOMES,
        yuan=yuan,
        services=SERVICES,
        executions=EXECUTIONS,
        ends=ENDS,
        today=context.today().isoformat(),
        may_hold=may(request, Action.SET_HOLDS),
        works=works and case.stage is not Stage.ARCHIVED,
        moves=works,
        wrong=wrong.said if wrong is not None else None,
        outdated=outdated,
        rows_of={stage: [row for row in whole.rows if row.stage is stage] for stage in case.rules.stages},
    )


def _wanted(whole: WholeCase, needs: tuple[Need, ...]) -> tuple[Stage, str]:
    """The document that the form begins with: what the stage lacks first, otherwise its first kind."""
    stage = whole.case.stage
    missing = {need.item for need in needs if need.state is NeedState.MISSING and need.stage is stage}
    keys = [each.key for each in kinds(whole.case.rules, stage)]
    return stage, next((key for key in keys if document_item(key) in missing), next(iter(keys), ""))


def _column(
    whole: WholeCase,
    stage: Stage,
    needs: tuple[Need, ...],
    named: dict[tuple[str, str], tuple[str, int]],
    reasons: dict[int, str],
) -> Column:
    labels = {need.item: need.name for need in needs if need.stage is stage}
    names = {kind.key: kind.name for kind in kinds(whole.case.rules, stage)}
    kept = [
        Kept(
            each.began_time or each.dated,
            each,
            None,
            each.name,
            each.size,
            names.get(each.kind, Said(each.kind, each.kind)),
        )
        for each in whole.documents
        if each.stage is stage and each.current
    ]
    for link in whole.links:
        if link.stage is stage and link.unlinked_time is None:
            name, size = named.get((link.dock, link.sha256), ("", 0))
            kept.append(Kept(link.linked_time, None, link, name, size, labels.get(link.item)))
    if stage is whole.case.stage:
        state = "now"
    elif stage in whole.reached:
        state = "done"
    else:
        order = (*whole.case.rules.stages, Stage.ARCHIVED)
        state = "skipped" if order.index(stage) < order.index(whole.case.stage) else "ahead"
    excuses = {(each.stage, each.item): each for each in whole.excuses}
    of_stage = [need for need in needs if need.stage is stage]
    excused = []
    for need in of_stage:
        if need.state is NeedState.EXCUSED:
            found = excuses.get((stage, need.item))
            excused.append((need, found, reasons.get(found.reason, "") if found else ""))
    return Column(
        stage,
        state,
        tuple(sorted(kept, key=lambda each: each.time)),
        tuple(need for need in of_stage if need.state is NeedState.MISSING),
        tuple(need for need in of_stage if need.state is NeedState.AHEAD) if state == "ahead" else (),
        tuple(excused),
    )


async def _clip_names(conn: Connection, whole: WholeCase) -> dict[tuple[str, str], tuple[str, int]]:
    wanted = {(link.dock, link.sha256) for link in whole.links}
    query = select(clips.c.dock, clips.c.sha256, clips.c.name, clips.c.size).where(
        clips.c.kind == ORIGINAL, clips.c.sha256.in_({sha256 for _, sha256 in wanted})
    )
    rows = await conn.execute(query) if wanted else ()
    return {(row.dock, row.sha256): (row.name, row.size) for row in rows if (row.dock, row.sha256) in wanted}


async def _texts(conn: Connection, whole: WholeCase) -> dict[int, str]:
    """What people wrote with their acts: reasons and excuses; empty where it was disposed of."""
    ids = {each.said_id for each in whole.acts if each.said_id is not None and each.what in _TOLD}
    ids |= {each.reason for each in whole.excuses}
    rows = await conn.execute(select(said.c.id, said.c.text).where(said.c.id.in_(ids)))
    return {row.id: row.text or "" for row in rows}


def _abouts(
    whole: WholeCase, named: dict[tuple[str, str], tuple[str, int]], needs: tuple[Need, ...], words: Words
) -> dict[int, str]:
    """What the acts were about, by their places in the log: which document, which clip, what was excused."""
    documents = {str(each.id): each for each in whole.documents}
    asked = {(need.stage.value, need.item): words.said(need.name) for need in needs}
    found: dict[int, str] = {}
    for act in whole.acts:
        paper = documents.get(act.about) if act.what == "document" else None
        dock, _, sha256 = act.about.rpartition("/")
        if paper is not None:
            version = "" if paper.version == 1 else " " + words("paper.version", version=paper.version)
            found[act.log_index] = words.plain(paper.name) + version
        elif act.what == "drafted":
            found[act.log_index] = words("draft.version", version=act.about)
        elif act.what in ("decided", "served", "executed", "ended"):
            found[act.log_index] = act.about
        elif act.what in ("linked", "unlinked") and (dock, sha256) in named:
            found[act.log_index] = words.file_name(named[dock, sha256][0])
        elif act.what == "excused" and (act.stage, act.about) in asked:
            found[act.log_index] = asked[act.stage, act.about]
    return found


_TOLD = ("stage", "unlinked", "excused", "title", "number", "ended", "executed")


async def move(request: web.Request) -> web.StreamResponse:
    whole, person = request[CASE], session_of(request).person
    before, after = _stage(await field(request, "before")), _stage(await field(request, "after"))
    try:
        if before is None or after is None:
            raise Wrong("没有这个环节", "no such stage", "stage")
        reason, today = await field(request, "reason"), request.app[CONTEXT].today()
        await move_case(request.app[ACTS], person, whole.case.id, before, after, reason, today)
    except Wrong as wrong:
        return await draw_case(request, whole, 422, wrong)
    except Outdated:
        return await _as_it_is_now(request, 409)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}")


async def excuse_missing(request: web.Request) -> web.StreamResponse:
    whole, person, stage = request[CASE], session_of(request).person, _stage(await field(request, "stage"))
    try:
        if stage is None:
            raise Wrong("没有这个环节", "no such stage", "stage")
        item, reason = await field(request, "item"), await field(request, "reason")
        await excuse(request.app[ACTS], person, whole.case.id, stage, item, reason)
    except Wrong as wrong:
        return await draw_case(request, whole, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}")


async def unlink(request: web.Request) -> web.StreamResponse:
    whole, person = request[CASE], session_of(request).person
    try:
        link, reason = number(await field(request, "link")), await field(request, "reason")
        await unlink_clip(request.app[ACTS], person, whole.case.id, link, reason)
    except Wrong as wrong:
        return await draw_case(request, whole, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}")


async def _as_it_is_now(request: web.Request, status: int) -> web.StreamResponse:
    await case_asked_for(request)
    return await draw_case(request, request[CASE], status, outdated=True)


def _stage(text: str) -> Stage | None:
    return Stage(text) if text in {stage.value for stage in Stage} else None


ROUTES = (
    get(CASE_PATH, seen(show, "page"), Action.SEE_CASES, case_asked_for),
    post(CASE_PATH + "/stage", move, Action.WORK_CASES, case_asked_for),
    post(CASE_PATH + "/excuse", excuse_missing, Action.WORK_CASES, case_asked_for),
    post(CASE_PATH + "/unlink", unlink, Action.WORK_CASES, case_asked_for),
)
