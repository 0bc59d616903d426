"""Every family of recorders that is spoken to is told from the others, identified, unlocked and set right; bad manners harm nobody.

The recorders are simulated: serial ones on a real pseudo-terminal, the others under a stand-in for libusb or for SG_IO.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import usb.core

from liuhen_agent.detect import Port
from liuhen_agent.recorders import Credential, RecorderError
from liuhen_agent.recorders.dialect import clean_text
from liuhen_agent.recorders.driver import ProfileDriver
from liuhen_agent.recorders.opening import open_driver
from liuhen_agent.recorders.profile import Profile, default_folder, load_profiles
from liuhen_agent.recorders.wire import Wire
from liuhen_agent.recorders.wire_scsi import Header, ScsiWire, SgNode, inquiry, open_node
from liuhen_agent.recorders.wire_usb import BulkWire, ControlWire
from liuhen_agent.simulate.families import FAMILIES
from liuhen_agent.simulate.machine import Character, Machine
from liuhen_agent.simulate.p_a1 import ControlRecorder
from liuhen_agent.simulate.serial_recorder import SerialRecorder
from support.standin_bus import Plugged, StandInBus, scsi_ioctl

SHIPPED = {profile.name: profile for profile in load_profiles(default_folder())}
PLAIN = Character()
RIGHT = Credential("USER", "000000")
WRONG = Credential("USER", "123456")
ANSWERS = 10.0
"""Seconds for an answer that comes, over a real line: as long as a busy machine may need."""
BUS = ["p-bc-bulk", "p-at", "p-a1", "p-t", "p-e1"]
SPOKEN = [*BUS, "p-jl"]
WITH_PASSWORD = BUS
LOGIN_AS_HEARD = {"p-bc-bulk": "BC+LOGIN=USER:000000", "p-at": "Ver;000000", "p-a1": "12", "p-t": "01", "p-e1": "10"}


@dataclass
class Talk:
    driver: ProfileDriver
    machine: Machine


def quick(name: str, **link: float) -> Profile:
    """The shipped profile with less patience."""
    profile = SHIPPED[name]
    protocol = profile.protocol
    waits = {"reply_seconds": 0.4, "quiet_seconds": 0.03, "late_seconds": 0.1, **link}
    return replace(profile, protocol=replace(protocol, link=replace(protocol.link, **waits)))  # type: ignore[arg-type]


def plugged(name: str, character: Character = PLAIN) -> Plugged:
    machine = FAMILIES[name](character, datetime.now())
    value = 0x00AA if name == "p-t" else 0x0080
    return Plugged(machine, 7, endpoints=() if machine.carries == "control" else (0x81, 0x02), answers_on=(0x55, value))


async def talk(name: str, character: Character = PLAIN, tmp_path: Path = Path("/nowhere")) -> Talk:
    profile, thread = quick(name), ThreadPoolExecutor(1)
    if name == "p-jl":
        machine = FAMILIES[name](character, datetime.now())
        node = tmp_path / "sg0"
        node.touch()
        return Talk(ProfileDriver(profile, scsi_wire(node, machine), thread), machine)
    device = plugged(name, character)
    wire = on_the_bus(profile, device, StandInBus(device))
    return Talk(ProfileDriver(profile, wire, thread, device.wire.seconds), device.machine)


def scsi_wire(node: Path, machine: Machine) -> Wire:
    return ScsiWire(SgNode(open_node(node), 1.0, scsi_ioctl(machine)), b"\xfd\x81")


def on_the_bus(profile: Profile, device: Plugged, bus: StandInBus) -> Wire:
    kind = ControlWire if profile.driver == "control" else BulkWire
    return kind(device.seen(), profile.protocol.link, bus)


@pytest.mark.parametrize("name", SPOKEN)
async def test_probe_login_identity_clock_and_disk_mode(name: str, tmp_path: Path) -> None:
    now = datetime.now().replace(microsecond=0)
    found = await talk(name, Character(clock_offset=timedelta(seconds=-90)), tmp_path)
    driver, machine = found.driver, found.machine
    probe = await driver.probe()
    assert probe.serial == ("DSJ7A" if name == "p-t" else "DSJ7A01")
    assert not machine.logged_in and machine.wrong == 0, "nobody logged in to find out"
    await driver.login(RIGHT)
    identity = await driver.info()
    assert identity.serial == probe.serial
    if name != "p-at":
        assert identity.officer == "012345"
    if name in ("p-bc-bulk", "p-a1", "p-e1", "p-jl"):
        assert (identity.unit, await driver.battery()) == ("320100", 76)
    if name == "p-a1":
        assert await driver.firmware() == identity.firmware == "V1.02"
    before = await driver.time_get()
    assert (before is not None) == (name in ("p-bc-bulk", "p-t"))
    if before is not None:
        assert timedelta(seconds=-95) < datetime.fromisoformat(before) - now < timedelta(seconds=-85)
    assert await driver.time_set(now)
    assert abs(machine.clock(datetime.now()) - datetime.now()) < timedelta(seconds=5)
    await driver.enter_disk_mode()
    await driver.logout()
    await driver.close()


@pytest.mark.parametrize("name", WITH_PASSWORD)
async def test_a_refused_password_is_not_sent_twice(name: str) -> None:
    found = await talk(name)
    for credential in (WRONG, WRONG, RIGHT):
        assert await login_code(found.driver, credential) == "wrong-password"
    assert (found.machine.wrong, len(found.machine.heard)) == (1, 1)
    await found.driver.close()


@pytest.mark.parametrize("name", WITH_PASSWORD)
async def test_a_locked_recorder_is_asked_once_and_says_so_where_its_protocol_has_a_word_for_it(name: str) -> None:
    """How one with binary answers says it is not known: it refuses."""
    found = await talk(name, Character(lock_after=0))
    code = "locked" if name in ("p-bc-bulk", "p-at") else "wrong-password"
    assert await login_code(found.driver, RIGHT) == code
    assert await login_code(found.driver, RIGHT) == code
    assert len(found.machine.heard) == 1
    await found.driver.close()


@pytest.mark.parametrize("name", WITH_PASSWORD)
async def test_without_a_password_nothing_is_sent(name: str) -> None:
    found = await talk(name)
    with pytest.raises(RecorderError, match="no password"):
        await found.driver.login(None)
    assert found.machine.heard == []
    await found.driver.close()


async def login_code(driver: ProfileDriver, credential: Credential) -> str:
    with pytest.raises(RecorderError) as refused:
        await driver.login(credential)
    assert credential.secret not in str(refused.value)
    return refused.value.code


@pytest.mark.parametrize("name", SPOKEN)
async def test_a_silent_recorder_is_no_answer_not_a_hang(name: str, tmp_path: Path) -> None:
    found = await talk(name, Character(silent=True), tmp_path)
    with pytest.raises(RecorderError, match="no-answer"):
        await found.driver.probe()
    if name in WITH_PASSWORD:
        assert await login_code(found.driver, RIGHT) == "no-answer"
        assert await login_code(found.driver, RIGHT) == "wrong-password"  # the first may have counted: not sent again
        assert len(found.machine.heard) == len(SHIPPED[name].protocol.probes) + 1
    await found.driver.close()


@pytest.mark.parametrize("manners", [Character(garbage=True), Character(partial=True), Character(endless=True)])
@pytest.mark.parametrize("name", SPOKEN)
async def test_noise_halves_and_floods_are_an_error_or_change_nothing(
    name: str, manners: Character, tmp_path: Path
) -> None:
    found = await talk(name, manners, tmp_path)
    try:
        assert len((await found.driver.probe()).serial or "") <= 7
        await found.driver.login(RIGHT)
        await found.driver.enter_disk_mode()
    except RecorderError as error:
        assert error.code in ("garbled", "no-answer", "refused", "wrong-password")
    assert found.machine.heard.count(LOGIN_AS_HEARD.get(name, "")) <= 1
    await found.driver.close()


async def test_an_answer_that_came_too_late_is_not_taken_for_the_next() -> None:
    """The recorder thinks for longer than the dock waits: what it says then belongs to a question that is over."""
    found = await talk("p-at", Character(late_seconds=0.45))  # the dock waits 0.4 s
    with pytest.raises(RecorderError, match="no-answer"):
        await found.driver.probe()
    found.machine.character = replace(found.machine.character, late_seconds=0.0)
    await found.driver.login(RIGHT)  # would be refused by the id that comes late
    await found.driver.close()


@pytest.mark.parametrize("name", SPOKEN)
async def test_a_recorder_that_leaves_without_answering_is_waited_for_as_a_disk(name: str, tmp_path: Path) -> None:
    found = await talk(name, tmp_path=tmp_path)
    await found.driver.login(RIGHT)
    found.machine.character = replace(found.machine.character, silent=True)
    await found.driver.enter_disk_mode()
    await found.driver.close()


@pytest.mark.parametrize("comes", ["again", "stays"])
async def test_a_disk_torn_off_by_its_own_command_is_waited_for_where_it_comes_again(
    comes: str, tmp_path: Path
) -> None:
    """The kernel then says no status of the recorder's but one of the host (`DID_NO_CONNECT`, <scsi/scsi.h>)."""
    machine = FAMILIES["p-jl"](PLAIN, datetime.now())
    (node := tmp_path / "sg0").touch()
    carry_out, leaving = scsi_ioctl(machine), False

    def ioctl(at: int, request: int, header: Header) -> int:
        done: int = carry_out(at, request, header)
        header.host_status = 1 if leaving else header.host_status
        return done

    profile = quick("p-jl")
    disk = replace(profile.protocol.disk, again=comes == "again")
    profile = replace(profile, protocol=replace(profile.protocol, disk=disk))
    wire = ScsiWire(SgNode(open_node(node), 1.0, ioctl), b"\xfd\x81")
    driver = ProfileDriver(profile, wire, ThreadPoolExecutor(1))
    await driver.login(RIGHT)
    leaving = True
    with pytest.raises(RecorderError, match="no-answer"):
        await driver.probe()
    with nullcontext() if comes == "again" else pytest.raises(RecorderError, match="no-answer"):
        await driver.enter_disk_mode()
    await driver.close()


async def test_a_recorder_that_leaves_while_it_is_asked_is_gone() -> None:
    for name in BUS:
        found = await talk(name)
        await found.driver.login(RIGHT)
        await found.driver.enter_disk_mode()
        with pytest.raises(RecorderError) as gone:
            await found.driver.probe()
        assert gone.value.code == "gone"
        await found.driver.close()
        with pytest.raises(RecorderError, match="gone"):
            await found.driver.probe()


async def test_lights_follow_the_profile() -> None:
    found = await talk("p-a1")
    await found.driver.login(RIGHT)
    assert isinstance(found.machine, ControlRecorder)
    await found.driver.led("busy")
    assert found.machine.light == "red"
    await found.driver.led("ready")
    assert found.machine.light == "green"
    await found.driver.close()


async def test_zero_ids_are_nobody(tmp_path: Path) -> None:
    character = Character(serial="0000000", officer="000000", unit="000000")
    for name in SPOKEN:
        found = await talk(name, character, tmp_path)
        await found.driver.login(RIGHT)
        identity = await found.driver.info()
        assert (identity.serial, identity.officer, identity.unit) == (None, None, None)
        await found.driver.close()


@pytest.mark.parametrize("year", [1970, 2099])
async def test_an_absurd_clock_is_read_as_it_is(year: int) -> None:
    for name in ("p-bc-bulk", "p-t"):
        found = await talk(name, Character(clock_starts=datetime(year, 1, 1)))
        await found.driver.login(RIGHT)
        assert (await found.driver.time_get() or "").startswith(f"{year}-01-01T00:00:")
        await found.driver.close()


# -- the bus


async def test_two_identical_recorders_are_told_apart_by_their_place_on_the_bus() -> None:
    one, other = plugged("p-a1", Character(serial="DSJ7A01")), plugged("p-a1", Character(serial="DSJ7A02"))
    other.address = 8
    bus = StandInBus(one, other)
    for device, serial in ((one, "DSJ7A01"), (other, "DSJ7A02")):
        profile = quick("p-a1")
        wire = ControlWire(device.seen(), profile.protocol.link, bus)
        driver = ProfileDriver(profile, wire, ThreadPoolExecutor(1))
        assert (await driver.probe()).serial == serial
        await driver.close()


def test_a_device_that_was_exchanged_is_not_spoken_to() -> None:
    device = plugged("p-a1")
    seen = device.seen()
    device.product = 0x6666
    with pytest.raises(RecorderError, match="another device"):
        ControlWire(seen, SHIPPED["p-a1"].protocol.link, StandInBus(device))
    with pytest.raises(RecorderError, match="gone"):
        ControlWire(seen, SHIPPED["p-a1"].protocol.link, StandInBus())


def test_a_bus_that_cannot_be_looked_at_is_a_recorder_error() -> None:
    """A lamp that is lit at the end of a stay asks the bus as well: what the bus says then must not end the dock."""

    class Broken(StandInBus):
        def enumerate_devices(self) -> list[Plugged]:
            raise usb.core.USBError("Other error", -99, None)

    with pytest.raises(RecorderError, match="gone"):
        ControlWire(plugged("p-a1").seen(), SHIPPED["p-a1"].protocol.link, Broken())


def test_a_kernel_driver_that_took_the_interface_is_sent_away() -> None:
    device = plugged("p-at")
    device.kernel_driver = True
    wire = BulkWire(device.seen(), SHIPPED["p-at"].protocol.link, StandInBus(device))
    assert device.claimed and not device.kernel_driver
    wire.close()


# -- SCSI


def test_inquiry_is_read_as_one_line_and_an_image_takes_no_commands(tmp_path: Path) -> None:
    node = tmp_path / "sg0"
    node.touch()
    assert inquiry(node, scsi_ioctl(FAMILIES["p-jl"](Character(), datetime.now()))) == "DV16 DEVICE V1.0"
    with pytest.raises(RecorderError, match="unsupported"):
        inquiry(node)
    with pytest.raises(RecorderError, match="gone"):
        inquiry(tmp_path / "nothing")


# -- a real pseudo-terminal


@pytest.mark.parametrize("garbage", [False, True])
async def test_a_serial_recorder_is_identified_and_comes_back_as_a_disk(tmp_path: Path, garbage: bool) -> None:
    disk = tmp_path / "card.img"
    disk.write_bytes(b"card")
    character = Character(reenumerate_seconds=0.05, garbage=garbage)
    with SerialRecorder(tmp_path / "port", disk, character) as simulated:
        driver = await serial_driver(tmp_path)
        assert (await driver.probe()).serial == "DSJ7A01"
        assert simulated.device.heard == ["BC+UID?", "BC+DID?"], "harmless questions only"
        await driver.login(RIGHT)
        assert (await driver.info()).officer == "012345"
        await driver.enter_disk_mode()
        await driver.close()
        assert simulated.in_disk_mode.wait(5)
        assert not (tmp_path / "port" / "tty").is_symlink()
        assert (tmp_path / "port" / "card.img").read_bytes() == b"card"
    assert disk.read_bytes() == b"card"


@pytest.mark.parametrize("name", ["p-at", "p-e1"])
async def test_framed_and_binary_protocols_are_spoken_over_a_line_as_well(tmp_path: Path, name: str) -> None:
    profile = quick(name, reply_seconds=ANSWERS)
    profile = replace(profile, match=replace(profile.match, transport="serial"))
    with SerialRecorder(tmp_path / "port", family=FAMILIES[name]) as simulated:
        port = Port("1", "image", tmp_path, "tty", tty=tmp_path / "port" / "tty")
        driver = await open_driver(port, profile)
        assert (await driver.probe()).serial == "DSJ7A01"
        await driver.login(RIGHT)
        assert await driver.time_set(datetime.now())
        await driver.enter_disk_mode()
        await driver.close()
        assert simulated.in_disk_mode.wait(5)


def test_a_device_that_is_not_on_the_real_bus_is_said() -> None:
    """libusb itself, or its absence; no device has this address."""
    seen = replace(plugged("p-a1").seen(), bus=250, address=120)
    with pytest.raises(RecorderError) as missing:
        ControlWire(seen, SHIPPED["p-a1"].protocol.link)
    assert missing.value.code in ("gone", "unsupported")


async def test_a_line_that_floods_ends_in_an_error(tmp_path: Path) -> None:
    with SerialRecorder(tmp_path / "port", character=Character(endless=True)):
        driver = await serial_driver(tmp_path, reply_seconds=0.4)
        with pytest.raises(RecorderError) as ended:
            await driver.probe()
        assert ended.value.code in ("garbled", "no-answer")
        await driver.close()


async def test_a_recorder_pulled_while_it_is_asked_is_gone(tmp_path: Path) -> None:
    simulated = SerialRecorder(tmp_path / "port")
    simulated.plug()
    driver = await serial_driver(tmp_path)
    await driver.probe()
    simulated.pull()
    with pytest.raises(RecorderError) as gone:
        await driver.probe()
    assert gone.value.code == "gone"
    await driver.close()
    with pytest.raises(RecorderError, match="gone"):
        await serial_driver(tmp_path)


async def serial_driver(tmp_path: Path, reply_seconds: float = ANSWERS) -> ProfileDriver:
    tty = tmp_path / "port" / "tty"
    port = Port("1", "image", tmp_path, "tty", tty=tty)
    return await open_driver(port, quick("p-bc", reply_seconds=reply_seconds))


def test_answers_are_shown_without_control_characters_and_in_gbk() -> None:
    assert clean_text("王芳".encode("gbk"), "gbk") == "王芳"
    assert clean_text(b"\x1b[2JA\x00B\r\x07", "gbk") == "[2JAB"
    assert clean_text(b"\xff", "gbk") == "\N{REPLACEMENT CHARACTER}"


def test_a_credential_never_shows_its_secret() -> None:
    assert "000000" not in repr(RIGHT)
