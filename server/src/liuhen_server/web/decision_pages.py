"""Drafting and deciding: the form of a draft, each version to read, and what is done on the case's page with a decision."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from liuhen_server.cases.fields import day_of
from liuhen_server.cases.reading import WholeCase
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.decisions.deciding import Given, decide, end_decision
from liuhen_server.decisions.draft import ORDINARY, USUAL_REMEDIES, Draft, Proposal, Result
from liuhen_server.decisions.drafting import OutdatedDraft, write_draft
from liuhen_server.decisions.filling import LONGEST, MOST_RESULTS, fen_of
from liuhen_server.decisions.outcomes import OUTCOMES, outcomes_of
from liuhen_server.decisions.reading import drafts_of, newest_draft
from liuhen_server.decisions.serving import Performed, Served, execute, serve
from liuhen_server.people.roles import Action
from liuhen_server.review.criteria import GROUNDS, PARTY_KINDS, PROCEDURES, yuan
from liuhen_server.web.case_page import CASE_PATH, draw_case
from liuhen_server.web.case_request import CASE, case_asked_for, field, fields, names_of, number
from liuhen_server.web.case_views import seen
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import Problem, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["ROUTES"]

BLANK_RESULTS = 3
_TEXTS = ("facts", "basis", "discretion", "performance", "remedies")


@dataclass(frozen=True, slots=True)
class Line:
    """A result as it was typed."""

    kind: str = ""
    content: str = ""
    amount: str = ""
    until: str = ""


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was filled in. `version`: of the draft that it was drawn from."""

    version: int
    procedure: str
    party_kind: str
    texts: dict[str, str]
    lines: tuple[Line, ...]
    grounds: frozenset[str]
    collective: bool


async def form(request: web.Request) -> web.StreamResponse:
    whole = request[CASE]
    async with request.app[CONTEXT].database.read() as conn:
        newest = await newest_draft(conn, whole.case.id)
    if newest is not None and newest.proposal.enforcement == whole.case.enforcement:
        return await _form(request, _typed_of(newest), 200)
    kinds = [each.kind for each in whole.parties]
    usual = USUAL_REMEDIES if whole.case.enforcement in ("penalty", "coercion") else ""
    blank = Typed(
        version=0 if newest is None else newest.version,
        procedure=ORDINARY,
        party_kind=kinds[0] if kinds else "organisation",
        texts=dict.fromkeys(_TEXTS, "") | {"remedies": usual},
        lines=(),
        grounds=frozenset(),
        collective=False,
    )
    return await _form(request, blank, 200)


def _typed_of(draft: Draft) -> Typed:
    proposal = draft.proposal
    return Typed(
        version=draft.version,
        procedure=proposal.procedure,
        party_kind=proposal.party_kind,
        texts={name: getattr(proposal, name) for name in _TEXTS},
        lines=tuple(
            Line(each.kind, each.content, yuan(each.fen).replace(",", "") if each.fen else "", each.until_day or "")
            for each in proposal.results
        ),
        grounds=proposal.grounds,
        collective=proposal.collective,
    )


async def save(request: web.Request) -> web.StreamResponse:
    context, whole, person = request.app[CONTEXT], request[CASE], session_of(request).person
    typed = await _typed(request)
    try:
        proposal = _proposal(whole, typed)
        acts, case_id = request.app[ACTS], whole.case.id
        await write_draft(acts, person, case_id, typed.version, proposal, context.today())
    except Wrong as wrong:
        return await _form(request, typed, 422, wrong)
    except OutdatedDraft as outdated:
        newest = outdated.newest
        kept = Typed(
            0 if newest is None else newest.version,
            typed.procedure,
            typed.party_kind,
            typed.texts,
            typed.lines,
            typed.grounds,
            typed.collective,
        )
        return await _form(request, kept, 409, newer=newest)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}#decision")


async def _typed(request: web.Request) -> Typed:
    columns = [await fields(request, f"result_{name}") for name in ("kind", "content", "amount", "until")]
    lines = tuple(Line(*values) for values in zip(*columns, strict=False))
    return Typed(
        version=number(await field(request, "version")),
        procedure=await field(request, "procedure"),
        party_kind=await field(request, "party_kind"),
        texts={name: await field(request, name) for name in _TEXTS},
        lines=tuple(each for each in lines if each.kind or each.content.strip() or each.amount.strip()),
        grounds=frozenset(await fields(request, "ground")),
        collective=await field(request, "collective") == "1",
    )


def _proposal(whole: WholeCase, typed: Typed) -> Proposal:
    """Raises Wrong for an amount that is none."""
    results = tuple(
        Result(each.kind, each.content, fen_of(each.amount), each.until.strip() or None) for each in typed.lines
    )
    return Proposal(
        enforcement=whole.case.enforcement,
        procedure=typed.procedure,
        party_kind=typed.party_kind,
        results=results,
        grounds=typed.grounds,
        collective=typed.collective,
        **typed.texts,
    )


async def _form(
    request: web.Request, typed: Typed, status: int, wrong: Wrong | None = None, newer: Draft | None = None
) -> web.StreamResponse:
    whole = request[CASE]
    async with request.app[CONTEXT].database.read() as conn:
        names = await names_of(conn, () if newer is None else (newer.by,), ())
    blank = max(1, min(BLANK_RESULTS, MOST_RESULTS - len(typed.lines)))
    return page(
        request,
        "draft_form.html",
        status=status,
        case=whole.case,
        rules=whole.case.rules,
        form=typed,
        lines=[*typed.lines, *([Line()] * blank)],
        outcomes=outcomes_of(whole.case.enforcement),
        procedures=PROCEDURES,
        party_kinds=PARTY_KINDS,
        grounds=GROUNDS,
        longest=LONGEST,
        penalty=whole.case.enforcement == "penalty",
        newer=newer,
        names=names,
        wrong=wrong.said if wrong is not None else Said("", ""),
        wrong_field=wrong.field if wrong is not None else "",
    )


async def show(request: web.Request) -> web.StreamResponse:
    """One version of the draft, to read."""
    whole, version = request[CASE], int(request.match_info["draft"])
    async with request.app[CONTEXT].database.read() as conn:
        drafts = await drafts_of(conn, whole.case.id)
        draft = next((each for each in drafts if each.version == version), None)
        if draft is None:
            raise Problem("no_such_document", 404)
        names = await names_of(conn, {draft.by}, ())
    return page(
        request,
        "draft.html",
        case=whole.case,
        rules=whole.case.rules,
        draft=draft,
        versions=len(drafts),
        outcomes=OUTCOMES,
        procedures=PROCEDURES,
        party_kinds=PARTY_KINDS,
        grounds=GROUNDS,
        names=names,
        yuan=yuan,
    )


async def make(request: web.Request) -> web.StreamResponse:
    context, whole, person = request.app[CONTEXT], request[CASE], session_of(request).person
    try:
        given = Given(
            draft_id=number(await field(request, "draft")),
            number=await field(request, "number"),
            dated=day_of(await field(request, "dated"), "dated"),
            collective_document=number(await field(request, "collective")) or None,
        )
        async with context.database.read() as conn:
            calendar = await calendar_in_force(conn)
        await decide(request.app[ACTS], person, whole.case.id, given, context.today(), calendar)
    except Wrong as wrong:
        return await draw_case(request, whole, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}#decision")


async def end(request: web.Request) -> web.StreamResponse:
    context, whole, person = request.app[CONTEXT], request[CASE], session_of(request).person
    try:
        await end_decision(
            request.app[ACTS],
            person,
            whole.case.id,
            number(await field(request, "decision")),
            await field(request, "how"),
            day_of(await field(request, "day"), "day"),
            await field(request, "reason"),
            context.today(),
            number(await field(request, "replaced_by")) or None,
        )
    except Wrong as wrong:
        return await draw_case(request, whole, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}#decision")


async def add_service(request: web.Request) -> web.StreamResponse:
    context, whole, person = request.app[CONTEXT], request[CASE], session_of(request).person
    dock, _, sha256 = (await field(request, "clip")).rpartition("/")
    try:
        given = Served(
            how=await field(request, "how"),
            receiver=await field(request, "receiver"),
            day=day_of(await field(request, "day"), "day"),
            document_id=number(await field(request, "document")) or None,
            clip=(dock, sha256) if dock else None,
        )
        decision = number(await field(request, "decision"))
        await serve(request.app[ACTS], person, whole.case.id, decision, given, context.today())
    except Wrong as wrong:
        return await draw_case(request, whole, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}#decision")


async def add_execution(request: web.Request) -> web.StreamResponse:
    context, whole, person = request.app[CONTEXT], request[CASE], session_of(request).person
    try:
        given = Performed(
            how=await field(request, "how"),
            day=day_of(await field(request, "day"), "day"),
            fen=fen_of(await field(request, "amount"), "amount"),
            document_id=number(await field(request, "document")) or None,
            note=await field(request, "note"),
        )
        decision = number(await field(request, "decision"))
        await execute(request.app[ACTS], person, whole.case.id, decision, given, context.today())
    except Wrong as wrong:
        return await draw_case(request, whole, 422, wrong)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}#decision")


ROUTES = (
    get(CASE_PATH + "/draft", form, Action.DRAFT_DECISIONS, case_asked_for),
    post(CASE_PATH + "/draft", save, Action.DRAFT_DECISIONS, case_asked_for),
    get(CASE_PATH + "/drafts/{draft:[1-9][0-9]{0,8}}", seen(show, "page"), Action.SEE_CASES, case_asked_for),
    post(CASE_PATH + "/decide", make, Action.DECIDE, case_asked_for),
    post(CASE_PATH + "/end", end, Action.DECIDE, case_asked_for),
    post(CASE_PATH + "/serve", add_service, Action.WORK_CASES, case_asked_for),
    post(CASE_PATH + "/execute", add_execution, Action.WORK_CASES, case_asked_for),
)
