"""Cards with files of known bytes, and what a volume says of them."""

from __future__ import annotations

import asyncio
import random
from datetime import datetime
from pathlib import Path

import pytest

from liuhen_agent.recorders import ClipStream, FileEntry, Listing, Volume, VolumeError, VolumeLimits
from liuhen_agent.recorders.volume import DiskVolume, open_volume
from liuhen_agent.simulate.footage import CardFile

WHEN = datetime(2026, 11, 22, 9, 30, 14)
NAMES = ("DCIM/100MEDIA/DSJ7A01_01234520261122093014_0001_IMP.MP4", "DCIM/100MEDIA/现场检查.mp4", "LOG/20261122.txt")
QUICK = VolumeLimits(open_seconds=20, list_seconds=20, stall_seconds=20)


def card_files(folder: Path, names: tuple[str, ...] = NAMES, size: int = 300_000) -> list[CardFile]:
    folder.mkdir(exist_ok=True)
    files = []
    for number, name in enumerate(names):
        source = folder / f"bytes{number}"
        source.write_bytes(random.Random(number).randbytes(size + number * 977))
        files.append(CardFile(name, source, WHEN))
    return files


def read_all(stream: ClipStream) -> bytes:
    whole, buffer = bytearray(), bytearray(64 * 1024)
    try:
        while count := stream.readinto(buffer):
            whole += buffer[:count]
    finally:
        stream.close()
    return bytes(whole)


async def content(volume: Volume, entry: FileEntry) -> bytes:
    return await asyncio.to_thread(read_all, await volume.open_clip(entry))


async def reason(volume: Volume, entry: FileEntry) -> str:
    with pytest.raises(VolumeError) as failed:
        await content(volume, entry)
    assert failed.value.why
    return failed.value.code


async def listing_of(path: Path, limits: VolumeLimits = QUICK) -> Listing:
    volume = await open_volume(path, limits)
    try:
        return await volume.inventory()
    finally:
        await volume.close()


def peak_memory(volume: DiskVolume) -> int:
    status = Path(f"/proc/{volume.reader_pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) * 1024
