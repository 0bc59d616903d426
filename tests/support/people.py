"""The agency that the tests' docks are enrolled under, and people of it."""

from __future__ import annotations

from liuhen_server.database import Connection
from liuhen_server.registry.agencies import Agency, add_agency, find_agency

OURS = Agency("scjg", "朝县市监局", "市监局", "朝县市监")
OTHERS = Agency("jtys", "朝县交通局", "交通局", "朝县交")


async def our_agency(conn: Connection, wanted: Agency = OURS) -> str:
    """Its code; it is added where it is not there yet."""
    known = await find_agency(conn, wanted.code)
    return (known or await add_agency(conn, wanted)).code
