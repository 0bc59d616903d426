"""One at a time, the sequencer turns appended entries into a signed, cosigned, published log.

A tick goes through these steps, each durable before the next (design.md, "Write order"):

    stage      tiles and bundles of the new size, from the entries' very bytes, fsynced below staging/; every entry must
               continue its chain (log/leaves.py)
    sign       the checkpoint (it leaves this process only after the swap)
    swap       compare-and-swap of the signed state in the database: from here on the archive has said it
    apply      tiles move from staging/ to log/; a file that is there is never given other bytes
    cosign     the witnesses, until the policy's quorum is met
    publish    log/checkpoint with its cosignatures, then the database's record of it
    drop       staging

A crash between any two is repaired by the next tick: before the swap nothing was said, after it `staging/` still
holds what is missing. When the database or the files are older than what was published or witnessed, the log stops
(`LogStopped`, kept in the database) and signs nothing more. A sequencer that starts first has the witnesses confirm
what is signed, before it signs anything new.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import secrets
import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from liuhen_files import durable
from liuhen_files.pulse import Pulse
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.errors import Malformed
from liuhen_protocol.merkle import EMPTY_ROOT
from liuhen_protocol.moment import format_time
from liuhen_protocol.note import Note
from liuhen_protocol.signer import Signer
from liuhen_protocol.tiles import ENTRIES, TILE_WIDTH, TileId, encode_bundle, new_tiles
from liuhen_server.database import Database
from liuhen_server.database.schema import entries
from liuhen_server.log import signed_state, staging
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.log.cosigning import Cosigner
from liuhen_server.log.growth import Growth, Tile
from liuhen_server.log.leaves import Chains, Row, check_leaf, check_places
from liuhen_server.log.reading import CHECKPOINT, LogReader
from liuhen_server.log.rollback import check_not_rolled_back
from liuhen_server.log.signed_state import FARTHEST_LEASE, LEASE, LogStopped, SignedState

STOP_SECONDS = 5.0  # how long a tick under way may still take when the archive is stopped
TICK_SECONDS = 600.0  # a round that takes longer is stuck: witnesses that do not answer are given up long before
MAX_ENTRIES = 16_384  # of one tick, so that a long backlog is published in pieces within one lease
READ_AT_ONCE = 4 * TILE_WIDTH
REST = 2.0
_HOST = socket.gethostname()[:32]

logger = logging.getLogger(__name__)


def new_holder() -> str:
    """A name for this process in the lease: host, process id, something random."""
    return f"{_HOST}-{os.getpid()}-{secrets.token_hex(4)}"


def is_dead(holder: str) -> bool:
    """Whether `holder` was a process of this machine that is no more: after a crash nobody waits for its lease to
    end.
    """
    host, _, rest = holder.rpartition("-")[0].rpartition("-")
    if host != _HOST or not rest.isdigit():
        return False
    try:
        os.kill(int(rest), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False


class Outcome(Enum):
    IDLE = "idle"  # nothing new, everything published
    PUBLISHED = "published"
    WAITING = "waiting for witnesses"
    STANDBY = "another process sequences"
    STOPPED = "stopped"


_LOUD = {Outcome.STOPPED: logging.CRITICAL, Outcome.WAITING: logging.WARNING, Outcome.STANDBY: logging.INFO}


@dataclass(frozen=True, slots=True)
class Tick:
    """What a tick came to: the size that is signed now and, where something is wrong, why."""

    outcome: Outcome
    size: int
    why: str = ""
    behind: bool = False  # more entries were there than one tick takes


class Sequencer:
    """`holder` names this process in the lease; `wake()` makes the next tick of `run` start at once."""

    def __init__(
        self,
        database: Database,
        log_folder: Path,
        staging_folder: Path,
        origin: str,
        signer: Signer,
        cosigner: Cosigner,
        holder: str,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database, self._log, self._staging = database, log_folder, staging_folder
        self._origin, self._signer, self._cosigner = origin, signer, cosigner
        self._holder, self._now = holder, now
        self._reader = LogReader(log_folder)
        self._confirmed = False
        self._wake = asyncio.Event()
        self.last: Tick | None = None

    def wake(self) -> None:
        self._wake.set()

    async def run(self, seconds: float, pulse: Pulse | None = None) -> None:
        """Ticks until cancelled; then gives up the lease so that another process goes on at once.

        The first entries after a quiet time are published at once; while they keep coming, every tick is followed by a
        rest of REST times as long and takes all that came since: a checkpoint costs nearly the same for one entry as for
        thousands.
        """
        clock, pulse = asyncio.get_running_loop().time, pulse or Pulse()
        try:
            while True:
                began = clock()
                self._wake.clear()
                pulse.does("sequencer", "ordering entries", seconds + TICK_SECONDS)
                try:
                    tick = await self._whole_tick()
                    published, behind = tick.outcome is Outcome.PUBLISHED, tick.behind
                except (OSError, SQLAlchemyError) as error:  # full disk, database gone: the entries are safe, try again
                    logger.error("sequencer: %s", error)
                    published = behind = False
                if published and not behind:
                    await asyncio.sleep(min(seconds, REST * (clock() - began)))
                elif not published:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._wake.wait(), seconds)
        finally:
            await self.close()

    async def _whole_tick(self) -> Tick:
        """A tick that cancelling does not cut in the middle of a transaction: it is given a while to end first."""
        ticking = asyncio.ensure_future(self.tick())
        try:
            return await asyncio.shield(ticking)
        except asyncio.CancelledError:
            await asyncio.wait([ticking], timeout=STOP_SECONDS)
            ticking.cancel()
            raise

    async def close(self) -> None:
        async with self._database.write() as conn:
            await signed_state.give_up_lease(conn, self._holder)

    async def tick(self) -> Tick:
        """One round. Raises OSError when the disk refuses; LogStopped is kept in the database and answered as
        STOPPED.
        """
        tick = await self._tick()
        if self.last is None or tick.outcome is not self.last.outcome:
            logger.log(
                _LOUD.get(tick.outcome, logging.DEBUG), "log of %d: %s %s", tick.size, tick.outcome.value, tick.why
            )
        self.last = tick
        return tick

    async def _tick(self) -> Tick:
        if not await self._lead():
            self._confirmed = False
            return Tick(Outcome.STANDBY, 0)
        state = await self._state()
        if state.alarm is not None:
            self._confirmed = False  # whoever lifts the alarm, the witnesses are asked again first
            return Tick(Outcome.STOPPED, state.signed_size, str(state.alarm))
        try:
            return await self._advance(state)
        except LogStopped as alarm:
            async with self._database.write() as conn:
                if not await signed_state.leads(conn, self._holder):  # what it saw may be another one's newer work
                    return Tick(Outcome.STANDBY, state.signed_size, f"the lease was lost; not believed: {alarm}")
                await signed_state.stop(conn, alarm, self._now())
            return Tick(Outcome.STOPPED, state.signed_size, str(alarm))

    async def _advance(self, state: SignedState) -> Tick:
        check_not_rolled_back(state, self._reader)
        if state.staged is not None:
            await asyncio.to_thread(self.apply, self._staging / state.staged)
        if state.published_size < state.signed_size or (state.signed_size and not self._confirmed):
            waiting = await self._finish(state)
            if waiting is not None:
                return waiting
        self._confirmed = True
        await self._drop()
        if state.next_index == state.signed_size:
            return Tick(Outcome.IDLE, state.signed_size)
        name = f"{state.signed_size}-{self._holder}"
        checkpoint = await self.stage(state, self._staging / name)
        note = self.sign(checkpoint)
        if not await self.swap(state, checkpoint, note, name):
            return Tick(Outcome.STANDBY, state.signed_size, "another process has signed")
        state = await self._state()
        await asyncio.to_thread(self.apply, self._staging / name)
        waiting = await self._finish(state)
        if waiting is not None:
            return waiting
        await self._drop()
        return Tick(Outcome.PUBLISHED, state.signed_size, behind=state.signed_size < state.next_index)

    async def _finish(self, state: SignedState) -> Tick | None:
        """Cosigns and publishes what is signed; the tick that waits when the quorum is not met."""
        await asyncio.to_thread(self._open_tree, state)
        gathered_note, problems = await self.cosign(state)
        if gathered_note is None:
            return Tick(Outcome.WAITING, state.signed_size, problems)
        if state.published_size < state.signed_size:
            if not await self.publish(state, gathered_note):
                return Tick(Outcome.STANDBY, state.signed_size, "the lease was lost before publishing")
            await asyncio.to_thread(self.prune, state.published_size, state.signed_size)
        return None

    # --- the steps, in their order

    async def stage(self, state: SignedState, folder: Path) -> Checkpoint:
        """Writes the tiles and bundles of the next size. Raises LogStopped when entries are not what was appended, or
        do not continue their chains.
        """
        growth = await asyncio.to_thread(self._open_tree, state)
        end = min(state.next_index, state.signed_size + MAX_ENTRIES)
        await asyncio.to_thread(self._empty, folder)
        known, chains = growth.edge, Chains()
        files = staging.Stage(folder)
        try:
            for start in range(state.signed_size - len(known), end, READ_AT_ONCE):
                rows = await self._entries(start, min(start + READ_AT_ONCE, end), state.signed_size, chains)
                await asyncio.to_thread(_stage_rows, files, growth, rows, known, state.signed_size, chains)
            await asyncio.to_thread(_stage_end, files, growth, chains)
        finally:
            files.close()
        return Checkpoint(self._origin, end, growth.frontier.root())

    def sign(self, checkpoint: Checkpoint) -> bytes:
        return sign_checkpoint(checkpoint, self._signer).encode()

    async def swap(self, state: SignedState, checkpoint: Checkpoint, note: bytes, staged: str) -> bool:
        async with self._database.write() as conn:
            return await signed_state.swap(conn, state, checkpoint, note, staged, self._holder, self._now())

    def apply(self, folder: Path) -> None:
        """Moves staged tiles into the log. Raises LogStopped, never overwrites."""
        staging.apply(folder, self._log)

    async def cosign(self, state: SignedState) -> tuple[bytes | None, str]:
        """The note with a quorum's cosignatures, or None and what is missing. Raises LogStopped."""
        async with self._database.read() as conn:
            sizes = await signed_state.sizes_of_witnesses(conn)
        size = state.signed_size
        signed = Note.parse(state.signed_note)
        gathered = await self._cosigner.gather(signed, sizes, lambda old: self._reader.consistency(old, size))
        changed = [answer for answer in gathered.answers if sizes.get(answer.name, 0) != answer.size]
        if changed:
            async with self._database.write() as conn:
                for answer in changed:
                    await signed_state.remember_witness(conn, answer.name, answer.size)
        return (gathered.note.encode(), "") if gathered.enough else (None, gathered.problems)

    async def publish(self, state: SignedState, note: bytes) -> bool:
        """False when another process leads by now: a checkpoint that was published is never replaced by an older one."""
        async with self._database.write() as conn:
            if not await signed_state.leads(conn, self._holder):
                return False
            await asyncio.to_thread(durable.replace, self._log / CHECKPOINT, note, staging.OPEN_FILE)
            await signed_state.set_published(conn, state.signed_size, note, self._now())
        return True

    async def _drop(self) -> None:
        """Drops staging, unless another process leads by now: then what lies there may be signed and not applied."""
        if not self._staging.is_dir() or not any(self._staging.iterdir()):
            return
        async with self._database.write() as conn:
            if await signed_state.leads(conn, self._holder):
                await asyncio.to_thread(self.drop_staging)

    def drop_staging(self) -> None:
        """Everything in staging/ is applied or was never said."""
        if self._staging.is_dir():
            for folder in list(self._staging.iterdir()):
                shutil.rmtree(folder)

    def prune(self, old_size: int, new_size: int) -> None:
        """Drops partial tiles whose full tile is published; readers cut what they need from that."""
        for tile in new_tiles(old_size, new_size):
            if not tile.partial:
                full = self._log / tile.path()
                shutil.rmtree(full.with_name(full.name + ".p"), ignore_errors=True)

    # --- what they stand on

    async def _lead(self) -> bool:
        async with self._database.read() as conn:
            state = await signed_state.read(conn)
        now = self._now()
        until = state.lease_until or ""
        possible = until <= format_time(now + FARTHEST_LEASE)
        fresh = format_time(now + LEASE / 2) < until and possible
        if state.lease_holder == self._holder and fresh:
            return True
        other = state.lease_holder if state.lease_holder != self._holder else None
        dead = other if other is not None and is_dead(other) else None
        if other is not None and dead is None and until >= format_time(now) and possible:
            return False
        async with self._database.write() as conn:
            return await signed_state.take_lease(conn, self._holder, now, dead)

    async def _state(self) -> SignedState:
        async with self._database.read() as conn:
            return await signed_state.read(conn)

    def _open_tree(self, state: SignedState) -> Growth:
        """The signed tree from its tiles, which must give the signed root."""
        try:
            growth = Growth(state.signed_size, self._reader.tile)
        except (FileNotFoundError, Malformed) as error:
            raise LogStopped("tiles-missing", f"tiles of the signed log are missing or cut: {error}") from error
        if growth.frontier.root() != (state.signed_root if state.signed_size else EMPTY_ROOT):
            raise LogStopped("other-tile", "the tiles do not give the signed root: the log folder was altered")
        return growth

    async def _entries(self, start: int, end: int, signed: int, chains: Chains) -> list[Row]:
        """The entries [start, end), with the places of their chains known. Raises LogStopped when one is missing."""
        query = (
            select(entries.c.log_index, entries.c.envelope, entries.c.leaf_hash, entries.c.source, entries.c.seq)
            .where(entries.c.log_index >= start, entries.c.log_index < end)
            .order_by(entries.c.log_index)
        )
        async with self._database.read() as conn:
            rows = [Row(*row) for row in await conn.execute(query)]
            check_places(rows, start, end)
            await chains.know(conn, rows[max(0, signed - start) :], signed)
        return rows

    def _empty(self, folder: Path) -> None:
        """A fresh folder. One of this name is of an earlier round of this process and was never said."""
        if folder.is_dir():
            shutil.rmtree(folder)
        durable.mkdirs(folder)


def _stage_rows(
    files: staging.Stage, growth: Growth, rows: list[Row], known: tuple[bytes, ...], signed: int, chains: Chains
) -> None:
    """Whole bundles, the first from its beginning on. `known`: the leaf hashes of the last bundle that are signed."""
    for row in rows:
        if row.log_index < signed:
            check_leaf(row, known[row.log_index - signed + len(known)])
        else:
            leaf = check_leaf(row)
            chains.take(row)
            files.add(growth.add(leaf))
    for first in range(0, len(rows), TILE_WIDTH):
        bundle = rows[first : first + TILE_WIDTH]
        data = encode_bundle([row.envelope for row in bundle])
        files.add([Tile(TileId(ENTRIES, bundle[0].log_index // TILE_WIDTH, len(bundle)), data)])


def _stage_end(files: staging.Stage, growth: Growth, chains: Chains) -> None:
    chains.check_ends()
    files.add(growth.partial_tiles())
    files.finish()
