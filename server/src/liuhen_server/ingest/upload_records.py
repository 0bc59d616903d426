"""The rows of uploads: what must be known of an upload after the process that received it is gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from sqlalchemy import delete, func, insert, select, update

from liuhen_server.database import Connection
from liuhen_server.database.schema import docks
from liuhen_server.ingest.schema import uploads
from liuhen_server.registry.docks import ENROLLED


@dataclass(frozen=True, slots=True)
class Upload:
    """One upload: bytes promised and bytes durable; times UTC text as in statements."""

    id: str
    dock: str
    sha256: str
    length: int
    durable: int
    finished: bool
    created_time: str
    expires_time: str


_MAY_GO_ON = uploads.c.dock.in_(select(docks.c.name).where(docks.c.state == ENROLLED))
_COLUMNS = [uploads.c[field.name] for field in fields(Upload)]


async def find(conn: Connection, upload_id: str) -> Upload | None:
    row = (await conn.execute(select(*_COLUMNS).where(uploads.c.id == upload_id))).one_or_none()
    return None if row is None else Upload(**row._mapping)


async def unfinished_of(conn: Connection, dock: str, sha256: str) -> list[Upload]:
    """Earlier attempts of this dock at this clip."""
    query = select(*_COLUMNS).where(uploads.c.dock == dock, uploads.c.sha256 == sha256, uploads.c.finished.is_(False))
    return [Upload(**row._mapping) for row in await conn.execute(query)]


async def still_to_come(conn: Connection, expire_after: str, without: Sequence[str] = ()) -> int:
    """Bytes that uploads have promised and not brought yet; those that expire before `expire_after` stand still, those of revoked docks
    never go on.
    """
    query = select(func.coalesce(func.sum(uploads.c.length - uploads.c.durable), 0)).where(
        uploads.c.finished.is_(False), uploads.c.expires_time >= expire_after, uploads.c.id.not_in(without), _MAY_GO_ON
    )
    return int((await conn.execute(query)).scalar_one())


async def complete_but_unfinished(conn: Connection) -> list[Upload]:
    """All bytes are durable, but no clip.stored says so: the process ended between the two. Of a revoked dock nothing is stated."""
    complete = uploads.c.durable == uploads.c.length
    query = select(*_COLUMNS).where(complete, uploads.c.finished.is_(False), _MAY_GO_ON)
    return [Upload(**row._mapping) for row in await conn.execute(query)]


async def expired(conn: Connection, now: str) -> list[Upload]:
    return [
        Upload(**row._mapping) for row in await conn.execute(select(*_COLUMNS).where(uploads.c.expires_time <= now))
    ]


async def ids(conn: Connection) -> set[str]:
    return set((await conn.execute(select(uploads.c.id))).scalars())


async def create(conn: Connection, upload: Upload) -> None:
    await conn.execute(insert(uploads).values({field.name: getattr(upload, field.name) for field in fields(Upload)}))


async def note_durable(conn: Connection, upload_id: str, durable: int, expires_time: str) -> None:
    """Call only after fdatasync returned for these bytes."""
    await conn.execute(
        update(uploads).where(uploads.c.id == upload_id).values(durable=durable, expires_time=expires_time)
    )


async def note_finished(conn: Connection, upload_id: str) -> None:
    await conn.execute(update(uploads).where(uploads.c.id == upload_id).values(finished=True))


async def forget(conn: Connection, upload_id: str) -> None:
    await conn.execute(delete(uploads).where(uploads.c.id == upload_id))
