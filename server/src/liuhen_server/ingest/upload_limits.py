"""How much may be under way at once: room on the disk, and senders. Both refusals ask to come again, and nothing is lost."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from liuhen_server.ingest.problems import RETRY_WHEN_FULL
from liuhen_server.ingest.tus import TusProblem

ROOM_LEFT = 64 << 20
"""Bytes of the disk that no upload may promise itself: the database and the log need them."""

RESERVED_FOR = timedelta(hours=1)
"""How long an upload that stands still keeps the room for the rest of its bytes."""

MOST_AT_ONCE = 16
MOST_OF_A_DOCK = 8
"""Requests that bring bytes, so that many slow senders take neither all memory nor all threads."""

RETRY_WHEN_MANY = "5"


def free_bytes(folder: Path) -> int:
    """What the file system still has for us."""
    room = os.statvfs(folder)
    return room.f_bavail * room.f_frsize


def check_room(free: int, coming: int, length: int) -> None:
    """That a new clip fits beside what uploads under way still bring; all in bytes. Raises TusProblem 507."""
    if free < coming + length + ROOM_LEFT:
        raise TusProblem(
            507,
            "storage-full",
            f"证据库存储空间不足 / the archive has {free} bytes free, uploads under way still bring {coming}, the clip needs"
            f" {length} and {ROOM_LEFT} stay free; nothing is lost, try again later",
            {"Retry-After": RETRY_WHEN_FULL},
        )


class Places:
    """The requests of this process that bring bytes now."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()

    @contextmanager
    def taken(self, dock: str) -> Iterator[None]:
        """One of them, as long as the block lasts. Raises TusProblem 503."""
        if self._taken.total() >= MOST_AT_ONCE or self._taken[dock] >= MOST_OF_A_DOCK:
            raise TusProblem(
                503,
                "too-many-uploads",
                f"{self._taken[dock]} uploads of this dock and {self._taken.total()} in all are under way;"
                " ask again when one has ended",
                {"Retry-After": RETRY_WHEN_MANY},
            )
        self._taken[dock] += 1
        try:
            yield
        finally:
            self._taken[dock] -= 1
