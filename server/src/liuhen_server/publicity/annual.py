"""An agency's annual report that was signed becomes public (行政执法统计年报), by 31 January: collected in one act, then as everything else."""

from __future__ import annotations

from sqlalchemy import select

from liuhen_server.acts import Actor, Acts
from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.publicity.items import Version, collect, versions_of
from liuhen_server.publicity.rules import State
from liuhen_server.publicity.schema import public_items
from liuhen_server.publicity.signed import KIND, content_of_report
from liuhen_server.registry.agencies import find_agency
from liuhen_server.statistics.reports import Report

__all__ = ["collect_report", "public_version_of"]


async def collect_report(conn: Connection, acts: Acts, person: Actor, report: Report) -> Version:
    """The first of the three people; `conn` reads what there is. Raises Wrong: it is a draft, in hand, public already, or was
    corrected by a newer one.
    """
    agency, before = await find_agency(conn, report.agency), await public_version_of(conn, report)
    if before is not None and before.state is State.PUBLISHED:
        raise Wrong("这份年报已经公示", "the report is public already", "report")
    content = content_of_report(agency.name if agency is not None else report.agency, report)
    return await collect(acts, person, report.agency, KIND, report.name, content)


async def public_version_of(conn: Connection, report: Report) -> Version | None:
    """The newest version of what is public of it."""
    item = public_items.c
    this = (item.agency == report.agency) & (item.kind == KIND) & (item.about == report.name)
    found = (await conn.execute(select(item.id).where(this))).scalar()
    versions = () if found is None else await versions_of(conn, found)
    return versions[0] if versions else None
