"""Durable steps on a file system, each complete when it returns.

The order is always the same: write, fsync the file, give it its name, fsync the folder. After a power cut a name is there with
all its bytes or is not there. Callers write `durable.replace(...)`, so that a fault test can end the process before or after any step.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path


def fsync_folder(folder: Path) -> None:
    """Makes the names in `folder` durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def mkdirs(folder: Path, mode: int = 0o700) -> None:
    """Makes `folder` and its missing parents, each with its name durable in its parent."""
    missing = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        with contextlib.suppress(FileExistsError):
            new.mkdir(mode)
        fsync_folder(new.parent)


def _write_temporary(path: Path, data: bytes, mode: int) -> Path:
    temporary = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def write_new(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Writes a file that must not exist yet. Raises FileExistsError and leaves the other file as it is."""
    temporary = _write_temporary(path, data, mode)
    try:
        os.link(temporary, path)
    finally:
        temporary.unlink()
    fsync_folder(path.parent)


class NewFiles:
    """New files in a folder of the caller's own, added one by one; none of them is durable before `finish` returns, all of them are then.

    The disk is asked to begin with each file as it comes, so that the syncs at the end find most of it done and share the journal's
    commits: many small files cost little more than one.
    """

    def __init__(self, folder: Path, mode: int = 0o600) -> None:
        self._folder, self._mode = folder, mode
        self._handles: list[int] = []

    def add(self, name: str, data: bytes) -> None:
        """Raises FileExistsError."""
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, self._mode)
        self._handles.append(handle)
        view = memoryview(data)
        while view:
            view = view[os.write(handle, view) :]
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)  # begins the writing, waits for nothing

    def finish(self) -> None:
        for handle in self._handles:
            os.fsync(handle)
        fsync_folder(self._folder)

    def close(self) -> None:
        """Lets go of the files; those that were not finished may be there or not."""
        while self._handles:
            os.close(self._handles.pop())


def move(source: Path, target: Path) -> None:
    """Gives an already fsynced file another name, in place of what is there. Not durable before `fsync_folder` of the target's folder."""
    source.replace(target)


def replace(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Writes a file or puts other bytes in its place, at once: a reader sees the old or the new, never a part."""
    temporary = _write_temporary(path, data, mode)
    try:
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    fsync_folder(path.parent)


def publish(temporary: Path, final: Path) -> None:
    """Gives an already fsynced file its final name, in place of what is there (content-addressed names: the same bytes)."""
    temporary.replace(final)
    fsync_folder(final.parent)
    if temporary.parent != final.parent:
        fsync_folder(temporary.parent)


def remove(path: Path) -> None:
    """Removes a name durably; nothing happens when it is gone already."""
    path.unlink(missing_ok=True)
    fsync_folder(path.parent)
