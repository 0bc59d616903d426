"""Every room's source of deadlines, in one table. A room that has something to be done by a day adds its own here."""

from __future__ import annotations

from datetime import date

from liuhen_server.database import Connection
from liuhen_server.deadlines.agency_source import of_certificates, of_recordings, of_statistics, of_supervision
from liuhen_server.deadlines.case_source import of_cases
from liuhen_server.deadlines.deadline import Deadline, Source, Within, by_urgency
from liuhen_server.deadlines.decision_source import of_publications, of_reviews, of_withdrawals

__all__ = ["SOURCES", "everything_due"]

SOURCES: tuple[Source, ...] = (
    of_cases,
    of_reviews,
    of_publications,
    of_withdrawals,
    of_certificates,
    of_statistics,
    of_recordings,
    of_supervision,
)


async def everything_due(conn: Connection, today: date, within: Within) -> list[Deadline]:
    """Of every source, the most urgent first. A thing that two sources name under one rule is a defect of theirs."""
    found = [deadline for source in SOURCES for deadline in await source(conn, today, within)]
    return by_urgency(found)
