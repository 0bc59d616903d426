"""What the law's clocks ask of open cases. Read off the cases' own tables; nobody waits for an archived one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import cache

from sqlalchemy import exists, select

from liuhen_server.cases.classes import Stage
from liuhen_server.cases.clocks import Clock, ClockRule, ClockState, clocks_of
from liuhen_server.cases.reading import events_of_cases, officers_of
from liuhen_server.cases.schema import case_handlers, cases
from liuhen_server.database import Connection
from liuhen_server.deadlines.deadline import Deadline, Rule, Standing, Who, Within
from liuhen_server.deadlines.decided import decided_events, with_decided
from liuhen_server.registry.schema import agencies

__all__ = ["of_cases"]

BATCH = 5_000  # ids in one query: both databases take more, and lists of them are compiled anew
_OPEN = [stage.value for stage in Stage if stage is not Stage.ARCHIVED]
_OF_DECISIONS = frozenset({"publish", "publish-quick"})


async def of_cases(conn: Connection, today: date, within: Within) -> Iterable[Deadline]:
    """As many queries for three thousand open cases as for one."""
    query = select(cases.c.id, cases.c.enforcement, cases.c.number, cases.c.agency).where(
        cases.c.agency.in_(await _agencies(conn, within)), cases.c.stage.in_(_OPEN)
    )
    if within.officer is not None:
        mine = select(case_handlers.c.id).where(
            case_handlers.c.case_id == cases.c.id,
            case_handlers.c.officer_id == within.officer,
            case_handlers.c.until_time.is_(None),
        )
        query = query.where(exists(mine))
    rows = (await conn.execute(query)).all()
    found = list[Deadline]()
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        ids = [case_id for case_id, _, _, _ in some]
        events, handled = await events_of_cases(conn, ids), await officers_of(conn, ids)
        decided = await decided_events(conn, ids)
        for case_id, enforcement, number, agency in some:
            happened = with_decided(events.get(case_id, {}), decided.get(case_id, {}))
            for clock in clocks_of(enforcement, happened, today, within.calendar):
                # a decision that the archive knows has a clock of its own (`decision_source`)
                if not (clock.rule.key in _OF_DECISIONS and case_id in decided) and _waits(clock):
                    who = Who(officers=handled.get(case_id, frozenset()))
                    found.append(_deadline(case_id, number, agency, who, clock))
    return found


async def _agencies(conn: Connection, within: Within) -> Sequence[str]:
    """By name: the index of cases begins with the agency."""
    if within.agency is not None:
        return [within.agency]
    return (await conn.execute(select(agencies.c.code).order_by(agencies.c.code))).scalars().all()


def _waits(clock: Clock) -> bool:
    return not clock.rule.of_party and clock.state in (ClockState.RUNNING, ClockState.OVERDUE)


def _deadline(case_id: int, number: str, agency: str, who: Who, clock: Clock) -> Deadline:
    standing = Standing.OVERDUE if clock.state is ClockState.OVERDUE else Standing.RUNNING
    return Deadline(
        f"case-{case_id}",
        number,
        agency,
        who,
        _rule(clock.rule),
        clock.began,
        clock.due,
        clock.left,
        standing,
        clock.provisional,
        f"/cases/{case_id}",
    )


@cache
def _rule(rule: ClockRule) -> Rule:
    return Rule(rule.key, rule.name, rule.days, rule.working, rule.source)
