"""Runs the verifier over one clip and keeps what it said.

The bytes are read in full when they were never read, when the file looks otherwise than at the last reading (device,
inode, size, times), or when someone asks. Otherwise the last reading is used, and whoever shows the verdict shows when
that was: bits that rot silently are seen at the next reading, not before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from liuhen_protocol.digest import Digest, Digester
from liuhen_protocol.moment import format_time
from liuhen_protocol.policy import Policy
from liuhen_protocol.report import Report
from liuhen_protocol.verify_clip import ClipEvidence, read_evidence, verify_clip
from liuhen_server.custody.evidence import Clip, Evidence, Gathered
from liuhen_server.custody.schema import clip_checks
from liuhen_server.database import Database
from liuhen_server.database.schema import clips
from liuhen_server.store.interface import NotStored, Store

__all__ = ["Checked", "Checker"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the bytes were at `time`; `digest` None: the store has none, or they could not be read."""

    digest: Digest | None
    time: str | None
    identity: str | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What the verifier says under the checkpoint of `gathered`, with the bytes as they were at `read_time`."""

    report: Report
    evidence: ClipEvidence
    gathered: Gathered
    read_time: str | None
    time: str


class Checker:
    """One per process: at most `at_once` files are read at the same time."""

    def __init__(
        self,
        database: Database,
        store: Store,
        evidence: Evidence,
        policy: Policy,
        now: Callable[[], datetime],
        at_once: int = 2,
    ) -> None:
        self._database = database
        self._store = store
        self._evidence = evidence
        self._policy = policy
        self._now = now
        self._turn = asyncio.Semaphore(at_once)

    async def check(self, clip: Clip, *, read_anew: bool = False) -> Checked:
        """Raises OSError where the published log cannot be read."""
        async with self._turn:
            reading = await self._read(clip, read_anew)
            gathered = await self._evidence.gather(clip)
            evidence, report = await asyncio.to_thread(self._verify, reading, gathered)
            checked = Checked(report, evidence, gathered, reading.time, format_time(self._now()))
            await self._keep(clip, checked, reading)
            return checked

    def _verify(self, reading: Reading, gathered: Gathered) -> tuple[ClipEvidence, Report]:
        evidence = read_evidence(reading.digest, gathered.proofs, gathered.bare)
        return evidence, verify_clip(evidence, self._policy)

    async def _read(self, clip: Clip, read_anew: bool) -> Reading:
        identity = await asyncio.to_thread(self._identity, clip.sha256)
        if identity is not None and not read_anew:
            query = select(clip_checks).where(
                clip_checks.c.sha256 == clip.sha256, clip_checks.c.file_identity == identity
            )
            async with self._database.read() as conn:
                last = (await conn.execute(query.order_by(clip_checks.c.read_time.desc()).limit(1))).one_or_none()
            if last is not None and last.read_sha256 is not None:
                digest = Digest(last.read_size, last.read_sha256, last.read_chunk_root, None)
                return Reading(digest, last.read_time, identity)
        began = format_time(self._now())
        digest_now = await asyncio.to_thread(self._digest, clip)
        return Reading(digest_now, began if digest_now is not None else None, identity)

    def _identity(self, sha256: str) -> str | None:
        """None: the store cannot tell, so every check reads."""
        path_of = getattr(self._store, "path_of", None)
        if path_of is None:
            return None
        try:
            status = path_of(sha256).stat()
        except OSError:
            return None
        return f"{status.st_dev}.{status.st_ino}.{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}"

    def _digest(self, clip: Clip) -> Digest | None:
        digester = Digester(sm3=clip.sm3 is not None)
        try:
            for piece in self._store.read(clip.sha256):
                digester.update(piece)
        except (NotStored, OSError):
            return None
        return digester.finish()

    async def _keep(self, clip: Clip, checked: Checked, reading: Reading) -> None:
        deciding, digest = checked.report.deciding, reading.digest
        this = (clip_checks.c.sha256 == clip.sha256) & (clip_checks.c.dock == clip.dock)
        async with self._database.write() as conn:
            await conn.execute(delete(clip_checks).where(this))
            await conn.execute(
                insert(clip_checks).values(
                    sha256=clip.sha256,
                    dock=clip.dock,
                    verdict=checked.report.verdict.value,
                    step=deciding.number if deciding else None,
                    checked_time=checked.time,
                    log_size=checked.gathered.log_size,
                    read_time=reading.time,
                    file_identity=reading.identity,
                    read_sha256=digest.sha256 if digest else None,
                    read_size=digest.size if digest else None,
                    read_chunk_root=digest.chunk_root if digest else None,
                )
            )
            kept = (clips.c.sha256 == clip.sha256) & (clips.c.dock == clip.dock)
            await conn.execute(update(clips).where(kept).values(verdict=checked.report.verdict.value))
