"""Copy with digest: the bytes, their digest, and every way it can end."""

from __future__ import annotations

import ctypes
import errno
import io
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from liuhen_agent.collect import copy
from liuhen_agent.collect.copy import BLOCK_SIZE, NoRoom, Stopped, copy_with_digest
from liuhen_agent.recorders import VolumeError
from liuhen_protocol.digest import digest_of


@pytest.mark.parametrize("size", [0, 1, BLOCK_SIZE - 1, BLOCK_SIZE, BLOCK_SIZE + 1, 5 * BLOCK_SIZE + 7])
@pytest.mark.parametrize("sm3", [False, True])
def test_the_copy_has_the_bytes_and_the_digest_is_theirs(tmp_path: Path, size: int, sm3: bool) -> None:
    content = os.urandom(size)
    counted: list[int] = []
    with (tmp_path / "copy").open("wb") as target:
        digest = copy_with_digest(io.BytesIO(content), target.fileno(), sm3=sm3, on_bytes=counted.append)
    assert (tmp_path / "copy").read_bytes() == content
    assert digest == digest_of(content, sm3=sm3)
    assert sum(counted) == size


def test_a_source_of_small_pieces_gives_the_same_digest(tmp_path: Path) -> None:
    class Dribble(io.BytesIO):
        def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
            return super().readinto(buffer[:1000])

    content = os.urandom(3_000_001)
    with (tmp_path / "copy").open("wb") as target:
        assert copy_with_digest(Dribble(content), target.fileno()) == digest_of(content)


def test_a_full_disk_is_said_so() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(NoRoom):
            copy_with_digest(io.BytesIO(bytes(10)), full)
    finally:
        os.close(full)


def test_it_stops_when_told_to(tmp_path: Path) -> None:
    with (tmp_path / "copy").open("wb") as target, pytest.raises(Stopped):
        copy_with_digest(io.BytesIO(bytes(10)), target.fileno(), stopped=lambda: True)


def test_an_error_of_the_recorder_comes_through(tmp_path: Path) -> None:
    class Broken(io.BytesIO):
        def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
            raise VolumeError("read-error", "byte 0")

    with (tmp_path / "copy").open("wb") as target, pytest.raises(VolumeError, match="read-error"):
        copy_with_digest(Broken(), target.fileno())


class Kernel:
    """A stand-in for sync_file_range(2): no disk here can be made to fail behind a program's back. It does nothing, and fails as told."""

    def __init__(self, fails: Callable[[int], int]) -> None:
        self._fails = fails
        self.asked: list[int] = []

    def __call__(self, file: int, start: int, length: int, how: int) -> int:
        self.asked.append(how)
        ctypes.set_errno(self._fails(how))
        return -1 if ctypes.get_errno() else 0


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How large a file was when it was forced to the disk; steps so small that a few blocks go through all of them."""
    monkeypatch.setattr(copy, "BEGIN_EVERY", BLOCK_SIZE)
    monkeypatch.setattr(copy, "BEHIND", 2 * BLOCK_SIZE)
    sizes: list[int] = []
    fsync = os.fsync

    def noticing(file: int) -> None:
        fsync(file)
        sizes.append(os.fstat(file).st_size)

    monkeypatch.setattr(os, "fsync", noticing)
    return sizes


CONTENT = os.urandom(1000) * (6 * BLOCK_SIZE // 1000 + 1)


def test_all_of_a_clip_is_forced_to_the_disk_after_its_last_byte(tmp_path: Path, synced: list[int]) -> None:
    with (tmp_path / "copy").open("wb") as target:
        copy_with_digest(io.BytesIO(CONTENT), target.fileno())
        assert synced == [len(CONTENT)]
    assert (tmp_path / "copy").read_bytes() == CONTENT


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL, errno.ENOSYS, errno.ENODATA])
def test_an_error_of_writing_out_ends_the_copy_whatever_its_number(
    tmp_path: Path, synced: list[int], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """The kernel tells it once: whoever waited and passed it over would find nothing at fsync. It is the block layer that chooses the number."""
    monkeypatch.setattr(copy, "_sync_file_range", Kernel(lambda how: number if how == copy._WAIT else 0))
    with (tmp_path / "copy").open("wb") as target, pytest.raises(OSError) as error:
        copy_with_digest(io.BytesIO(CONTENT), target.fileno())
    assert error.value.errno == number and not synced


def test_a_disk_found_full_while_writing_out_is_a_full_disk(
    tmp_path: Path, synced: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "_sync_file_range", Kernel(lambda how: errno.ENOSPC if how == copy._WAIT else 0))
    with (tmp_path / "copy").open("wb") as target, pytest.raises(NoRoom):
        copy_with_digest(io.BytesIO(CONTENT), target.fileno())
    assert not synced


@pytest.mark.parametrize("number", [errno.ESPIPE, errno.EINVAL, errno.ENOSYS])
def test_where_nothing_can_be_written_out_early_all_of_it_is_forced_at_the_end(
    tmp_path: Path, synced: list[int], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    kernel = Kernel(lambda how: number)
    monkeypatch.setattr(copy, "_sync_file_range", kernel)
    with (tmp_path / "copy").open("wb") as target:
        assert copy_with_digest(io.BytesIO(CONTENT), target.fileno()) == digest_of(CONTENT)
        assert synced == [len(CONTENT)]
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert kernel.asked == [copy._BEGIN], "and it is not asked again"
