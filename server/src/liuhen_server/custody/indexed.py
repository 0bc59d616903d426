"""What people say of a clip, as it is found: by its words, by whoever sees the clip's page."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from liuhen_server.acts import acts_stated, said
from liuhen_server.custody.evidence import ORIGINAL
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.search.index import Indexed, put
from liuhen_server.search.sources import agencies_of_docks, of_dock

__all__ = ["MARK", "keep_findable", "marks_to_find"]

MARK = "mark"
_ABOUT = "clip-"  # marks are about a clip's number, which is that of its promise in the log


async def keep_findable(conn: Connection, index: int) -> None:
    """To be called in the act that stated the mark at this place of the log."""
    documents, _ = await marks_to_find(conn, index - 1, 1)
    await put(conn, documents)


async def marks_to_find(conn: Connection, position: int, most: int) -> tuple[Sequence[Indexed], int | None]:
    """Every mark again, from a place in the log on (`search.sources.Source`); one whose words were disposed of is no document."""
    query = (
        select(acts_stated.c.log_index, said.c.about, said.c.text, said.c.time)
        .join(said, said.c.id == acts_stated.c.said_id)
        .where(acts_stated.c.kind == "clip.marked", acts_stated.c.log_index > position)
        .order_by(acts_stated.c.log_index)
    )
    rows = (await conn.execute(query.limit(most))).all()
    numbers = {row.log_index: int(row.about.removeprefix(_ABOUT)) for row in rows}
    of_clips = select(clips.c.promised_index, clips.c.dock).where(
        clips.c.promised_index.in_(numbers.values()), clips.c.kind == ORIGINAL
    )
    docks = {row.promised_index: row.dock for row in await conn.execute(of_clips)}
    agencies = await agencies_of_docks(conn) if rows else {}
    found = []
    for row in rows:
        dock = docks.get(numbers[row.log_index])
        if dock is not None and row.text:
            agency = agencies[dock].code if dock in agencies else None
            about = frozenset({of_dock(dock)})
            found.append(Indexed(MARK, str(row.log_index), agency, row.time, row.text, about))
    return found, rows[-1].log_index if len(rows) == most else None
