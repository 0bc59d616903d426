"""The review as the case's own page tells it: whether one is needed, how it stands, and what still keeps the case from its decision."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from liuhen_server.cases.calendar import Calendar
from liuhen_server.cases.clocks import Clock
from liuhen_server.cases.reading import WholeCase
from liuhen_server.database import Connection
from liuhen_server.decisions.reading import newest_draft
from liuhen_server.decisions.standing import asked_anew
from liuhen_server.review.criteria import Reason
from liuhen_server.review.details import Detail, details_of
from liuhen_server.review.rules import Refusal, may_be_decided
from liuhen_server.review.splitting import split_in

__all__ = ["Part", "part_of"]


@dataclass(frozen=True, slots=True)
class Part:
    """The review as the case's own page tells it. `needs` None: there is no draft yet. `split`: what else there is against the
    same party, where it reaches a limit together with the draft.
    """

    needs: bool | None
    reasons: tuple[Reason, ...]
    newest: Detail | None
    clock: Clock | None
    refusal: Refusal | None
    split: tuple[Reason, ...] = ()


async def part_of(conn: Connection, whole: WholeCase, today: date, calendar: Calendar) -> Part:
    draft = await newest_draft(conn, whole.case.id)
    if draft is None:
        return Part(None, (), None, None, None)
    details = await details_of(conn, whole.case.id)
    newest = next(iter(details), None)
    rounds = [each.round for each in details]
    anew = await asked_anew(conn, whole.case, draft, today)
    refusal = may_be_decided(replace(draft.drafted(whole.case.enforcement, draft), asked_anew=anew), rounds)
    clock = None if newest is None else newest.clock(today, calendar)
    split = await split_in(conn, whole, draft, today)
    return Part(draft.needs_review, draft.why, newest, clock, refusal, split)
