"""The legal review of a case on one page: what is to be decided and why it is reviewed, the evidence with its verification, and each round.

Nothing is decided here about who may do what: routes name their actions, `review/rules.py` says the rest, and its sentence is shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from liuhen_protocol.words import STEPS, STEPS_ENGLISH
from liuhen_server.cases.classes import kinds
from liuhen_server.cases.reading import Document, Link, WholeCase, whole_case
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.custody.evidence import ORIGINAL, find_clip
from liuhen_server.custody.schema import clip_checks
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.decisions.outcomes import OUTCOMES
from liuhen_server.decisions.reading import drafts_of
from liuhen_server.people.roles import Action
from liuhen_server.review.checklist import ANSWERS, CHECKLIST, Found, Opinion
from liuhen_server.review.criteria import GROUNDS, PARTY_KINDS, PROCEDURES, yuan
from liuhen_server.review.details import Detail, details_of, texts_of
from liuhen_server.review.parts import PARTS, kinds_for
from liuhen_server.review.reading import heads_in, involved_in, rounds_of, who_are
from liuhen_server.review.reviewers import Qualified, reviewers_of
from liuhen_server.review.rounds import (
    OF_HEADS,
    OF_JUSTICE,
    OF_REVIEWERS,
    Submission,
    answer_consultation,
    answer_problem,
    ask,
    extend_review,
    give_opinion,
    submit_review,
    take_review,
    withdraw_review,
)
from liuhen_server.review.rules import (
    CONSULTATIONS,
    COORDINATION,
    COUNSEL,
    PREREVIEW,
    State,
    may_be_decided,
    may_review,
    may_submit,
)
from liuhen_server.review.splitting import split_in
from liuhen_server.web.case_page import CASE_PATH
from liuhen_server.web.case_request import CASE, case_asked_for, field, fields, names_of, number
from liuhen_server.web.case_views import seen
from liuhen_server.web.clip_request import CHECKER
from liuhen_server.web.context import ACTS, CONTEXT
from liuhen_server.web.guard import may, session_of
from liuhen_server.web.render import page
from liuhen_server.web.routes import get, post

__all__ = ["REVIEW_PATH", "ROUTES"]

REVIEW_PATH = CASE_PATH + "/review"
MOST_CHECKED = 40
"""Clips that one page verifies: each costs a look at the log. Those beyond say that they were not."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A clip of the case and what the verifier says of it now; `verdict` None: its bytes were not read yet."""

    link: Link
    name: str
    size: int
    label: Said
    verdict: str | None
    why: Said | None
    read_time: str | None


async def show(request: web.Request) -> web.StreamResponse:
    return await _draw(request, 200)


async def _draw(
    request: web.Request, status: int, wrong: Wrong | None = None, kept: Mapping[str, str] | None = None
) -> web.StreamResponse:
    context, person = request.app[CONTEXT], session_of(request).person
    today = context.today()
    async with context.database.read() as conn:
        whole = await whole_case(conn, request[CASE].case.id) or request[CASE]
        case = whole.case
        drafts, details = await drafts_of(conn, case.id), await details_of(conn, case.id)
        rounds = await rounds_of(conn, case.id)
        draft = drafts[-1] if drafts else None
        calendar = await calendar_in_force(conn)
        words = await texts_of(conn, {each for detail in details for each in detail.words})
        everybody = {each for detail in details for each in detail.people} | {each.by for each in drafts}
        names = await names_of(conn, everybody, {each.officer_id for each in whole.handlers})
        split = await split_in(conn, whole, draft, today)
        own = (await who_are(conn, [person.number]))[person.number]
        conflict = may_review(own, await involved_in(conn, case.id), await heads_in(conn, case.id))
        reviewers = {each.number: each.qualified for each in await reviewers_of(conn, case.agency)}
        clip_rows = await _clip_rows(conn, whole)
    drafted = None if draft is None else draft.drafted(case.enforcement, draft)
    current = next((each for each in details if each.round.is_open), None)
    return page(
        request,
        "review.html",
        status=status,
        whole=whole,
        case=case,
        rules=case.rules,
        draft=draft,
        drafts=drafts,
        why=draft.why if draft is not None else (),
        split=split,
        details=details,
        current=current,
        clocks={each.round.id: each.clock(today, calendar) for each in details},
        words=words,
        names=names,
        evidence=await _evidence(request, whole, clip_rows),
        papers=_papers(whole),
        parts_of=PARTS,
        kinds_for=kinds_for,
        checklist=CHECKLIST,
        answers=ANSWERS,
        consultations=CONSULTATIONS,
        outcomes=OUTCOMES,
        grounds=GROUNDS,
        procedures=PROCEDURES,
        party_kinds=PARTY_KINDS,
        yuan=yuan,
        State=State,
        refusal=None if drafted is None else may_be_decided(drafted, rounds),
        cannot_submit=None if drafted is None else may_submit(drafted, rounds),
        submits=may(request, Action.SUBMIT_REVIEWS),
        reviews=may(request, Action.GIVE_OPINIONS),
        extends=may(request, Action.EXTEND_REVIEWS),
        answers_prereviews=may(request, Action.ANSWER_PREREVIEWS),
        conflict=conflict,
        own=person.number,
        unqualified=_unqualified(current, case.enforcement, reviewers),
        kept=kept or {},
        wrong=wrong.said if wrong is not None else None,
    )


def _unqualified(current: Detail | None, enforcement: str, reviewers: Mapping[str, Qualified]) -> bool:
    """Whoever has the round reviews penalties and holds no legal qualification that is known: shown, never in the way."""
    if current is None or current.round.taken_by is None or enforcement != "penalty":
        return False
    return reviewers.get(current.round.taken_by.person) in (Qualified.LACKING, Qualified.UNKNOWN)


def _papers(whole: WholeCase) -> tuple[tuple[Document, Said], ...]:
    labels = {kind.key: kind.name for stage in whole.case.rules.stages for kind in kinds(whole.case.rules, stage)}
    current = [each for each in whole.documents if each.current]
    return tuple((each, labels.get(each.kind, Said(each.kind, each.kind))) for each in current)


async def _clip_rows(conn: Connection, whole: WholeCase) -> dict[tuple[str, str], tuple[str, int, bool]]:
    """Name, size, and whether the bytes were read before, by dock and digest."""
    wanted = {each.sha256 for each in whole.links if each.unlinked_time is None}
    query = select(clips.c.dock, clips.c.sha256, clips.c.name, clips.c.size).where(
        clips.c.kind == ORIGINAL, clips.c.sha256.in_(wanted)
    )
    read = select(clip_checks.c.dock, clip_checks.c.sha256).where(
        clip_checks.c.sha256.in_(wanted), clip_checks.c.read_time.is_not(None)
    )
    known = {(row.dock, row.sha256) for row in await conn.execute(read)}
    return {
        (row.dock, row.sha256): (row.name, row.size, (row.dock, row.sha256) in known)
        for row in await conn.execute(query)
    }


async def _evidence(
    request: web.Request,
    whole: WholeCase,
    rows: Mapping[tuple[str, str], tuple[str, int, bool]],
    *,
    read_all: bool = False,
) -> tuple[Evidence, ...]:
    """The clips of the case, each once per place, verified now. Bytes that were never read are read only where that is asked for."""
    found, checked = [], 0
    needs = {each.item: each.name for each in whole.needs()}
    for link in whole.links:
        if link.unlinked_time is not None:
            continue
        name, size, was_read = rows.get((link.dock, link.sha256), ("", 0, False))
        verdict: str | None = None
        why: Said | None = None
        time: str | None = None
        if (was_read or read_all) and checked < MOST_CHECKED:
            checked += 1
            async with request.app[CONTEXT].database.read() as conn:
                clip = await find_clip(conn, link.dock, link.sha256)
            if clip is not None:
                told = await request.app[CHECKER].check(clip)
                verdict, time, step = told.report.verdict.value, told.read_time, told.report.deciding
                if step is not None:
                    why = Said(
                        f"第 {step.number} 步，{STEPS[step.name]}", f"step {step.number}, {STEPS_ENGLISH[step.name]}"
                    )
        label = needs.get(link.item) or whole.case.rules.stage_name(link.stage)
        found.append(Evidence(link, name, size, label, verdict, why, time))
    return tuple(found)


async def verify(request: web.Request) -> web.StreamResponse:
    """Reads and verifies all clips of the case, as its reviewer asks."""
    whole = request[CASE]
    async with request.app[CONTEXT].database.read() as conn:
        rows = await _clip_rows(conn, whole)
    await _evidence(request, whole, rows, read_all=True)
    raise web.HTTPSeeOther(f"/cases/{whole.case.id}/review#evidence")


async def submit(request: web.Request) -> web.StreamResponse:
    chosen: dict[str, list[int]] = {}
    for paper, part in zip(await fields(request, "document"), await fields(request, "part"), strict=False):
        if part:
            chosen.setdefault(part, []).append(number(paper))
    parts = {part: tuple(ids) for part, ids in chosen.items()}
    given = Submission(number(await field(request, "draft")), await field(request, "report"), parts)
    today, case_id = request.app[CONTEXT].today(), request[CASE].case.id
    return await _done(
        request,
        lambda: submit_review(request.app[ACTS], session_of(request).person, case_id, given, today),
        "report",
    )


async def take(request: web.Request) -> web.StreamResponse:
    case_id, review = request[CASE].case.id, number(await field(request, "review"))
    return await _done(request, lambda: take_review(request.app[ACTS], session_of(request).person, case_id, review))


async def opinion(request: web.Request) -> web.StreamResponse:
    case_id, review = request[CASE].case.id, number(await field(request, "review"))
    answers, problems, typed = {}, [], ["opinion"]
    for item in CHECKLIST:
        answers[item] = await field(request, f"check-{item}")
        lines = (await field(request, f"problem-{item}")).replace("\r\n", "\n").split("\n")
        problems += [Found(item, line.strip()) for line in lines if line.strip()]
        typed += [f"check-{item}", f"problem-{item}"]
    given = Opinion(await field(request, "opinion"), answers, tuple(problems))
    today = request.app[CONTEXT].today()
    return await _done(
        request,
        lambda: give_opinion(request.app[ACTS], session_of(request).person, case_id, review, given, today),
        *typed,
    )


async def answer(request: web.Request) -> web.StreamResponse:
    case_id, review = request[CASE].case.id, number(await field(request, "review"))
    which, text = number(await field(request, "problem")), await field(request, "answer")
    return await _done(
        request,
        lambda: answer_problem(request.app[ACTS], session_of(request).person, case_id, review, which, text),
    )


async def withdraw(request: web.Request) -> web.StreamResponse:
    case_id, review = request[CASE].case.id, number(await field(request, "review"))
    reason = await field(request, "reason")
    return await _done(
        request, lambda: withdraw_review(request.app[ACTS], session_of(request).person, case_id, review, reason)
    )


async def extend(request: web.Request) -> web.StreamResponse:
    case_id, review = request[CASE].case.id, number(await field(request, "review"))
    reason, today = await field(request, "reason"), request.app[CONTEXT].today()
    return await _done(
        request, lambda: extend_review(request.app[ACTS], session_of(request).person, case_id, review, reason, today)
    )


async def consult(request: web.Request) -> web.StreamResponse:
    kind = await field(request, "kind")
    return await _ask(request, kind if kind in CONSULTATIONS else "")


async def coordinate(request: web.Request) -> web.StreamResponse:
    return await _ask(request, COORDINATION)


async def _ask(request: web.Request, kind: str) -> web.StreamResponse:
    case_id, review = request[CASE].case.id, number(await field(request, "review"))
    question, whom = await field(request, "question"), await field(request, "whom")
    return await _done(
        request,
        lambda: ask(request.app[ACTS], session_of(request).person, case_id, review, kind, question, whom),
        "question",
        "whom",
    )


def _answers(covered: frozenset[str]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """The handler of a route whose right covers these kinds of questions."""

    async def advise(request: web.Request) -> web.StreamResponse:
        case_id, which = request[CASE].case.id, number(await field(request, "consultation"))
        text = await field(request, "answer")
        return await _done(
            request,
            lambda: answer_consultation(request.app[ACTS], session_of(request).person, case_id, which, covered, text),
        )

    return advise


async def _done(request: web.Request, act: Callable[[], Awaitable[object]], *typed: str) -> web.StreamResponse:
    """Back to the page as it is then; where it is refused, with the sentence and what was typed."""
    try:
        await act()
    except Wrong as wrong:
        return await _draw(request, 422, wrong, {name: await field(request, name) for name in typed})
    raise web.HTTPSeeOther(f"/cases/{request[CASE].case.id}/review")


ROUTES = (
    get(REVIEW_PATH, seen(show, "page"), Action.SEE_CASES, case_asked_for),
    post(REVIEW_PATH + "/verify", verify, Action.SEE_REVIEWS, case_asked_for),
    post(REVIEW_PATH + "/submit", submit, Action.SUBMIT_REVIEWS, case_asked_for),
    post(REVIEW_PATH + "/answer", answer, Action.SUBMIT_REVIEWS, case_asked_for),
    post(REVIEW_PATH + "/withdraw", withdraw, Action.SUBMIT_REVIEWS, case_asked_for),
    post(REVIEW_PATH + "/take", take, Action.GIVE_OPINIONS, case_asked_for),
    post(REVIEW_PATH + "/opinion", opinion, Action.GIVE_OPINIONS, case_asked_for),
    post(REVIEW_PATH + "/consult", consult, Action.GIVE_OPINIONS, case_asked_for),
    post(REVIEW_PATH + "/" + COUNSEL, _answers(OF_REVIEWERS), Action.GIVE_OPINIONS, case_asked_for),
    post(REVIEW_PATH + "/extend", extend, Action.EXTEND_REVIEWS, case_asked_for),
    post(REVIEW_PATH + "/coordinate", coordinate, Action.EXTEND_REVIEWS, case_asked_for),
    post(REVIEW_PATH + "/" + COORDINATION, _answers(OF_HEADS), Action.EXTEND_REVIEWS, case_asked_for),
    post(REVIEW_PATH + "/" + PREREVIEW, _answers(OF_JUSTICE), Action.ANSWER_PREREVIEWS, case_asked_for),
)
