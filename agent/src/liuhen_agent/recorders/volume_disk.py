"""The bytes of a clip that lies plainly on the disk, read by the dock itself where the parser said they are.

The parser is a child process that hostile bytes may have taken over: what it names is checked to be ranges of this disk
and no more bytes than the clip has. The kernel reads ahead; pages already read are dropped behind. A thread of its own
reads, so that a disk that no longer answers is noticed: the thread is left to the kernel, with its own descriptor, and
ends when the disk does.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from queue import Empty, SimpleQueue
from typing import Protocol

from liuhen_agent.recorders import FileEntry, VolumeError

FORGET = 32 * 1024 * 1024  # pages already read are dropped from the page cache in ranges of this size
LOOK_SECONDS = 0.5  # how soon a closed volume ends a read that waits

Extent = tuple[int, int]  # first byte on the disk, length in bytes


class Ending(Protocol):
    """What a stream needs of the volume it belongs to: whether it ended, and to end it."""

    ended: VolumeError | None

    def end(self, because: VolumeError | None = None) -> VolumeError: ...


def read_extents(said: object, size: int, disk_size: int) -> list[Extent] | None:
    """What the parser answered: the checked extents of `size` bytes in all, None where it has none. Raises VolumeError."""
    if said is None:
        return None
    nonsense = VolumeError("crashed", "the reader talks nonsense")
    if not isinstance(said, list):
        raise nonsense
    extents: list[Extent] = []
    for one in said:
        if not isinstance(one, list) or len(one) != 2 or not all(type(number) is int for number in one):
            raise nonsense
        start, length = one
        if start < 0 or length <= 0 or start + length > disk_size:
            raise nonsense
        extents.append((start, length))
    if sum(length for _, length in extents) != size:
        raise nonsense
    return extents


class Disk:
    """A descriptor of its own for reading bytes of a disk."""

    def __init__(self, size: int, file: int) -> None:
        self.size = size
        self._file = file
        self._closing = threading.Lock()
        self._closed = False

    @classmethod
    def of(cls, disk: int) -> Disk:
        """From an open descriptor, which stays the caller's: its offset and flags are not shared. Raises OSError."""
        size = os.lseek(disk, 0, os.SEEK_END)
        file = os.open(f"/proc/self/fd/{disk}", os.O_RDONLY | os.O_CLOEXEC)
        with contextlib.suppress(OSError):  # advice
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_SEQUENTIAL)  # clips lie in few, long pieces
        return cls(size, file)

    def copy(self) -> Disk:
        """With a descriptor of its own: closing this one does not disturb whoever reads there. Raises VolumeError."""
        with self._closing:
            if self._closed:
                raise VolumeError("closed", "the volume was closed")
            return Disk(self.size, os.dup(self._file))

    def read(self, view: memoryview, start: int) -> None:
        """Fills `view` from byte `start` on. Raises OSError, and VolumeError where the disk ends before."""
        filled = 0
        while filled < len(view):
            count = os.preadv(self._file, [view[filled:]], start + filled)
            if count == 0:
                raise VolumeError("size-differs", f"the disk ends at byte {start + filled}")
            filled += count

    def forget(self, start: int, length: int) -> None:
        """The pages of this range need not stay in memory."""
        os.posix_fadvise(self._file, start, length, os.POSIX_FADV_DONTNEED)

    def close(self) -> None:
        with self._closing:
            if self._closed:
                return
            self._closed = True
            os.close(self._file)


class _Reading(threading.Thread):
    """Reads what it is asked for, one job after the other; `results` hears of each: None, or what went wrong."""

    def __init__(self, disk: Disk) -> None:
        super().__init__(name="disk", daemon=True)  # daemon: a disk that hangs must not hold up the end of the dock
        self._disk = disk
        self.jobs: SimpleQueue[list[tuple[memoryview, int]] | None] = SimpleQueue()
        self.results: SimpleQueue[VolumeError | None] = SimpleQueue()

    def run(self) -> None:
        try:
            while (pieces := self.jobs.get()) is not None:
                try:
                    for view, start in pieces:
                        self._disk.read(view, start)
                    self.results.put(None)
                except VolumeError as error:
                    self.results.put(error)
                except OSError as error:
                    self.results.put(VolumeError("read-error", str(error)))
                del pieces
        finally:
            self._disk.close()


class ExtentStream:
    """See `recorders.ClipStream`. For one thread. `disk` becomes the stream's own; `on_close` is called once."""

    def __init__(
        self,
        volume: Ending,
        disk: Disk,
        extents: list[Extent],
        entry: FileEntry,
        stall: float,
        on_close: Callable[[], None],
    ) -> None:
        self._volume = volume
        self._disk = disk
        self._extents = extents
        self._entry = entry
        self._stall = stall
        self._on_close = on_close
        self._closed = False
        self._next = 0  # the extent that is read
        self._inside = 0  # bytes of it that were read
        self._forgotten = 0
        self.bytes_read = 0
        self._reading = _Reading(disk)
        self._reading.start()

    def readinto(self, buffer: memoryview | bytearray, /) -> int:
        if self._volume.ended:
            raise self._volume.ended
        pieces = list(self._pieces(memoryview(buffer)))
        if not pieces:
            return 0
        self._reading.jobs.put(pieces)
        self._wait()
        for view, start in pieces:
            self._pass(start, len(view))
        return sum(len(view) for view, _ in pieces)

    def _pieces(self, view: memoryview) -> Iterator[tuple[memoryview, int]]:
        """The next bytes of the clip, as many as `view` holds: (where to, from where on the disk)."""
        at, inside = self._next, self._inside
        while len(view) and at < len(self._extents):
            start, length = self._extents[at]
            count = min(len(view), length - inside)
            yield view[:count], start + inside
            view, at, inside = view[count:], at + 1, 0

    def _wait(self) -> None:
        deadline = time.monotonic() + self._stall
        while True:
            try:
                problem = self._reading.results.get(timeout=min(LOOK_SECONDS, self._stall))
            except Empty:
                if self._volume.ended:
                    raise self._volume.ended from None
                if time.monotonic() >= deadline:
                    why = f"no byte for {self._stall:g} s at {self.bytes_read}"
                    raise self._volume.end(VolumeError("timeout", why)) from None
                continue
            if problem is not None:
                raise problem
            return

    def _pass(self, start: int, count: int) -> None:
        self.bytes_read += count
        self._inside += count
        first, length = self._extents[self._next]
        if self._inside - self._forgotten >= FORGET or self._inside == length:
            self._disk.forget(first + self._forgotten, self._inside - self._forgotten)
            self._forgotten = self._inside
        if self._inside == length:
            self._next, self._inside, self._forgotten = self._next + 1, 0, 0

    def close(self) -> None:
        """Also before the end, and more than once."""
        if not self._closed:
            self._closed = True
            self._reading.jobs.put(None)
            self._on_close()
