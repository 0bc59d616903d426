"""What the case's page shows of its draft and its decisions: what would be decided, what is missing for it, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from liuhen_server.acts import said
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.reading import Document, Link, WholeCase
from liuhen_server.cases.said import Said, Wrong
from liuhen_server.database import Connection
from liuhen_server.deadlines.notices import calendar_in_force
from liuhen_server.decisions.deciding import wanted_decision_number
from liuhen_server.decisions.draft import Draft
from liuhen_server.decisions.gates import Standing, lacks, refusals
from liuhen_server.decisions.reading import Decision, decisions_of, drafts_of
from liuhen_server.decisions.standing import order_for, standing_of
from liuhen_server.people.roles import Action
from liuhen_server.review.rules import Refusal, passing
from liuhen_server.web.context import CONTEXT
from liuhen_server.web.guard import may, session_of

__all__ = ["DecisionView", "decisions_on_page"]


@dataclass(frozen=True, slots=True)
class DecisionView:
    """`drafts`: every version, the newest first. `refused`: what keeps the newest from being decided by whoever looks (or, for who
    does not decide, by anybody); empty where it can be. `missing`: what the archive asks for. `decided`: the newest draft was.
    `passed`: so was its review.
    """

    standing: Standing
    drafts: tuple[Draft, ...]
    decisions: tuple[Decision, ...]
    refused: tuple[Refusal, ...]
    missing: tuple[Said, ...]
    decided: bool
    passed: bool
    expected: str
    records: tuple[Document, ...]
    papers: tuple[Document, ...]
    clips: tuple[Link, ...]
    reasons: dict[int, str]
    may_draft: bool
    may_decide: bool
    may_serve: bool
    executes: bool

    @property
    def draft(self) -> Draft | None:
        return self.drafts[0] if self.drafts else None

    @property
    def people(self) -> frozenset[str]:
        """Whose names stand on the page."""
        found = {each.by for each in self.drafts}
        for decision in self.decisions:
            found |= {decision.decided_by} | {each.by for each in decision.services}
            found |= {each.by for each in decision.executions}
        return frozenset(found)

    def number_of(self, decision_id: int) -> str:
        return next((each.number for each in self.decisions if each.id == decision_id), "")


async def decisions_on_page(request: web.Request, conn: Connection, whole: WholeCase) -> DecisionView:
    case, context = whole.case, request.app[CONTEXT]
    drafts = tuple(reversed(await drafts_of(conn, case.id)))
    decisions = await decisions_of(conn, case.id)
    standing = await standing_of(conn, case)
    decides, today = may(request, Action.DECIDE), context.today()
    decided = bool(drafts) and standing.made_of(drafts[0].id) is not None
    refused: tuple[Refusal, ...] = ()
    expected = ""
    if drafts and not decided:
        head = session_of(request).person.number if decides else ""
        current = [each for each in whole.documents if each.current and each.kind == "collective"]
        order = await order_for(conn, case, drafts[0], head, today, current[-1].id if current else None, today)
        refused = refusals(standing, order, await calendar_in_force(conn))
        if decides:
            expected = await _expected(conn, whole)
    open_file = case.stage is not Stage.ARCHIVED
    current_papers = tuple(each for each in whole.documents if each.current)
    return DecisionView(
        standing=standing,
        drafts=drafts,
        decisions=decisions,
        refused=refused,
        missing=tuple(each.said for each in lacks(standing)),
        decided=decided,
        passed=bool(drafts) and passing(drafts[0].drafted(case.enforcement, drafts[0]), standing.reviews) is not None,
        expected=expected,
        records=tuple(each for each in current_papers if each.kind == "collective"),
        papers=current_papers,
        clips=tuple(each for each in whole.links if each.unlinked_time is None),
        reasons=await _reasons(conn, decisions),
        may_draft=open_file and may(request, Action.DRAFT_DECISIONS),
        may_decide=open_file and decides,
        may_serve=open_file and may(request, Action.WORK_CASES),
        executes=Stage.EXECUTION in case.rules.stages,
    )


async def _expected(conn: Connection, whole: WholeCase) -> str:
    try:
        return str(await wanted_decision_number(conn, whole.case, int(whole.case.opened_day[:4])))
    except Wrong:  # a word of the agency that cannot stand in a number: the head types one
        return ""


async def _reasons(conn: Connection, decisions: tuple[Decision, ...]) -> dict[int, str]:
    """What was written with ends and executions; empty where it was disposed of."""
    ids = {each.ended.reason for each in decisions if each.ended is not None}
    ids |= {each.note for decision in decisions for each in decision.executions if each.note is not None}
    rows = await conn.execute(select(said.c.id, said.c.text).where(said.c.id.in_(ids)))
    return {row.id: row.text or "" for row in rows}
