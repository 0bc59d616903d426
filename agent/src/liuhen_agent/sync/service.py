"""Everything the dock does with the archive, side by side, for as long as it runs.

    entries     woken by the journal; small, so they never wait behind footage
    uploads     at most `parallel_uploads` at once; important clips first, originals before what was made from them; in the hours and
                at the speed the configuration allows
    receipts    asked for while clips wait for one
    log         the newest checkpoint and the archive's head of our chain, every few minutes
    daily       certificate, and receipted clips against the archive

Each loop lives alone: one that fails waits and tries again, and the others go on. What is refused rests for an hour and is an
alarm; nothing is asked again and again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import aiohttp

from liuhen_agent.identity import store
from liuhen_agent.identity.code import EnrolmentFailed
from liuhen_agent.identity.renewal import policy_is_offered, renew_if_due
from liuhen_agent.journal import ClipRow, ClipState, Journal, changes, queries
from liuhen_agent.sync import alarms, entries, head, receipts
from liuhen_agent.sync.answers import Later, Refusal
from liuhen_agent.sync.archive import Archive, Reached, connector, told_of_answers
from liuhen_agent.sync.backoff import Backoff, Random
from liuhen_agent.sync.log_view import LogView, Untrue
from liuhen_agent.sync.pace import UploadHours, may_go
from liuhen_agent.sync.trust import Trust
from liuhen_agent.sync.uploads import BytesRejected, Moved, SpoolDamaged, Throttle, Uploader
from liuhen_files.journald import about
from liuhen_files.pulse import Pulse
from liuhen_protocol.errors import Malformed, Refused

log = logging.getLogger(__name__)

Now = Callable[[], datetime]

_LOCAL_TROUBLE = (OSError, sqlite3.OperationalError)
"""The dock's own disk is full or does not answer: it may be better in a while, and nothing was half done."""
_STORAGE_FULL = "storage-full"  # the archive's word for it
_UPLOADS_AT_ONCE = 100
_RECEIPTS_LOOKED_AT = 1_000
_RECEIPTS_ASKED_IN_VAIN = 8
_ROUND_SECONDS = {"entries": 600.0, "uploads": 7_200.0, "receipts": 3_600.0, "log": 900.0, "daily": 43_200.0}
"""How long one round may take before the loop counts as stuck; each request has its own, much shorter limit. For uploads: since a byte last
moved, since a slow archive reads a large clip back for more than an hour."""
_RESTING = 600.0


@dataclass(frozen=True)
class Pace:
    """Seconds, unless the name says otherwise."""

    idle: float = 2.0
    receipts: float = 0.5  # the least between two questions for one receipt; the archive may ask for more
    log: float = 300.0
    daily: float = 86_400.0
    rest_after_refusal: float = 3_600.0
    parallel_uploads: int = 2
    hours: UploadHours | None = None  # when clips that are not important may go; None: always
    upload_mbit: int = 0  # Mbit/s; 0: no limit
    backoff: Backoff = field(default_factory=Backoff)


@dataclass
class _Resting:
    """Clips that were refused and until when (loop time) nobody asks again."""

    until: dict[str, float] = field(default_factory=dict)

    def rests(self, sha256: str, at: float) -> bool:
        return self.until.get(sha256, 0.0) > at


class Sync:
    """Runs until cancelled. Call `wake` after statements were appended. For screens, `moved` is told of bytes on the way and `reached`
    whether the archive answers."""

    def __init__(
        self,
        journal: Journal,
        data_dir: Path,
        *,
        now: Now,
        random: Random,
        pace: Pace | None = None,
        moved: Moved | None = None,
        pulse: Pulse | None = None,
        reached: Reached = lambda answered: None,
    ) -> None:
        """Raises store.NotEnrolled."""
        self._journal = journal
        self._data_dir = data_dir
        self._now = now
        self._random = random
        self._pace = pace or Pace()
        self._tell_moved = moved or (lambda sha256, count: None)
        self._pulse = pulse or Pulse()
        self._reached = reached
        self._identity = store.load(data_dir)
        self._trust = Trust(store.load_policy(data_dir), self._identity.archive_key, self._identity.dock)
        self._woken = {name: asyncio.Event() for name in ("entries", "uploads", "receipts")}
        self._resting = _Resting()
        self._throttle = Throttle(self._pace.upload_mbit) if self._pace.upload_mbit else None
        self._certificate_changed = asyncio.Event()
        self._may_be_full = True  # an alarm of an earlier run may stand
        self._renews_from = 0.0  # loop time

    def wake(self) -> None:
        """There may be something to do."""
        for event in self._woken.values():
            event.set()

    async def run(self) -> None:
        """Keeps all loops going; a renewed certificate means a new session."""
        while True:
            await self._until_certificate_changes()

    async def _until_certificate_changes(self) -> None:
        self._certificate_changed.clear()
        context = store.client_context(self._data_dir)
        async with aiohttp.ClientSession(
            connector=connector(context),
            cookie_jar=aiohttp.DummyCookieJar(),
            trace_configs=[told_of_answers(self._reached)],
        ) as session:
            archive = Archive(session, self._identity.archive_url, self._identity.dock)
            view = LogView(self._journal, self._trust.policy, archive.tile)
            works = {
                "entries": lambda: self._entries(archive),
                "uploads": lambda: self._uploads(archive),
                "receipts": lambda: self._receipts(archive, view),
                "log": lambda: self._log(archive, view),
                "daily": lambda: self._daily(session, archive, view),
            }
            async with asyncio.TaskGroup() as group:
                loops = [group.create_task(self._loop(name, work), name=name) for name, work in works.items()]
                await self._certificate_changed.wait()
                for task in loops:
                    task.cancel()

    def _moved(self, sha256: str, count: int) -> None:
        self._pulse.does("sync uploads", "sending", _ROUND_SECONDS["uploads"])
        self._tell_moved(sha256, count)

    async def _loop(self, name: str, work: Callable[[], Awaitable[float]]) -> None:
        """Does `work` again and again; it says how many seconds to rest (0: go on at once)."""
        failures = 0
        while True:
            event = self._woken.get(name)
            if event is not None:
                event.clear()
            self._pulse.does(f"sync {name}", "at work", _ROUND_SECONDS[name])
            try:
                pause = await work()
                failures = 0
            except Later as later:
                failures += 1
                pause = self._pace.backoff.delay(failures, self._random, later.retry_after)
                log.log(
                    logging.WARNING if later.code else logging.INFO, "%s: %s; again in %.0f s", name, later.why, pause
                )
                if name == "uploads" and later.code == _STORAGE_FULL:
                    await self._say_archive_full(later.why)
            except (Refusal, Untrue, Refused, Malformed, EnrolmentFailed) as error:
                failures += 1
                pause = self._pace.backoff.longest
                log.warning("%s: %s", name, error)
            except _LOCAL_TROUBLE as error:
                failures += 1
                pause = self._pace.backoff.delay(failures, self._random)
                log.error("%s: 采集站本机出错 this dock's own disk or journal: %s; again in %.0f s", name, error, pause)
            self._pulse.does(f"sync {name}", "resting", pause + _RESTING)
            await _pause(pause, event if failures == 0 else None)

    async def _entries(self, archive: Archive) -> float:
        sent = await entries.send_once(archive, self._journal, self._now())
        if sent.logged:
            self._woken["uploads"].set()
        return 0.0 if sent.more else self._pace.idle

    async def _uploads(self, archive: Archive) -> float:
        """One round: workers take clips in order until none is left that does not rest."""
        at = asyncio.get_running_loop().time()
        most = _UPLOADS_AT_ONCE + len(self._resting.until)  # however many rest, others are seen
        now = self._now()
        waiting = [
            c
            for c in await self._journal.ask(queries.clips_to_upload, most)
            if not self._resting.rests(c.sha256, at) and may_go(c.important, self._pace.hours, now)
        ]
        if not waiting:
            await self._archive_has_room()
            return self._pace.idle
        uploader = Uploader(archive, self._journal, self._data_dir, self._moved, self._throttle)
        failed: list[Exception] = []

        async def work() -> None:
            while waiting and not failed:
                try:
                    await self._upload(uploader, waiting.pop(0))
                except (Later, *_LOCAL_TROUBLE) as error:
                    failed.append(error)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._pace.parallel_uploads, len(waiting))):
                group.create_task(work())
        if failed:
            raise failed[0]
        await self._archive_has_room()
        return 0.0

    async def _say_archive_full(self, why: str) -> None:
        self._may_be_full = True
        with contextlib.suppress(*_LOCAL_TROUBLE):  # then the next round says it
            await alarms.raise_alarm(self._journal, alarms.ARCHIVE_FULL, why, self._now())

    async def _archive_has_room(self) -> None:
        if self._may_be_full:
            await self._journal.change(changes.AlarmCleared(alarms.ARCHIVE_FULL))
            self._may_be_full = False

    async def _upload(self, uploader: Uploader, clip: ClipRow) -> None:
        try:
            with about(clip=clip.sha256):
                await uploader.upload(clip)
            self._woken["receipts"].set()
        except (Refusal, BytesRejected) as error:
            await self._rest(
                clip, alarms.UPLOAD_REFUSED, f"the archive refused clip {clip.name} ({clip.sha256}): {error}"
            )
        except SpoolDamaged as error:
            await self._rest(
                clip, alarms.SPOOL_DAMAGED, f"clip {clip.name} ({clip.sha256}): {error}. Dock its recorder again."
            )

    async def _receipts(self, archive: Archive, view: LogView) -> float:
        """One round. A clip whose receipt is not ready steps back for as long as the archive asked, so that none waits behind another
        for ever; the next round comes when the first of them may ask again."""
        clock = asyncio.get_running_loop().time
        in_vain = 0
        pause = self._pace.idle
        for clip in await self._journal.ask(queries.clips_awaiting_receipt, _RECEIPTS_LOOKED_AT):
            if not self._resting.rests(clip.sha256, clock()) and in_vain < _RECEIPTS_ASKED_IN_VAIN:
                answer = await receipts.fetch(archive, self._journal, view, self._trust, clip, self._now())
                if isinstance(answer, receipts.Wait):
                    self._resting.until[clip.sha256] = clock() + max(answer.seconds or 0.0, self._pace.receipts)
                    in_vain += 1
                elif isinstance(answer, receipts.Rejected | receipts.Missing):
                    self._resting.until[clip.sha256] = clock() + self._pace.rest_after_refusal
                else:
                    continue
            pause = min(pause, max(self._resting.until.get(clip.sha256, 0.0) - clock(), self._pace.receipts))
        return pause

    async def _log(self, archive: Archive, view: LogView) -> float:
        answer = await head.check(archive, self._journal, self._now())
        if isinstance(answer, head.ResumeAfter):
            log.warning("the archive has this dock's chain up to %d and the journal is empty", answer.head.seq)
        await view.newest(archive.checkpoint, self._now())
        return self._pace.log

    async def _daily(self, session: aiohttp.ClientSession, archive: Archive, view: LogView) -> float:
        renewed, clock = None, asyncio.get_running_loop().time
        await self._say_offered_policy()  # of an earlier run: the power may have gone right behind the offer
        try:
            if clock() >= self._renews_from:
                renewed = await renew_if_due(self._now(), session, self._data_dir)
        except (Refusal, EnrolmentFailed) as error:
            await alarms.raise_alarm(
                self._journal, alarms.CERTIFICATE, f"the certificate could not be renewed: {error}", self._now()
            )
        if renewed is not None:
            # to a dock whose clock is far ahead every new certificate looks old: once a day is enough, or it would do nothing else
            self._renews_from = clock() + self._pace.daily
            await self._say_offered_policy()
            self._certificate_changed.set()
        for state in (ClipState.RECEIPTED, ClipState.RELEASED):
            clips = await self._journal.ask(queries.clips_in, state, 1_000_000)
            await receipts.reconcile(archive, self._journal, view, self._trust, clips, self._data_dir, self._now())
            self._woken["uploads"].set()
        return self._pace.daily

    async def _say_offered_policy(self) -> None:
        if await asyncio.to_thread(policy_is_offered, self._data_dir):
            await alarms.raise_alarm(
                self._journal,
                alarms.POLICY_OFFERED,
                "the archive offers another policy (file policy.offered). It is not in force until an administrator has compared"
                " it: `liuhen-agent policy show`, then `policy accept`, or settle this alarm to decline.",
                self._now(),
            )

    async def _rest(self, clip: ClipRow, code: str, detail: str) -> None:
        self._resting.until[clip.sha256] = asyncio.get_running_loop().time() + self._pace.rest_after_refusal
        await alarms.raise_alarm(self._journal, code, detail, self._now())


async def _pause(seconds: float, woken: asyncio.Event | None) -> None:
    """Sleeps, shorter when woken."""
    if woken is None:
        await asyncio.sleep(seconds)
        return
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await woken.wait()
