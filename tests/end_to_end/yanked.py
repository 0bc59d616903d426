"""A bay whose recorder is pulled in the middle of a copy: a FUSE folder with one disk image that stops at a byte.

A read beyond `stops_at` is not answered until the recorder is pulled; then it fails with EIO, as all later ones do, and
the disk is gone from the bay: what a kernel shows of a device that was yanked. `plug` puts it back, whole.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import mfusepy as fuse

SPAWN = multiprocessing.get_context("spawn")
NAME = "card.img"


@dataclass
class YankedBay:
    """`reached` is set when the copy stands at the byte where it stops."""

    folder: Path
    reached: Event
    pulled: Event
    plugged_again: Event

    def pull(self) -> None:
        self.pulled.set()

    def plug(self) -> None:
        self.plugged_again.set()


class _Disk(fuse.Operations):  # type: ignore[misc]  # mfusepy has no types
    def __init__(self, image: Path, stops_at: int, bay: YankedBay) -> None:
        self._image, self._stops_at, self._bay = image, stops_at, bay
        self._handle = os.open(image, os.O_RDWR)

    def _there(self) -> bool:
        return not self._bay.pulled.is_set() or self._bay.plugged_again.is_set()

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2, "st_ino": 1}
        if path != f"/{NAME}" or not self._there():
            raise fuse.FuseOSError(errno.ENOENT)
        inode = 3 if self._bay.plugged_again.is_set() else 2
        size = os.fstat(self._handle).st_size
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": size, "st_ino": inode}

    def readdir(self, path: str, fh: int) -> list[tuple[str, dict[str, int], int]]:
        names = [".", ".."] + ([NAME] if self._there() else [])
        return [(name, {"st_ino": number + 10, "st_mode": stat.S_IFREG}, 0) for number, name in enumerate(names)]

    def open(self, path: str, flags: int) -> int:
        return 5 if self._bay.plugged_again.is_set() else 4

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        before = fh == 4
        if before and not self._bay.pulled.is_set() and offset + size > self._stops_at:
            self._bay.reached.set()
            self._bay.pulled.wait()
        if before and self._bay.pulled.is_set():
            raise fuse.FuseOSError(errno.EIO)
        return os.pread(self._handle, size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        return os.pwrite(self._handle, data, offset)

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        return 0


def _serve(image: Path, stops_at: int, bay: YankedBay) -> None:
    options: dict[str, Any] = {"attr_timeout": 0, "entry_timeout": 0, "use_ino": True, "direct_io": True}
    fuse.FUSE(_Disk(image, stops_at, bay), str(bay.folder), foreground=True, nothreads=True, fsname="bay", **options)


@contextmanager
def yanked_bay(folder: Path, image: Path, stops_at: int) -> Iterator[YankedBay]:
    """Mounted over the (empty) folder of a bay, with the recorder plugged in."""
    bay = YankedBay(folder, SPAWN.Event(), SPAWN.Event(), SPAWN.Event())
    process = SPAWN.Process(target=_serve, args=(image, stops_at, bay))
    process.start()
    try:
        until = time.monotonic() + 30
        while not folder.is_mount():
            assert process.is_alive() and time.monotonic() < until, "/dev/fuse and fusermount3 are needed"
            time.sleep(0.01)
        yield bay
    finally:
        bay.pulled.set()
        subprocess.run(["fusermount3", "-u", "-z", str(folder)], check=False)
        process.join(10)
        process.kill()
