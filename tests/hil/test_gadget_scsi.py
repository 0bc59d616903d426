"""The disk that is written in Python for the emulated machine behaves as a recorder's: vendor commands at any time, its card only when it is shown,
and each command in the three steps of the Bulk-Only transport."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest

from house.hil.gadgets.bulk_only import COMMAND, BulkOnly
from house.hil.gadgets.scsi_disk import ScsiDisk
from liuhen_agent.simulate.machine import Character
from liuhen_agent.simulate.p_jl import ScsiRecorder

ID_CODE = bytes.fromhex("fd8100000002 0059 0000000000000000")
DISK_MODE = bytes.fromhex("fb8200000006 0000 0000000000000000")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[ScsiDisk]:
    image = tmp_path / "card.img"
    image.write_bytes(bytes(64 * 512))
    with image.open("r+b") as card:
        yield ScsiDisk(ScsiRecorder(Character(serial="HIL0001"), datetime.now()), card)


def block(code: int, first: int = 0, count: int = 0) -> bytes:
    return struct.pack(">BBIBH", code, 0, first, 0, count).ljust(16, b"\0")


def test_it_answers_its_vendors_commands_while_it_keeps_its_card_to_itself(disk: ScsiDisk) -> None:
    assert (
        disk.obey(bytes([0x12, 0, 0, 0, 36]).ljust(16, b"\0"), b"").data[8:].decode() == "DV16    DEVICE          V1.0"
    )
    assert disk.obey(ID_CODE, b"").data[:7] == b"HIL0001"
    for code in (0x00, 0x25, 0x28):
        assert not disk.obey(block(code), b"").well
        assert disk.obey(block(0x03), b"").data[2:13:10] == bytes([2, 0x3A])
    assert disk.obey(DISK_MODE, b"").leaves == 0.5


def test_what_is_written_to_its_card_is_read_again_and_nothing_beyond_it(disk: ScsiDisk) -> None:
    disk.shown = True
    assert disk.obey(block(0x25), b"").data == struct.pack(">II", 63, 512)
    assert disk.obey(block(0x2A, 5, 2), b"x" * 1024).well
    assert disk.obey(block(0x28, 4, 4), b"").data == bytes(512) + b"x" * 1024 + bytes(512)
    for code, first, count, out in ((0x28, 63, 2, b""), (0x2A, 64, 1, bytes(512)), (0x2A, 0, 2, bytes(512))):
        assert not disk.obey(block(code, first, count), out).well
    assert disk.obey(block(0x35), b"").well


@pytest.mark.parametrize("command", ["120100000000", "ff000000", "fb820000000c", "a000", "9e10"])
def test_what_it_does_not_know_it_refuses(disk: ScsiDisk, command: str) -> None:
    disk.shown = True
    assert not disk.obey(bytes.fromhex(command).ljust(16, b"\0"), b"").well
    assert disk.obey(block(0x03), b"").data[2] == 5
    assert disk.obey(block(0x03), b"").data[2] == 0, "told once"


class Ends:
    """A pair of bulk endpoints: what is written at once is read at once, as with packets. Stands in for a FunctionFS function."""

    def __init__(self) -> None:
        self._in, self._out = (socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2))
        self.ends = [self._in[0].fileno(), self._out[0].fileno()]

    def answer_always(self, answers: dict[int, bytes]) -> None:
        assert answers == {0xFE: b"\0"}

    def ask(self, block: bytes, asked: int, out: bytes = b"") -> tuple[bytes, int, int]:
        """As a host does: the command, the data one way, the status. What came, what was not carried, and whether it went well."""
        flags = 0 if out else 0x80
        self._out[1].send(COMMAND.pack(b"USBC", b"\1\2\3\4", len(out) or asked, flags, 0, len(block), block))
        for at in range(0, len(out), 4096):
            self._out[1].send(out[at : at + 4096])
        came = b""
        while not out and len(came) < asked and (piece := self._in[1].recv(1 << 16)):
            came += piece
            if len(piece) % 512:
                break
        signature, tag, left, status = struct.unpack("<4s4sIB", self._in[1].recv(64))
        assert (signature, tag) == (b"USBS", b"\1\2\3\4")
        return came, left, status

    def close(self) -> None:
        for end in (*self._in, *self._out):
            end.close()


def test_a_command_its_data_and_its_status_go_over_the_wire(disk: ScsiDisk) -> None:
    ends, lines = Ends(), list[str]()
    transport = BulkOnly(ends, disk, lines.append)
    with ThreadPoolExecutor(1) as thread:
        left = thread.submit(transport.serve)
        came, residue, status = ends.ask(ID_CODE, 89)
        assert (came[:7], len(came) + residue, status) == (b"HIL0001", 89, 0)
        assert ends.ask(block(0x28, 0, 1), 512)[1:] == (512, 1), "no card: nothing comes, and the status says so"
        disk.shown = True
        content = os.urandom(32 * 512)
        assert ends.ask(block(0x2A, 7, 32), 0, content) == (b"", 0, 0)
        assert ends.ask(block(0x28, 7, 32), len(content)) == (content, 0, 0)
        assert ends.ask(DISK_MODE, 0) == (b"", 0, 0)
        assert left.result(10) == 0.5
    ends.close()
    assert lines[0].startswith("fd81")
