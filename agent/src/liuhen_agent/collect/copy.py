"""Copy with digest: every byte of a clip is read once, and on its way hashed twice and written.

Four things overlap, each on its own thread, because hashing, reading and writing all let go of the interpreter: reading
(the calling thread), the flat hash, the chunk tree, and writing. A few fixed blocks go round, so memory does not grow
with the clip. Writing goes past the page cache (O_DIRECT) where the file system allows it: half the work, and a dock
with little memory keeps it. Elsewhere what was written is forced to the disk every 64 MiB in the background and dropped
from the cache, so that dirty pages stay bounded.
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Protocol

from liuhen_protocol.digest import ChunkTree, Digest, FlatHash

BLOCK_SIZE = 2 << 20
BLOCKS = 4
SYNC_EVERY = 64 << 20  # found on the bench: bounds dirty pages, costs no speed


class NoRoom(Exception):
    """The dock's disk is full. Nothing was lost: the clip is still on the recorder."""


class Stopped(Exception):
    """The copy was told to stop (the dock is shutting down, the recorder was taken)."""


class Readable(Protocol):
    """Bytes of a clip: fills the buffer, answers 0 only at the true end, raises otherwise."""

    def readinto(self, buffer: memoryview, /) -> int: ...


def copy_with_digest(
    source: Readable,
    target: int,
    *,
    sm3: bool = False,
    on_bytes: Callable[[int], None] = lambda count: None,
    stopped: Callable[[], bool] = lambda: False,
) -> Digest:
    """Copy `source` to the open file `target` and force it to the disk. Blocking: call it in a thread.

    `on_bytes` hears of every block read. Raises NoRoom, Stopped, OSError of the target, and what the source raises.
    """
    flat, chunks, writer = FlatHash(sm3=sm3), ChunkTree(), _Writer(target)
    free = [memoryview(mmap.mmap(-1, BLOCK_SIZE)) for _ in range(BLOCKS)]  # mmap: direct access asks for whole pages
    busy: deque[tuple[memoryview, list[Future[None]]]] = deque()
    with ExitStack() as stack:
        lanes = [
            (stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix=name)), work)
            for name, work in (("sha256", flat.update), ("chunks", chunks.update), ("write", writer.write))
        ]
        stack.callback(writer.close)
        try:
            while True:
                if stopped():
                    raise Stopped
                if not free:
                    block, work_done = busy.popleft()
                    _wait(work_done)
                    free.append(block)
                block = free.pop()
                count = _fill(source, block)
                if count == 0:
                    break
                piece = block[:count]
                busy.append((block, [lane.submit(work, piece) for lane, work in lanes]))
                on_bytes(count)
            for _block, work_done in busy:
                _wait(work_done)
            writer.finish()
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT):
                raise NoRoom(os.strerror(error.errno)) from error
            raise
    return Digest(flat.size, flat.sha256, chunks.root(), flat.sm3)


def _fill(source: Readable, block: memoryview) -> int:
    """Read until the block is full or the source ends: few, large pieces for the threads behind."""
    filled = 0
    while filled < len(block):
        count = source.readinto(block[filled:])
        if count == 0:
            break
        filled += count
    return filled


def _wait(work_done: list[Future[None]]) -> None:
    for future in work_done:
        future.result()


class _Writer:
    """Writes in order, past the page cache as long as that goes; else forces and forgets in the background, at most one
    step behind."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._written = 0
        self._asked = 0  # up to here forcing was begun
        self._forcing: Future[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sync")
        self._direct = _set_direct(target, True)

    def write(self, piece: memoryview) -> None:
        if self._direct and len(piece) % mmap.PAGESIZE:  # the end of the clip
            self._leave_direct()
        while len(piece):
            try:
                count = os.write(self._target, piece)
            except OSError as error:
                if not self._direct or error.errno != errno.EINVAL:
                    raise
                self._leave_direct()  # it wants another alignment
                continue
            self._written += count
            piece = piece[count:]
        if not self._direct and self._written - self._asked >= SYNC_EVERY:
            if self._forcing is not None:
                self._forcing.result()
            self._forcing = self._thread.submit(self._force, self._asked, self._written)
            self._asked = self._written

    def _leave_direct(self) -> None:
        _set_direct(self._target, False)
        self._direct = False
        self._asked = self._written

    def finish(self) -> None:
        if self._forcing is not None:
            self._forcing.result()
        os.fsync(self._target)
        os.posix_fadvise(self._target, 0, 0, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        self._thread.shutdown(wait=True)

    def _force(self, begin: int, end: int) -> None:
        os.fdatasync(self._target)
        os.posix_fadvise(self._target, begin, end - begin, os.POSIX_FADV_DONTNEED)


def _set_direct(file: int, wanted: bool) -> bool:
    """Whether writing past the page cache is on now: not every file system and device has it."""
    flags = fcntl.fcntl(file, fcntl.F_GETFL)
    try:
        fcntl.fcntl(file, fcntl.F_SETFL, flags | os.O_DIRECT if wanted else flags & ~os.O_DIRECT)
    except OSError:
        return False
    return wanted
