"""The clips' table and the store, held against what the log says was stored."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Container, Mapping
from dataclasses import dataclass

from sqlalchemy import select

from liuhen_protocol.report import StepName
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.ingest.promise import Promise
from liuhen_server.operations.findings import Findings
from liuhen_server.store.interface import NotStored, Store


@dataclass(frozen=True, slots=True)
class Stored:
    """What clip.stored in entry `index`, stated at `time`, says of a clip of one dock."""

    index: int
    size: int
    chunk_root: str
    promised_index: int
    time: str = ""


_PROMISED = list(Promise._fields)


def fingerprint(said: object) -> bytes:
    """All that a promise, or its row in the table of clips, says of a clip, in 32 bytes: there may be millions."""
    return hashlib.sha256(repr([getattr(said, name) for name in _PROMISED]).encode()).digest()


async def check_clips(
    conn: Connection,
    store: Store,
    stored: Mapping[tuple[str, str], Stored],
    promised: Mapping[tuple[str, str], bytes],
    disposed: Container[tuple[str, str]],
    findings: Findings,
    *,
    with_bytes: bool,
) -> dict[str, int]:
    """Every clip.stored has its row, and its bytes unless it was disposed of, and no row says anything else than the log. `stored`,
    `promised` (fingerprints) and `disposed` are by (sha256, dock).

    With bytes, each object is read once, however many docks brought it. Returns what was looked at.
    """
    seen: set[tuple[str, str]] = set()
    waiting = 0
    for row in await conn.execute(select(clips)):
        place = (row.sha256, row.dock)
        said = stored.get(place)
        seen.add(place)
        if row.stored_index is None:
            waiting += 1
        if row.stored_index is None and said is not None:
            why = f"dock {row.dock}: stored by entry {said.index}, and the table of clips does not know"
            findings.add(StepName.STATEMENT, "clip-row-altered", why, index=said.index, clip=row.sha256)
        elif row.stored_index is not None and (
            said is None
            or (said.index, said.size, said.chunk_root, said.promised_index)
            != (
                row.stored_index,
                row.size,
                row.chunk_root,
                row.promised_index,
            )
        ):
            why = f"dock {row.dock}: the table of clips and the log's clip.stored differ"
            findings.add(StepName.STATEMENT, "clip-row-altered", why, index=row.stored_index, clip=row.sha256)
        elif promised.get(place) != fingerprint(row):
            why = f"dock {row.dock}: the table of clips says other things of it than the dock's own statement"
            findings.add(StepName.STATEMENT, "clip-row-altered", why, index=row.promised_index, clip=row.sha256)
    for sha256, dock in promised.keys() - seen - stored.keys():
        why = f"dock {dock}: it was promised, and its row in the table of clips is gone"
        findings.add(StepName.STATEMENT, "clip-row-missing", why, clip=sha256)
    for (sha256, dock), said in stored.items():
        if (sha256, dock) not in seen:
            why = f"dock {dock}: stored by entry {said.index}, and its row in the table of clips is gone"
            findings.add(StepName.STATEMENT, "clip-row-missing", why, index=said.index, clip=sha256)
    sizes = {sha256: said for (sha256, dock), said in stored.items() if (sha256, dock) not in disposed}
    for sha256, said in sizes.items():
        await asyncio.to_thread(_check_object, store, sha256, said, findings, with_bytes)
    return {"clips": len(seen), "stored": len(sizes), "waiting": waiting, "re-read": len(sizes) if with_bytes else 0}


def _check_object(store: Store, sha256: str, said: Stored, findings: Findings, with_bytes: bool) -> None:
    size = store.size(sha256)
    if size is None:
        findings.add(StepName.BYTES, "clip-missing", "it is not in the store", index=said.index, clip=sha256)
        return
    if size != said.size:
        why = f"it has {size} bytes in the store, {said.size} were stored"
        findings.add(StepName.BYTES, "clip-altered", why, index=said.index, clip=sha256)
        return
    if not with_bytes:
        return
    try:
        checked = store.check(sha256)
    except NotStored:
        findings.add(StepName.BYTES, "clip-missing", "it is not in the store", index=said.index, clip=sha256)
        return
    if checked.why is not None:
        findings.add(StepName.DIGEST, "clip-altered", checked.why, index=said.index, clip=sha256)
