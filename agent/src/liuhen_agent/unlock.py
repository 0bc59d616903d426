"""A recorder that must be spoken to becomes a disk: find out what it speaks, who it is, read its clock, set it, show its disk.

Which profile: first what the bus says (VID:PID, layout, strings, INQUIRY), then harmless questions of each candidate in
order; nobody logs in to find out. The clock is read before it is set, because the old reading is what its clips' times
mean. Nobody logs in without a password from the dock's configuration, and one that a recorder refused is not sent to it
again (`refused_passwords`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from liuhen_agent import refused_passwords
from liuhen_agent.clock import UNSYNCHRONISED, ReadClock
from liuhen_agent.detect import Port
from liuhen_agent.recorders import Credential, RecorderError, RecorderIdentity
from liuhen_agent.recorders.driver import Driver, Light
from liuhen_agent.recorders.opening import OpenWire, open_driver, open_wire
from liuhen_agent.recorders.profile import Facts, Profile, candidates
from liuhen_agent.recorders.protocol import Transport
from liuhen_agent.recorders.wire_scsi import inquiry
from liuhen_agent.refused_passwords import RefusedPasswords

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LineFacts:
    """What a recorder said of itself. `clock_reading`: its local time, without a zone, before anything was set;
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


async def facts_of(port: Port) -> list[Facts]:
    """What a port offers to be spoken to, without saying a word to the recorder but INQUIRY. A disk that is there already
    needs no unlocking, unless it takes commands itself; one without a medium may show it after a command."""
    found: list[Facts] = []
    if (disk := port.disk or port.empty_disk) is not None and port.usb is not None:
        try:
            said = await asyncio.to_thread(inquiry, disk)
            found.append(Facts("scsi", usb=port.usb, inquiry=said))
        except RecorderError as error:
            log.info("bay %s: INQUIRY: %s", port.bay, error)
    if port.disk is not None:
        return found
    if port.tty is not None:
        found.append(Facts("serial", usb=port.usb))
    if port.usb is not None:
        found.append(Facts("usb", usb=port.usb))
    return found


class Line:
    """One recorder that is spoken to, from `find` to `close`."""

    def __init__(
        self, profile: Profile, driver: Driver, probe: RecorderIdentity, read_clock: ReadClock, zone: ZoneInfo
    ):
        self.profile = profile
        self._driver = driver
        self.probe = probe
        self._read_clock = read_clock
        self._zone = zone

    @property
    def transport(self) -> Transport:
        return self.profile.match.transport

    async def ask(self, bay: str, credentials: dict[str, Credential], refused: RefusedPasswords) -> LineFacts:
        """Log in and read who it is, its clock and its battery. Raises RecorderError."""
        await self._login(bay, credentials.get(self.profile.name), refused)
        await self.light("busy")
        identity = await self._driver.info()
        try:
            reading = await self._driver.time_get()
        except RecorderError as error:
            if error.code == "gone":
                raise
            reading = None
        offset = None if reading is None else self._offset(reading)
        return LineFacts(identity, reading, offset, await self._driver.battery())

    async def _login(self, bay: str, credential: Credential | None, refused: RefusedPasswords) -> None:
        recorder = self.probe.serial or f"bay {bay}"
        if credential is not None:
            await refused.check(self.profile.name, recorder, credential)
        try:
            await self._driver.login(credential)
        except RecorderError as error:
            if credential is not None and error.code == refused_passwords.CODE:
                await refused.add(self.profile.name, recorder, credential)
            raise
        await refused.forget(self.profile.name, recorder)

    @property
    def clock_may_be_set(self) -> bool:
        """A dock whose own time nobody vouches for sets no recorder's clock."""
        return self._read_clock().clock.source != UNSYNCHRONISED.source

    async def set_clock(self, before: str) -> ClockSet | None:
        """Set the recorder's clock to the dock's time and read it again; None if it cannot be set. Raises RecorderError."""
        offset = self._offset(before)
        if not await self._driver.time_set(self._local().replace(microsecond=0)):
            return None
        after = await self._driver.time_get()
        return None if after is None else ClockSet(before, after, offset)

    async def light(self, light: Light) -> None:
        """Its lamp, where it has one. Never a reason to fail."""
        try:
            await self._driver.led(light)
        except RecorderError as error:
            log.info("lamp: %s", error)

    async def show_disk(self) -> None:
        """The recorder leaves the line and comes back as a disk on the same port. Raises RecorderError."""
        await self._driver.enter_disk_mode()

    async def close(self) -> None:
        await self._driver.close()

    def _local(self) -> datetime:
        return self._read_clock().time.astimezone(self._zone).replace(tzinfo=None)

    def _offset(self, reading: str) -> int:
        return (datetime.fromisoformat(reading) - self._local()) // timedelta(milliseconds=1)


async def find(
    port: Port,
    profiles: Sequence[Profile],
    read_clock: ReadClock,
    zone: ZoneInfo,
    wire_of: OpenWire = open_wire,
) -> Line | None:
    """The first candidate whose harmless questions are answered; None if there is no candidate. Raises
    RecorderError, with what became of each, if all of them were asked in vain."""
    failures: list[tuple[str, RecorderError]] = []
    for facts in await facts_of(port):
        for profile in candidates(profiles, facts):
            try:
                driver = await open_driver(port, profile, wire_of)
            except RecorderError as error:
                failures.append((profile.name, error))
                continue
            try:
                return Line(profile, driver, await driver.probe(), read_clock, zone)
            except RecorderError as error:
                log.info("bay %s: not %s: %s", port.bay, profile.name, error)
                failures.append((profile.name, error))
                await driver.close()
            except BaseException:
                await driver.close()
                raise
    if failures:
        told = "; ".join(f"{name}: {error.why}" for name, error in failures)
        raise RecorderError(failures[-1][1].code, told)
    return None


async def show_ready(port: Port, profile: Profile, wire_of: OpenWire = open_wire) -> None:
    """Its lamp says that it can be taken, where it has one and still listens. Never a reason to fail."""
    if "led_ready" not in profile.protocol.commands or port.usb is None:
        return
    try:
        driver = await open_driver(port, profile, wire_of)
    except RecorderError as error:
        log.info("bay %s: lamp: %s", port.bay, error)
        return
    try:
        await driver.led("ready")
    except RecorderError as error:
        log.info("bay %s: lamp: %s", port.bay, error)
    finally:
        await driver.close()
