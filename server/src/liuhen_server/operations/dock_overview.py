"""What the administrator sees of the docks: the registry's row, the chain's head, the certificate's end."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import func, select

from liuhen_server.database import Database
from liuhen_server.database.schema import certificates, docks, heads


@dataclass(frozen=True, slots=True)
class DockRow:
    """`entries`: statements the archive holds of it; `not_after`: end of its newest certificate."""

    name: str
    agency: str
    state: str
    public_key: str
    entries: int
    last_time: str | None
    not_after: str | None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


async def dock_overview(database: Database) -> list[DockRow]:
    newest = (
        select(certificates.c.dock, func.max(certificates.c.not_after).label("not_after"))
        .group_by(certificates.c.dock)
        .subquery()
    )
    query = (
        select(docks, heads.c.seq, heads.c.time, newest.c.not_after)
        .outerjoin(heads, heads.c.source == docks.c.name)
        .outerjoin(newest, newest.c.dock == docks.c.name)
        .order_by(docks.c.name)
    )
    async with database.read() as conn:
        rows = (await conn.execute(query)).all()
    return [
        DockRow(
            name=row.name,
            agency=row.agency,
            state=row.state,
            public_key=row.public_key,
            entries=0 if row.seq is None else row.seq + 1,
            last_time=row.time,
            not_after=row.not_after,
        )
        for row in rows
    ]
