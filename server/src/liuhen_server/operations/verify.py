"""`liuhen-server verify`: everything the archive keeps, held against everything else it keeps.

    database entries ↔ their own hashes and columns ↔ bundles ↔ hash tiles ↔ every signed checkpoint ↔ cosignatures
    statements ↔ signatures by the keys the log names ↔ chains ↔ the tables of registry, clips and documents ↔ the store

The log is read once, bundle by bundle. Where the copies of an entry differ, the one that the hash tile vouches for
goes on to the chain checks, so that one altered row is one finding and not a thousand. A rollback of everything at
once cannot be seen from inside: that is what witnesses are for, and the sequencer asks them before it signs anything.
"""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, select

from liuhen_protocol.case_events import CaseDocument
from liuhen_protocol.checkpoint import Checkpoint, open_checkpoint
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import ClipStored, DockEnrolled, DockRevoked
from liuhen_protocol.merkle import EMPTY_ROOT, leaf_hash
from liuhen_protocol.report import StepName
from liuhen_protocol.retention_events import ClipDisposed
from liuhen_protocol.statement import read_statement
from liuhen_protocol.tiles import ENTRIES, HASH_SIZE, TILE_WIDTH, TileId, decode_bundle
from liuhen_protocol.verify_log import LogVerifier, ReadEntry, read_entry
from liuhen_server.database import Connection
from liuhen_server.database.schema import checkpoints, docks, entries, heads
from liuhen_server.ingest.promise import promise_of
from liuhen_server.log import signed_state
from liuhen_server.log.growth import Growth, Tile
from liuhen_server.log.signed_state import SignedState
from liuhen_server.log.staging import staged_path
from liuhen_server.operations.findings import ArchiveReport, Findings
from liuhen_server.operations.opening import Archive
from liuhen_server.operations.verify_clips import Stored, check_clips, fingerprint
from liuhen_server.operations.verify_decisions import Decided, check_decisions
from liuhen_server.operations.verify_disposals import CaseHolds, Tombstone, check_disposals
from liuhen_server.operations.verify_documents import Stated, check_documents
from liuhen_server.operations.verify_handovers import Handovers
from liuhen_server.operations.verify_mergers import Mergers
from liuhen_server.operations.verify_publicity import Publications
from liuhen_server.operations.verify_reviews import Reviews
from liuhen_server.registry.docks import ENROLLED, REVOKED

PARALLEL_FROM = 2_000  # entries: below it, starting processes costs more than they save


def _no_tiles(tile: TileId) -> bytes:
    raise AssertionError(f"the empty tree has no {tile}")


async def resume_log(archive: Archive) -> ArchiveReport:
    """Lifts the alarm of a stopped log when, the alarm aside, everything holds again; otherwise changes nothing."""
    report = await _Verification(archive, with_alarm=False).run(False)
    if report.holds:
        async with archive.database.write() as conn:
            await signed_state.lift_alarm(conn)
    return report


async def verify_archive(archive: Archive, *, with_bytes: bool = False, with_alarm: bool = True) -> ArchiveReport:
    """Reads the whole archive; `with_bytes` also re-reads every stored clip and document. Never raises for what is broken: it is
    in the report. `with_alarm`: that the log has stopped is a finding too.
    """
    return await _Verification(archive, with_alarm=with_alarm).run(with_bytes)


@dataclass(frozen=True, slots=True)
class _Bundle:
    """Entries from `start` on, as the log stands by them, and the database's rows by index."""

    start: int
    entries: list[bytes]
    rows: dict[int, Row[Any]]


@dataclass(frozen=True, slots=True)
class _DockRow:
    """What the registry must say of a dock."""

    state: str
    public_key: str
    agency: str
    enrolled_index: int
    revoked_index: int | None


class _Verification:
    """One run: what was collected on the way through the log."""

    def __init__(self, archive: Archive, *, with_alarm: bool = True) -> None:
        self._archive, self._with_alarm = archive, with_alarm
        self._findings = Findings()
        self._leaves = bytearray()
        self._verifier = LogVerifier(leaf_at=self._leaf_at)
        self._tree = Growth(0, _no_tiles)
        self._signed_size = 0
        self._staged: str | None = None
        self._roots: dict[int, bytes] = {0: EMPTY_ROOT}
        self._stored: dict[tuple[str, str], Stored] = {}
        self._promised: dict[tuple[str, str], bytes] = {}  # by (sha256, dock): the fingerprint of what counts
        self._documents: dict[int, Stated] = {}  # by index
        self._docks: dict[str, _DockRow] = {}  # by name, as the log says
        self._disposed: dict[tuple[str, str], Tombstone] = {}  # by (sha256, dock)
        self._case_holds = CaseHolds()
        self._publications = Publications()
        self._decided = Decided()
        self._handovers = Handovers()
        self._mergers = Mergers()
        self._reviews = Reviews()

    def _leaf_at(self, index: int) -> bytes:
        return bytes(self._leaves[index * HASH_SIZE : (index + 1) * HASH_SIZE])

    async def run(self, with_bytes: bool) -> ArchiveReport:
        note = (
            self._archive.reader.checkpoint()
        )  # before the database's moment: files are never ahead of what it has signed
        async with self._archive.database.snapshot() as conn:
            return await self._run(conn, note, with_bytes)

    async def _run(self, conn: Connection, note: bytes | None, with_bytes: bool) -> ArchiveReport:
        state = await signed_state.read(conn)
        signed = (await conn.execute(select(checkpoints).order_by(checkpoints.c.size))).all()
        self._signed_size, self._staged = state.signed_size, state.staged
        published = self._published(state, note)
        sizes = {row.size for row in signed} | {state.signed_size}
        if published is not None:
            sizes.add(published.size)
        with ExitStack() as stack:
            pool = stack.enter_context(_pool()) if state.next_index >= PARALLEL_FROM else None
            async for bundle in self._log(conn, state):
                await self._bundle(bundle, sizes, pool)
        self._check_signed(state, signed, published)
        for found in self._verifier.findings:
            self._findings.add(found.step, found.code, found.why, index=found.index)
        await self._check_registry(conn)
        clips = await check_clips(
            conn,
            self._archive.store,
            self._stored,
            self._promised,
            self._disposed,
            self._findings,
            with_bytes=with_bytes,
        )
        documents = await check_documents(
            conn, self._archive.store, self._documents, self._findings, with_bytes=with_bytes
        )
        disposed = await check_disposals(conn, self._archive.store, self._disposed, self._stored, self._findings)
        published_items = await self._publications.check(conn, self._findings)
        decided = await check_decisions(conn, self._decided, self._mergers, self._findings)
        merged = await self._mergers.check(conn, self._findings)
        handed_over = await self._handovers.check(conn, self._findings)
        reviewed = await self._reviews.check(conn, self._findings)
        checked = {
            "entries": state.entries_end,
            "signed": state.signed_size,
            "published": 0 if published is None else published.size,
            "chains": len(self._verifier.heads),
            "checkpoints": len(signed),
            **clips,
            "documents": documents,
            **disposed,
            **({"decisions": decided} if decided else {}),
            **({"reviews": reviewed} if reviewed else {}),
            **({"handovers": handed_over} if handed_over else {}),
            **({"mergers": merged} if merged else {}),
            **({"publications": published_items} if published_items else {}),
        }
        return ArchiveReport(checked, tuple(self._findings.kept), self._findings.count)

    # --- the log, bundle by bundle

    async def _log(self, conn: Connection, state: SignedState) -> AsyncIterator[_Bundle]:
        """Bundle by bundle, after comparing database, bundle and tile."""
        for start in range(0, max(state.signed_size, state.entries_end), TILE_WIDTH):
            query = (
                select(entries)
                .where(entries.c.log_index >= start, entries.c.log_index < start + TILE_WIDTH)
                .order_by(entries.c.log_index)
            )
            rows = {row.log_index: row for row in await conn.execute(query)}
            signed = min(max(state.signed_size - start, 0), TILE_WIDTH)
            filed, hashes = await asyncio.to_thread(self._files, start, signed)
            yield _Bundle(start, self._agree(start, rows, filed, hashes, state), rows)

    def _tile(self, tile: TileId) -> bytes:
        """From the log; from staging where what was signed is not applied yet (the archive runs, or was stopped just
        then). Raises FileNotFoundError, Malformed.
        """
        reader = self._archive.reader
        try:
            return reader.tile(tile)
        except FileNotFoundError:
            if self._staged is None:
                raise
        try:
            return staged_path(self._archive.config.staging_folder / self._staged, tile).read_bytes()
        except FileNotFoundError:
            return reader.tile(tile)  # applied between the two looks

    def _files(self, start: int, width: int) -> tuple[list[bytes], bytes]:
        """The bundle's entries and the tile's leaf hashes; empty where the file is missing or of no form."""
        if not width:
            return [], b""
        index = start // TILE_WIDTH
        filed: list[bytes] = []
        hashes = b""
        try:
            filed = decode_bundle(self._tile(TileId(ENTRIES, index, width)), width)
        except (OSError, Malformed) as error:
            self._findings.add(StepName.INCLUSION, "bundle-missing", f"bundle {index}: {error}", index=start)
        try:
            hashes = self._tile(TileId(0, index, width))
        except (OSError, Malformed) as error:
            self._findings.add(StepName.INCLUSION, "tile-missing", f"tile 0/{index}: {error}", index=start)
        return filed, hashes

    def _agree(
        self,
        start: int,
        rows: dict[int, Row[Any]],
        filed: list[bytes],
        hashes: bytes,
        state: SignedState,
    ) -> list[bytes]:
        """Compares the copies of each entry and picks the one the log stands by."""
        picked = []
        for index in range(start, min(start + TILE_WIDTH, max(state.signed_size, state.entries_end))):
            row, at = rows.get(index), index - start
            in_file = filed[at] if at < len(filed) else None
            in_tile = hashes[at * HASH_SIZE : (at + 1) * HASH_SIZE]
            in_rows: bytes | None = None if row is None else row.envelope
            if row is None:
                self._findings.add(
                    StepName.INCLUSION, "entry-missing", "not in the database: it was removed", index=index
                )
            elif index >= state.next_index:
                self._findings.add(StepName.INCLUSION, "entry-added", "the log never gave this index", index=index)
            if in_file is None or in_rows is None or in_file == in_rows:
                chosen = in_rows if in_file is None else in_file
            else:
                chosen = in_file if leaf_hash(in_file) == in_tile else in_rows
                wrong = "the database" if chosen is in_file else f"bundle {index // TILE_WIDTH}"
                code = "entry-altered" if chosen is in_file else "bundle-altered"
                self._findings.add(StepName.INCLUSION, code, f"{wrong} holds another entry here", index=index)
            picked.append(chosen or b"")
        return picked

    def _check_row(self, index: int, row: Row[Any], entry: ReadEntry) -> None:
        """The columns say of the envelope what it says itself."""
        if row.leaf_hash != entry.leaf or row.envelope_hash != entry.hash:
            why = "its bytes are not those that were appended: it was altered"
            self._findings.add(StepName.INCLUSION, "entry-altered", why, index=index)
        link = entry.link
        if link is not None and (link.source, link.seq, entry.kind, link.time) != (
            row.source,
            row.seq,
            row.kind,
            row.time,
        ):
            why = "the columns beside it say something else than the statement"
            self._findings.add(StepName.STATEMENT, "row-altered", why, index=index)

    async def _bundle(self, bundle: _Bundle, sizes: set[int], pool: Executor | None) -> None:
        """`pool` None: a thread of this process reads the entries."""
        read = await asyncio.get_running_loop().run_in_executor(pool, _read_all, bundle.entries)
        tiles: list[Tile] = []
        for index, (data, entry) in enumerate(zip(bundle.entries, read, strict=True), bundle.start):
            row = bundle.rows.get(index)
            if row is not None and row.envelope == data:
                self._check_row(index, row, entry)
            self._verifier.add(entry)
            self._leaves += entry.leaf
            completed = list(self._tree.add(entry.leaf))
            size = index + 1
            if size <= self._signed_size:
                tiles += completed
            if size == self._signed_size:
                tiles += self._tree.partial_tiles()
            if size in sizes:
                self._roots[size] = self._tree.frontier.root()
            self._note_authority(index, data, entry)
        await asyncio.to_thread(self._compare_tiles, tiles)

    def _compare_tiles(self, tiles: list[Tile]) -> None:
        for tile in tiles:
            try:
                same = self._tile(tile.id) == tile.data
            except (OSError, Malformed) as error:
                self._findings.add(StepName.INCLUSION, "tile-missing", f"{tile.id.path()}: {error}")
                continue
            if not same:
                why = f"{tile.id.path()} holds other hashes than the entries give"
                self._findings.add(StepName.INCLUSION, "tile-altered", why)

    def _note_authority(self, index: int, data: bytes, entry: ReadEntry) -> None:
        """What the archive's statements say of docks and clips, to hold against the tables."""
        match entry.event:
            case DockEnrolled(dock=dock, public_key=key, agency=agency):
                self._docks[dock] = _DockRow(ENROLLED, key, agency, index, None)
            case DockRevoked(dock=dock, public_key=key) if dock in self._docks:
                self._docks[dock] = replace(self._docks[dock], state=REVOKED, public_key=key, revoked_index=index)
            case ClipStored(dock=dock) as event:
                subject = read_statement(Envelope.parse(data).payload).subject
                time = entry.link.time if entry.link is not None else ""
                stored = Stored(index, event.size, event.chunk_root, event.promised_index, time)
                self._stored.setdefault((subject.sha256, dock), stored)
            case _ if entry.kind == "case.document":
                self._note_document(index, data)
            case ClipDisposed() as event:
                self._note_tombstone(index, entry, event)
            case _ if entry.kind in ("clip.collected", "clip.derived"):
                self._note_promise(index, data)
            case _ if entry.kind in Publications.KINDS:
                self._publications.add(index, read_statement(Envelope.parse(data).payload).event)
            case _ if entry.kind in Handovers.KINDS:
                self._handovers.add(index, read_statement(Envelope.parse(data).payload).event)
            case _ if entry.kind in Decided.KINDS or entry.kind in Reviews.KINDS:
                decided = read_statement(Envelope.parse(data).payload).event
                if entry.kind in Decided.KINDS:
                    self._decided.add(index, decided, self._findings)
                if entry.kind in Reviews.KINDS:
                    self._reviews.add(index, decided)
            case _ if self._mergers.wants(entry.kind):
                self._mergers.add(index, read_statement(Envelope.parse(data).payload).event)
            case _ if entry.kind in CaseHolds.KINDS:
                statement = read_statement(Envelope.parse(data).payload)
                self._case_holds.add(statement.event, statement.subject.sha256, statement.link.time)

    def _note_promise(self, index: int, data: bytes) -> None:
        """A later promise takes the place of an earlier one until the bytes are stored (ingest/promises.py)."""
        try:
            promise = promise_of(read_statement(Envelope.parse(data).payload))
        except Refused:
            return  # impossible: no row was made of it
        if promise is not None and (promise.sha256, promise.dock) not in self._stored:
            self._promised[promise.sha256, promise.dock] = fingerprint(promise._replace(promised_index=index))

    def _note_document(self, index: int, data: bytes) -> None:
        statement = read_statement(Envelope.parse(data).payload)
        assert isinstance(statement.event, CaseDocument)
        self._documents[index] = Stated(statement.subject.name, statement.subject.sha256, statement.event)

    def _note_tombstone(self, index: int, entry: ReadEntry, event: ClipDisposed) -> None:
        place, time = (entry.subject, event.dock), entry.link.time if entry.link is not None else ""
        if (earlier := self._disposed.get(place)) is not None:
            why = f"dock {event.dock}: disposed of a second time; entry {earlier.index} did already"
            self._findings.add(StepName.STATEMENT, "disposed-again", why, index=index, clip=entry.subject)
        self._disposed.setdefault(place, Tombstone(index, event.list, event.term, event.freed, event.original))
        if (hold := self._case_holds.on(event.original or entry.subject, time)) is not None:
            why = f"dock {event.dock}: disposed of while {hold} on its case lasted"
            self._findings.add(StepName.STATEMENT, "disposed-while-held", why, index=index, clip=entry.subject)

    # --- what was signed and published

    def _published(self, state: SignedState, data: bytes | None) -> Checkpoint | None:
        """log/checkpoint, which the policy must accept and the database must know."""
        if data is None:
            if state.published_size:
                self._findings.add(StepName.CHECKPOINT, "files-rolled-back", "log/checkpoint is missing")
            return None
        try:
            checkpoint = self._archive.policy.accept(data).checkpoint
        except (Malformed, Refused) as error:
            cosigning = isinstance(error, Refused) and error.code in ("quorum-missing", "bad-cosignature")
            step = StepName.COSIGNATURES if cosigning else StepName.CHECKPOINT
            code = error.code if isinstance(error, Refused) else "malformed"
            self._findings.add(step, code, f"log/checkpoint: {error}")
            return None
        if checkpoint.size > state.signed_size:
            why = f"{checkpoint.size} entries are published, the database has signed {state.signed_size}: it is older"
            self._findings.add(StepName.CHECKPOINT, "database-rolled-back", why)
        if checkpoint.size < state.published_size:
            why = f"log/checkpoint speaks of {checkpoint.size} entries, {state.published_size} were published"
            self._findings.add(StepName.CHECKPOINT, "files-rolled-back", why)
        return checkpoint

    def _check_signed(self, state: SignedState, signed: Sequence[Row[Any]], published: Checkpoint | None) -> None:
        """Every checkpoint this archive ever signed is of the tree that its entries give."""
        if state.next_index > state.entries_end:
            why = f"the log gave {state.next_index} indexes, the database ends at {state.entries_end}"
            self._findings.add(StepName.INCLUSION, "entry-missing", why, index=state.entries_end)
        if state.alarm is not None and self._with_alarm:
            self._findings.add(StepName.CHECKPOINT, state.alarm.code, f"the log has stopped: {state.alarm.why}")
        self._check_root(state.signed_size, state.signed_root, "the signed state")
        if published is not None:
            self._check_root(published.size, published.root, "log/checkpoint")
        if state.signed_size and (not signed or signed[-1].size != state.signed_size):
            self._findings.add(
                StepName.CHECKPOINT, "checkpoint-missing", "the signed state is not among the checkpoints"
            )
        for row in signed:
            self._check_root(row.size, bytes.fromhex(row.root), f"the checkpoint of {row.size} entries")
            try:
                checkpoint, _ = open_checkpoint(row.note, self._archive.log_key)
            except (Malformed, Refused) as error:
                self._findings.add(StepName.CHECKPOINT, "bad-checkpoint", f"checkpoint of {row.size} entries: {error}")
                continue
            if (checkpoint.size, checkpoint.root.hex()) != (row.size, row.root):
                why = f"the row of {row.size} entries and its note differ"
                self._findings.add(StepName.CHECKPOINT, "bad-checkpoint", why)

    def _check_root(self, size: int, root: bytes, whose: str) -> None:
        found = self._roots.get(size)
        if found is None:
            why = f"{whose} speaks of {size} entries, there are only {self._tree.frontier.size}"
            self._findings.add(StepName.CHECKPOINT, "other-size", why)
        elif found != root:
            why = f"the first {size} entries do not give the root of {whose}"
            self._findings.add(StepName.CHECKPOINT, "other-root", why)

    async def _check_registry(self, conn: Connection) -> None:
        """The tables of heads and docks say what the log says."""
        unseen = set(self._verifier.heads)
        for row in await conn.execute(select(heads)):
            unseen.discard(row.source)
            head = self._verifier.heads.get(row.source)
            if head is None or (head.seq, head.hash) != (row.seq, row.hash):
                said = "nothing" if head is None else f"#{head.seq}"
                why = f"the head of {row.source} is kept as #{row.seq}, the log has {said}: its tail was cut or altered"
                self._findings.add(StepName.CHAIN, "tail-cut", why)
        for source in sorted(unseen):
            self._findings.add(StepName.CHAIN, "tail-cut", f"the head of {source} is gone: its row was removed")
        for row in await conn.execute(select(docks)):
            kept = _DockRow(row.state, row.public_key, row.agency, row.enrolled_index, row.revoked_index)
            if self._docks.pop(row.name, None) != kept:
                why = f"dock {row.name} is {row.state} in the registry with a key, a state, an agency or a place that the log does not give it"
                self._findings.add(StepName.SIGNATURE, "registry-altered", why)
        for name in sorted(self._docks):
            self._findings.add(
                StepName.SIGNATURE, "registry-altered", f"dock {name} is in the log, not in the registry"
            )


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn"))


def _read_all(bundle: list[bytes]) -> list[ReadEntry]:
    return [read_entry(entry) for entry in bundle]
