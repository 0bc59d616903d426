"""The head decides, and ends what was decided (作出决定、变更、撤销). What the rules (`gates`) refuse leaves an entry of the log and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import insert, select, update

from liuhen_protocol.decision_events import DecisionEnded, DecisionMade
from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.calendar import OFFICIAL, Calendar
from liuhen_server.cases.fields import reason_of
from liuhen_server.cases.numbers import CaseNumber, next_number, parse_number
from liuhen_server.cases.reading import Case
from liuhen_server.cases.record import open_for_work, written
from liuhen_server.cases.said import Wrong
from liuhen_server.cases.schema import cases
from liuhen_server.database import Connection
from liuhen_server.decisions.gates import refusals
from liuhen_server.decisions.reading import Decision, decision_of, draft_of
from liuhen_server.decisions.refused import NotDecided, attempt
from liuhen_server.decisions.schema import decision_ends, decisions
from liuhen_server.decisions.standing import order_for, standing_of
from liuhen_server.decisions.ways import ENDS
from liuhen_server.review.rules import passing

__all__ = ["Given", "NumberOfDecisionTaken", "decide", "end_decision", "wanted_decision_number"]


class NumberOfDecisionTaken(Wrong):
    """Another decision of the agency has this number."""

    def __init__(self, number: CaseNumber) -> None:
        super().__init__(
            f"文号 {number} 已用于另一份决定", f"another decision of the agency has the number {number}", "number"
        )


@dataclass(frozen=True, slots=True)
class Given:
    """What the head's form says. `number` empty: the one that is suggested. `collective_document`: id of the record, where there is one."""

    draft_id: int
    number: str
    dated: date
    collective_document: int | None = None


async def decide(
    acts: Acts, person: Actor, case_id: int, given: Given, today: date, calendar: Calendar = OFFICIAL
) -> Decision:
    """Raises NotDecided (which is stated: decision.refused), Wrong for a number that cannot be taken or a draft of another case,
    NoSuchCase.
    """
    async with attempt(acts, person) as act:
        case = await open_for_work(act.conn, case_id)
        draft = await draft_of(act.conn, given.draft_id)
        if draft is None or draft.case_id != case_id:
            raise Wrong("没有这份拟处理意见", "there is no such draft in this case", "draft")
        standing = await standing_of(act.conn, case)
        order = await order_for(act.conn, case, draft, act.by, given.dated, given.collective_document, today)
        if refused := refusals(standing, order, calendar):
            raise NotDecided("decide", refused, case.name, draft.name)
        number = (
            parse_number(given.number)
            if given.number.strip()
            else await wanted_decision_number(act.conn, case, given.dated.year)
        )
        taken = select(decisions.c.id).where(decisions.c.agency == case.agency, decisions.c.number_key == number.key)
        if (await act.conn.execute(taken)).scalar() is not None:
            raise NumberOfDecisionTaken(number)
        review = passing(draft.drafted(case.enforcement, draft), standing.reviews)
        opinion_by = None if review is None or review.opinion_by is None else review.opinion_by.person
        row = {
            "case_id": case_id,
            "agency": case.agency,
            "enforcement": case.enforcement,
            "draft_id": draft.id,
            "needs_review": draft.needs_review,
            "review_id": None if review is None else review.id,
            "review_passed": None if review is None else review.passed,
            "review_day": None if review is None else review.opinion_day,
            "review_by": opinion_by,
            "number": str(number),
            "number_key": number.key,
            "kind": draft.proposal.kind,
            "fine_fen": draft.proposal.fine_fen,
            "confiscated_fen": draft.proposal.confiscated_fen,
            "dated": given.dated.isoformat(),
            "collective_document": given.collective_document,
            "decided_by": act.by,
            "decided_time": act.time,
        }
        added = await act.conn.execute(insert(decisions).values(**row, log_index=0))
        assert added.inserted_primary_key is not None
        decision_id = int(added.inserted_primary_key[0])
        event = DecisionMade(
            case=case.name,
            decision=f"decision-{decision_id}",
            draft=draft.name,
            review=None if review is None else f"review-{review.id}",
            number=str(number),
            dated=given.dated.isoformat(),
            collective=None if given.collective_document is None else f"document-{given.collective_document}",
            by=act.by,
        )
        index = await written(act, event, case_id, case.version, "decided", case.stage, about=str(number))
        await act.conn.execute(update(decisions).where(decisions.c.id == decision_id).values(log_index=index))
        found = await decision_of(act.conn, decision_id)
    assert found is not None
    return found


async def wanted_decision_number(conn: Connection, case: Case, year: int) -> CaseNumber:
    """The number (文号) that the agency's next decision of this class would get, in the form of its last one: where decisions have
    their cases' numbers this case's, otherwise the next under the same word. Raises Wrong for a word that cannot stand in one.
    """
    own = parse_number(case.number)
    of_agency = decisions.c.agency == case.agency
    query = (
        select(decisions.c.number, decisions.c.number_key.label("key"), cases.c.number_key.label("case_key"))
        .join(cases, cases.c.id == decisions.c.case_id)
        .where(of_agency, decisions.c.enforcement == case.enforcement)
    )
    last = (await conn.execute(query.order_by(decisions.c.id.desc()).limit(1))).one_or_none()
    as_cases = last is None or last.key == last.case_key
    taken = select(decisions.c.id).where(of_agency, decisions.c.number_key == own.key)
    if as_cases and (await conn.execute(taken)).scalar() is None:
        return own
    word = own.word if last is None or as_cases else parse_number(last.number).word
    alike = select(decisions.c.number).where(of_agency, decisions.c.number.startswith(f"{word}〔{year}〕"))
    return next_number(word, "", year, [parse_number(each).serial for each in (await conn.execute(alike)).scalars()])


async def end_decision(
    acts: Acts,
    person: Actor,
    case_id: int,
    decision_id: int,
    how: str,
    day: date,
    reason: str,
    today: date,
    replaced_by: int | None = None,
) -> Decision:
    """The decision is in force no longer: what is public of it is withdrawn within three working days (行政处罚法 art. 48). `replaced_by`:
    the decision of the same case in its place. Raises Wrong, NoSuchCase.
    """
    reason = reason_of(reason)
    async with acts.of(person) as act:
        case = await open_for_work(act.conn, case_id)
        decision = await in_force_of(act.conn, case_id, decision_id)
        if how not in ENDS:
            raise Wrong("请选择变更、撤销或确认无效", "choose changed, revoked or void", "how")
        if not decision.dated <= day.isoformat() <= today.isoformat():
            raise Wrong("日期应在决定日期与今天之间", "the day lies between that of the decision and today", "day")
        if replaced_by is not None:
            await _check_replacement(act.conn, case_id, decision_id, how, replaced_by)
        said = await act.commit_text("reason", case.name, reason)
        by = None if replaced_by is None else f"decision-{replaced_by}"
        event = DecisionEnded(case.name, decision.name, how, day.isoformat(), by, act.by, said.sha256)
        index = await written(
            act, event, case_id, case.version, "ended", case.stage, about=decision.number, said_id=said.id
        )
        row = {"how": how, "day": day.isoformat(), "replaced_by": replaced_by, "reason": said.id, "by": act.by}
        values = {"decision_id": decision_id, **row, "time": act.time, "log_index": index}
        await act.conn.execute(insert(decision_ends).values(**values))
        found = await decision_of(act.conn, decision_id)
    assert found is not None
    return found


async def in_force_of(conn: Connection, case_id: int, decision_id: int) -> Decision:
    """The decision of this case, in force. Raises Wrong."""
    decision = await decision_of(conn, decision_id)
    if decision is None or decision.case_id != case_id:
        raise Wrong("本案没有这份决定", "there is no such decision in this case", "decision")
    if decision.ended is not None:
        raise Wrong(
            f"这份决定已于 {decision.ended.day} 失效", f"this decision ended on {decision.ended.day}", "decision"
        )
    return decision


async def _check_replacement(conn: Connection, case_id: int, decision_id: int, how: str, other_id: int) -> None:
    other = await decision_of(conn, other_id)
    if how != "changed" or other is None or other.case_id != case_id or other_id == decision_id or not other.in_force:
        raise Wrong(
            "变更后的决定应是本案另一份生效的决定",
            "what takes its place is another decision of this case, in force",
            "replaced_by",
        )
