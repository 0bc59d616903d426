"""Copy with digest: every byte of a clip is read once, and on its way hashed twice and written.

Four things overlap, each on its own thread, because hashing, reading and writing all let go of the interpreter: reading
(the calling thread), the flat hash, the chunk tree, and writing. A few fixed blocks go round, so memory does not grow
with the clip. Reading and writing go through the page cache, which reads ahead and writes behind with more requests at
once than a program that waits for each (O_DIRECT reached 60 % of it on the bench), and drop behind them what is done.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from typing import Protocol

from liuhen_protocol.digest import ChunkTree, Digest, FlatHash

BLOCK_SIZE = 2 << 20
BLOCKS = 4  # a quarter of the memory that four bays may take, together
BEGIN_EVERY = 8 << 20  # found on the bench
BEHIND = 64 << 20  # bounds the dirty pages of one clip


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
    free = [memoryview(mmap.mmap(-1, BLOCK_SIZE)) for _ in range(BLOCKS)]
    busy: deque[tuple[memoryview, list[Future[None]]]] = deque()
    with ExitStack() as stack:
        lanes = [
            (stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix=name)), work)
            for name, work in (("sha256", flat.update), ("chunks", chunks.update), ("write", writer.write))
        ]
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
    """Writes in order. The kernel is told to begin with every few megabytes at once, and a good way behind they are waited
    for and dropped from the page cache: the disk never rests, dirty pages stay bounded, and memory does not fill with a clip.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._written = 0
        self._early = True  # until the kernel says that there is no such thing for this target
        self._begun = 0  # up to here the kernel was told to write out
        self._dropped = 0  # up to here it has, and the cache forgot it

    def write(self, piece: memoryview) -> None:
        while len(piece):
            count = os.write(self._target, piece)
            self._written += count
            piece = piece[count:]
        if self._early and self._written - self._begun >= BEGIN_EVERY:
            self._begin()
        while self._early and self._begun - self._dropped > BEHIND:
            _write_out(self._target, self._dropped, BEGIN_EVERY, _WAIT)
            os.posix_fadvise(self._target, self._dropped, BEGIN_EVERY, os.POSIX_FADV_DONTNEED)
            self._dropped += BEGIN_EVERY

    def _begin(self) -> None:
        """Beginning takes no error of writing out away from fsync, so this refusal may be passed over; waiting does take it away, so what
        that says always ends the copy."""
        try:
            _write_out(self._target, self._begun, self._written - self._begun, _BEGIN)
            self._begun = self._written
        except OSError as error:
            if error.errno not in (errno.ESPIPE, errno.EINVAL, errno.ENOSYS):
                raise
            self._early = False  # fsync does all of it

    def finish(self) -> None:
        """The durable step: what came before only kept the disk busy."""
        os.fsync(self._target)
        os.posix_fadvise(self._target, 0, 0, os.POSIX_FADV_DONTNEED)


_BEGIN, _WAIT = 2, 1 | 2 | 4  # SYNC_FILE_RANGE_WRITE; with it WAIT_BEFORE and WAIT_AFTER
_sync_file_range = ctypes.CDLL(None, use_errno=True).sync_file_range
_sync_file_range.argtypes = (ctypes.c_int, ctypes.c_int64, ctypes.c_int64, ctypes.c_uint)  # off64_t on every machine
_sync_file_range.restype = ctypes.c_int


def _write_out(file: int, start: int, length: int, how: int) -> None:
    """sync_file_range(2), which Python does not have. Raises OSError."""
    if _sync_file_range(file, start, length, how) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
