"""Files over MTP are listed and read in a child process; what goes wrong there is an error here.

The library is the real one. Its directory driver stands for the device, since no USB is here: it lists and reads a folder whole,
but reads no pieces. Which pieces are asked for is shown with a stand-in for the library's one call, and in the emulated machine with a
real MTP device.
"""

from __future__ import annotations

import asyncio
import os
import re
import threading
from pathlib import Path

import gphoto2
import pytest

from liuhen_agent.detect import UsbDevice
from liuhen_agent.recorders import FileEntry, VolumeError
from liuhen_agent.recorders.mtp import MtpVolume, open_mtp, place_of
from liuhen_agent.recorders.mtp_child import Camera
from liuhen_agent.recorders.profile import Facts, choose_profile, default_folder, load_profiles
from liuhen_agent.recorders.volume_facts import PIECE, Bad

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


class Pieces:
    """The library's call that reads a piece of a clip; it gives at most `most` bytes at once, and `error` from the second piece on."""

    def __init__(self, content: bytes, most: int = 1 << 30, error: Exception | None = None) -> None:
        self._content, self._most, self._error = content, most, error
        self.asked: list[tuple[int, int]] = []

    def file_read(self, folder: str, name: str, kind: int, at: int, buffer: memoryview) -> int:
        assert (folder, name, kind) == ("/DCIM", "a.mp4", gphoto2.GP_FILE_TYPE_NORMAL)
        self.asked.append((at, len(buffer)))
        if at and self._error is not None:
            raise self._error
        piece = self._content[at : at + min(self._most, len(buffer))]
        buffer[: len(piece)] = piece
        return len(piece)


def sent(pieces: Pieces, size: int) -> bytes:
    """What comes out of the pipe when the child is asked for that clip. Raises Bad."""
    camera = object.__new__(Camera)
    camera.gp, camera.camera, camera.known = gphoto2, pieces, [("/DCIM", "a.mp4")]
    reading, writing = os.pipe()
    out = bytearray()

    def drain() -> None:
        while data := os.read(reading, 1 << 20):
            out.extend(data)

    draining = threading.Thread(target=drain)
    draining.start()
    try:
        camera.send_bytes(0, size, writing)
    finally:
        os.close(writing)
        draining.join()
        os.close(reading)
    return bytes(out)


@pytest.mark.parametrize("most", [1 << 30, 70_001], ids=["as much as asked for", "less"])
def test_a_clip_is_read_in_pieces_one_behind_the_other(most: int) -> None:
    """So it is shown how far it is, it can be stopped, and no more of it is in memory than a piece."""
    content = os.urandom(3 * PIECE + 17)
    pieces = Pieces(content, most)
    assert sent(pieces, len(content)) == content
    assert max(length for _, length in pieces.asked) <= PIECE
    step = min(most, PIECE)
    assert [at for at, _ in pieces.asked] == list(range(0, len(content), step))


def test_a_piece_that_cannot_be_read_is_said_with_its_place_and_no_clip() -> None:
    content = bytes(3 * PIECE)
    with pytest.raises(Bad, match=f"byte {PIECE} cannot be read"):
        sent(Pieces(content, error=gphoto2.GPhoto2Error(-7)), len(content))
    with pytest.raises(Bad, match=f"reading ended at {len(content)}"):
        sent(Pieces(content), len(content) + 1)


async def test_the_reader_needs_no_more_memory_for_a_large_clip_than_for_a_small_one(device: Path) -> None:
    large = device / "large.mp4"
    with large.open("wb") as file:
        file.truncate(300_000_000)
    volume = await open_mtp(f"disk:{device}")
    files = {entry.path: entry for entry in (await volume.inventory()).files}
    await asyncio.to_thread(whole, volume, files[CLIP])
    before = most_memory(volume)
    assert await asyncio.to_thread(length, volume, files["large.mp4"]) == 300_000_000
    assert most_memory(volume) - before < 30_000_000
    await volume.close()


def length(volume: MtpVolume, entry: FileEntry) -> int:
    stream, buffer, count = asyncio.run(volume.open_clip(entry)), bytearray(1 << 20), 0
    while got := stream.readinto(buffer):
        count += got
    stream.close()
    return count


def most_memory(volume: MtpVolume) -> int:
    """Bytes that the child ever had in memory."""
    status = Path(f"/proc/{volume._reader.process.pid}/status").read_text()
    return 1024 * int(re.findall(r"VmHWM:\s*(\d+) kB", status)[0])


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
