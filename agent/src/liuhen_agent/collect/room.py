"""Room in the spool: what has a checked receipt may go, after its term or when space is needed; nothing else ever.

While an alarm stands that makes the archive unbelievable nothing goes at all: the copy here may be the last one.
When nothing may go, the dock waits and says so: the clip is still on its recorder, nothing is lost by waiting.
"""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import timedelta

from liuhen_agent.clock import ReadClock, write_time
from liuhen_agent.collect.spool import Spool
from liuhen_agent.journal import ClipRow, Journal, changes, queries
from liuhen_agent.sync.alarms import HALTING
from liuhen_files import durable
from liuhen_protocol.events import DockAlarm

DISK_FULL = "disk-full"
LOOK_AGAIN_SECONDS = 1.0
ANY_TIME = "9999"  # later than every statement's time


class Room:
    """Room for clips on the dock's disk. `term`: how long a receipted copy stays if there is room."""

    def __init__(self, journal: Journal, spool: Spool, read_clock: ReadClock, term: timedelta) -> None:
        self._journal = journal
        self._spool = spool
        self._read_clock = read_clock
        self._term = term
        self._one = asyncio.Lock()

    async def make(self, size: int) -> None:
        """Return when a clip of `size` bytes fits; wait for room if need be, with an alarm that stands meanwhile."""
        if self._spool.has_room(size):
            return
        said = False
        while not await self._free(size):
            if not said:
                said = await self._say_full(size)
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        if said:
            await self._journal.change(changes.AlarmCleared(DISK_FULL))

    async def expire(self) -> int:
        """Remove copies whose term is over; gives how many."""
        before = write_time(self._read_clock().time - self._term)
        released = 0
        while clips := await self._may_go(before, 100):
            for clip in clips:
                await self._release(clip)
            released += len(clips)
        return released

    async def _free(self, size: int) -> bool:
        async with self._one:
            while not self._spool.has_room(size):
                clips = await self._may_go(ANY_TIME, 1)
                if not clips:
                    return False
                await self._release(clips[0])
        return True

    async def _may_go(self, before: str, most: int) -> list[ClipRow]:
        if HALTING.intersection(alarm.code for alarm in await self._journal.ask(queries.alarms)):
            return []
        return await self._journal.ask(queries.receipted_before, before, most)

    async def _release(self, clip: ClipRow) -> None:
        await self._journal.change(changes.Released(clip.sha256))  # refuses a clip without a checked receipt
        await asyncio.to_thread(durable.remove, self._spool.folder / clip.spool)

    async def _say_full(self, size: int) -> bool:
        """The alarm; False if the disk is too full even for that (then the next round says it)."""
        detail = (
            f"采集站磁盘已满，等待空间（需要 {size} 字节，剩余 {self._spool.free()} 字节）；记录仪上的文件没有改动。 "
            "The dock's disk is full and there is no receipted clip that may be removed; it goes on when there is room. Nothing on the recorder was changed."
        )
        try:
            now = write_time(self._read_clock().time)
            await self._journal.append(
                DockAlarm(DISK_FULL, detail, None), changes=[changes.AlarmRaised(DISK_FULL, detail, now)]
            )
        except (OSError, sqlite3.Error):
            return False
        return True
