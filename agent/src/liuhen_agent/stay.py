"""One stay of one recorder in one bay, from plugged in to taken away: what is done, in which order, and what is said.

Whatever a recorder contains or does ends in a state and a sentence, never in silence; both are kept by `stay_record`.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from liuhen_agent.bay import Signal, State
from liuhen_agent.changeover import Changeover, another_disk, shows_files
from liuhen_agent.clear import call, order
from liuhen_agent.clear.format import FormatFailed
from liuhen_agent.clear.rule import Method
from liuhen_agent.clock import ReadClock
from liuhen_agent.collect.collector import Collector, RecorderGone, Watch
from liuhen_agent.collect.copy import Stopped
from liuhen_agent.collect.inventory import Inventory, plan, reading_order, statements
from liuhen_agent.collect.turns import bus_of
from liuhen_agent.collect.who import who
from liuhen_agent.detect import Port
from liuhen_agent.journal import Journal, SessionRow, changes, queries
from liuhen_agent.plain_text import one_line
from liuhen_agent.progress import Board
from liuhen_agent.recorders import Credential, Listing, RecorderError, RecorderIdentity, Volume, VolumeError
from liuhen_agent.recorders.directory import open_directory
from liuhen_agent.recorders.mtp import open_mtp, place_of
from liuhen_agent.recorders.names import NOTHING_KNOWN, assigned, parse_name
from liuhen_agent.recorders.opening import OpenWire, open_wire
from liuhen_agent.recorders.profile import Facts, Profile, Transport, choose_profile
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.refused_passwords import RefusedPasswords
from liuhen_agent.stay_record import StayRecord
from liuhen_agent.unlock import Line, LineFacts, find, show_ready
from liuhen_protocol.events import DockAlarm, RecorderClockSet

log = logging.getLogger(__name__)

PROGRESS_SECONDS = 0.2

FindLine = Callable[[Port, Sequence[Profile], ReadClock, ZoneInfo], Awaitable[Line | None]]


CLEARED_AT_ONCE = 2
"""Each helper is a program of its own that lists the card again: eight started at once on a small machine keep each other from it
until their readers run out of time."""


@dataclass(frozen=True)
class Parts:
    """What a stay works with: one set for the whole dock."""

    data_dir: Path
    journal: Journal
    collector: Collector
    profiles: Sequence[Profile]
    credentials: dict[str, Credential]
    read_clock: ReadClock
    zone: ZoneInfo
    set_clocks: bool
    board: Board
    new_id: Callable[[], str]
    refused: RefusedPasswords
    find_line: FindLine | None = None  # in place of `unlock.find`
    wipe_socket: Path | None = None  # of the wipe helper's unit; None: a child process
    wire_of: OpenWire = open_wire
    clearing: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(CLEARED_AT_ONCE))


class Stay:
    """`run` does the work and returns when there is nothing more to do; `leave` closes the stay when the device is gone.
    A cancelled `run` leaves nothing half done."""

    def __init__(self, parts: Parts, port: Port) -> None:
        self._parts = parts
        self._port = port
        self._bay = port.bay
        self._record = StayRecord(port.bay, parts.journal, parts.board, parts.read_clock, parts.new_id)
        self._interrupted: SessionRow | None = None  # the stay in which clearing this very recorder was not completed
        self._changeover = Changeover()
        self._stop = threading.Event()
        self.done = asyncio.Event()  # run has returned, whatever came of it

    @property
    def state(self) -> State:
        return self._record.state

    def comes_back(self, port: Port | None) -> bool:
        """Tell the stay that the port went (None) or came. True if it expects that: the recorder only changes over."""
        return self._changeover.comes_back(port)

    async def run(self) -> None:
        """From identified to ready, failed or fully read in quarantine."""
        try:
            await self._work()
        except (RecorderGone, Stopped) as error:
            log.info("bay %s: %s", self._bay, error or "stopped")  # the port's event closes the stay
        except (VolumeError, RecorderError) as error:
            await self._broke(error.code, error.why)
        except (order.OrderUnusable, FormatFailed) as error:
            await self._broke("not-cleared", str(error))
        except sqlite3.Error:
            raise  # the journal cannot be written: the dock stops, nothing goes on unproved
        except Exception as error:
            log.exception("bay %s", self._bay)  # one recorder must not stop the others
            if self.state is not State.READY:  # all that was to be proved is: it stays safe to take
                await self._broke("internal-error", f"{type(error).__name__}: {error}")
        finally:
            self._parts.board.show(self._bay, done=True)
            self.done.set()

    def stop(self) -> None:
        """Stop reading at once: the device is gone or the dock ends."""
        self._stop.set()

    async def leave(self) -> None:
        """The device is gone from the bay: say so, once, and whether too early."""
        await self._record.left()

    async def _work(self) -> None:
        said: LineFacts | None = None
        profile: Profile | None = None
        line = await self._find_line()
        if line is not None:
            profile = line.profile
            said = await self._unlock(line)
        volume = await self._open_volume()
        try:
            if said is not None and profile is not None:
                profile = await self._the_same(profile, said, volume)
            listing = await volume.inventory()
            if not listing.files and self._port.disk is not None:
                self._interrupted = await self._find_interrupted(self._port.disk, volume.info.label)
            if said is None:
                profile = await self._identify(volume, listing)
            self._parts.board.show(self._bay, note="")
            await self._collect(volume, listing, profile)
        finally:
            await volume.close()
        await self._settle(profile)
        if profile is not None and self.state is State.READY:
            await show_ready(self._port, profile, self._parts.wire_of)

    # -- who it is --

    async def _find_line(self) -> Line | None:
        """The recorder's line, if it must be spoken to before it shows its files. An unknown device that shows none is said
        to be there, and left as it is."""
        try:
            find_line = self._parts.find_line or partial(find, wire_of=self._parts.wire_of)
            line = await find_line(self._port, self._parts.profiles, self._parts.read_clock, self._parts.zone)
            if line is None and not shows_files(self._port):
                raise RecorderError("unsupported", "no profile knows this device: it is left as it is")
        except RecorderError as error:
            if shows_files(self._port) and error.code != "gone":
                log.info("bay %s: read as a plain disk: %s", self._bay, error)
                return None
            await self._open_unknown()
            raise
        return line

    async def _unlock(self, line: Line) -> LineFacts:
        try:
            facts = await line.ask(self._bay, self._parts.credentials, self._parts.refused)
            found = who(facts.identity, None, (), self._bay)
            await self._record.opened(found, line.profile, line.transport, facts)
            if self._parts.set_clocks and facts.clock_reading is not None:
                await self._set_clock(line, facts.clock_reading, found.serial)
            if line.profile.protocol.disk.again:
                self._changeover.begin()
            await line.show_disk()
        except BaseException:
            self._changeover.give_up()
            if not self._record.is_open:
                told = who(line.probe, None, (), self._bay)
                await asyncio.shield(self._record.opened(told, line.profile, line.transport, None))
            raise
        finally:
            await line.close()
        await self._record.went(Signal.DISK_OFFERED)
        self._port = await self._changeover.disk(self._port, line.profile.protocol.disk.seconds)
        return facts

    async def _the_same(self, profile: Profile, said: LineFacts, volume: Volume) -> Profile | None:
        """The profile, if the disk that came is that recorder's. Else what lies on it is read all the same, and nothing is cleared."""
        why = another_disk(profile, said.identity, volume.info.label)
        if why is None:
            return profile
        await self._record.doubted("other-disk", why)
        return None

    async def _set_clock(self, line: Line, reading: str, serial: str) -> None:
        """A recorder that keeps its clock is collected all the same: its reading and how far it is off are stated."""
        try:
            if not line.clock_may_be_set:
                raise RecorderError("refused", "the dock's own clock is not synchronised: it sets no recorder's clock")
            done = await line.set_clock(reading)
        except RecorderError as error:
            if error.code == "gone":
                raise
            log.warning("bay %s: clock not set: %s", self._bay, error)
            await self._parts.journal.append(DockAlarm("clock-not-set", one_line(error.why), self._record.id))
            return
        if done is None:
            return
        said = RecorderClockSet(self._record.id, serial, done.before, done.after, done.offset_ms)
        await self._parts.journal.append(said)

    async def _open_volume(self) -> Volume:
        try:
            volume = await self._reopen()
        except VolumeError:
            if not self._record.is_open:
                await self._open_unknown()
            raise
        if self._record.is_open:
            await self._record.went(Signal.VOLUME_OPENED)
        return volume

    async def _reopen(self) -> Volume:
        if self._port.directory is not None:
            return await open_directory(self._port.directory)
        if self._port.disk is not None:
            return await open_volume(self._port.disk)
        if self._port.usb is not None and self._port.usb.mtp:
            return await open_mtp(place_of(self._port.usb))
        raise VolumeError("missing", "the port has neither a disk nor a folder")

    @property
    def _transport(self) -> Transport:
        port = self._port
        if port.directory is not None or port.disk is not None:
            return "directory" if port.directory is not None else "disk"
        if shows_files(port):
            return "mtp"
        return "serial" if port.tty is not None else "usb"

    async def _identify(self, volume: Volume, listing: Listing) -> Profile | None:
        paths = [entry.path for entry in listing.files]
        profile = choose_profile(self._parts.profiles, Facts(self._transport, volume.info.label, paths, self._port.usb))
        if (before := self._interrupted) is not None:  # its files are gone already: what it is was said in that stay
            profile = next((known for known in self._parts.profiles if known.name == before.profile), profile)
        patterns = profile.files.patterns if profile else ()
        names = [parse_name(path, patterns) or NOTHING_KNOWN for path in paths]
        if profile is not None and profile.match.last_resort and paths:
            profile = None  # nobody knows it, and it holds something; an empty card is nothing to be careful with
        usb, mtp = self._port.usb, self._transport == "mtp"
        said = RecorderIdentity(serial=assigned(usb.serial), model=assigned(usb.model)) if usb and mtp else None
        await self._record.opened(who(said, volume.info, names, self._bay), profile, self._transport, None)
        await self._record.went(Signal.DISK_OFFERED)
        await self._record.went(Signal.VOLUME_OPENED)
        return profile

    async def _find_interrupted(self, disk: Path, label: str) -> SessionRow | None:
        stay = await asyncio.to_thread(call.interrupted_stay, self._parts.data_dir, disk, label)
        return None if stay is None else await self._parts.journal.ask(queries.session, stay)

    async def _open_unknown(self) -> None:
        """Nothing is known of what is there, or nothing that may be believed."""
        await self._record.opened(who(None, None, (), self._bay), None, self._transport, None)

    # -- what is on it --

    async def _collect(self, volume: Volume, listing: Listing, profile: Profile | None) -> None:
        session = self._record.session
        inventory = plan(session.id, listing, profile or _unknown(self._parts.profiles), volume.info.free_bytes)
        listed = changes.FilesListed(tuple(listed.row for listed in inventory.files))
        await self._record.said(Signal.INVENTORY_STATED, statements(inventory), listed)
        board = self._parts.board
        board.show(self._bay, files=len(inventory.files), total_bytes=inventory.total_bytes)
        await self._record.went(Signal.COLLECTION_BEGAN)
        watch = Watch(
            bus=bus_of(self._port),
            on_bytes=lambda count: board.add_bytes(self._bay, count),
            on_full=lambda full: board.show(self._bay, note=FULL_NOTE if full else ""),
            stop=self._stop,
        )
        counting = asyncio.create_task(self._count())
        try:
            result = await self._parts.collector.collect(
                session, reading_order(inventory.files), volume, self._reopen, watch
            )
        finally:
            counting.cancel()
        await self._record.counted()
        if result.failed or not inventory.complete:
            raise VolumeError("incomplete", _incomplete(result.failed, inventory))
        await self._record.went(Signal.ALL_COLLECTED)

    async def _count(self) -> None:
        """Keep the screen's counts true while files are collected."""
        while True:
            await self._record.counted()
            await asyncio.sleep(PROGRESS_SECONDS)

    # -- what becomes of it --

    async def _settle(self, profile: Profile | None) -> None:
        while True:
            changed = self._parts.journal.next_change()
            if not await self._parts.journal.ask(queries.outstanding, self._record.id):
                break
            await self._record.counted()
            await changed.wait()
            await asyncio.sleep(PROGRESS_SECONDS)  # several changes, one look
        await self._record.counted()
        await self._record.went(Signal.ALL_RECEIPTED)
        if profile is None:
            self._parts.board.show(
                self._bay, note="已全部入库；设备未清空 all in the archive; the device was not cleared"
            )
            return
        method = Method(profile.clearing)
        counts = await self._parts.journal.ask(queries.progress, self._record.id)
        nothing_to_do = not counts.files and self._interrupted is None
        if method is Method.NEVER or nothing_to_do:
            await self._record.went(Signal.KEPT)
            return
        clearing = asyncio.ensure_future(self._clear(method))
        try:
            await asyncio.shield(clearing)
        except asyncio.CancelledError:
            await clearing  # taken away, or the dock ends: what was cleared is said all the same
            raise

    async def _clear(self, method: Method) -> None:
        what = order.of_port(self._record.id, self._port, method)
        async with self._parts.clearing:
            if self._stop.is_set():  # taken away while it waited for its turn
                return
            outcome = await call.clear(self._parts.journal, self._parts.data_dir, what, self._parts.wipe_socket)
        if not outcome.cleared:
            await self._broke(f"not-cleared-{outcome.code}", outcome.why)
            return
        await self._record.said(Signal.EMPTIED, call.statements(outcome, self._record.session.recorder))
        await self._record.went(Signal.DONE)

    async def _broke(self, code: str, why: str) -> None:
        if not self._record.is_open:
            await self._open_unknown()
        await self._record.broke(code, why)


FULL_NOTE = "采集站磁盘已满，等待空间 the dock's disk is full, waiting for room"


def _unknown(profiles: Sequence[Profile]) -> Profile:
    """For an unknown device: the most general profile tells clips from logs. Nothing else of it is used."""
    return min(profiles, key=lambda profile: profile.match.priority)


def _incomplete(failed: int, inventory: Inventory) -> str:
    said = []
    if failed:
        said.append(f"{failed} 个文件无法读取 files could not be read")
    if not inventory.complete:
        said.append(f"目录不完整 the listing is not complete: {'; '.join(inventory.problems[:3])}")
    return "; ".join(said) + "。记录仪未清空 The recorder is not cleared."
