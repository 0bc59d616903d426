"""What decisions, their service and their publication say of the days of a case, beside its documents (docs/adr/0020)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

from sqlalchemy import BigInteger, String, cast, literal, select

from liuhen_server.cases.clocks import document_event
from liuhen_server.database import Connection
from liuhen_server.decisions.schema import decisions, services
from liuhen_server.publicity.schema import public_items, public_versions

__all__ = ["decided_events", "with_decided"]


async def decided_events(conn: Connection, case_ids: Collection[int]) -> dict[int, dict[str, date]]:
    """Of each of these cases that was decided: the first day it was, was served and was public, by the names that clocks know."""
    made = select(decisions.c.case_id, decisions.c.dated.label("day")).where(decisions.c.case_id.in_(case_ids))
    served = (
        select(decisions.c.case_id, services.c.day)
        .join(services, services.c.decision_id == decisions.c.id)
        .where(decisions.c.case_id.in_(case_ids))
    )
    about = literal("decision-", String).concat(cast(cast(decisions.c.id, BigInteger), String))
    public = (
        select(decisions.c.case_id, public_versions.c.published_day.label("day"))
        .join(public_items, public_items.c.about == about)
        .join(public_versions, public_versions.c.item_id == public_items.c.id)
        .where(decisions.c.case_id.in_(case_ids), public_versions.c.published_day.is_not(None))
    )
    found: dict[int, dict[str, date]] = {}
    for kind, query in (("decision", made), ("service-receipt", served), ("publication", public)):
        for case_id, stated in (await conn.execute(query)).all():
            events, day = found.setdefault(case_id, {}), date.fromisoformat(stated)
            name = document_event(kind)
            events[name] = min(day, events.get(name, day))
    return found


def with_decided(events: Mapping[str, date], decided: Mapping[str, date]) -> dict[str, date]:
    """The first day of each event, whichever of the two has it."""
    days = dict(events)
    for event, day in decided.items():
        days[event] = min(day, days.get(event, day))
    return days
