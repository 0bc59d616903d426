"""Agencies and officers kept as acts: the row, what it says from now on in words, and `registry.changed`.

The words (one JSON object) lie in the database under the statement's commitment: every version stays, and is bound to
its moment without a name in the log.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from sqlalchemy import select

from liuhen_protocol.events import RegistryChanged
from liuhen_server.acts import Act, said
from liuhen_server.database import Connection
from liuhen_server.registry.agencies import Agency, add_agency, change_agency
from liuhen_server.registry.officers import Officer, add_officer, change_officer

__all__ = ["KIND", "Version", "keep_agency", "keep_officer", "versions"]

KIND = "registry"


async def keep_agency(act: Act, given: Agency) -> Agency:
    """Adds it (version 0) or changes what was drawn. Raises Mistakes, Outdated, LookupError."""
    kept = await (change_agency if given.version else add_agency)(act.conn, given)
    await _state(act, kept, asdict(kept))
    return kept


async def keep_officer(act: Act, given: Officer) -> Officer:
    """Adds the officer (version 0) or changes what was drawn. Raises Mistakes, Outdated, LookupError."""
    kept = await (change_officer if given.version else add_officer)(act.conn, given)
    await _state(act, kept, asdict(kept) | {"classes": sorted(kept.classes)})
    return kept


async def _state(act: Act, kept: Agency | Officer, row: dict[str, object]) -> None:
    text = json.dumps(row, ensure_ascii=False, sort_keys=True)
    commitment = await act.commit_text(KIND, kept.number, text)
    what = "created" if kept.version == 1 else "changed"
    await act.state(RegistryChanged(kept.number, act.by, what, kept.version, commitment.sha256))


@dataclass(frozen=True, slots=True)
class Version:
    """How a row was at one of its versions, who saved it and when. `row` empty: its words were disposed of."""

    by: str
    time: str
    row: dict[str, object]


async def versions(conn: Connection, number: str) -> list[Version]:
    """Every version of a row (`officer-12`), newest first."""
    query = select(said).where(said.c.about == number, said.c.kind == KIND).order_by(said.c.id.desc())
    rows = await conn.execute(query.limit(200))
    return [Version(row.by, row.time, json.loads(row.text) if row.text is not None else {}) for row in rows]
