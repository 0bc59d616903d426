"""Gathers the evidence of one clip from the database's envelopes and the published log: for the page and for download.

What goes in: `archive.started`, every statement about the dock's key, the dock's chain from the docking of the
recorder to the clip, `clip.stored`, and of what was disposed of the tombstone with the list and the approval it rests on; each
with its proof under the published checkpoint. An entry that the checkpoint does not cover yet has no proof.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import RowMapping, select

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed
from liuhen_protocol.events import DockEnrolled, DockRevoked, KeyRotated, RecorderDocked
from liuhen_protocol.merkle import inclusion_proof
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.statement import ARCHIVE_SOURCE, Statement, read_statement
from liuhen_protocol.tiles import TileId, TileNodes
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import ABOUT_KEYS, clips, entries
from liuhen_server.retention.schema import disposal_lists, disposals

__all__ = ["Clip", "Entry", "Evidence", "Gathered", "PublishedLog", "disposal_indexes", "find_clip", "read_entry"]

ORIGINAL = "original"
MOST_LINKS = 20_000  # of the dock's chain between docking and clip; more than any session has


class PublishedLog(Protocol):
    """Exactly what anyone can read below /log/. Both block; they are called in a thread."""

    def checkpoint(self) -> bytes | None:
        """The newest published checkpoint with its cosignatures; None before the first."""
        ...

    def tile(self, tile: TileId) -> bytes:
        """A tile's bytes. Raises OSError."""
        ...


@dataclass(frozen=True, slots=True)
class Clip:
    """A row of `clips`: what the dock promised of these bytes, whether they are stored, and the tombstone of what was disposed of."""

    sha256: str
    dock: str
    kind: str
    original: str | None
    size: int
    chunk_root: str
    sm3: str | None
    recorder: str | None
    officer: str | None
    session: str | None
    name: str
    role: str | None
    media_type: str | None
    important: bool
    recorder_time: str | None
    collected_time: str
    promised_index: int
    stored_index: int | None
    disposed_index: int | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of the log as the database holds it; `statement` is None when its bytes are no statement."""

    index: int
    envelope: bytes
    statement: Statement | None


@dataclass(frozen=True, slots=True)
class Gathered:
    """Evidence of one clip. `proofs` carry their entries: this clip's own statements and those about keys, and for
    export the dock's chain too. `bare` are envelopes without a proof: what no checkpoint covers yet, and, when it is
    not for export, the chain around the clip, which its own links bind. `log_size` 0: nothing is published.
    """

    clip: Clip
    proofs: tuple[bytes, ...]
    bare: tuple[bytes, ...]
    log_size: int

    def bundle(self) -> bytes:
        """The download: tlog-proofs one after the other, as `liuhen-verify clip FILE --proof` reads them."""
        return b"".join(self.proofs)


def clip_of(row: RowMapping) -> Clip:
    return Clip(**{name: row[name] for name in Clip.__slots__})


async def find_clip(conn: Connection, dock: str, sha256: str) -> Clip | None:
    if not dock.isprintable():  # no dock's name; PostgreSQL refuses to be asked for a NUL
        return None
    query = select(clips).where(clips.c.sha256 == sha256, clips.c.dock == dock)
    row = (await conn.execute(query)).mappings().one_or_none()
    return None if row is None else clip_of(row)


def read_entry(index: int, envelope: bytes) -> Entry:
    """Damaged bytes in the database are an answer, not an error: the proof will not fit them."""
    try:
        return Entry(index, envelope, read_statement(Envelope.parse(envelope).payload))
    except Malformed:
        return Entry(index, envelope, None)


class Evidence:
    """Reads; never writes."""

    def __init__(self, database: Database, log: PublishedLog) -> None:
        self._database = database
        self._log = log

    async def gather(self, clip: Clip, *, for_export: bool = False) -> Gathered:
        """`for_export` proves every link of the chain, so that the bundle stands alone. Raises OSError where a tile of
        the published log cannot be read, Malformed where the checkpoint is none.
        """
        async with self._database.read() as conn:
            found = {entry.index: entry for entry in await self._keys(conn, clip.dock)}
            found |= {entry.index: entry for entry in await self._chain(conn, clip)}
            stored = [] if clip.stored_index is None else await _at(conn, [clip.stored_index])
            found |= {entry.index: entry for entry in stored}
            found |= {entry.index: entry for entry in await _at(conn, await disposal_indexes(conn, clip))}
        return await asyncio.to_thread(self._prove, clip, [found[index] for index in sorted(found)], for_export)

    def _prove(self, clip: Clip, wanted: list[Entry], for_export: bool) -> Gathered:
        checkpoint = self._log.checkpoint()
        size = 0 if checkpoint is None else int(checkpoint.split(b"\n", 2)[1])
        proofs: list[bytes] = []
        bare: list[bytes] = []
        node = TileNodes(size, self._log.tile)
        for entry in wanted:
            if entry.statement is None:
                continue
            of_chain = entry.statement.link.source == clip.dock and entry.index != clip.promised_index
            if checkpoint is None or entry.index >= size or (of_chain and not for_export):
                bare.append(entry.envelope)
                continue
            hashes = tuple(inclusion_proof(entry.index, size, node))
            proofs.append(TlogProof(entry.index, hashes, checkpoint, entry.envelope).encode())
        return Gathered(clip, tuple(proofs), tuple(bare), size)

    async def _keys(self, conn: Connection, dock: str) -> list[Entry]:
        """`archive.started`, and every statement that names, replaces or ends a key of this dock."""
        query = select(entries.c.log_index, entries.c.envelope).where(ABOUT_KEYS).order_by(entries.c.log_index)
        read = [read_entry(row.log_index, row.envelope) for row in await conn.execute(query)]
        own = [e for e in read if e.statement is None or e.statement.link.source == ARCHIVE_SOURCE]
        return [entry for entry in own if entry.index == 0 or _about_dock(entry, dock)]

    async def _chain(self, conn: Connection, clip: Clip) -> list[Entry]:
        """The dock's links from the docking of this clip's session to the clip; only the clip's where that is not
        found.
        """
        collected = await _at(conn, [clip.promised_index])
        if not collected or collected[0].statement is None:
            return collected
        seq = collected[0].statement.link.seq
        of_dock = select(entries.c.log_index, entries.c.envelope, entries.c.seq).where(
            entries.c.source == clip.dock, entries.c.seq <= seq
        )
        dockings = of_dock.where(entries.c.kind == "recorder.docked").order_by(entries.c.seq.desc())
        for nearest in (dockings.limit(8), dockings.offset(8).limit(192)):  # as many as a dock has bays; then the rest
            for row in await conn.execute(nearest):
                docked = read_entry(row.log_index, row.envelope).statement
                if (
                    docked is not None
                    and isinstance(docked.event, RecorderDocked)
                    and docked.event.session == clip.session
                    and seq - row.seq <= MOST_LINKS
                ):
                    links = await conn.execute(of_dock.where(entries.c.seq >= row.seq).order_by(entries.c.seq))
                    return [read_entry(link.log_index, link.envelope) for link in links]
        return collected


async def disposal_indexes(conn: Connection, clip: Clip) -> list[int]:
    """Drawing, approval and tombstone; none of a clip that is kept."""
    if clip.disposed_index is None:
        return []
    query = (
        select(disposal_lists.c.drawn_index, disposal_lists.c.ended_index)
        .join(disposals, disposals.c.list_id == disposal_lists.c.id)
        .where(disposals.c.sha256 == clip.sha256, disposals.c.dock == clip.dock)
    )
    row = (await conn.execute(query)).one_or_none()
    return [clip.disposed_index, *(() if row is None else (row.drawn_index, row.ended_index or -1))]


def _about_dock(entry: Entry, dock: str) -> bool:
    event = entry.statement.event if entry.statement is not None else None
    return isinstance(event, DockEnrolled | KeyRotated | DockRevoked) and event.dock == dock


async def _at(conn: Connection, indexes: Iterable[int]) -> list[Entry]:
    query = select(entries.c.log_index, entries.c.envelope).where(entries.c.log_index.in_(list(indexes)))
    return [read_entry(row.log_index, row.envelope) for row in await conn.execute(query.order_by(entries.c.log_index))]
