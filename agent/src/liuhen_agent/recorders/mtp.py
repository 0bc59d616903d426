"""A recorder that shows its files over MTP: the parent's side of `mtp_child`, as a `Volume`.

MTP lists files and reads pieces of them; there is no disk, nothing deleted can be seen, and nothing is ever written. The C
library that speaks it is fed by the device, so it works in a process of its own, and whatever happens there ends as a
`VolumeError` here.
"""

from __future__ import annotations

import asyncio
import os
import threading
import time
from typing import cast

from liuhen_agent.detect import UsbDevice
from liuhen_agent.recorders import FileEntry, Listing, VolumeError, VolumeInfo, VolumeLimits
from liuhen_agent.recorders.safe_path import safe_path
from liuhen_agent.recorders.volume import DEFAULT_LIMITS, Message, PipeStream, Reader, time_text

CHILD = "liuhen_agent.recorders.mtp_child"


def place_of(device: UsbDevice) -> str:
    """Where libgphoto2 finds it."""
    return f"usb:{device.bus:03d},{device.address:03d}"


async def open_mtp(place: str, limits: VolumeLimits = DEFAULT_LIMITS) -> MtpVolume:
    """`place`: see `place_of`. Raises VolumeError."""
    return await asyncio.to_thread(_open, place, limits)


def _open(place: str, limits: VolumeLimits) -> MtpVolume:
    reader = Reader(CHILD, place, (), limits)
    try:
        facts = reader.hear(time.monotonic() + limits.open_seconds)
        total, free = facts["total_bytes"], facts["free_bytes"]
        if facts.get("kind") != "info" or not isinstance(total, int) or not isinstance(free, int | None):
            raise ValueError("no info")
    except (KeyError, ValueError) as error:
        raise reader.end(VolumeError("crashed", "the reader talks nonsense")) from error
    except BaseException:
        reader.end()
        raise
    return MtpVolume(reader, VolumeInfo("mtp", "", None, 0, total, free, 0), limits)


class MtpVolume:
    """See `recorders.Volume`."""

    def __init__(self, reader: Reader, info: VolumeInfo, limits: VolumeLimits) -> None:
        self._reader = reader
        self._info = info
        self._limits = limits
        self._busy = threading.Lock()

    @property
    def info(self) -> VolumeInfo:
        return self._info

    async def inventory(self) -> Listing:
        return await asyncio.to_thread(self._inventory)

    def _inventory(self) -> Listing:
        if not self._busy.acquire(blocking=False):
            raise VolumeError("busy", "the volume is being read")
        try:
            deadline = time.monotonic() + self._limits.list_seconds
            self._reader.ask({"op": "list"})
            files: list[FileEntry] = []
            while (message := self._reader.hear(deadline)).get("kind") == "files":
                files += _entries(message)
                if len(files) > self._limits.entries:
                    raise VolumeError("crashed", "the reader talks nonsense")
            problems = message.get("problems")
            if message.get("kind") != "listed" or not isinstance(problems, list):
                raise VolumeError("crashed", "the reader talks nonsense")
            return Listing(tuple(files), 0, tuple(str(problem) for problem in problems))
        except VolumeError as error:
            raise self._reader.end(error) from error  # a listing cut off half way leaves the talk out of step
        finally:
            self._busy.release()

    async def open_clip(self, entry: FileEntry) -> PipeStream:
        return await asyncio.to_thread(self._open_clip, entry)

    def _open_clip(self, entry: FileEntry) -> PipeStream:
        if not self._busy.acquire(blocking=False):
            raise VolumeError("busy", "another clip of this volume is being read")
        try:
            reading, writing = os.pipe2(os.O_CLOEXEC)
            try:
                self._reader.ask({"op": "read", "address": entry.address, "size": entry.size}, writing)
            except BaseException:
                os.close(reading)
                raise
            finally:
                os.close(writing)
            return PipeStream(self._reader, reading, entry, self._limits.stall_seconds, self._busy)
        except BaseException:
            self._busy.release()
            raise

    async def close(self) -> None:
        await asyncio.to_thread(self._reader.end)


def _entries(message: Message) -> list[FileEntry]:
    entries = []
    try:
        for raw, size, seconds, address in cast(list[tuple[str, int, int, int]], message["files"]):
            path = bytes.fromhex(raw)
            modified = time_text(int(seconds), local=True)
            entries.append(FileEntry(path, safe_path(path), int(size), modified, int(address)))
    except (KeyError, ValueError, TypeError) as error:
        raise VolumeError("crashed", "the reader talks nonsense") from error
    return entries
