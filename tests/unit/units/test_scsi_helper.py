"""The SCSI helper sends a recorder's disk what its profile names; everything else it refuses by name, and nothing of it reaches a disk.

The recorder is the pure simulator of P-JL behind a stand-in for the kernel's SG_IO; helper, socket and the agent's side are the real ones.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from liuhen_agent.detect import Port
from liuhen_agent.recorders import RecorderError
from liuhen_agent.recorders.driver import ProfileDriver
from liuhen_agent.recorders.opening import open_wire
from liuhen_agent.recorders.profile import default_folder, load_profiles
from liuhen_agent.recorders.wire_scsi import Header, ScsiWire
from liuhen_agent.scsi import __main__ as helper
from liuhen_agent.scsi.__main__ import OpenDisk, open_disk, serve
from liuhen_agent.scsi.call import HelpersDisk, greet
from liuhen_agent.scsi.message import LONGEST, Failed, decode_said, decode_speaks, encode_disk, encode_send
from liuhen_agent.scsi.rule import Refused, allow, speaking
from liuhen_agent.simulate.machine import Character
from liuhen_agent.simulate.p_jl import ScsiRecorder
from support.activated import activated
from support.standin_bus import scsi_ioctl

PROFILES = load_profiles(default_folder())
JL = speaking(PROFILES, "DV16 DEVICE V1.0")
ID_CODE = bytes.fromhex("fd8100000002 0059 0000000000000000")
DISK_MODE = bytes.fromhex("fb8200000006 0000 0000000000000000")
SET_TIME = bytes.fromhex("fb8200000005 0007 0000000000000000")
NOON = bytes.fromhex("ea07 0b16 0c00 00")  # 2026-11-22 12:00:00


# --- what is let through: a pure rule


def test_the_commands_of_a_profile_are_let_through_as_the_profile_has_them() -> None:
    read = allow(JL, ID_CODE, b"")
    assert (read.name, read.most, read.data, read.seconds) == ("p-jl: id_code", 89, b"", 3.0)
    switch = allow(JL, DISK_MODE, b"")
    assert (switch.name, switch.most) == ("p-jl: disk_mode", 0)
    assert allow(JL, SET_TIME, NOON).name == "p-jl: time_set"


@pytest.mark.parametrize(
    ("what", "block", "data", "code"),
    [
        ("WRITE(10)", "2a000000000000000100", bytes(512), "not-a-vendor-command"),
        ("WRITE(16)", "8a000000000000000000000000010000", bytes(512), "not-a-vendor-command"),
        ("WRITE SAME(10)", "41000000000000000100", bytes(512), "not-a-vendor-command"),
        ("UNMAP", "42000000000000001800", bytes(24), "not-a-vendor-command"),
        ("FORMAT UNIT", "040000000000", b"", "not-a-vendor-command"),
        ("MODE SELECT(6)", "151000000400", bytes(4), "not-a-vendor-command"),
        ("ATA PASS-THROUGH", "85060000000000000000000000000000", b"", "not-a-vendor-command"),
        ("READ(10)", "28000000000000000100", b"", "not-a-vendor-command"),
        ("INQUIRY", "120000002400", b"", "not-a-vendor-command"),
        ("no command", "", b"", "not-a-vendor-command"),
        ("another vendor's", "c0000000000000000000000000000000", b"", "no-such-command"),
        ("one that no profile names", "fb8200000007 0000 0000000000000000", b"", "no-such-command"),
        ("one that reads more than the profile says", "fd8100000002 0200 0000000000000000", b"", "no-such-command"),
        ("one that reads as if it wrote", "fb8200000002 0059 0000000000000000", b"", "no-such-command"),
        ("one that writes as if it read", "fd8100000006 0059 0000000000000000", b"", "no-such-command"),
        ("one with bytes where the profile has none", "fb8200000006 0000 0000000000000001", b"", "no-such-command"),
        ("one that is cut off", "fb8200000006", b"", "no-such-command"),
        ("data with a command that carries none", DISK_MODE.hex(), b"\0", "no-such-command"),
        ("data with a command that reads", ID_CODE.hex(), b"\0", "no-such-command"),
        ("a time that is none", SET_TIME.hex(), bytes(7), "no-such-command"),
        ("a time with something behind it", "fb8200000005 0008 0000000000000000", NOON + b"x", "no-such-command"),
        ("too long data", SET_TIME.hex(), bytes(4097), "too-long"),
        ("a too long block", ID_CODE.hex() + "00", b"", "too-long"),
    ],
)
def test_whatever_else_is_refused_by_name(what: str, block: str, data: bytes, code: str) -> None:
    with pytest.raises(Refused) as refused:
        allow(JL, bytes.fromhex(block), data)
    assert refused.value.code == code, what


def test_whatever_the_operation_code_only_the_two_of_the_profile_are_ever_sent() -> None:
    for code in range(256):
        for rest in (ID_CODE[1:], DISK_MODE[1:]):
            block = bytes([code]) + rest
            if block in (ID_CODE, DISK_MODE):
                continue
            with pytest.raises(Refused):
                allow(JL, block, b"")


@pytest.mark.parametrize("calls_itself", ["", "Generic Flash Disk 8.07", "XDV16 DEVICE V1.0"])
def test_a_disk_that_no_profile_knows_gets_no_command(calls_itself: str) -> None:
    with pytest.raises(Refused, match="no-profile"):
        speaking(PROFILES, calls_itself)


# --- which nodes: those of bays, which udev gives to this program's user


@pytest.mark.parametrize(
    "name", ["", "sda", "../sda", "sg", "sg0/../sda", "/dev/sg0", "sg123456", "sg0\n", "bsg/0:0:0:0"]
)
def test_a_path_that_is_no_disk_of_a_bay_is_not_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match="no-disk-of-a-bay"):
        open_disk(name, tmp_path, tmp_path)


def test_a_node_that_is_not_there_a_file_a_link_and_another_device_are_no_disk_of_a_bay(tmp_path: Path) -> None:
    (tmp_path / "sg1").write_bytes(b"an image")
    (tmp_path / "sg2").symlink_to("/dev/null")
    (tmp_path / "sg3").symlink_to(tmp_path / "sg1")
    for name in ("sg0", "sg1", "sg2", "sg3"):
        with pytest.raises(Refused, match="no-disk-of-a-bay"):
            open_disk(name, tmp_path, tmp_path)
    with pytest.raises(Refused, match="no-disk-of-a-bay"):
        open_disk("sg4", Path("/dev"), tmp_path)


def _may_make_nodes(folder: Path) -> bool:
    try:
        os.mknod(folder / "sg0", 0o600 | 0o020000, os.makedev(1, 3))
        os.close(os.open(folder / "sg0", os.O_RDWR))
    except OSError:
        return False
    return True


def test_of_another_user_or_no_disk_is_refused_and_a_disk_of_ones_own_says_what_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """/dev/null under another name stands for a generic node, a folder for what the kernel says of it."""
    if not _may_make_nodes(tmp_path):
        pytest.skip("needs the right to make device nodes")
    with pytest.raises(Refused, match="no-disk-of-a-bay"):
        open_disk("sg0", tmp_path, tmp_path)  # a character device, but no generic SCSI node
    monkeypatch.setattr(helper, "GENERIC", 1)
    about = tmp_path / "1:3" / "device"
    about.mkdir(parents=True)
    for name, text in (("vendor", "DV16    \n"), ("model", "DEVICE          \n"), ("rev", "V1.0\n"), ("type", "0\n")):
        (about / name).write_text(text)
    disk = open_disk("sg0", tmp_path, tmp_path)
    os.close(disk.at)
    assert disk.calls_itself == "DV16 DEVICE V1.0"
    (about / "type").write_text("5\n")
    with pytest.raises(Refused, match="no disk"):
        open_disk("sg0", tmp_path, tmp_path)
    (about / "type").write_text("0\n")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(Refused, match="no-disk-of-a-bay"):
        open_disk("sg0", tmp_path, tmp_path)


# --- helper, socket and agent together


@dataclass
class Kernel:
    """What came to the disk, and the recorder behind it."""

    machine: ScsiRecorder
    blocks: list[bytes] = field(default_factory=list)
    calls_itself: str = "DV16 DEVICE V1.0"

    def ioctl(self, at: int, request: int, header: Header) -> int:
        self.blocks.append(ctypes.string_at(header.cmdp, header.cmd_len))
        answer: int = scsi_ioctl(self.machine)(at, request, header)
        return answer

    def opened(self, name: str) -> OpenDisk:
        if name != "sg7":
            raise Refused("no-disk-of-a-bay", f"{name} is not the one")
        return OpenDisk(os.open(os.devnull, os.O_RDWR), self.calls_itself)


@contextmanager
def with_helper(folder: Path, kernel: Kernel) -> Iterator[Path]:
    """A socket behind which each connection is served as the helper's unit would."""
    path = folder / "scsi.sock"
    threads: list[threading.Thread] = []

    def serve_one(channel: socket.socket) -> None:
        with channel:
            serve(channel, PROFILES, kernel.opened, kernel.ioctl)

    def accept() -> None:
        while True:
            try:
                channel, _ = listening.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve_one, args=(channel,)))
            threads[-1].start()

    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening:
        listening.bind(str(path))
        listening.listen()
        accepting = threading.Thread(target=accept)
        accepting.start()
        try:
            yield path
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def recorder(**character: Any) -> Kernel:
    return Kernel(ScsiRecorder(Character(**character), datetime.now()))


async def test_a_recorder_is_asked_set_and_switched_through_the_helper(tmp_path: Path) -> None:
    kernel = recorder(clock_offset=timedelta(hours=-3))
    with with_helper(tmp_path, kernel) as path:
        [profile] = JL
        wire = ScsiWire(HelpersDisk(path, Path("/dev/sg7"), 3.0), b"\xfd\x81")
        driver = ProfileDriver(profile, wire, ThreadPoolExecutor(1))
        assert (await driver.probe()).serial == "DSJ7A01"
        await driver.login(None)
        assert ((await driver.info()).officer, await driver.battery()) == ("012345", 76)
        assert await driver.time_set(datetime.now().replace(microsecond=0))
        assert abs(kernel.machine.clock(datetime.now()) - datetime.now()) < timedelta(seconds=5)
        await driver.enter_disk_mode()
        await driver.close()
    assert kernel.machine.heard[-1] == "06"
    assert {block[0] for block in kernel.blocks} == {0xFB, 0xFD}


def test_what_is_refused_reaches_no_disk_and_the_next_command_is_served(tmp_path: Path) -> None:
    kernel = recorder()
    with with_helper(tmp_path, kernel) as path:
        disk = HelpersDisk(path, Path("/dev/sg7"), 3.0)
        for block, data, name in (
            (bytes.fromhex("2a000000000000000100"), bytes(512), "not-a-vendor-command"),
            (bytes.fromhex("28000000000000000100"), b"", "not-a-vendor-command"),
            (bytes.fromhex("c0000000000000000000000000000000"), b"", "no-such-command"),
            (SET_TIME, bytes(4097), "too-long"),
        ):
            with pytest.raises(RecorderError, match=f"not sent: {name}") as refused:
                disk.execute(block, data, 0)
            assert refused.value.code == "unsupported"
        assert kernel.blocks == []
        assert disk.execute(ID_CODE, b"", 89)[:7] == b"DSJ7A01"
        disk.close()


def test_a_disk_of_no_bay_and_one_that_no_profile_knows_are_refused(tmp_path: Path) -> None:
    kernel = recorder()
    with with_helper(tmp_path, kernel) as path:
        with pytest.raises(RecorderError, match="not sent: no-disk-of-a-bay"):
            HelpersDisk(path, Path("/dev/sg8"), 3.0)
        kernel.calls_itself = "Generic Flash Disk 8.07"
        with pytest.raises(RecorderError, match="not sent: no-profile"):
            HelpersDisk(path, Path("/dev/sg7"), 3.0)
    assert kernel.blocks == []


def test_what_the_recorder_says_comes_through_as_its_own(tmp_path: Path) -> None:
    """It refuses a clock, or does not answer: told apart from what the helper does not let through."""
    for character, code in (({"clock_fixed": True}, "refused"), ({"silent": True}, "no-answer")):
        with with_helper(tmp_path, recorder(**character)) as path:
            disk = HelpersDisk(path, Path("/dev/sg7"), 3.0)
            with pytest.raises(RecorderError) as said:
                disk.execute(*((SET_TIME, NOON, 0) if code == "refused" else (ID_CODE, b"", 89)))
            assert said.value.code == code
            disk.close()
        (tmp_path / "scsi.sock").unlink()


def test_one_connection_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helper, "MOST_COMMANDS", 3)
    kernel = recorder()
    with with_helper(tmp_path, kernel) as path:
        disk = HelpersDisk(path, Path("/dev/sg7"), 3.0)
        for _ in range(3):
            disk.execute(ID_CODE, b"", 89)
        with pytest.raises(RecorderError):
            disk.execute(ID_CODE, b"", 89)
        disk.close()
    assert len(kernel.blocks) == 3


@pytest.mark.parametrize(
    "said",
    [
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 9000,
        b'{"send": 1}',
        b'{"send": {"block": "zz", "data": ""}}',
        b'{"send": {"block": "fd"}}',
        b'{"disk": 7}',
        b"x" * (LONGEST + 1),
    ],
    ids=lambda said: said[:30].decode("ascii", "replace"),
)
def test_a_message_of_another_form_ends_the_connection(said: bytes) -> None:
    for first in (None, encode_disk("sg7")):
        kernel = recorder()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ThreadPoolExecutor(1) as thread, ours, theirs:
            ended = thread.submit(serve, theirs, PROFILES, kernel.opened, kernel.ioctl)
            if first is not None:
                ours.send(first)
                assert decode_speaks(ours.recv(LONGEST)) == ("p-jl",)
            ours.send(said)
            answer = decode_said(ours.recv(LONGEST))
            assert isinstance(answer, Failed) and answer.code == "not-understood"
            assert ended.result(10) == 1
        assert kernel.blocks == []


def test_what_comes_back_is_not_believed_beyond_its_form(tmp_path: Path) -> None:
    """Another program behind the socket: nonsense, an answer that is too long, and silence are errors with a name."""

    def behind(answers: list[bytes]) -> Callable[[], HelpersDisk]:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.sock"
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(str(path))
        listening.listen()

        def answer() -> None:
            with listening, listening.accept()[0] as channel:
                for each in answers:
                    channel.recv(LONGEST)
                    channel.send(each)

        threading.Thread(target=answer, daemon=True).start()
        return lambda: HelpersDisk(path, Path("/dev/sg7"), 1.0)

    for first in (b"{}", b"nonsense", b'{"speaks": []}', b'{"failed": {"code": "X Y", "why": ""}}'):
        with pytest.raises(RecorderError, match="unsupported"):
            behind([first])()
    with pytest.raises(RecorderError, match="unsupported"):
        behind([])()
    disk = behind([b'{"speaks": ["p-jl"]}', b'{"said": "' + b"61" * 500 + b'"}'])()
    assert disk.execute(ID_CODE, b"", 89) == b"a" * 89
    disk.close()


# --- the program itself


async def test_the_program_answers_over_its_socket_and_refuses_by_name(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "liuhen_agent.scsi", str(default_folder())]
    async with activated(tmp_path / "scsi.sock", program, kind=socket.SOCK_SEQPACKET) as unit:
        await asyncio.to_thread(greet, unit.path)
        assert await unit.started[0].wait() == 1
        with pytest.raises(RecorderError, match="not sent: no-disk-of-a-bay"):
            await asyncio.to_thread(HelpersDisk, unit.path, Path("/dev/null"), 3.0)


async def test_without_profiles_it_sends_nothing(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    program = [sys.executable, "-m", "liuhen_agent.scsi", str(tmp_path / "empty")]
    async with activated(tmp_path / "scsi.sock", program, kind=socket.SOCK_SEQPACKET) as unit:
        with pytest.raises(RecorderError, match="not sent: no-profile"):
            await asyncio.to_thread(HelpersDisk, unit.path, Path("/dev/sg0"), 3.0)


def test_encode_send_fits_the_longest_command() -> None:
    assert len(encode_send(bytes(16), bytes(4096))) <= LONGEST


def test_no_helper_is_said_and_a_disk_without_a_generic_node_too(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match=r"liuhen-scsi\.socket"):
        HelpersDisk(tmp_path / "nobody.sock", Path("/dev/sg7"), 3.0)
    [profile] = JL
    image = tmp_path / "card.img"
    image.touch()
    port = Port("1", "image", tmp_path, "card", disk=image)
    with pytest.raises(RecorderError, match="no generic SCSI node"):
        open_wire(port, profile, tmp_path / "nobody.sock")
