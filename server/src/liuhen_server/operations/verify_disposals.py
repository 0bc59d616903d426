"""What the archive's tables and store say of disposals, held against the tombstones of the log.

Whether two people disposed of a clip by an approved list is the verifier's own question (`liuhen_protocol.disposals`), which anybody
can ask of the log. Here stands what only the archive can see: its rows, its bytes, floors, and holds on cases.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from liuhen_protocol.case_events import ClipLinked, ClipUnlinked
from liuhen_protocol.events import Event
from liuhen_protocol.report import StepName
from liuhen_protocol.retention_events import CaseHeld, CaseReleased
from liuhen_server.cases.schema import case_documents
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.operations.findings import Findings
from liuhen_server.operations.verify_clips import Stored
from liuhen_server.retention.schema import disposals
from liuhen_server.retention.terms import UNLINKED_FLOOR_DAYS
from liuhen_server.store.interface import Store

__all__ = ["CaseHolds", "Tombstone", "check_disposals"]

DAY = len("2026-12-01")


@dataclass(frozen=True, slots=True)
class Tombstone:
    """What clip.disposed in entry `index` says of a clip of one dock."""

    index: int
    list: str
    term: str
    freed: int
    original: str | None


class CaseHolds:
    """Which clips the holds on cases reached, from the log alone: feed the statements of `KINDS` in their order."""

    KINDS = ("case.held", "case.released", "clip.linked", "clip.unlinked")

    def __init__(self) -> None:
        self._held: dict[str, dict[str, str | None]] = {}  # case → hold → its last day
        self._reached: dict[str, set[str]] = {}  # clip → cases it belongs to, or left while they were held

    def add(self, event: Event, subject: str, time: str) -> None:
        match event:
            case CaseHeld():
                self._held.setdefault(event.case, {})[event.hold] = event.until
            case CaseReleased():
                self._held.get(event.case, {}).pop(event.hold, None)
            case ClipLinked():
                self._reached.setdefault(subject, set()).add(event.case)
            case ClipUnlinked() if not any(self._lasting(event.case, time)):
                self._reached.get(subject, set()).discard(event.case)

    def on(self, subject: str, time: str) -> str | None:
        """The hold that keeps this clip on the day of `time`; None: none."""
        found = (hold for case in sorted(self._reached.get(subject, ())) for hold in self._lasting(case, time))
        return next(found, None)

    def _lasting(self, case: str, time: str) -> Iterator[str]:
        return (hold for hold, until in self._held.get(case, {}).items() if until is None or until >= time[:DAY])


async def check_disposals(
    conn: Connection,
    store: Store,
    tombstones: Mapping[tuple[str, str], Tombstone],
    stored: Mapping[tuple[str, str], Stored],
    findings: Findings,
) -> dict[str, int]:
    """Rows and bytes of what was disposed of. `tombstones` and `stored` are by (sha256, dock). Returns what was looked at."""
    for place, tombstone in tombstones.items():
        _check_floor(place, tombstone, stored.get(place), findings)
    rows = {
        (row.sha256, row.dock): row
        for row in await conn.execute(select(clips).where(clips.c.disposed_index.is_not(None)))
    }
    kept = {(row.sha256, row.dock): row for row in await conn.execute(select(disposals))}
    for sha256, dock in sorted(rows.keys() | kept.keys() | tombstones.keys()):
        place = (sha256, dock)
        said, row, own = tombstones.get(place), rows.get(place), kept.get(place)
        index = None if said is None else said.index
        if index != (None if row is None else row.disposed_index) or index != (None if own is None else own.log_index):
            why = f"dock {dock}: the tables and the log's clip.disposed differ"
            findings.add(StepName.STATEMENT, "disposal-altered", why, index=index, clip=sha256)
    waiting = {sha256 for (sha256, _), row in kept.items() if row.removed_time is None}
    needed = {sha256 for sha256, dock in stored if (sha256, dock) not in tombstones}
    gone = {sha256 for sha256, _ in tombstones} - waiting - needed
    papers = set((await conn.execute(select(case_documents.c.sha256).distinct())).scalars()) if gone else set()
    for sha256 in sorted(gone - papers):
        if await asyncio.to_thread(store.size, sha256) is not None:
            findings.add(
                StepName.BYTES, "bytes-still-there", "it was disposed of, and its bytes lie in the store", clip=sha256
            )
    return {"disposed": len(tombstones), "to-remove": len(waiting)} if tombstones or kept else {}


def _check_floor(place: tuple[str, str], tombstone: Tombstone, stored: Stored | None, findings: Findings) -> None:
    sha256, dock = place
    if stored is None:
        why = f"dock {dock}: disposed of, and no clip.stored says that it was ever there"
        findings.add(StepName.STATEMENT, "disposed-unknown", why, index=tombstone.index, clip=sha256)
        return
    if tombstone.original is not None:  # the floor is the original's
        return
    try:
        # the day of the agency's zone may be the one before that of UTC
        least = date.fromisoformat(stored.time[:DAY]) + timedelta(days=UNLINKED_FLOOR_DAYS - 1)
        early = date.fromisoformat(tombstone.term) < least
    except (ValueError, OverflowError):
        early = True
    if early:
        why = f"dock {dock}: stored on {stored.time[:DAY]}, and its term is said to have ended on {tombstone.term}: below the floor"
        findings.add(StepName.TIME, "disposed-early", why, index=tombstone.index, clip=sha256)
