"""The backends `image` and `directory`: ports that are folders, looked at again and again.

What a port holds is one question (`look`), what changed is another (`Watcher.step`); `watch` only adds the clock.
A thing counts as plugged once it has not changed for the settle time, so an image that is still being copied in is not
read half. An image that is replaced (another inode) or comes back is another plugging-in. The content of a disk may
change while it is in the bay (clearing writes to it); the files of a directory bay may come and go.
"""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from liuhen_agent.detect import Bay, BayEvent, Port, WatchSettings
from liuhen_agent.detect.watcher import Seen, Watcher
from liuhen_files.pulse import Pulse

DISK_SUFFIX = ".img"
DEFAULTS = WatchSettings()
LOOK_SECONDS = 300.0  # to look at all folders; longer is a standstill


def look(bay: Bay) -> Seen | None:
    """What is in the bay now; None if nothing is, or the folder cannot be read. Disks go before serial lines."""
    try:
        with os.scandir(bay.folder) as entries:
            names = sorted(entry.name for entry in entries)
        if bay.backend == "directory":
            return _look_at_directory(bay, names)
    except OSError:
        return None
    for name in names:
        if name.lower().endswith(DISK_SUFFIX) and (seen := _look_at_disk(bay, name)):
            return seen
    return _look_at_line(bay) if "tty" in names else None


def _look_at_directory(bay: Bay, names: list[str]) -> Seen | None:
    if not names or (bay.marker is not None and bay.marker not in names):
        return None
    found = bay.folder.stat()
    identity = f"directory:{found.st_dev}:{found.st_ino}"
    return Seen(
        Port(bay.name, bay.backend, bay.folder, identity, directory=bay.folder), (len(names), found.st_mtime_ns)
    )


def _look_at_disk(bay: Bay, name: str) -> Seen | None:
    path = bay.folder / name
    with suppress(OSError):
        found = path.stat()
        if stat.S_ISREG(found.st_mode) or stat.S_ISBLK(found.st_mode):
            identity = f"disk:{name}:{found.st_dev}:{found.st_ino}:{found.st_rdev}"
            return Seen(
                Port(bay.name, bay.backend, bay.folder, identity, disk=path), (found.st_size, found.st_mtime_ns)
            )
    return None


def _look_at_line(bay: Bay) -> Seen | None:
    path = bay.folder / "tty"
    with suppress(OSError):
        link, found = path.lstat(), path.stat()
        if stat.S_ISCHR(found.st_mode):
            identity = f"tty:{found.st_rdev}:{link.st_ino}:{link.st_ctime_ns}"
            return Seen(Port(bay.name, bay.backend, bay.folder, identity, tty=path), ())
    return None


async def watch(
    bays: Sequence[Bay], settings: WatchSettings = DEFAULTS, pulse: Pulse | None = None
) -> AsyncGenerator[BayEvent, None]:
    """Events for ever, first for what is there already. End it by cancelling."""
    watcher, pulse = Watcher(settings.settle_seconds), pulse or Pulse()
    while True:
        pulse.does("detection of folders", "looking", settings.poll_seconds + LOOK_SECONDS)
        found = await asyncio.to_thread(lambda: [(bay.name, look(bay)) for bay in bays])
        for name, seen in found:
            for event in watcher.step(name, seen, time.monotonic()):
                yield event
        await asyncio.sleep(settings.poll_seconds)
