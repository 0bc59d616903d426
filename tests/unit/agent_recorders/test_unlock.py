"""Which profile a device is spoken to with: what the bus says, then harmless questions in order; never a login to find out.

The recorders are simulated, in this process; time passes by itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from liuhen_agent.clock import UNSYNCHRONISED, Reading
from liuhen_agent.detect import Port, UsbDevice, UsbEndpoint, UsbInterface
from liuhen_agent.journal import Journal
from liuhen_agent.recorders import Credential, RecorderError
from liuhen_agent.recorders.profile import Facts, Profile, candidates, default_folder, load_profiles
from liuhen_agent.recorders.wire import Wire
from liuhen_agent.refused_passwords import RefusedPasswords
from liuhen_agent.simulate.families import FAMILIES
from liuhen_agent.simulate.machine import Character, Machine
from liuhen_agent.simulate.machine_wire import MachineWire
from liuhen_agent.simulate.p_a1 import ControlRecorder
from liuhen_agent.unlock import Line, find, show_ready
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock

PROFILES = load_profiles(default_folder())
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)  # ten o'clock in the recorders' zone
LOCAL = datetime(2026, 11, 22, 10, 0)
RIGHT = Credential("USER", "000000")
VOUCHED_FOR = Clock("ntp", 50)
SHARED = 0x4255, 0x0001


def device(
    vendor: int = 0x4255, product: int = 0x0001, ends: tuple[int, ...] = (0x81, 0x02), kind: int = 0xFF
) -> UsbDevice:
    interface = UsbInterface(0, kind, 0, 0, tuple(UsbEndpoint(end, "bulk") for end in ends))
    return UsbDevice("1-1", vendor, product, "0000001", "Acme", "Recorder", 1, 7, (interface,))


def on_the_bus(found: UsbDevice) -> Port:
    return Port("1", "image", Path("/nowhere"), "usb", usb=found)


def reading(clock: Clock = VOUCHED_FOR) -> Callable[[], Reading]:
    return lambda: Reading(NOW, clock)


class Bench:
    """A recorder in the bay, whatever wire it is asked over; notes who was asked."""

    def __init__(self, name: str, character: Character | None = None) -> None:
        self.machine: Machine = FAMILIES[name](character or Character(), LOCAL)
        self.asked: list[str] = []

    def wire(self, port: Port, profile: Profile) -> Wire:
        self.asked.append(profile.name)
        carries = {"control": "control", "scsi": "scsi"}.get(profile.driver, "stream")
        return Deaf() if carries != self.machine.carries else MachineWire(self.machine, lambda: LOCAL)


class Deaf:
    """What a recorder of another kind does with a request that is not for it."""

    keeps_late_answers = False

    def write(self, data: bytes) -> None:
        raise RecorderError("refused", "the recorder does not know the request")

    def read(self, most: int, seconds: float) -> bytes:
        return b""

    def close(self) -> None:
        pass


def impatient(profile: Profile) -> Profile:
    link = replace(profile.protocol.link, reply_seconds=0.05, quiet_seconds=0.01, late_seconds=0.01)
    return replace(profile, protocol=replace(profile.protocol, link=link))


IMPATIENT = tuple(impatient(profile) for profile in PROFILES)


@pytest.fixture
async def refused(tmp_path: Path) -> AsyncIterator[RefusedPasswords]:
    """Nothing is refused yet."""
    signer = Ed25519Signer.from_seed(bytes(32))
    journal = await Journal.open(tmp_path / "journal.db", source="dock-1", signer=signer, read_clock=reading())
    yield RefusedPasswords(journal, bytes(32))
    await journal.close()


async def found_by(bench: Bench, port: Port, clock: Clock = VOUCHED_FOR) -> Line | None:
    return await find(port, IMPATIENT, reading(clock), ZONE, bench.wire)


@pytest.mark.parametrize("name", ["p-a1", "p-t", "p-bc-bulk", "p-at", "p-e1"])
async def test_five_protocols_share_one_vid_and_pid_and_each_recorder_is_told_by_its_answers(name: str) -> None:
    bench = Bench(name)
    line = await found_by(bench, on_the_bus(device(*SHARED)))
    assert line is not None and line.profile.name == name
    assert not bench.machine.logged_in and bench.machine.wrong == 0, "nobody logged in to find out"
    await line.close()


async def test_a_recorder_with_no_bulk_endpoints_is_not_asked_over_them() -> None:
    asked = {profile.name for profile in candidates(PROFILES, Facts("usb", usb=device(ends=())))}
    assert asked == {"p-a1", "p-t"}


@pytest.mark.parametrize(
    "found",
    [
        device(0x1234, 0x5678),
        device(0x046D, 0xC31C, ends=(), kind=3),  # a keyboard that got this far
    ],
)
async def test_a_device_no_profile_knows_is_not_spoken_to(found: UsbDevice) -> None:
    bench = Bench("p-a1")
    assert await found_by(bench, on_the_bus(found)) is None
    assert bench.asked == [] and bench.machine.heard == []


async def test_the_bulk_endpoints_of_a_disk_are_never_written_to_as_a_protocol() -> None:
    """Class 08 has bulk endpoints, too; text written to them would be a broken disk command."""
    asked = {profile.name for profile in candidates(PROFILES, Facts("usb", usb=device(kind=8)))}
    assert asked == {"p-a1", "p-t"}


async def test_a_recorder_of_a_known_number_that_answers_nobody_is_an_error_that_names_all_who_asked() -> None:
    bench = Bench("p-bc-bulk", Character(silent=True))
    with pytest.raises(RecorderError) as nobody:
        await found_by(bench, on_the_bus(device(*SHARED)))
    assert all(name in nobody.value.why for name in ("p-a1", "p-t", "p-bc-bulk", "p-at", "p-e1"))


async def test_a_disk_in_an_emulated_port_is_not_asked_anything(tmp_path: Path) -> None:
    bench = Bench("p-jl")
    assert await found_by(bench, Port("1", "image", tmp_path, "disk", disk=tmp_path / "card.img")) is None
    assert bench.asked == []


async def test_the_clock_is_read_before_it_is_set_and_the_offset_is_stated(refused: RefusedPasswords) -> None:
    bench = Bench("p-bc-bulk", Character(clock_offset=timedelta(minutes=-3)))
    line = await found_by(bench, on_the_bus(device(*SHARED)))
    assert line is not None
    facts = await line.ask("1", {"p-bc-bulk": RIGHT}, refused)
    assert (facts.clock_reading, facts.clock_offset_ms) == ("2026-11-22T09:57:00", -180_000)
    assert (facts.identity.serial, facts.battery_percent) == ("DSJ7A01", 76)
    assert line.clock_may_be_set
    done = await line.set_clock("2026-11-22T09:57:00")
    assert done is not None and (done.before, done.after) == ("2026-11-22T09:57:00", "2026-11-22T10:00:00")
    heard = bench.machine.heard
    assert heard.index("BC+SYSTIME?") < heard.index("BC+SYSTIME=20261122100000")
    await line.close()


async def test_a_clock_that_cannot_be_read_is_not_known(refused: RefusedPasswords) -> None:
    line = await found_by(Bench("p-a1"), on_the_bus(device(*SHARED)))
    assert line is not None
    facts = await line.ask("1", {"p-a1": RIGHT}, refused)
    assert facts.clock_reading is None and facts.clock_offset_ms is None
    await line.close()


async def test_a_dock_without_time_may_set_no_clock() -> None:
    line = await found_by(Bench("p-a1"), on_the_bus(device(*SHARED)), UNSYNCHRONISED)
    assert line is not None and not line.clock_may_be_set
    await line.close()


async def test_a_password_that_was_refused_is_not_sent_to_that_recorder_again(refused: RefusedPasswords) -> None:
    wrong = Credential("", "999999")
    bench = Bench("p-a1")
    for _ in range(3):
        line = await found_by(bench, on_the_bus(device(*SHARED)))
        assert line is not None
        with pytest.raises(RecorderError, match="wrong-password"):
            await line.ask("1", {"p-a1": wrong}, refused)
        await line.close()
    assert bench.machine.wrong == 1
    other = Bench("p-a1", Character(serial="DSJ7A02", password="999999"))
    line = await found_by(other, on_the_bus(device(*SHARED)))
    assert line is not None
    await line.ask("2", {"p-a1": wrong}, refused)  # another recorder may have that one
    assert other.machine.logged_in
    await line.close()


async def test_the_lamp_says_busy_and_ready_and_never_fails_a_stay(refused: RefusedPasswords) -> None:
    bench = Bench("p-a1")
    port = on_the_bus(device(*SHARED))
    line = await found_by(bench, port)
    assert line is not None
    await line.ask("1", {"p-a1": RIGHT}, refused)
    assert isinstance(bench.machine, ControlRecorder) and bench.machine.light == "red"
    await show_ready(port, line.profile, bench.wire)
    assert bench.machine.light == "green"
    await show_ready(port, line.profile, lambda port, profile: Deaf())
    await line.close()
    await line.light("ready")  # the port is closed: said in the log, no more
