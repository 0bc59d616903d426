"""A recorder on a serial line becomes a disk: ask who it is, read its clock, set it, and have it show its disk.

The order is fixed: the clock is read before it is set, because the old reading is what its clips' times mean. Nobody
logs in without a password from the dock's configuration, and a refused one is not tried again.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from liuhen_agent.clock import ReadClock
from liuhen_agent.recorders import RecorderError, RecorderIdentity
from liuhen_agent.recorders.line_protocol import Credential, LineRecorder, open_line


@dataclass(frozen=True)
class LineFacts:
    """What a recorder said on its line. `clock_reading`: its local time, without a zone, before anything was set;
    `clock_offset_ms`: that minus the dock's time in the recorders' zone."""

    identity: RecorderIdentity
    clock_reading: str | None
    clock_offset_ms: int | None
    battery_percent: int | None


@dataclass(frozen=True)
class ClockSet:
    """Readings before and after the clock was set, local; `offset_ms`: how far it was off before, recorder minus dock."""

    before: str
    after: str
    offset_ms: int


class Line:
    """One recorder's line, from `connect` to `close`."""

    def __init__(self, recorder: LineRecorder, read_clock: ReadClock, zone: ZoneInfo) -> None:
        self._recorder = recorder
        self._read_clock = read_clock
        self._zone = zone

    @classmethod
    async def connect(cls, tty: Path, read_clock: ReadClock, zone: ZoneInfo) -> Line:
        """Open the port and ask, harmlessly, whether this is such a recorder. Raises RecorderError."""
        recorder = await open_line(tty)
        try:
            await recorder.probe()
        except BaseException:
            await recorder.close()
            raise
        return cls(recorder, read_clock, zone)

    async def ask(self, credential: Credential) -> LineFacts:
        """Log in and read who it is, its clock and its battery. Raises RecorderError."""
        await self._recorder.login(credential)
        identity = await self._recorder.info()
        try:
            reading: str | None = await self._recorder.time_get()
        except RecorderError as error:
            if error.code == "gone":
                raise
            reading = None
        offset = None if reading is None else self._offset(reading)
        return LineFacts(identity, reading, offset, await self._recorder.battery())

    async def set_clock(self, before: str) -> ClockSet:
        """Set the recorder's clock to the dock's time and read it again. Raises RecorderError."""
        offset = self._offset(before)
        await self._recorder.time_set(self._local().replace(microsecond=0))
        after = await self._recorder.time_get()
        return ClockSet(before, after, offset)

    async def show_disk(self) -> None:
        """The recorder leaves the line and comes back as a disk on the same port. Raises RecorderError."""
        await self._recorder.enter_disk_mode()

    async def close(self) -> None:
        await self._recorder.close()

    def _local(self) -> datetime:
        return self._read_clock().time.astimezone(self._zone).replace(tzinfo=None)

    def _offset(self, reading: str) -> int:
        return (datetime.fromisoformat(reading) - self._local()) // timedelta(milliseconds=1)
