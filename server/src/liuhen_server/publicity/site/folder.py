"""The folder a site is written to: each file named in the manifest as it is written, the whole put in place at once.

A site is written beside the old one and exchanged with it when it is whole: who is interrupted leaves the old one as it was.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import shutil
from collections import deque
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

from liuhen_files import durable
from liuhen_protocol.errors import Refused
from liuhen_protocol.verify_site import MANIFEST, OUTSIDE, check_path

__all__ = ["SiteFolder", "put_in_place"]

_AT_FDCWD, _EXCHANGE = -100, 2
_WRITERS, _WAITING = 2, 200  # a new file waits for the disk, and meanwhile pages are drawn


class SiteFolder:
    """A new site in the making. `open_temporary` gives a file beside the site that is no part of it."""

    def __init__(self, final: Path) -> None:
        """Raises Refused when `final` is something else than a site that was written before, or nothing."""
        if final.is_symlink() or (final.exists() and not _is_site(final)):
            raise Refused(
                "other-folder", f"{final}: 已有别的内容 / holds something else than a site; choose another folder"
            )
        self.final = final
        self.new = final.with_name(f".{final.name}.new")
        self._aside = final.with_name(f".{final.name}.parts")
        for old in (self.new, self._aside):
            shutil.rmtree(old, ignore_errors=True)
        durable.mkdirs(final.parent, 0o755)
        self.new.mkdir(mode=0o755)
        self._aside.mkdir(mode=0o700)
        self._made: set[str] = set()
        self._writers = ThreadPoolExecutor(_WRITERS)
        self._written: deque[Future[int]] = deque()
        self._manifest = (self.new / MANIFEST).open("wb")
        self.files = 0

    def write(self, path: str, data: bytes) -> None:
        """Raises Malformed for a path that would leave the folder; OSError, later at the latest by `closed`."""
        self._written.append(self._writers.submit(self._place(path).write_bytes, data))
        if len(self._written) > _WAITING:
            self._written.popleft().result()
        self._named(path, hashlib.sha256(data).hexdigest())

    def take(self, path: str, part: Path) -> None:
        """A part that was written aside becomes a file of the site."""
        place = self._place(path)
        part.replace(place)
        place.chmod(0o644)
        with place.open("rb") as file:
            self._named(path, hashlib.file_digest(file, "sha256").hexdigest())

    def aside(self, name: str) -> Path:
        """Where a part may be written before it is taken or thrown away."""
        return self._aside / name

    def open_aside(self, name: str) -> BinaryIO:
        return self.aside(name).open("wb")

    def closed(self) -> str:
        """Every file is written and the manifest is whole: its SHA-256."""
        while self._written:
            self._written.popleft().result()
        self.given_up()
        shutil.rmtree(self._aside)
        with (self.new / MANIFEST).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def given_up(self) -> None:
        """Nothing is written any more; what was stays where it is until a site is made anew."""
        self._writers.shutdown(cancel_futures=True)
        self._manifest.close()

    def beside(self, files: Iterable[tuple[str, bytes]]) -> None:
        """What is written beside what the manifest names: the proof that it was released."""
        for name, data in files:
            assert name in OUTSIDE
            (self.new / name).write_bytes(data)

    def _place(self, path: str) -> Path:
        check_path(path)
        folder, _, _ = path.rpartition("/")
        if folder not in self._made:
            (self.new / folder).mkdir(mode=0o755, parents=True, exist_ok=True)
            self._made.add(folder)
        return self.new / path

    def _named(self, path: str, sha256: str) -> None:
        self._manifest.write(f"{sha256}  {path}\n".encode())
        self.files += 1


def put_in_place(site: SiteFolder) -> None:
    """The new site takes the old one's place in one step, and the old one goes."""
    os.sync()  # a site has some hundred thousand small files: one flush for all of them
    if not site.final.exists():
        site.new.replace(site.final)
    elif _exchange(site.new, site.final):
        shutil.rmtree(site.new)
    else:  # a file system that cannot exchange two names
        old = site.final.with_name(f".{site.final.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        site.final.replace(old)
        site.new.replace(site.final)
        shutil.rmtree(old)
    durable.fsync_folder(site.final.parent)


def _is_site(folder: Path) -> bool:
    return folder.is_dir() and ((folder / MANIFEST).is_file() or not any(folder.iterdir()))


def _exchange(one: Path, other: Path) -> bool:
    """Whether the two names now stand for each other's folder (renameat2 with RENAME_EXCHANGE). Raises OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    rename = getattr(libc, "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    error = ctypes.get_errno()
    if error in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP):
        return False
    raise OSError(error, os.strerror(error), str(one))
