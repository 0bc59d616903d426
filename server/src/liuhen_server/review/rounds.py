"""What people do in a legal review, each one act (acts.py): submit, take, ask, extend, give the opinion, answer, withdraw.

What may be done is `review/rules.py`'s; here stand the rows and the statements. Acts stand in one line, so of two people at once the
second is told what the first has done.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType

from sqlalchemy import insert, select, update

from liuhen_protocol.events import Event
from liuhen_protocol.review_events import (
    ReviewAnswered,
    ReviewConsulted,
    ReviewExtended,
    ReviewOpinion,
    ReviewSubmitted,
    ReviewTaken,
    ReviewWithdrawn,
)
from liuhen_server.acts import Act, Actor, Acts
from liuhen_server.cases.clocks import ClockState
from liuhen_server.cases.fields import one_line, reason_of
from liuhen_server.cases.reading import Case, WholeCase, whole_case
from liuhen_server.cases.record import open_for_work, written
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.decisions.reading import draft_of, newest_draft
from liuhen_server.registry.officers import officer_of
from liuhen_server.registry.schema import officers
from liuhen_server.review.checklist import Opinion, checked_opinion, opinion_digest
from liuhen_server.review.details import find_consultation
from liuhen_server.review.parts import PARTS, Material, missing_parts, parts_digest
from liuhen_server.review.reading import heads_in, involved_in, rounds_of, who_are
from liuhen_server.review.rules import (
    COORDINATION,
    COUNSEL,
    PREREVIEW,
    Round,
    Who,
    after_answer,
    after_opinion,
    after_submission,
    after_take,
    after_withdrawal,
    demand,
    may_ask,
    may_extend,
)
from liuhen_server.review.schema import review_checks, review_consultations, review_parts, review_problems, reviews
from liuhen_server.review.terms import clock_of

__all__ = [
    "Submission",
    "answer_consultation",
    "answer_problem",
    "ask",
    "extend_review",
    "give_opinion",
    "material_of",
    "submit_review",
    "take_review",
    "withdraw_review",
]


@dataclass(frozen=True, slots=True)
class Submission:
    """What a handler submits. `parts`: ids of documents of the case by key of `PARTS`."""

    draft_id: int
    report: str
    parts: Mapping[str, tuple[int, ...]] = field(default_factory=lambda: MappingProxyType({}))


async def submit_review(acts: Acts, person: Actor, case_id: int, given: Submission, today: date) -> int:
    """Begins the next round. Raises Wrong: something is missing, a problem of the last opinion has no answer, a round is under way, the
    draft is not the newest; NoSuchCase. Returns the round's id.
    """
    report = reason_of(given.report, "report")
    async with acts.of(person) as act:
        case = await open_for_work(act.conn, case_id)
        whole = await whole_case(act.conn, case_id)
        assert whole is not None
        who = (await who_are(act.conn, [act.by]))[act.by]
        if who.officer not in whole.officers:
            raise Wrong("由承办人送审", "the handlers submit", "not-handler")
        draft = await draft_of(act.conn, given.draft_id)
        if draft is None or draft.case_id != case_id:
            raise Wrong("请先拟定处理意见", "write the draft first", "draft")
        rounds = await rounds_of(act.conn, case_id)
        drafted = draft.drafted(case.enforcement, await newest_draft(act.conn, case_id))
        began = after_submission(0, drafted, rounds, who, today.isoformat())
        chosen = _chosen(whole, given.parts)
        material = await material_of(
            act.conn, whole, draft.proposal.facts, draft.proposal.discretion, report, chosen, today
        )
        if missing := missing_parts(material):
            raise Wrong("；".join(each.zh for each in missing), "; ".join(each.en for each in missing), "parts")
        digests = {each.id: each.sha256 for each in whole.documents}
        pairs = sorted((part, paper) for part, ids in chosen.items() for paper in ids)
        said = await act.commit_text("review-report", case.name, report)
        row = {
            "case_id": case_id,
            "agency": case.agency,
            "draft_id": draft.id,
            "round": began.number,
            "submitted_by": act.by,
            "submitted_day": began.submitted_day,
            "report": said.id,
            "passed": False,
            "stated": 0,
        }
        added = await act.conn.execute(insert(reviews).values(**row, submitted_time=act.time, submitted_index=0))
        assert added.inserted_primary_key is not None
        review_id = int(added.inserted_primary_key[0])
        for part, paper in pairs:
            await act.conn.execute(insert(review_parts).values(review_id=review_id, part=part, document_id=paper))
        event = ReviewSubmitted(
            f"review-{review_id}",
            case.name,
            began.number,
            draft.name,
            draft.sha256,
            parts_digest((part, digests[paper]) for part, paper in pairs),
            act.by,
            said.sha256,
        )
        index = await _written(act, event, case, "review.submitted", str(began.number), said.id)
        await _change(act, review_id, submitted_index=index)
    return review_id


async def take_review(acts: Acts, person: Actor, case_id: int, review_id: int) -> None:
    """Raises Wrong: whoever has to do with the case, a round that is over; NoSuchCase."""
    async with acts.of(person) as act:
        case, each, who = await _round(act, case_id, review_id)
        if each.taken_by is not None and each.taken_by.person == who.person:
            return
        involved, heads = await involved_in(act.conn, case_id), await heads_in(act.conn, case_id)
        after_take(each, who, involved, heads)
        await _written(act, ReviewTaken(_name(each), case.name, act.by), case, "review.taken", str(each.number))
        await _change(act, review_id, taken_by=act.by, taken_time=act.time)


async def give_opinion(acts: Acts, person: Actor, case_id: int, review_id: int, given: Opinion, today: date) -> None:
    """Ends the round. Raises Wrong: the opinion is not whole, somebody else has the round, it is over; NoSuchCase."""
    opinion = checked_opinion(given)
    async with acts.of(person) as act:
        case, each, who = await _round(act, case_id, review_id)
        involved, heads = await involved_in(act.conn, case_id), await heads_in(act.conn, case_id)
        day, items = today.isoformat(), [problem.item for problem in opinion.problems]
        after = after_opinion(each, who, involved, day, items, heads)
        stated = []
        for number, problem in enumerate(opinion.problems, 1):
            words = await act.commit_text("review-problem", case.name, problem.text)
            row = {"review_id": review_id, "number": number, "item": problem.item, "problem": words.id}
            await act.conn.execute(insert(review_problems).values(**row))
            stated.append((problem.item, words.sha256))
        for item, answer in opinion.answers.items():
            await act.conn.execute(insert(review_checks).values(review_id=review_id, item=item, answer=answer))
        said = await act.commit_text("review-opinion", case.name, opinion.text)
        event = ReviewOpinion(
            _name(each),
            case.name,
            f"draft-{each.draft_id}",
            after.state.value,
            after.stated,
            opinion_digest(opinion.answers, stated),
            act.by,
            day,
            said.sha256,
        )
        index = await _written(act, event, case, "review.opinion", after.state.value, said.id)
        await _change(
            act,
            review_id,
            outcome=after.state.value,
            passed=after.passed,
            stated=after.stated,
            opinion_by=act.by,
            opinion_time=act.time,
            opinion_day=day,
            opinion=said.id,
            opinion_index=index,
        )


async def answer_problem(acts: Acts, person: Actor, case_id: int, review_id: int, number: int, answer: str) -> None:
    """Raises Wrong: by somebody who never handled the case, a problem that has its answer; NoSuchCase."""
    text = reason_of(answer, "answer")
    async with acts.of(person) as act:
        case, each, who = await _round(act, case_id, review_id)
        after_answer(each, number, who, await involved_in(act.conn, case_id))
        said = await act.commit_text("review-answer", case.name, text)
        event = ReviewAnswered(_name(each), case.name, number, act.by, said.sha256)
        index = await _written(act, event, case, "review.answered", f"{each.number}.{number}", said.id)
        own = (review_problems.c.review_id == review_id) & (review_problems.c.number == number)
        answered = {"answer": said.id, "answered_by": act.by, "answered_time": act.time, "answered_index": index}
        await act.conn.execute(update(review_problems).where(own).values(**answered))


async def withdraw_review(acts: Acts, person: Actor, case_id: int, review_id: int, reason: str) -> None:
    """Raises Wrong: by somebody else than handlers, a round that has its opinion; NoSuchCase."""
    text = reason_of(reason)
    async with acts.of(person) as act:
        case, each, who = await _round(act, case_id, review_id)
        after = after_withdrawal(each, who, await involved_in(act.conn, case_id))
        said = await act.commit_text("reason", case.name, text)
        event = ReviewWithdrawn(_name(each), case.name, act.by, said.sha256)
        await _written(act, event, case, "review.withdrawn", str(each.number), said.id)
        await _change(act, review_id, outcome=after.state.value)


async def extend_review(acts: Acts, person: Actor, case_id: int, review_id: int, reason: str, today: date) -> None:
    """Three working days more for a complicated case. Raises Wrong: extended already, its term is over; NoSuchCase."""
    text = reason_of(reason)
    async with acts.of(person) as act:
        case, each, who = await _round(act, case_id, review_id)
        query = select(reviews.c.extended_by).where(reviews.c.id == review_id)
        extended = (await act.conn.execute(query)).scalar() is not None
        calendar = await calendar_in_force(act.conn)
        clock = clock_of(date.fromisoformat(each.submitted_day), None, today, calendar)
        overdue = clock.state is ClockState.OVERDUE
        demand(may_extend(each, who, await involved_in(act.conn, case_id), extended=extended, overdue=overdue))
        said = await act.commit_text("reason", case.name, text)
        event = ReviewExtended(_name(each), case.name, act.by, said.sha256)
        await _written(act, event, case, "review.extended", str(each.number), said.id)
        await _change(act, review_id, extended_by=act.by, extended_time=act.time, extension=said.id)


async def ask(acts: Acts, person: Actor, case_id: int, review_id: int, kind: str, question: str, whom: str = "") -> int:
    """Asks the justice department, counsel or a coordinating body (`whom` by name, of the last two). Raises Wrong, NoSuchCase. Returns
    the question's id.
    """
    text = reason_of(question, "question")
    async with acts.of(person) as act:
        case, each, who = await _round(act, case_id, review_id)
        demand(may_ask(each, kind, who, await involved_in(act.conn, case_id)))
        named = "" if kind == PREREVIEW else one_line(whom, "whom", 120)
        said = await act.commit_text("review-question", case.name, text)
        row = {"case_id": case_id, "review_id": review_id, "kind": kind, "question": said.id, "whom": named}
        row |= {"asked_by": act.by, "asked_time": act.time, "asked_index": 0}
        added = await act.conn.execute(insert(review_consultations).values(**row))
        assert added.inserted_primary_key is not None
        own = int(added.inserted_primary_key[0])
        event = ReviewConsulted(f"consultation-{own}", _name(each), case.name, kind, "asked", act.by, said.sha256)
        index = await _written(act, event, case, "review.asked", kind, said.id)
        this = review_consultations.c.id == own
        await act.conn.execute(update(review_consultations).where(this).values(asked_index=index))
    return own


async def answer_consultation(
    acts: Acts, person: Actor, case_id: int, consultation_id: int, kinds: frozenset[str], answer: str
) -> None:
    """What they said. `kinds`: those that this person's right covers (`ANSWERED_BY`). Raises Wrong: by somebody who has to do with the
    case, a question that has its answer, one of another kind; NoSuchCase.
    """
    text = reason_of(answer, "answer")
    async with acts.of(person) as act:
        asked = await find_consultation(act.conn, case_id, consultation_id)
        if asked is None or asked.kind not in kinds:
            raise Wrong("没有这项咨询", "there is no such question", "consultation")
        case, each, who = await _round(act, case_id, asked.review_id)
        if (await involved_in(act.conn, case_id)).has(who):
            raise Wrong("承办人不能代为答复", "a handler does not answer for them", "answers-own")
        if asked.answer is not None:
            raise Wrong("已有答复，答复不能修改", "it has its answer, which stays", "answered")
        said = await act.commit_text("review-advice", case.name, text)
        event = ReviewConsulted(asked.name, _name(each), case.name, asked.kind, "answered", act.by, said.sha256)
        index = await _written(act, event, case, "review.advised", asked.kind, said.id)
        answered = {"answer": said.id, "answered_by": act.by, "answered_time": act.time, "answered_index": index}
        this = review_consultations.c.id == consultation_id
        await act.conn.execute(update(review_consultations).where(this).values(**answered))


OF_JUSTICE, OF_REVIEWERS, OF_HEADS = frozenset({PREREVIEW}), frozenset({COUNSEL}), frozenset({COORDINATION})
"""Who writes down which answer: the justice department its own, a reviewer what counsel said, the head what coordination came to."""


async def material_of(
    conn: Connection,
    whole: WholeCase,
    facts: str,
    discretion: str,
    report: str,
    chosen: Mapping[str, tuple[int, ...]],
    today: date,
) -> Material:
    """What there is to be submitted of a case, with these documents chosen."""
    kinds = {each.id: each.kind for each in whole.documents}
    rows = (await conn.execute(select(officers).where(officers.c.id.in_(whole.officers)))).mappings()
    handlers = [officer_of(row) for row in rows]
    return Material(
        report=report,
        facts=facts,
        discretion=discretion,
        chosen={part: tuple(kinds[each] for each in ids) for part, ids in chosen.items() if ids},
        documents=frozenset(each.kind for each in whole.documents if each.current),
        clips=sum(each.unlinked_time is None for each in whole.links),
        uncertified=tuple(sorted(each.name for each in handlers if not each.certified(today))),
    )


def _chosen(whole: WholeCase, parts: Mapping[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    """Raises Wrong for a part there is none of, and for what is not a current document of this case."""
    current = {each.id for each in whole.documents if each.current}
    for part, ids in parts.items():
        if part not in PARTS:
            raise Wrong("没有这种送审材料", "there is no such part", "parts")
        if not current.issuperset(ids):
            raise Wrong(
                "所选材料不是本案现行文书，请重新选择", "a document chosen is not a current one of this case", "parts"
            )
    return {part: tuple(sorted(set(ids))) for part, ids in parts.items() if ids}


async def _round(act: Act, case_id: int, review_id: int) -> tuple[Case, Round, Who]:
    """The case, its round and who acts. Raises Wrong for a round of another case, and for a case that is archived; NoSuchCase."""
    case = await open_for_work(act.conn, case_id)
    each = next((each for each in await rounds_of(act.conn, case_id) if each.id == review_id), None)
    if each is None:
        raise Wrong("本案没有这一轮审核", "this case has no such round", "review")
    return case, each, (await who_are(act.conn, [act.by]))[act.by]


async def _written(act: Act, event: Event, case: Case, what: str, about: str, said_id: int | None = None) -> int:
    return await written(act, event, case.id, case.version, what, case.stage, about=about, said_id=said_id)


async def _change(act: Act, review_id: int, **values: object) -> None:
    await act.conn.execute(update(reviews).where(reviews.c.id == review_id).values(**values))


def _name(each: Round) -> str:
    return f"review-{each.id}"
