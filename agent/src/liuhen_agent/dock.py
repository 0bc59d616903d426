"""The dock: wires the rooms together and keeps them going until it is told to stop.

    detection → one task per bay → a `Stay` per recorder      (as many recorders read at once as the configuration says)
    journal   → sync (entries, bytes, receipts), proxies, screens: woken by what is appended
    from time to time: dock.head, so that a tail cut off the chain shows; spool copies whose term is over

Stopping is cancelling: every durable step is complete or undone, and the next start (`recovery`) puts the rest right.
"""

from __future__ import annotations

import asyncio
import logging
import random
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol

from liuhen_agent import __version__, refused_passwords
from liuhen_agent.clock import ReadClock, read_system_clock, write_time
from liuhen_agent.collect.collector import Collector
from liuhen_agent.collect.fairness import Limits
from liuhen_agent.collect.room import DISK_FULL, Room
from liuhen_agent.collect.spool import Spool
from liuhen_agent.config import Config, load_credentials
from liuhen_agent.detect import Bay, BayEvent, RefusedDevice, WatchSettings
from liuhen_agent.detect.backends import DEFAULTS, watch
from liuhen_agent.identity import store
from liuhen_agent.journal import ClipState, Journal, changes, queries
from liuhen_agent.progress import BayView, Board, UploadsView, write_status
from liuhen_agent.proxies import Proxies
from liuhen_agent.recorders.opening import open_wire
from liuhen_agent.recorders.profile import load_profiles
from liuhen_agent.recovery import recover
from liuhen_agent.refused_passwords import RefusedPasswords
from liuhen_agent.refusing import Refusals
from liuhen_agent.stay import FULL_NOTE, Parts, Stay
from liuhen_agent.sync.alarms import ENTRY_REFUSED, HALTING, RECEIPT_REFUSED, SPOOL_DAMAGED, UPLOAD_REFUSED
from liuhen_agent.sync.service import Pace, Sync
from liuhen_agent.watchdog import Watchdog, status
from liuhen_files import keys
from liuhen_files.journald import tell_about
from liuhen_files.notify import NOBODY, Notifier
from liuhen_files.pulse import Pulse, keep_alive
from liuhen_protocol.events import DockHead, DockStarted, Resumed

log = logging.getLogger(__name__)

SCREEN_SECONDS = 1.0
IDLE_SECONDS = 0.2
LOOP_SECONDS = 600.0  # how long a loop may take for one round that is its own: a full disk or a slow card included
EXPIRE_EVERY = timedelta(hours=1)
JOURNAL = "journal.db"

Show = Callable[[Sequence[BayView]], None]


class Archiving(Protocol):
    """The dock's side of an archive, as the dock needs it: kept going, and woken when there is something to send."""

    def wake(self) -> None: ...

    async def run(self) -> None: ...


MakeSync = Callable[[Journal], Archiving]


@dataclass(frozen=True)
class Wishes:
    """What a caller wants besides the configuration. `once_idle`: stop when every bay that held something is done and
    nothing waits for the archive."""

    once_idle: bool = False
    show: Show = lambda views: None
    read_clock: ReadClock = read_system_clock
    pace: Pace | None = None
    watch: WatchSettings = DEFAULTS
    sync: MakeSync | None = None  # another way to the archive; None: the archive this dock is enrolled with
    notifier: Notifier = NOBODY  # the supervisor that started us, if one did


@asynccontextmanager
async def opened_journal(data_dir: Path, read_clock: ReadClock) -> AsyncIterator[Journal]:
    """The journal of an enrolled dock, continued behind the archive's head if this dock lost its card. Raises
    NotEnrolled, JournalInUse, JournalDamaged."""
    identity = store.load(data_dir)
    signer = keys.load(store.Paths(data_dir).signing_key)
    journal = await Journal.open(data_dir / JOURNAL, source=identity.dock, signer=signer, read_clock=read_clock)
    try:
        if journal.head is None and identity.head is not None:
            await journal.resume_from(identity.head)
        yield journal
    finally:
        await journal.close()


async def say_started(journal: Journal) -> None:
    """dock.started; the first one behind a lost chain says what it continues."""
    lost = journal.head if await journal.ask(queries.last_sequence) is None else None
    resumed = Resumed(lost.seq, lost.hash, "the dock began with an empty journal: its card was lost") if lost else None
    await journal.append(DockStarted(agent_version=__version__, resumed=resumed))


class Dock:
    """One dock's folder at work. `run` until done or cancelled."""

    def __init__(self, data_dir: Path, config: Config, wishes: Wishes) -> None:
        self._data_dir = data_dir
        self._config = config
        self._wishes = wishes
        self._spool = Spool(data_dir)
        self._queues: dict[str, asyncio.Queue[BayEvent]] = {bay.name: asyncio.Queue() for bay in config.bays}
        self._stays: dict[str, Stay] = {}
        self._board = Board(
            [bay.name for bay in config.bays],
            readers=config.parallel_readers,
            now=lambda: write_time(wishes.read_clock().time),
        )
        self._views: list[BayView] = []
        self._touched: set[str] = set()  # bays that held something since the start
        self._pulse = Pulse()

    async def run(self) -> list[BayView]:
        """Work; gives the last views of all bays. Raises NotEnrolled, JournalInUse, JournalDamaged, ConfigError,
        ProfileError."""
        config = self._config
        profiles = load_profiles(config.profiles)
        credentials = load_credentials(config.credentials)
        await asyncio.to_thread(self._spool.prepare)
        async with opened_journal(self._data_dir, self._wishes.read_clock) as journal:
            recovered = await recover(journal, self._spool, self._wishes.read_clock, config.wipe_socket)
            log.info("recovered: %s", recovered)
            await say_started(journal)
            await journal.change(changes.AlarmCleared(DISK_FULL))  # raised again as soon as a clip finds no room
            room = Room(journal, self._spool, self._wishes.read_clock, config.spool_term)
            collector = Collector(
                journal,
                self._spool,
                self._wishes.read_clock,
                make_room=room.make,
                sm3=config.sm3,
                limits=Limits(config.parallel_readers, config.bus_readers),
            )
            parts = Parts(
                data_dir=self._data_dir,
                journal=journal,
                collector=collector,
                profiles=profiles,
                credentials=credentials,
                read_clock=self._wishes.read_clock,
                zone=config.zone,
                set_clocks=config.set_clocks,
                board=self._board,
                new_id=lambda: secrets.token_hex(8),
                refused=RefusedPasswords(journal, refused_passwords.key_of(self._data_dir)),
                wipe_socket=config.wipe_socket,
                wire_of=partial(open_wire, scsi_helper=config.scsi_socket),
            )
            await self._work(journal, parts, room)
        return self._views

    async def _work(self, journal: Journal, parts: Parts, room: Room) -> None:
        sync = self._wishes.sync(journal) if self._wishes.sync else self._sync(journal)
        proxies = Proxies(
            journal, self._data_dir, sm3=self._config.sm3, pulse=self._pulse, worker=self._config.proxy_socket
        )
        works: list[Coroutine[None, None, None]] = [
            sync.run(),
            self._wake(journal, sync),
            self._heads(journal),
            self._every(EXPIRE_EVERY, room.expire),
            self._screen(journal),
            self._detect(journal),
            self._ready(),
            self._watch(journal),
            *(self._bay(bay, parts) for bay in self._config.bays),
        ]
        if self._config.proxies:
            works.append(proxies.run())
        else:
            proxies.idle.set()
        tasks = [asyncio.create_task(work) for work in works]
        ended = asyncio.create_task(self._until_idle(journal, proxies))
        try:
            done, _ = await asyncio.wait([*tasks, ended], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                await task  # a room that fell over takes the dock with it: the service is started again
        finally:
            self._wishes.notifier.stopping()
            for stay in self._stays.values():
                stay.stop()
            for task in (*tasks, ended):
                task.cancel()
            await asyncio.gather(*tasks, ended, return_exceptions=True)
            await self._leave_all()
            with suppress(OSError):
                write_status(self._data_dir, self._board.dock(running=False))

    def _sync(self, journal: Journal) -> Sync:
        pace = self._wishes.pace or Pace()
        return Sync(
            journal,
            self._data_dir,
            now=lambda: self._wishes.read_clock().time,
            random=random.random,
            pace=replace(
                pace,
                parallel_uploads=self._config.parallel_uploads,
                hours=self._config.upload_hours,
                upload_mbit=self._config.upload_mbit,
            ),
            pulse=self._pulse,
            moved=self._board.moved,
            reached=self._board.reached,
        )

    async def _detect(self, journal: Journal) -> None:
        refusals = Refusals(journal, self._board)
        settings = replace(self._wishes.watch, own_ports=self._config.own_ports)
        async for event in watch(self._config.bays, settings, self._pulse):
            if isinstance(event, RefusedDevice):
                await refusals.say(event)
            else:
                self._queues[event.bay].put_nowait(event)

    async def _bay(self, bay: Bay, parts: Parts) -> None:
        """One bay: a stay after another. What happens while a stay works is told to it or ends it."""
        tell_about(bay=bay.name)
        queue = self._queues[bay.name]
        while True:
            event = await queue.get()
            if event.change != "plugged":
                continue
            self._touched.add(bay.name)
            stay = self._stays[bay.name] = Stay(parts, event.port)
            work = asyncio.create_task(stay.run())
            try:
                await self._until_taken(queue, stay, work)
            finally:
                stay.stop()
                if not work.done():
                    work.cancel()
                await asyncio.wait([work])
            if not work.cancelled() and (error := work.exception()):
                raise error
            await stay.leave()
            self._stays.pop(bay.name, None)

    async def _until_taken(self, queue: asyncio.Queue[BayEvent], stay: Stay, work: asyncio.Task[None]) -> None:
        """Returns when the device is gone. A recorder that changes from line to disk is gone only if it stays away."""
        away = False
        while True:
            coming = asyncio.ensure_future(queue.get())
            try:
                await asyncio.wait([coming, work], return_when=asyncio.FIRST_COMPLETED)
            finally:
                if not coming.done():
                    coming.cancel()
            if coming.done() and not coming.cancelled():
                event = coming.result()
                port = event.port if event.change == "plugged" else None
                if not stay.comes_back(port):
                    if port is not None:  # another one is there already: its turn comes after this one has left
                        queue.put_nowait(event)
                    return
                away = port is None
                continue
            if work.done() and (away or work.cancelled() or work.exception()):
                return
            if work.done():  # nothing to do but to wait until it is taken
                event = await queue.get()
                if event.change == "plugged":
                    queue.put_nowait(event)
                return

    async def _wake(self, journal: Journal, sync: Archiving) -> None:
        """Tell sync of every new statement; what sync writes itself wakes nobody."""
        last = -2
        while True:
            changed = journal.next_change()
            head = journal.head.seq if journal.head else -1
            if head != last:
                last = head
                sync.wake()
            await changed.wait()

    async def _ready(self) -> None:
        """Say that the dock is ready once what was in the bays before it started had the time to be seen."""
        await asyncio.sleep(self._wishes.watch.settle_seconds + 2 * self._wishes.watch.poll_seconds)
        self._wishes.notifier.ready(status(self._board.views()))
        await asyncio.Event().wait()

    async def _watch(self, journal: Journal) -> None:
        """Tell the supervisor that the dock gets on, as long as it does."""
        views = self._board.views
        ask = partial(journal.ask, queries.last_sequence)
        watchdog = Watchdog(
            self._pulse, views, ask, min(self._config.parallel_readers, self._config.bus_readers), FULL_NOTE, {}
        )
        await keep_alive(self._wishes.notifier, watchdog.look, lambda: status(views()))
        await asyncio.Event().wait()

    async def _heads(self, journal: Journal) -> None:
        while True:
            pause = self._config.head_every.total_seconds()
            self._pulse.does("heads", "resting", pause + LOOP_SECONDS)
            await asyncio.sleep(pause)
            self._pulse.does("heads", "stating the head", LOOP_SECONDS)
            counts = await journal.ask(queries.clip_counts)
            waiting = sum(counts[state] for state in WAITING)
            await journal.append(DockHead(clips=sum(counts.values()), waiting=waiting))

    async def _every(self, pause: timedelta, work: Callable[[], Awaitable[int]]) -> None:
        while True:
            self._pulse.does("spool", "removing what is over its term", LOOP_SECONDS)
            await work()
            self._pulse.does("spool", "resting", pause.total_seconds() + LOOP_SECONDS)
            await asyncio.sleep(pause.total_seconds())

    async def _screen(self, journal: Journal) -> None:
        while True:
            self._pulse.does("screen", "showing", LOOP_SECONDS)
            with suppress(
                sqlite3.OperationalError
            ):  # the screen stands still; what must be written stops the dock elsewhere
                queue = await journal.ask(queries.queue, self._board.sessions, self._board.sending)
                self._board.measure(queue, self._uploads())
            self._wishes.show(self._board.views())
            with suppress(OSError):  # a full disk stops the screen's file, not the dock
                view = self._board.dock(self._wishes.read_clock().clock.source)
                await asyncio.to_thread(write_status, self._data_dir, view)
            await asyncio.sleep(SCREEN_SECONDS)

    def _uploads(self) -> UploadsView:
        hours, mbit = self._config.upload_hours, self._config.upload_mbit
        if hours is None:
            return UploadsView(mbit=mbit)
        is_open = hours.is_open(self._wishes.read_clock().time)
        return UploadsView(f"{hours.begin:%H:%M}", f"{hours.end:%H:%M}", hours.zone.key, is_open, mbit)

    async def _until_idle(self, journal: Journal, proxies: Proxies) -> None:
        """With once_idle: returns when all is done, or when an alarm stands that only a person can settle. Else never."""
        if not self._wishes.once_idle:
            await asyncio.Event().wait()
        while True:
            changed = journal.next_change()
            if STUCK.intersection(alarm.code for alarm in await journal.ask(queries.alarms)):
                return
            stays = list(self._stays.values())
            done = bool(self._touched) and all(stay.done.is_set() for stay in stays)
            if done and proxies.idle.is_set() and not await self._waiting(journal):
                await self._leave_all()
                if not await self._waiting(journal):  # the farewell is in the log too
                    return
            with suppress(TimeoutError):
                async with asyncio.timeout(IDLE_SECONDS):  # a stay can end without a change
                    await changed.wait()

    async def _leave_all(self) -> None:
        """Close the stays: what happens in the bays from now on the dock does not see."""
        if self._stays:
            self._views = self._board.views()
        for bay in list(self._stays):
            await self._stays.pop(bay).leave()

    async def _waiting(self, journal: Journal) -> bool:
        """Whether anything of this dock is still on its way: statements not logged (refused ones will not be), clips
        without a receipt."""
        counts = await journal.ask(queries.clip_counts)
        return bool(await journal.ask(queries.unsent, 1)) or any(counts[state] for state in WAITING)


STUCK = HALTING | {ENTRY_REFUSED, UPLOAD_REFUSED, RECEIPT_REFUSED, SPOOL_DAMAGED}
WAITING = (ClipState.SPOOLED, ClipState.PROMISED, ClipState.UPLOADED)
