"""Bytes read off the disk where the parser says they lie: the right ones, and every way it can end."""

from __future__ import annotations

import asyncio
import mmap
import os
import random
import threading
from pathlib import Path

import pytest

from liuhen_agent.recorders import FileEntry, VolumeError
from liuhen_agent.recorders.volume_disk import Disk, ExtentStream, read_extents

MIB = 1 << 20


class Ending:
    """The volume's side of a stream."""

    ended: VolumeError | None = None

    def end(self, because: VolumeError | None = None) -> VolumeError:
        self.ended = self.ended or because or VolumeError("closed", "the volume was closed")
        return self.ended


def disk_of(path: Path) -> Disk:
    handle = os.open(path, os.O_RDONLY)
    try:
        return Disk.of(handle)
    finally:
        os.close(handle)


def entry(size: int) -> FileEntry:
    return FileEntry(b"CLIP.MP4", "CLIP.MP4", size, None, 5)


def open_stream(disk: Disk, extents: list[tuple[int, int]], volume: Ending, stall: float = 20.0) -> ExtentStream:
    return ExtentStream(volume, disk, extents, entry(sum(length for _, length in extents)), stall, lambda: None)


def read_all(stream: ExtentStream, step: int) -> bytes:
    whole, buffer = bytearray(), memoryview(mmap.mmap(-1, step))
    try:
        while count := stream.readinto(buffer):
            whole += buffer[:count]
    finally:
        stream.close()
    return bytes(whole)


@pytest.mark.parametrize("step", [2 * MIB, MIB // 2 + 4096, 100_000])
@pytest.mark.parametrize("unit", [32768, 512, 1])
def test_pieces_anywhere_on_the_disk_come_in_their_order(tmp_path: Path, step: int, unit: int) -> None:
    dice = random.Random(unit)
    content = dice.randbytes(8 * MIB + 777)
    (tmp_path / "disk").write_bytes(content)
    starts = [dice.randrange(0, 7 * MIB // unit) * unit for _ in range(12)]
    extents = [(start, max(1, dice.randrange(1, MIB // unit + 2)) * unit) for start in starts] + [(8 * MIB, 777)]
    expected = b"".join(content[start : start + length] for start, length in extents)
    assert read_all(open_stream(disk_of(tmp_path / "disk"), extents, Ending()), step) == expected


def test_a_disk_that_became_shorter_is_an_error_and_not_the_end_of_the_clip(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(4 * MIB))
    stream = open_stream(disk_of(tmp_path / "disk"), [(0, 4 * MIB)], Ending())
    assert stream.readinto(bytearray(MIB)) == MIB
    os.truncate(tmp_path / "disk", 2 * MIB + 100)
    with pytest.raises(VolumeError, match="size-differs"):
        read_all(stream, MIB)


class Hanging(Disk):
    """Stands for a disk that no longer answers, which cannot be made here."""

    answers = threading.Event()

    def read(self, view: memoryview, start: int) -> None:
        self.answers.wait(20)


def hanging(path: Path) -> Hanging:
    path.write_bytes(bytes(MIB))
    disk = disk_of(path)
    disk.__class__ = Hanging
    assert isinstance(disk, Hanging)
    return disk


def test_a_disk_that_no_longer_answers_is_noticed(tmp_path: Path) -> None:
    volume = Ending()
    with pytest.raises(VolumeError, match="timeout"):
        read_all(open_stream(hanging(tmp_path / "disk"), [(0, MIB)], volume, stall=0.1), MIB)
    assert volume.ended is not None
    Hanging.answers.set()
    Hanging.answers.clear()


async def test_closing_the_volume_ends_a_read_that_waits(tmp_path: Path) -> None:
    volume = Ending()
    reading = asyncio.create_task(
        asyncio.to_thread(read_all, open_stream(hanging(tmp_path / "disk"), [(0, MIB)], volume), MIB)
    )
    await asyncio.sleep(0)
    volume.end()
    with pytest.raises(VolumeError, match="closed"):
        await asyncio.wait_for(reading, 10)
    Hanging.answers.set()
    Hanging.answers.clear()


def test_reading_ends_with_its_descriptors(tmp_path: Path) -> None:
    (tmp_path / "disk").write_bytes(bytes(MIB))
    before = len(list(Path("/proc/self/fd").iterdir()))
    disk = disk_of(tmp_path / "disk")
    stream = open_stream(disk.copy(), [(0, MIB)], Ending())
    read_all(stream, MIB)
    stream._reading.join(10)
    disk.close()
    disk.close()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    with pytest.raises(VolumeError, match="closed"):
        disk.copy()


@pytest.mark.parametrize(
    "said",
    [
        "x",
        {"0": 1},
        [[0, 50], [-1, 50]],
        [[0, 100, 1]],
        [[0, 101]],
        [[0, 99]],
        [[950, 100]],
        [[0, 0], [0, 100]],
        [[0, True], [0, 99]],
        [[0.0, 100]],
        [[1 << 70, 100]],
        [[0, 200], [200, -100]],
    ],
)
def test_a_parser_that_was_taken_over_cannot_name_other_ranges(said: object) -> None:
    with pytest.raises(VolumeError, match="nonsense"):
        read_extents(said, 100, 1000)


def test_ranges_of_the_disk_and_none_are_taken() -> None:
    assert read_extents([[900, 100]], 100, 1000) == [(900, 100)]
    assert read_extents(None, 100, 1000) is None
    assert read_extents([], 0, 1000) == []
