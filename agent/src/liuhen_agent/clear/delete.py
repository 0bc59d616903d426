"""Removing receipted files from a folder, one by one, without ever leaving it.

Every path is walked from the bay's folder through descriptors that do not follow links, and a file is removed only when what is
there under its name is a regular file of the size and time that were collected.
"""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from liuhen_agent.clear.rule import Proved
from liuhen_agent.recorders.volume import time_text

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class DeleteFailed(Exception):
    """A file could not be removed, or is not what was collected. What was removed before stays removed: all of it is receipted."""


def delete(folder: Path, files: Sequence[Proved]) -> int:
    """Removes `files`; gives how many were there. Names are durable folder by folder. Raises DeleteFailed."""
    by_folder: dict[tuple[bytes, ...], list[tuple[bytes, Proved]]] = defaultdict(list)
    for file in files:
        *above, name = _components(file)
        by_folder[tuple(above)].append((name, file))
    removed = 0
    for path, inside in sorted(by_folder.items()):
        try:
            handle = _open_folder(folder, path)
        except FileNotFoundError:
            continue  # the whole folder is gone: cleared before
        except OSError as error:
            raise DeleteFailed(f"{b'/'.join(path)!r} is no folder inside {folder}: {error.strerror}") from error
        try:
            removed += sum(_remove(handle, name, file) for name, file in inside)
            os.fsync(handle)
        except OSError as error:
            raise DeleteFailed(f"a file in {b'/'.join(path)!r} could not be removed: {error.strerror}") from error
        finally:
            os.close(handle)
    return removed


def _components(file: Proved) -> list[bytes]:
    components = file.raw.split(b"/")
    if any(part in (b"", b".", b"..") or b"\0" in part for part in components):
        raise DeleteFailed(f"{file.path}: not a path inside the recorder")
    return components


def _open_folder(folder: Path, components: tuple[bytes, ...]) -> int:
    handle = os.open(folder, _FOLDER)
    for part in components:
        try:
            below = os.open(part, _FOLDER, dir_fd=handle)
        finally:
            os.close(handle)
        handle = below
    return handle


def _remove(handle: int, name: bytes, file: Proved) -> bool:
    try:
        there = os.stat(name, dir_fd=handle, follow_symlinks=False)
    except FileNotFoundError:
        return False
    same = (there.st_size, time_text(int(there.st_mtime), local=False)) == (file.size, file.modified)
    if not stat.S_ISREG(there.st_mode) or not same:
        raise DeleteFailed(f"{file.path} is not the file that was collected any more; it stays")
    os.unlink(name, dir_fd=handle)
    return True
