"""Nothing new begins in an agency that enforces no longer (docs/adr/0027): each room asks here before it makes something of one."""

from __future__ import annotations

from liuhen_server.cases.said import Wrong
from liuhen_server.database import Connection
from liuhen_server.registry.agencies import find_agency, heir_of

__all__ = ["demand_enforcing"]


async def demand_enforcing(conn: Connection, code: str) -> None:
    """Raises Wrong, which names the successor of an agency that was merged."""
    agency = await find_agency(conn, code)
    heir = None if agency is None else await heir_of(conn, code)
    if agency is not None and heir is not None:
        into = await find_agency(conn, heir)
        name = into.name if into is not None else heir
        raise Wrong(
            f"{agency.name}已并入{name}，不再办理新事项，请由{name}办理",
            f"{agency.name} was merged into {name}: nothing new begins here, {name} carries on",
            "agency",
        )
    if agency is None or not agency.active:
        raise Wrong("没有这个执法主体，或已停用", "no such agency, or it enforces no longer", "agency")
