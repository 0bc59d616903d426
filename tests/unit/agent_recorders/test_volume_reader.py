"""The process that parses a card is small, and however it ends, no clip is taken for whole that is not."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from liuhen_agent.recorders import VolumeError, VolumeLimits
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.images import build_image
from support.cards import card_files, content, peak_memory, read_all


async def test_the_reader_is_small(tmp_path: Path) -> None:
    volume = await open_volume(build_image(tmp_path / "card.img", card_files(tmp_path / "files")))
    for entry in (await volume.inventory()).files:
        await content(volume, entry)
    assert peak_memory(volume) < 25 * 1024 * 1024
    await volume.close()


async def test_a_killed_parser_that_puts_a_clip_together_is_an_error_and_not_the_end_of_the_clip(
    tmp_path: Path,
) -> None:
    files = card_files(tmp_path / "files", ("CLIP1.MP4",), 8_000_000)
    volume = await open_volume(build_image(tmp_path / "card.img", files, kind="ntfs"))
    (entry,) = (await volume.inventory()).files
    stream = await volume.open_clip(entry)
    buffer = bytearray(100_000)
    assert stream.readinto(buffer) == 100_000
    os.kill(volume.reader_pid, signal.SIGKILL)
    with pytest.raises(VolumeError, match="crashed"):
        await asyncio.to_thread(lambda: read_all(stream))
    with pytest.raises(VolumeError, match="crashed"):
        await volume.inventory()
    await volume.close()


async def test_a_reader_that_hangs_is_stopped_after_its_time(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files"))
    volume = await open_volume(image, VolumeLimits(list_seconds=0.2))
    os.kill(volume.reader_pid, signal.SIGSTOP)  # stands for a card that no longer answers
    with pytest.raises(VolumeError, match="timeout"):
        await volume.inventory()
    assert not Path(f"/proc/{volume.reader_pid}").exists()


async def test_a_parser_that_stops_giving_bytes_is_noticed(tmp_path: Path) -> None:
    files = card_files(tmp_path / "files", ("CLIP1.MP4",), 8_000_000)
    volume = await open_volume(build_image(tmp_path / "card.img", files, kind="ntfs"), VolumeLimits(stall_seconds=0.2))
    (entry,) = (await volume.inventory()).files
    stream = await volume.open_clip(entry)
    os.kill(volume.reader_pid, signal.SIGSTOP)
    with pytest.raises(VolumeError, match="timeout"):
        await asyncio.to_thread(lambda: read_all(stream))


async def test_a_reader_over_its_memory_is_an_error(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files"))
    with pytest.raises(VolumeError):
        await open_volume(image, VolumeLimits(memory_bytes=12 * 1024 * 1024))


async def test_a_clip_left_half_way_does_not_disturb_the_next(tmp_path: Path) -> None:
    files = card_files(tmp_path / "files", ("CLIP1.MP4", "CLIP2.MP4"), 8_000_000)
    volume = await open_volume(build_image(tmp_path / "card.img", files))
    first, second = sorted((await volume.inventory()).files, key=lambda entry: entry.path)
    stream = await volume.open_clip(first)
    stream.readinto(bytearray(10))
    with pytest.raises(VolumeError, match="busy"):
        await volume.open_clip(second)
    stream.close()
    assert await content(volume, second) == files[1].source.read_bytes()
    await volume.close()


async def test_closing_wakes_a_waiting_reader(tmp_path: Path) -> None:
    image = build_image(tmp_path / "card.img", card_files(tmp_path / "files"))
    volume = await open_volume(image)
    os.kill(volume.reader_pid, signal.SIGSTOP)
    listing = asyncio.create_task(volume.inventory())
    await asyncio.sleep(0)
    began = time.monotonic()
    while volume._busy.acquire(blocking=False):  # until the listing has begun
        volume._busy.release()
        await asyncio.sleep(0.001)
        assert time.monotonic() - began < 10
    await volume.close()
    with pytest.raises(VolumeError):
        await asyncio.wait_for(listing, 10)
