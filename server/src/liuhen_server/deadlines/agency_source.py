"""What an agency has to do beside its cases: certificates that end, last year's statistics, recordings that are not uploaded,
opinions of the justice department that wait for an answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from sqlalchemy import String, and_, cast, exists, literal, or_, select

from liuhen_protocol.moment import format_time, parse_time
from liuhen_server.cases.calendar import CHINA
from liuhen_server.cases.schema import cases
from liuhen_server.custody.schema import stays
from liuhen_server.database import Connection
from liuhen_server.deadlines.deadline import Deadline, Who, Within, last_day, until
from liuhen_server.deadlines.decision_source import turn_of
from liuhen_server.deadlines.rules import CERTIFICATE, STATISTICS, SUPERVISION, UPLOAD
from liuhen_server.decisions.schema import decisions
from liuhen_server.people.roles import Role
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.registry.schema import agencies, agency_mergers, holdings, officers, recorders
from liuhen_server.statistics.reports import due_day
from liuhen_server.statistics.schema import statistics_reports
from liuhen_server.supervision.schema import supervision_opinions

__all__ = ["of_certificates", "of_recordings", "of_statistics", "of_supervision"]

CERTIFICATE_AHEAD = timedelta(days=60)
RETURNED_SINCE = timedelta(days=60)
"""How far back a recorder's return is looked at: what nobody uploaded for two months is the coverage's matter."""


async def of_certificates(conn: Connection, today: date, within: Within) -> Iterable[Deadline]:
    """Of active officers, from sixty days before the last day on."""
    ahead = (today + CERTIFICATE_AHEAD).isoformat()
    query = select(officers.c.id, officers.c.name, officers.c.agency, officers.c.expires).where(
        officers.c.active.is_(True), officers.c.expires.is_not(None), officers.c.expires <= ahead
    )
    query = query.where(within.holds(officers.c.agency))
    return [
        until(
            due := date.fromisoformat(row.expires),
            today,
            within.calendar,
            about=f"officer-{row.id}",
            name=row.name,
            agency=row.agency,
            who=Who(officers=frozenset({row.id}), roles=frozenset({Role.HEAD})),
            rule=CERTIFICATE,
            began=due - CERTIFICATE_AHEAD,
            url=f"/officers/{row.id}",
        )
        for row in await conn.execute(query)
    ]


async def of_statistics(conn: Connection, today: date, within: Within) -> Iterable[Deadline]:
    """Of each agency that had cases in the year before, from 1 January until its signed report is public. Until it is signed it is the
    head's, then of whoever has to bring it to the public (docs/adr/0022: `statistics-<report>`).
    """
    last = today.year - 1
    had_cases = select(
        cases.c.id
    ).where(  # along its index; whose first and last hours are of which year matters to nobody here
        cases.c.agency == agencies.c.code, cases.c.opened_time >= f"{last}", cases.c.opened_time < f"{today.year}"
    )
    # what a merged agency did in that year is reported by its successor; the reform's own day may lie long before it was merged here
    carried_on = select(agency_mergers.c.id).where(
        agency_mergers.c.agency == agencies.c.code, agency_mergers.c.heir.is_not(None)
    )
    had_decided = select(decisions.c.id).where(
        decisions.c.agency == agencies.c.code, decisions.c.dated >= f"{last}", decisions.c.dated < f"{today.year}"
    )
    signed = and_(
        statistics_reports.c.agency == agencies.c.code,
        statistics_reports.c.year == last,
        statistics_reports.c.signed_by.is_not(None),
    )
    of_report = (
        select(public_versions.c.state)
        .join(public_items, public_items.c.id == public_versions.c.item_id)
        .join(
            statistics_reports,
            public_items.c.about == literal("statistics-", String).concat(cast(statistics_reports.c.id, String)),
        )
        .where(public_items.c.agency == agencies.c.code, public_items.c.kind == "statistics", signed)
    )
    is_public = of_report.where(public_versions.c.state == "published")
    of_hand = of_report.where(public_versions.c.state.in_(("collected", "reviewed"))).limit(1)
    in_hand, version = of_hand.scalar_subquery(), of_hand.with_only_columns(public_versions.c.id).scalar_subquery()
    query = select(
        agencies.c.code,
        agencies.c.short,
        exists(select(statistics_reports.c.id).where(signed)).label("signed"),
        in_hand.label("in_hand"),
        version.label("version"),
    ).where(
        or_(
            and_(agencies.c.active.is_(True), exists(had_cases)),
            and_(exists(carried_on), or_(exists(had_cases), exists(had_decided))),
        ),
        ~exists(is_public),
    )
    query = query.where(within.holds(agencies.c.code))
    return [
        until(
            due_day(last),
            today,
            within.calendar,
            about=f"agency-{row.code}",
            name=f"{row.short} {last}",
            agency=row.code,
            who=turn_of(row.in_hand, frozenset()) if row.signed else Who(roles=frozenset({Role.HEAD})),
            rule=STATISTICS,
            began=date(today.year, 1, 1),
            url=f"/statistics?year={last}&agency={row.code}" if row.version is None else f"/publicity/{row.version}",
        )
        for row in await conn.execute(query)
    ]


async def of_recordings(conn: Connection, today: date, within: Within) -> Iterable[Deadline]:
    """Recorders that were returned and have not been docked since they were handed out. Where nobody writes down who had which
    recorder, no return is known, and nothing is said here.
    """
    midnight = datetime(today.year, today.month, today.day, tzinfo=CHINA)
    docked = select(stays.c.docked_index).where(
        stays.c.recorder == recorders.c.serial, stays.c.time >= holdings.c.from_time
    )
    # checked out, and put back before it ever left its bay
    never_left = select(stays.c.docked_index).where(
        stays.c.docked_index == holdings.c.stay,
        or_(stays.c.ended_time.is_(None), stays.c.ended_time >= holdings.c.until_time),
    )
    query = (
        select(holdings.c.officer, holdings.c.until_time, recorders.c.id, recorders.c.serial, recorders.c.agency)
        .join(recorders, recorders.c.id == holdings.c.recorder)
        .where(
            holdings.c.until_time.is_not(None),
            holdings.c.until_time >= format_time(midnight - RETURNED_SINCE),
            ~exists(docked),
            ~exists(never_left),
        )
    )
    query = query.where(within.holds(recorders.c.agency))
    found = list[Deadline]()
    for row in await conn.execute(query):
        began = parse_time(row.until_time).astimezone(CHINA).date()
        due, _ = last_day(UPLOAD, began, within.calendar)
        found.append(
            until(
                due,
                today,
                within.calendar,
                about=f"recorder-{row.id}",
                name=row.serial,
                agency=row.agency,
                who=Who(officers=frozenset({row.officer}), roles=frozenset({Role.ARCHIVIST})),
                rule=UPLOAD,
                began=began,
                url=f"/recorders/{row.id}",
            )
        )
    return found


async def of_supervision(conn: Connection, today: date, within: Within) -> Iterable[Deadline]:
    """Opinions of the justice department until the agency answers them."""
    query = (
        select(
            supervision_opinions.c.id,
            supervision_opinions.c.agency,
            supervision_opinions.c.due,
            supervision_opinions.c.time,
            agencies.c.short,
        )
        .join(agencies, agencies.c.code == supervision_opinions.c.agency)
        .where(supervision_opinions.c.state == "open")
    )
    query = query.where(within.holds(supervision_opinions.c.agency))
    return [
        until(
            date.fromisoformat(row.due),
            today,
            within.calendar,
            about=f"opinion-{row.id}",
            name=row.short,
            agency=row.agency,
            who=Who(roles=frozenset({Role.HEAD})),
            rule=SUPERVISION,
            began=parse_time(row.time).astimezone(CHINA).date(),
            url=f"/supervision/{row.agency}",
        )
        for row in await conn.execute(query)
    ]
