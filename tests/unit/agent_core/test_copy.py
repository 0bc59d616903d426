"""Copy with digest: the bytes, their digest, and every way it can end."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

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
