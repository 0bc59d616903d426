"""Files over MTP are listed and read in a child process; what goes wrong there is an error here.

The library is the real one. Its directory driver stands for the device, since no USB is here: it lists and reads a folder whole,
but reads no pieces; reading in pieces is shown in the emulated machine with a real MTP device.
"""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from liuhen_agent.detect import UsbDevice
from liuhen_agent.recorders import FileEntry, VolumeError
from liuhen_agent.recorders.mtp import MtpVolume, open_mtp, place_of
from liuhen_agent.recorders.profile import Facts, choose_profile, default_folder, load_profiles

CLIP = "DCIM/Camera/DCAM_A1B2C3_012345_20261122_093014_IMP.mp4"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    folder = tmp_path / "device"
    for path, content in {CLIP: os.urandom(3_000_000), "Android/现场.mp4": b"x", "empty.mp4": b""}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder


def whole(volume: MtpVolume, entry: FileEntry) -> bytes:
    stream = asyncio.run(volume.open_clip(entry))
    buffer, out = bytearray(1 << 20), bytearray()
    try:
        while count := stream.readinto(buffer):
            out += buffer[:count]
    finally:
        stream.close()
    return bytes(out)


async def test_files_are_listed_and_read(device: Path) -> None:
    volume = await open_mtp(f"disk:{device}")
    listing = await volume.inventory()
    files = {entry.path: entry for entry in listing.files}
    assert set(files) == {CLIP, "Android/现场.mp4", "empty.mp4"} and not listing.problems
    for path, entry in files.items():
        content = (device / path).read_bytes()
        assert entry.size == len(content)
        assert await asyncio.to_thread(whole, volume, entry) == content
    chosen = choose_profile(load_profiles(default_folder()), Facts("mtp", paths=list(files)))
    assert chosen is not None and chosen.name == "android-mtp" and chosen.clearing == "never"
    await volume.close()


async def test_a_file_that_changed_or_vanished_is_an_error(device: Path) -> None:
    volume = await open_mtp(f"disk:{device}")
    entry = next(entry for entry in (await volume.inventory()).files if entry.path == CLIP)
    (device / CLIP).write_bytes(b"shorter")
    with pytest.raises(VolumeError, match="size-differs"):
        await asyncio.to_thread(whole, volume, entry)
    await volume.close()


async def test_a_device_that_is_not_there_is_missing() -> None:
    gone = UsbDevice("1-1", 0x18D1, 0x4EE1, "", "", "", 250, 120, (), mtp=True)
    assert place_of(gone) == "usb:250,120"
    with pytest.raises(VolumeError) as missing:
        await open_mtp(place_of(gone))
    assert missing.value.code in ("missing", "crashed")


async def test_a_reader_that_died_is_an_error_and_no_other_clip_is_taken(device: Path) -> None:
    volume = await open_mtp(f"disk:{device}")
    entry = (await volume.inventory()).files[0]
    volume._reader.process.kill()
    with pytest.raises(VolumeError):
        await asyncio.to_thread(whole, volume, entry)
    await volume.close()


async def test_only_one_clip_at_a_time(device: Path) -> None:
    volume = await open_mtp(f"disk:{device}")
    entry = next(entry for entry in (await volume.inventory()).files if entry.path == CLIP)
    stream = await volume.open_clip(entry)
    with pytest.raises(VolumeError, match="busy"):
        await volume.open_clip(entry)
    await asyncio.to_thread(stream.close)
    assert await asyncio.to_thread(whole, volume, entry) == (device / CLIP).read_bytes()
    await volume.close()
