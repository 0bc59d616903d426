"""The local store: one folder, every clip under the SHA-256 of its bytes, `sha256/ab/cd/<sha256>`.

A clip gets its name only after its bytes were synced and read back (store/incoming.py), by a rename whose folder is
synced too. A name that is there is never given anew: the second upload of the same bytes is dropped in favour of the
first, after the first was read back in full, so that each dock's `clip.stored` rests on bytes the archive has just
seen. Files are read-only; only the retention room removes them.

Beside it, in `<folder>-leaves/ab/<sha256>`, lie the leaves of each clip's chunk tree. They are written without syncing:
who reads them computes the root, and makes them anew where it is another.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from liuhen_files import durable
from liuhen_protocol.digest import CHUNK_SIZE, is_digest
from liuhen_server.store.incoming import Incoming
from liuhen_server.store.interface import Kept, NotStored, ReadBackFailed, Scrubbed

READ_ONLY = 0o400


class FolderStore:
    """A :class:`~liuhen_server.store.interface.Store` in a folder; `incoming/` must lie on the same file system."""

    name: str = "folder"

    def __init__(self, root: Path) -> None:
        self.root = root
        self.leaves_root = root.with_name(root.name + "-leaves")
        self._publishing = threading.Lock()

    def path_of(self, sha256: str) -> Path:
        """Where the object lies. Raises NotStored for what is no digest, so that no request's text becomes a path."""
        if not is_digest(sha256):
            raise NotStored("not a SHA-256 in lower-case hexadecimal")
        return self.root / "sha256" / sha256[:2] / sha256[2:4] / sha256

    def key_of(self, sha256: str) -> str:
        return str(self.path_of(sha256).relative_to(self.root))

    def keep(self, incoming: Incoming, sha256: str) -> Kept:
        final, key = self.path_of(sha256), self.key_of(sha256)
        with self._publishing:
            if final.exists():
                self._confirm(sha256)
                durable.remove(incoming.path)
                return Kept(key, fresh=False)
            durable.mkdirs(final.parent)
            incoming.path.chmod(READ_ONLY)
            durable.publish(incoming.path, final)
        status = final.stat()
        if (status.st_dev, status.st_ino) != incoming.inode or status.st_size != incoming.written:
            raise ReadBackFailed(
                f"{sha256}: the stored file is not the one that was read back; check the store's file system"
            )
        return Kept(key, fresh=True)

    def read(self, sha256: str, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        try:
            handle = os.open(self.path_of(sha256), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotStored(f"{sha256} is not in the store") from error
        return self._pieces(handle, start, length)

    def size(self, sha256: str) -> int | None:
        try:
            return self.path_of(sha256).stat().st_size
        except FileNotFoundError:
            return None

    def keep_leaves(self, sha256: str, leaves: bytes) -> None:
        final = self._leaves_of(sha256)
        temporary = final.with_name(f".{sha256}.{os.getpid()}.{threading.get_ident()}")
        try:
            final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            temporary.write_bytes(leaves)
            temporary.chmod(READ_ONLY)
            temporary.replace(final)
        except OSError:
            with suppress(OSError):
                temporary.unlink()

    def leaves(self, sha256: str) -> bytes | None:
        try:
            return self._leaves_of(sha256).read_bytes()
        except OSError:
            return None

    def remove(self, sha256: str) -> None:
        with self._publishing:
            for path in (self._leaves_of(sha256), self.path_of(sha256)):
                if path.exists():
                    durable.remove(path)

    def check(self, sha256: str) -> Scrubbed:
        try:
            handle = os.open(self.path_of(sha256), os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotStored(f"{sha256} is not in the store") from error
        try:
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
            os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_SEQUENTIAL)
            digest, size, buffer = hashlib.sha256(), 0, bytearray(CHUNK_SIZE)
            while count := os.preadv(handle, [buffer], size):
                digest.update(memoryview(buffer)[:count])
                size += count
                if size % (64 * CHUNK_SIZE) == 0:
                    os.posix_fadvise(handle, 0, size, os.POSIX_FADV_DONTNEED)
        except OSError as error:
            return Scrubbed(sha256, 0, f"cannot be read: {error.strerror}")
        finally:
            os.close(handle)
        found = digest.hexdigest()
        return Scrubbed(sha256, size, None if found == sha256 else f"its bytes now have the SHA-256 {found}")

    def scrub(self) -> Iterator[Scrubbed]:
        for path in sorted((self.root / "sha256").glob("??/??/*")):
            if is_digest(path.name):
                yield self.check(path.name)

    def _leaves_of(self, sha256: str) -> Path:
        if not is_digest(sha256):
            raise NotStored("not a SHA-256 in lower-case hexadecimal")
        return self.leaves_root / sha256[:2] / sha256

    def _confirm(self, sha256: str) -> None:
        seen = self.check(sha256)
        if seen.why is not None:
            raise ReadBackFailed(
                f"{sha256}: the store holds a damaged copy ({seen.why}); run liuhen-server scrub before anything else"
            )

    def _pieces(self, handle: int, start: int, length: int | None) -> Iterator[bytes]:
        try:
            left = os.fstat(handle).st_size - start if length is None else length
            while left > 0 and (piece := os.pread(handle, min(CHUNK_SIZE, left), start)):
                yield piece
                start += len(piece)
                left -= len(piece)
        finally:
            os.close(handle)
