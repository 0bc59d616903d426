"""The bytes of one upload while they arrive, and their read-back while the rest is still coming.

Three cursors move over the file, each behind the one before:

- written: handed to the kernel; the chunk tree is computed over these bytes as they arrived;
- durable: fdatasync returned for them; only this is ever promised to the dock;
- read back: dropped from the page cache (POSIX_FADV_DONTNEED, once they are clean), read again from the file, and
  hashed into the flat SHA-256.

So an upload costs two hash passes and one read of the disk, and the read runs while later pieces arrive: the archive
waits only for the last piece. When both hashes are what the dock promised, the file gives back the promised bytes.

What the read-back proves, and what not: the file system returned these bytes for this very inode after it was asked
to forget them. It catches a wrong write path, bad memory under the page cache, a file system or controller that lies.
It cannot prove that a disk or a hypervisor below us did not answer from its own cache, and the kernel may refuse to
drop pages (tmpfs, pages someone maps): there it shows only that the bytes in memory are right. Bits that rot later
are found by the scrub.

The hashes live in memory; `open_at` rebuilds them by reading the file once when an upload is taken up again. The
methods block; the caller runs them in threads. `write` and `hash_arrived` of one piece may run at once, as may `sync`
and `read_back` beside both; two calls of one method may not.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

from liuhen_files import durable
from liuhen_protocol.digest import CHUNK_SIZE, ChunkTree, Digest, FlatHash

PAGE = 4096
Piece = bytes | bytearray | memoryview


def _lock(handle: int, path: Path) -> None:
    """Raises Busy, also where the file got another name before the lock was held: then it may be stored evidence."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        named = path.stat()
    except (BlockingIOError, FileNotFoundError) as error:
        raise Busy(path.name) from error
    opened = os.fstat(handle)
    if (named.st_dev, named.st_ino) != (opened.st_dev, opened.st_ino):
        raise Busy(path.name)


class Busy(Exception):
    """Another request, maybe of another archive process, writes this file."""


class Incoming:
    """One file in `incoming/`, open and locked by this process."""

    def __init__(self, path: Path, handle: int, *, sm3: bool) -> None:
        self.path = path
        self._handle = handle
        self._arrived = ChunkTree()
        self._returned = FlatHash(sm3=sm3)
        self._buffer = bytearray(CHUNK_SIZE)
        self.written = 0
        self.durable = 0
        self._sync_failed = False

    @classmethod
    def create(cls, path: Path) -> None:
        """An empty file whose name is durable. Raises FileExistsError."""
        durable.write_new(path, b"")

    @classmethod
    def open_at(cls, path: Path, offset: int, *, sm3: bool = False) -> Incoming:
        """Take up an upload of which `offset` bytes are durable; bytes after them are cut off.

        Raises Busy, and FileNotFoundError where the file is gone or shorter than `offset`: the upload is lost and
        begins anew.
        """
        return cls.take_up(path, cls.lock(path), offset, sm3=sm3)

    @classmethod
    def lock(cls, path: Path) -> int:
        """A handle of the file that nobody else has; what is durable of it is to be asked only now. Raises Busy,
        FileNotFoundError.
        """
        try:
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except PermissionError:  # a crash came between making it read-only and giving it its name in the store
            path.chmod(0o600)
            handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            _lock(handle, path)
        except BaseException:
            os.close(handle)
            raise
        return handle

    @classmethod
    def take_up(cls, path: Path, handle: int, offset: int, *, sm3: bool = False) -> Incoming:
        """As `open_at`, with a handle that `lock` gave and that is closed where this raises."""
        try:
            if os.fstat(handle).st_size < offset:
                raise FileNotFoundError(f"{path.name}: shorter than the {offset} bytes that were durable")
            os.ftruncate(handle, offset)
            file = cls(path, handle, sm3=sm3)
            file._rebuild(offset)
        except BaseException:
            os.close(handle)
            raise
        return file

    def close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)  # ends the lock too
            self._handle = -1

    def unlock(self) -> None:
        """Idle: the hashes stay, and another process of the archive may take the upload up."""
        fcntl.flock(self._handle, fcntl.LOCK_UN)

    def lock_again(self) -> None:
        """Raises Busy. Only where no more bytes are durable than this file wrote do its hashes still count."""
        _lock(self._handle, self.path)

    def cut_to_written(self) -> None:
        """Drops what another process wrote behind and did not make durable. The file is locked."""
        os.ftruncate(self._handle, self.written)

    @property
    def inode(self) -> tuple[int, int]:
        """Device and inode: the store shows that what it published is what was read back."""
        status = os.fstat(self._handle)
        return status.st_dev, status.st_ino

    def write(self, piece: Piece) -> None:
        """Append; raises OSError (disk full, quota, file size limit), after which `cut_to` or `close` is due."""
        view = memoryview(piece)
        while view:
            count = os.pwrite(self._handle, view, self.written)
            self.written += count
            view = view[count:]

    def hash_arrived(self, piece: Piece) -> None:
        """Hash a piece as it arrived, in order."""
        self._arrived.update(piece)

    def sync(self) -> int:
        """fdatasync; returns how many bytes are durable by it. Bytes written meanwhile count at the next time."""
        upto = self.written
        if self._sync_failed:
            raise OSError(errno.EIO, "an earlier sync failed; what the kernel says afterwards proves nothing")
        try:
            os.fdatasync(self._handle)
        except OSError:
            self._sync_failed = True
            raise
        self.durable = max(self.durable, upto)
        return self.durable

    def read_back(self, *, last: bool = False) -> None:
        """Read what became durable since the last time, from the disk, and hash it. `last`: the file is complete."""
        start = self._returned.size
        end = self.durable if last else self.durable // PAGE * PAGE
        if end <= start:
            return
        os.posix_fadvise(self._handle, start, 0 if last else end - start, os.POSIX_FADV_DONTNEED)
        os.posix_fadvise(self._handle, start, end - start, os.POSIX_FADV_SEQUENTIAL)
        view = memoryview(self._buffer)
        while start < end:
            count = os.preadv(self._handle, [view[: min(CHUNK_SIZE, end - start)]], start)
            if count == 0:
                raise OSError(f"{self.path.name}: ends at {start} bytes, {end} were durable")
            self._returned.update(view[:count])
            start += count
        os.posix_fadvise(self._handle, 0, start // PAGE * PAGE, os.POSIX_FADV_DONTNEED)  # leaves the cache to others

    def finish(self) -> Digest:
        """Everything is written: fsync, read the rest back, and say what the file is. `chunk_root` speaks of the
        bytes as they arrived, `sha256` (and `sm3`) of the bytes the disk gave back."""
        os.fsync(self._handle)
        self.durable = self.written
        self.read_back(last=True)
        return Digest(self._returned.size, self._returned.sha256, self._arrived.root(), self._returned.sm3)

    @property
    def leaves(self) -> bytes:
        """The leaves of the chunk tree, 32 bytes each, of the bytes as they arrived; `finish` was called."""
        return bytes(self._arrived.leaves)

    def chunk_root_on_disk(self) -> str:
        """The chunk root of the bytes as the disk gives them: tells a wrong promise from a wrong disk when hashes
        disagree.
        """
        tree = ChunkTree()
        offset = 0
        while piece := os.pread(self._handle, CHUNK_SIZE, offset):
            tree.update(piece)
            offset += len(piece)
        return tree.root()

    def _rebuild(self, offset: int) -> None:
        """Both hashes over what is on the disk: for these bytes arrival and read-back are one."""
        os.fdatasync(self._handle)
        os.posix_fadvise(self._handle, 0, 0, os.POSIX_FADV_DONTNEED)
        view = memoryview(self._buffer)
        whole_pages = offset // PAGE * PAGE
        while self.written < offset:
            count = os.preadv(self._handle, [view[: min(CHUNK_SIZE, offset - self.written)]], self.written)
            if count == 0:
                raise FileNotFoundError(f"{self.path.name}: ends at {self.written} bytes, {offset} were durable")
            self._arrived.update(view[:count])
            self._returned.update(view[: max(0, min(count, whole_pages - self._returned.size))])
            self.written += count
        self.durable = self.written
