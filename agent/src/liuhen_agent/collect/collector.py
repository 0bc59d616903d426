"""Collecting the files of one recorder: per file, each step durable before the next.

    room?  →  read once, hash, write the part, fsync  →  rename to the digest, fsync folder  →  clip.collected + rows

A power cut between any two steps loses nothing (the recorder still has the file) and repeats nothing visible: a file
whose bytes were collected before from this recorder under this name gets no second statement. A zero-byte file is
collected like any other: its digest is that of the empty string, so it neither vanishes nor blocks clearing for ever.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from liuhen_agent.clock import ReadClock, write_time
from liuhen_agent.collect.copy import NoRoom, copy_with_digest
from liuhen_agent.collect.fairness import Limits
from liuhen_agent.collect.inventory import Listed, raw_text
from liuhen_agent.collect.spool import Spool
from liuhen_agent.collect.turns import Turns
from liuhen_agent.journal import ClipKind, ClipState, Journal, SessionRow, changes, queries
from liuhen_agent.plain_text import MOST_CODE, one_line
from liuhen_agent.recorders import ClipStream, Volume, VolumeError
from liuhen_agent.recorders.names import NOTHING_KNOWN
from liuhen_protocol.digest import Digest
from liuhen_protocol.events import ClipCollected, ClipFailed
from liuhen_protocol.statement import Subject

log = logging.getLogger(__name__)

GONE = frozenset({"gone", "missing"})  # the recorder is not there any more
READER_LOST = frozenset(
    {"crashed", "timeout", "memory", "closed"}
)  # this file ended the reader: a new one for the next
FULL_PAUSE_SECONDS = 1.0
FULL = (errno.ENOSPC, errno.EDQUOT)


class RecorderGone(Exception):
    """The recorder was taken away while it was read. What was collected stays collected."""


@dataclass
class Watch:
    """What the collector tells and is told while it works: bytes read, whether it waits for room, and when to stop. `bus`: the
    controller whose speed the recorder shares with others."""

    bus: str = ""
    on_bytes: Callable[[int], None] = lambda count: None
    on_full: Callable[[bool], None] = lambda full: None
    stop: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True)
class Result:
    """How many files of the recorder are collected, and how many could not be read."""

    collected: int
    failed: int


class _Counter:
    """Counts the bytes of one file on their way to the screen."""

    def __init__(self, tell: Callable[[int], None]) -> None:
        self.count = 0
        self._tell = tell

    def __call__(self, count: int) -> None:
        self.count += count
        self._tell(count)


class Collector:
    """For all bays of a dock. `make_room(size)` frees and waits until a clip of that size fits: see spool_term."""

    def __init__(
        self,
        journal: Journal,
        spool: Spool,
        read_clock: ReadClock,
        *,
        make_room: Callable[[int], Awaitable[None]],
        sm3: bool = False,
        limits: Limits | None = None,
    ) -> None:
        self._journal = journal
        self._spool = spool
        self._read_clock = read_clock
        self._make_room = make_room
        self._sm3 = sm3
        self._turns = Turns(limits or Limits())

    async def collect(
        self,
        session: SessionRow,
        files: Sequence[Listed],
        volume: Volume,
        reopen: Callable[[], Awaitable[Volume]],
        watch: Watch,
    ) -> Result:
        """Collect `files` in the given order. Raises RecorderGone; copy.Stopped when told to stop. `volume` stays the
        caller's; a volume opened anew is closed here."""
        collected = failed = 0
        opened: Volume | None = None
        left = sum(listed.row.size for listed in files)
        try:
            for listed in files:
                read = _Counter(watch.on_bytes)
                try:
                    await self._collect_one(session, listed, opened or volume, replace(watch, on_bytes=read), left)
                    collected += 1
                except VolumeError as error:
                    if error.code in GONE:
                        raise RecorderGone(str(error)) from error
                    await self._say_failed(session, listed, error, read.count)
                    failed += 1
                    if error.code in READER_LOST:
                        if opened is not None:
                            await opened.close()
                            opened = None
                        try:
                            opened = await reopen()
                        except VolumeError as lost:
                            raise RecorderGone(str(lost)) from lost
                left -= listed.row.size
        finally:
            if opened is not None:
                await opened.close()
        return Result(collected, failed)

    async def _collect_one(self, session: SessionRow, listed: Listed, volume: Volume, watch: Watch, left: int) -> None:
        row = listed.row
        total = volume.info.total_bytes
        if volume.info.kind != "directory" and total and listed.row.size > total:
            raise VolumeError("size-differs", f"listed with {listed.row.size} bytes on a volume of {total}")
        part = self._spool.part(session.id, listed.row.number)
        while True:
            if not self._spool.has_room(listed.row.size):
                watch.on_full(True)
                await self._make_room(listed.row.size)
                watch.on_full(False)
            began = write_time(self._read_clock().time)
            try:
                async with self._turns.reading(
                    session.bay, watch.bus, important=row.important, size=row.size, left=left
                ):
                    digest = await self._read(volume, listed, part, watch)
                    await self._keep(session, listed, digest, part, began)
                return
            except (NoRoom, OSError, sqlite3.OperationalError) as error:
                await asyncio.to_thread(self._spool.discard, part)
                if not _is_full(error):
                    raise
                log.warning("%s: 磁盘已满 the dock's disk is full; it goes on when there is room", listed.row.path)
                watch.on_full(True)
                await asyncio.sleep(FULL_PAUSE_SECONDS)
            except BaseException:
                await asyncio.to_thread(self._spool.discard, part)
                raise

    async def _read(self, volume: Volume, listed: Listed, part: Path, watch: Watch) -> Digest:
        """Read one file into its part. If the caller is cancelled the thread is told to stop and waited for."""
        stream = await volume.open_clip(listed.entry)
        cancelled = threading.Event()
        work = asyncio.ensure_future(asyncio.to_thread(self._copy, stream, part, watch, cancelled))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            cancelled.set()
            await asyncio.wait([work])
            work.exception()  # seen: the cancellation is what counts
            raise

    def _copy(self, stream: ClipStream, part: Path, watch: Watch, cancelled: threading.Event) -> Digest:
        try:
            target = self._spool.create_part(part)
            try:
                return copy_with_digest(
                    stream,
                    target,
                    sm3=self._sm3,
                    on_bytes=watch.on_bytes,
                    stopped=lambda: watch.stop.is_set() or cancelled.is_set(),
                )
            finally:
                os.close(target)
        finally:
            stream.close()

    async def _keep(self, session: SessionRow, listed: Listed, digest: Digest, part: Path, began: str) -> None:
        row = listed.row
        known = await self._journal.ask(queries.clip, digest.sha256)
        if known is not None and known.state is ClipState.RELEASED:
            await asyncio.to_thread(self._spool.discard, part)  # the archive has it, the receipt is here
        else:
            await asyncio.to_thread(self._spool.publish, part, digest.sha256)
        collected = changes.FileCollected(row.session, row.number, digest.sha256)
        if await self._journal.ask(queries.collected_before, session.recorder_key, row.raw, digest.sha256):
            await self._journal.change(collected)
            return
        name = row.path.rsplit("/", 1)[-1]
        finished = write_time(self._read_clock().time)
        await self._journal.append(
            ClipCollected(
                session=session.id,
                bay=session.bay,
                recorder=session.recorder,
                # a name that speaks for itself and names nobody is not given the officer of other files
                officer=(session.officer or None) if listed.name is NOTHING_KNOWN else listed.name.officer,
                path=row.path,
                raw=raw_text(row.path, row.raw),
                size=digest.size,
                chunk_root=digest.chunk_root,
                important=row.important,
                recorder_time=listed.name.time,
                modified=row.modified,
                began=min(began, finished),  # the clock may have been set back meanwhile
                finished=finished,
            ),
            Subject(name, digest.sha256, digest.sm3),
            changes=[
                changes.ClipSpooled(
                    sha256=digest.sha256,
                    size=digest.size,
                    chunk_root=digest.chunk_root,
                    sm3=digest.sm3,
                    name=name,
                    recorder=session.recorder,
                    kind=ClipKind.ORIGINAL,
                    spool=self._spool.relative(digest.sha256),
                    important=row.important,
                ),
                collected,
            ],
        )
        await asyncio.to_thread(self._spool.forget_orphan, digest.sha256)

    async def _say_failed(self, session: SessionRow, listed: Listed, error: VolumeError, bytes_read: int) -> None:
        row = listed.row
        await self._journal.append(
            ClipFailed(
                session=session.id,
                recorder=session.recorder,
                path=row.path,
                raw=raw_text(row.path, row.raw),
                reason=one_line(error.code, MOST_CODE),
                detail=one_line(error.why),
                bytes_read=bytes_read,
            ),
            changes=[changes.FileFailed(row.session, row.number, one_line(str(error)))],
        )


def _is_full(error: Exception) -> bool:
    if isinstance(error, sqlite3.OperationalError):
        return error.sqlite_errorcode == sqlite3.SQLITE_FULL
    return isinstance(error, NoRoom) or (isinstance(error, OSError) and error.errno in FULL)
