"""A folder of files as a volume: card readers, manual import, demo.

Every component is opened relative to its parent's descriptor and without following links (openat, O_NOFOLLOW), so that
nothing in the folder can lead out of it. What is neither a regular file nor a directory is reported, not read.
"""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

from liuhen_agent.recorders import FileEntry, Listing, VolumeError, VolumeInfo, VolumeLimits
from liuhen_agent.recorders.safe_path import MAX_PATH_BYTES, safe_path
from liuhen_agent.recorders.volume import DEFAULT_LIMITS, time_text

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK  # a FIFO put there does not hang the open


async def open_directory(path: Path, limits: VolumeLimits = DEFAULT_LIMITS) -> DirectoryVolume:
    """`path` itself may be a link (the administrator's choice). Raises VolumeError("missing")."""
    return await asyncio.to_thread(_open, path, limits)


def _open(path: Path, limits: VolumeLimits) -> DirectoryVolume:
    try:
        root = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        space = os.fstatvfs(root)
    except OSError as error:
        raise VolumeError("missing", f"{path} cannot be opened: {error.strerror}") from error
    info = VolumeInfo(
        kind="directory",
        label=safe_path(os.fsencode(path.name)),
        volume_id=None,
        cluster_size=space.f_frsize,
        total_bytes=space.f_blocks * space.f_frsize,
        free_bytes=space.f_bavail * space.f_frsize,
        offset=0,
    )
    return DirectoryVolume(root, info, limits)


class DirectoryVolume:
    """See `recorders.Volume`."""

    def __init__(self, root: int, info: VolumeInfo, limits: VolumeLimits) -> None:
        self._root = root
        self._info = info
        self._limits = limits
        self._use = threading.Lock()

    @property
    def info(self) -> VolumeInfo:
        return self._info

    async def inventory(self) -> Listing:
        return await asyncio.to_thread(self._inventory)

    def _inventory(self) -> Listing:
        files: list[FileEntry] = []
        problems: list[str] = []
        with self._use:
            self._check_open()
            for raw, found in self._walk(self._root, b"", 0, problems):
                if len(files) >= self._limits.entries:
                    raise VolumeError("too-many", f"more than {self._limits.entries} entries")
                modified = time_text(int(found.st_mtime), local=False)
                files.append(FileEntry(raw, safe_path(raw), found.st_size, modified, found.st_ino))
        return Listing(tuple(files), 0, tuple(problems[:1000]))

    def _walk(
        self, folder: int, parent: bytes, depth: int, problems: list[str]
    ) -> Iterator[tuple[bytes, os.stat_result]]:
        for name in sorted(os.fsencode(entry) for entry in os.listdir(folder)):  # a descriptor, no path
            path = parent + b"/" + name if parent else name
            try:
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                if len(path) > MAX_PATH_BYTES:
                    problems.append(f"path too long: {safe_path(path[:80])}…")
                elif stat.S_ISREG(found.st_mode):
                    yield path, found
                elif not stat.S_ISDIR(found.st_mode):
                    problems.append(f"neither file nor directory: {safe_path(path)}")
                elif depth >= self._limits.depth:
                    problems.append(f"too deep: {safe_path(path)}")
                else:
                    below = os.open(name, _DIRECTORY, dir_fd=folder)
                    try:
                        yield from self._walk(below, path, depth + 1, problems)
                    finally:
                        os.close(below)
            except OSError as error:
                problems.append(f"{safe_path(path)} cannot be read: {error.strerror}")

    async def open_clip(self, entry: FileEntry) -> FileStream:
        return await asyncio.to_thread(self._open_clip, entry)

    def _open_clip(self, entry: FileEntry) -> FileStream:
        *folders, name = entry.path_raw.split(b"/")
        if any(part in (b"", b".", b"..") for part in (*folders, name)):
            raise VolumeError("not-a-file", f"{entry.path} is not a path inside the folder")
        with self._use:
            self._check_open()
            at = os.dup(self._root)
        try:
            for part in folders:
                below = os.open(part, _DIRECTORY, dir_fd=at)
                os.close(at)
                at = below
            file = os.open(name, _FILE, dir_fd=at)
        except OSError as error:
            # one file that cannot be opened must not end the others; but nothing is left where the recorder was taken
            code = "read-error" if self._has_something() else "gone"
            raise VolumeError(code, f"{entry.path} cannot be opened: {error.strerror}") from error
        finally:
            os.close(at)
        found = os.fstat(file)
        if not stat.S_ISREG(found.st_mode):
            os.close(file)
            raise VolumeError("not-a-file", f"{entry.path} is no longer a regular file")
        if found.st_size != entry.size:
            os.close(file)
            raise VolumeError("size-differs", f"listed with {entry.size} bytes, now {found.st_size}")
        return FileStream(file, entry)

    def _has_something(self) -> bool:
        try:
            with os.scandir(self._root) as entries:
                return next(entries, None) is not None
        except OSError:
            return False

    async def close(self) -> None:
        with self._use:
            if self._root >= 0:
                os.close(self._root)
                self._root = -1

    def _check_open(self) -> None:
        if self._root < 0:
            raise VolumeError("closed", "the volume was closed")


class FileStream:
    """See `recorders.ClipStream`. For one thread."""

    def __init__(self, file: int, entry: FileEntry) -> None:
        self._file = file
        self._entry = entry
        self.bytes_read = 0
        os.posix_fadvise(file, 0, 0, os.POSIX_FADV_SEQUENTIAL)

    def readinto(self, buffer: memoryview | bytearray, /) -> int:
        view, filled = memoryview(buffer), 0
        while filled < len(view):
            try:
                count = os.readv(self._file, [view[filled:]])
            except OSError as error:
                raise VolumeError("read-error", f"byte {self.bytes_read}: {error.strerror}") from error
            if count == 0:
                break
            filled += count
            self.bytes_read += count
        if self.bytes_read > self._entry.size or (filled == 0 and self.bytes_read != self._entry.size):
            raise VolumeError("size-differs", f"listed with {self._entry.size} bytes, {self.bytes_read} were read")
        return filled

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
