"""What else the agency drafted or decided against the same party, for `criteria.split_of`: across all cases of the agency
and of those it carries on for. Reads only.

The same party: the same code, or the same name where one of the two has no code. Of a case without a decision its newest draft counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from sqlalchemy import and_, func, or_, select

from liuhen_server.cases.reading import Party, WholeCase
from liuhen_server.cases.schema import case_parties, cases
from liuhen_server.database import Connection
from liuhen_server.decisions.draft import Draft
from liuhen_server.decisions.reading import draft_of
from liuhen_server.decisions.schema import decision_ends, decisions, drafts
from liuhen_server.registry.agencies import codes_of
from liuhen_server.review.criteria import SPLIT_DAYS, Earlier, Reason, split_of
from liuhen_server.review.reading import major_rows_on

__all__ = ["earlier_against", "split_in"]

MOST = 50


async def split_in(conn: Connection, whole: WholeCase, draft: Draft | None, today: date) -> tuple[Reason, ...]:
    """Whether this draft, together with others against the same party, would reach a limit that it does not reach alone."""
    if draft is None:
        return ()
    _, rows = await major_rows_on(conn, whole.case.agency, today)
    return split_of(draft.proposal.proposed, today, await earlier_against(conn, whole, draft.id, today), rows)


async def earlier_against(conn: Connection, whole: WholeCase, draft_id: int, day: date) -> tuple[Earlier, ...]:
    """The newest first, at most fifty. `draft_id`: the draft that is looked at, which is not its own earlier one."""
    others = await _cases_of(conn, whole.case.agency, whole.case.id, whole.parties)
    since = (day - timedelta(days=SPLIT_DAYS)).isoformat()
    ended = select(decision_ends.c.decision_id).where(decision_ends.c.how != "changed")
    decided = (
        select(decisions.c.id, decisions.c.number, decisions.c.dated, decisions.c.draft_id)
        .where(decisions.c.case_id.in_((*others, whole.case.id)), decisions.c.dated >= since)
        .where(decisions.c.draft_id != draft_id, decisions.c.id.not_in(ended))
        .order_by(decisions.c.dated.desc())
        .limit(MOST)
    )
    found = []
    for made in (await conn.execute(decided)).all():
        draft = await draft_of(conn, made.draft_id)
        if draft is not None:
            dated = date.fromisoformat(made.dated)
            found.append(Earlier(f"decision-{made.id}", made.number, dated, draft.proposal.proposed))
    newest = select(func.max(drafts.c.id)).where(drafts.c.case_id.in_(others)).group_by(drafts.c.case_id)
    made_there = select(decisions.c.id).where(decisions.c.case_id == drafts.c.case_id)
    drafted = (
        select(drafts.c.id, drafts.c.time, cases.c.number)
        .join(cases, cases.c.id == drafts.c.case_id)
        .where(drafts.c.id.in_(newest), ~made_there.exists(), drafts.c.time >= since)
        .order_by(drafts.c.id.desc())
        .limit(MOST)
    )
    for row in (await conn.execute(drafted)).all():
        draft = await draft_of(conn, row.id)
        if draft is not None:
            found.append(Earlier(draft.name, row.number, date.fromisoformat(row.time[:10]), draft.proposal.proposed))
    return tuple(found)


async def _cases_of(conn: Connection, agency: str, own: int, parties: Sequence[Party]) -> tuple[int, ...]:
    wanted = []
    for each in parties:
        named = case_parties.c.name == each.name
        if each.code:
            wanted.append(or_(case_parties.c.code == each.code, and_(named, case_parties.c.code == "")))
        else:
            wanted.append(named)
    if not wanted:
        return ()
    query = (
        select(case_parties.c.case_id)
        .join(cases, cases.c.id == case_parties.c.case_id)
        .where(cases.c.agency.in_(codes_of(agency)), cases.c.id != own, or_(*wanted))
        .distinct()
        .order_by(case_parties.c.case_id.desc())
        .limit(500)
    )
    return tuple((await conn.execute(query)).scalars())
