"""A case put together for the rules of its decision (`gates`). Reads only; in an act, what it reads holds until the act is written."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy import exists, select

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.reading import Case
from liuhen_server.cases.schema import case_acts, case_documents, case_parties, case_stages, cases
from liuhen_server.database import Connection
from liuhen_server.decisions.draft import Draft
from liuhen_server.decisions.gates import Filed, Made, Order, Standing, lacks
from liuhen_server.decisions.reading import Decision, decisions_of, newest_draft
from liuhen_server.decisions.schema import decision_ends, decisions, executions, services
from liuhen_server.review.criteria import reasons_of
from liuhen_server.review.reading import involved_in, major_rows_on, rounds_of, who_are
from liuhen_server.review.rules import Refusal

__all__ = ["asked_anew", "lacks_of", "made", "order_for", "party_kinds_of", "standing_of"]


async def standing_of(conn: Connection, case: Case) -> Standing:
    reached = select(case_stages.c.stage).where(case_stages.c.case_id == case.id)
    before = select(cases.c.decided_before).where(cases.c.id == case.id)
    draft = await newest_draft(conn, case.id)
    return Standing(
        enforcement=case.enforcement,
        stage=case.stage,
        reached=frozenset(Stage(each) for each in (await conn.execute(reached)).scalars()),
        draft=None if draft is None else draft.drafted(case.enforcement, draft),
        reviews=await rounds_of(conn, case.id),
        decisions=made(await decisions_of(conn, case.id)),
        decided_before=bool((await conn.execute(before)).scalar_one()),
    )


async def lacks_of(conn: Connection, listed: Collection[Case]) -> dict[int, tuple[Refusal, ...]]:
    """What `gates.lacks` says of each case, in as many queries for thirty as for one."""
    ids = [case.id for case in listed]
    stages = select(case_stages.c.case_id, case_stages.c.stage).where(case_stages.c.case_id.in_(ids))
    before = select(cases.c.id).where(cases.c.id.in_(ids), cases.c.decided_before)
    found = select(
        decisions,
        exists().where(decision_ends.c.decision_id == decisions.c.id).label("ended"),
        exists().where(services.c.decision_id == decisions.c.id).label("served"),
        exists().where(executions.c.decision_id == decisions.c.id).label("executed"),
    ).where(decisions.c.case_id.in_(ids))
    reached: dict[int, set[Stage]] = {}
    for case_id, stage in (await conn.execute(stages)).all():
        reached.setdefault(case_id, set()).add(Stage(stage))
    old = set((await conn.execute(before)).scalars())
    decided: dict[int, list[Made]] = {}
    for row in (await conn.execute(found.order_by(decisions.c.id))).all():
        ways = bool(row.served), bool(row.executed)
        held = Made(row.id, row.draft_id, row.dated, row.number, not row.ended, *ways)
        decided.setdefault(row.case_id, []).append(held)
    return {
        case.id: lacks(
            Standing(
                case.enforcement,
                case.stage,
                frozenset(reached.get(case.id, ())),
                decisions=tuple(decided.get(case.id, ())),
                decided_before=case.id in old,
            )
        )
        for case in listed
    }


def made(found: Iterable[Decision]) -> tuple[Made, ...]:
    return tuple(
        Made(each.id, each.draft_id, each.dated, each.number, each.in_force, bool(each.services), bool(each.executions))
        for each in found
    )


async def party_kinds_of(conn: Connection, case_id: int) -> frozenset[str]:
    query = select(case_parties.c.kind).where(case_parties.c.case_id == case_id)
    return frozenset((await conn.execute(query)).scalars())


async def order_for(
    conn: Connection, case: Case, draft: Draft, head: str, dated: date, collective_document: int | None, today: date
) -> Order:
    """What the person `head` (person-7) would decide."""
    current = case_documents.c.current.is_(True)
    query = select(case_documents.c.id, case_documents.c.kind, case_documents.c.dated)
    filed = await conn.execute(query.where(case_documents.c.case_id == case.id, current))
    return Order(
        draft=draft,
        dated=dated,
        collective_document=collective_document,
        head=(await who_are(conn, [head]))[head],
        involved=await involved_in(conn, case.id),
        filed=tuple(Filed(row.id, row.kind, row.dated) for row in filed),
        party_kinds=await party_kinds_of(conn, case.id),
        opened=date.fromisoformat(case.opened_day),
        today=today,
        asked_anew=await asked_anew(conn, case, draft, today),
    )


async def asked_anew(conn: Connection, case: Case, draft: Draft, today: date) -> bool:
    """Whether the case went to a successor (机构合并) after this draft was found to need no review, and what the successor's list of today
    says of it is otherwise. A list that its own agency approves later never does that.
    """
    if draft.needs_review:
        return False
    went = select(case_acts.c.log_index).where(
        case_acts.c.case_id == case.id, case_acts.c.what == "agency", case_acts.c.log_index > draft.log_index
    )
    if (await conn.execute(went.limit(1))).scalar() is None:
        return False
    _, rows = await major_rows_on(conn, case.agency, today)
    return bool(reasons_of(draft.proposal.proposed, rows))
