"""What is in hand, public and withdrawn, for whoever works on it. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select, true

from liuhen_server.acts import said
from liuhen_server.database import Connection
from liuhen_server.publicity.schema import public_items, public_versions
from liuhen_server.registry.agencies import codes_of

__all__ = ["Line", "lines", "said_of"]


@dataclass(frozen=True, slots=True)
class Line:
    """A version on a list."""

    id: int
    agency: str
    kind: str
    title: str
    version: int
    state: str
    collected_by: str
    collected_time: str
    published_day: str | None
    withdrawn_day: str | None


async def lines(conn: Connection, agency: str | None, states: Collection[str], most: int) -> tuple[Line, ...]:
    """Of one agency (None: of all), the newest first."""
    version, item = public_versions.c, public_items.c
    whose: ColumnElement[bool] = true() if agency is None else item.agency.in_(codes_of(agency))
    columns = (
        *(version[name] for name in ("id", "version", "state", "collected_by", "collected_time")),
        *(version[name] for name in ("published_day", "withdrawn_day")),
        *(item[name] for name in ("agency", "kind", "title")),
    )
    query = (
        select(*columns)
        .join(public_items, item.id == version.item_id)
        .where(whose, version.state.in_(states))
        .order_by(version.id.desc())
        .limit(most)
    )
    return tuple(Line(**row) for row in (await conn.execute(query)).mappings())


async def said_of(conn: Connection, ids: Collection[int | None]) -> Mapping[int, str]:
    """Reasons and confirmations, by their number in `said`."""
    wanted = [each for each in ids if each is not None]
    found = await conn.execute(select(said.c.id, said.c.text).where(said.c.id.in_(wanted)))
    return {row.id: row.text or "" for row in found}
