"""What is waited for around a decision: the opinion of the legal review, the publication, and the withdrawal of what holds no more."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from sqlalchemy import String, and_, cast, exists, literal, select

from liuhen_server.cases.reading import officers_of
from liuhen_server.cases.schema import cases
from liuhen_server.database import Connection
from liuhen_server.deadlines.deadline import Deadline, Who, Within, last_day, until
from liuhen_server.deadlines.rules import PUBLISH, PUBLISH_QUICK, REVIEW, REVIEW_EXTENDED, WITHDRAW
from liuhen_server.decisions.schema import decision_ends, decisions
from liuhen_server.people.roles import Role
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.review.schema import reviews

__all__ = ["of_publications", "of_reviews", "of_withdrawals", "turn_of"]

_QUICK = frozenset({"penalty", "licence"})
_ABOUT = literal("decision-", String).concat(cast(decisions.c.id, String))
_ITEM = and_(public_items.c.about == _ABOUT, public_items.c.agency == decisions.c.agency)


async def of_reviews(conn: Connection, today: date, within: Within) -> Iterable[Deadline]:
    """Rounds without an opinion: of whoever took it, else of any reviewer of the agency."""
    query = (
        select(reviews, cases.c.number).join(cases, cases.c.id == reviews.c.case_id).where(reviews.c.outcome.is_(None))
    )
    query = query.where(within.holds(reviews.c.agency))
    found = list[Deadline]()
    for row in await conn.execute(query):
        rule = REVIEW if row.extended_by is None else REVIEW_EXTENDED
        began = date.fromisoformat(row.submitted_day)
        due, unsure = last_day(rule, began, within.calendar)
        taken = frozenset({row.taken_by}) if row.taken_by else frozenset[str]()
        found.append(
            until(
                due,
                today,
                within.calendar,
                about=f"review-{row.id}",
                name=row.number,
                agency=row.agency,
                who=Who(people=taken) if taken else Who(roles=frozenset({Role.REVIEWER})),
                rule=rule,
                began=began,
                url=f"/cases/{row.case_id}/review",
                provisional=unsure,
            )
        )
    return found


async def of_publications(conn: Connection, today: date, within: Within) -> Iterable[Deadline]:
    """Decisions in force that are not public: whose turn it is follows the version in hand."""
    was_public = (
        select(public_versions.c.id)
        .join(public_items, public_items.c.id == public_versions.c.item_id)
        .where(_ITEM, public_versions.c.published_day.is_not(None))
    )
    ended = select(decision_ends.c.decision_id).where(decision_ends.c.decision_id == decisions.c.id)
    of_hand = (
        select(public_versions.c.state)
        .join(public_items, public_items.c.id == public_versions.c.item_id)
        .where(_ITEM, public_versions.c.state.in_(("collected", "reviewed")))
        .limit(1)
    )
    in_hand, version = of_hand.scalar_subquery(), of_hand.with_only_columns(public_versions.c.id).scalar_subquery()
    query = select(
        decisions.c.id,
        decisions.c.case_id,
        decisions.c.agency,
        decisions.c.enforcement,
        decisions.c.number,
        decisions.c.dated,
        in_hand.label("in_hand"),
        version.label("version"),
    ).where(~exists(was_public), ~exists(ended))
    query = query.where(within.holds(decisions.c.agency))
    rows = (await conn.execute(query)).all()
    handled = await officers_of(conn, {row.case_id for row in rows}) if rows else {}
    found = list[Deadline]()
    for row in rows:
        rule = PUBLISH_QUICK if row.enforcement in _QUICK else PUBLISH
        began = date.fromisoformat(row.dated)
        due, unsure = last_day(rule, began, within.calendar)
        found.append(
            until(
                due,
                today,
                within.calendar,
                about=f"decision-{row.id}",
                name=row.number,
                agency=row.agency,
                who=turn_of(row.in_hand, handled.get(row.case_id, frozenset())),
                rule=rule,
                began=began,
                url="/publicity" if row.version is None else f"/publicity/{row.version}",
                provisional=unsure,
            )
        )
    return found


def turn_of(in_hand: str | None, officers: frozenset[int]) -> Who:
    """Collected by handler or archivist, reviewed by reviewer or head, published by the publisher (docs/adr/0020)."""
    match in_hand:
        case "collected":
            return Who(roles=frozenset({Role.REVIEWER, Role.HEAD}))
        case "reviewed":
            return Who(roles=frozenset({Role.PUBLISHER}))
        case _:
            return Who(officers=officers, roles=frozenset({Role.ARCHIVIST}))


async def of_withdrawals(conn: Connection, today: date, within: Within) -> Iterable[Deadline]:
    """Decisions that were changed, revoked or void and are public all the same."""
    query = (
        select(
            *(decisions.c[name] for name in ("id", "agency", "number")),
            decision_ends.c.day,
            public_versions.c.id.label("version"),
        )
        .join(decision_ends, decision_ends.c.decision_id == decisions.c.id)
        .join(public_items, _ITEM)
        .join(public_versions, public_versions.c.item_id == public_items.c.id)
        .where(public_versions.c.state == "published")
        .distinct()
    )
    query = query.where(within.holds(decisions.c.agency))
    found = list[Deadline]()
    for row in await conn.execute(query):
        began = date.fromisoformat(row.day)
        due, unsure = last_day(WITHDRAW, began, within.calendar)
        found.append(
            until(
                due,
                today,
                within.calendar,
                about=f"decision-{row.id}",
                name=row.number,
                agency=row.agency,
                who=Who(roles=frozenset({Role.PUBLISHER})),
                rule=WITHDRAW,
                began=began,
                url=f"/publicity/{row.version}",
                provisional=unsure,
            )
        )
    return found
