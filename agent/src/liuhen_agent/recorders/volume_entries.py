"""What is said of one directory's entries: names as they lie there, and the deleted files still shown. Runs in the child process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any  # pytsk3 has no types

from liuhen_agent.recorders.directory_bytes import as_the_parser_shows, bare_short_names

REGULAR = 1  # TSK_FS_META_TYPE_REG
DIRECTORY_NAME = 3  # TSK_FS_NAME_TYPE_DIR
META_UNALLOCATED = 2  # TSK_FS_META_FLAG_UNALLOC
MAX_PATH = 4096
MOST_DELETED = 1_000  # deleted entries named; all are counted
AT_ONCE = 200  # entries in one message


class Names:
    """The names of one directory as they lie there: the bytes the parser replaced put back, and no name twice."""

    def __init__(self, fat_directory: bytes | None) -> None:
        self._replaced: dict[bytes, list[bytes]] = {}
        for name in reversed(bare_short_names(fat_directory or b"")):
            self._replaced.setdefault(as_the_parser_shows(name), []).append(name)
        self._given: set[bytes] = set()

    def name_of(self, entry: Any) -> bytes:
        name = bytes(entry.info.name.name)
        if b"^" in name and not entry.info.name.shrt_name and (found := self._replaced.get(name.upper())):
            name = found.pop()
        if name in self._given:  # hostile, or characters the parser cannot tell apart: never two clips of one name
            name += b"\0%d" % int(entry.info.name.meta_addr)
        self._given.add(name)
        return name


class Deleted:
    """The deleted files whose entries are still there, said in messages of bounded length."""

    def __init__(self, say: Callable[..., None]) -> None:
        self._say = say
        self._left = MOST_DELETED
        self._waiting: list[tuple[str, int | None, int]] = []

    def note(self, entry: Any, parent: bytes) -> None:
        name, meta = entry.info.name, entry.info.meta
        path = parent + b"/" + bytes(name.name) if parent else bytes(name.name)
        if not self._left or int(name.type) == DIRECTORY_NAME or not name.name or len(path) > MAX_PATH:
            return
        # the record may be another file's by now: then it tells nothing of this one
        told = meta is not None and int(meta.type) == REGULAR and int(meta.flags) & META_UNALLOCATED
        self._waiting.append((path.hex(), max(int(meta.size), 0) if told else None, int(meta.mtime) if told else 0))
        self._left -= 1
        if len(self._waiting) == AT_ONCE:
            self.say()

    def say(self) -> None:
        self._say("deleted", entries=self._waiting)
        self._waiting = []
