"""A disk that can lose its power: a FUSE file system in memory that remembers what was synced, and when.

A program works on it once, in a process of its own. Every change is written down in order; afterwards the power can be
cut at any of these moments, and for each the disk is rebuilt as it may legally be found then:

    STRICT      nothing survived but what was synced: data by fsync of the file, names by fsync of their folder
    NAMES       every name survived, the data only where it was synced (a renamed file may be empty)
    DATA        the data was written back early, the names only where their folder was synced

A program that keeps evidence must come back from all of them. What somebody outside was told meanwhile (an entry was
sent, an answer given) is put among the changes by `tell`, so that a test can ask whether it still holds after the cut.
Not modelled: sectors torn in the middle, and writes of one file that survive in another order than they were made.
"""

from __future__ import annotations

import copy
import enum
import errno
import hashlib
import os
import pickle
import stat
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import mfusepy as fuse

from support.forked import forked

ROOT = 1
MARK = "user.told"  # the extended attribute through which a program tells what was told
HIDDEN = ".fuse_hidden"  # libfuse renames an open file to this instead of removing it


class Outcome(enum.Enum):
    """What a disk may hold after the cut: (names that were not synced survive, data that was not synced survives)."""

    STRICT = (False, False)
    NAMES = (True, False)
    DATA = (False, True)


@dataclass(frozen=True, slots=True)
class Step:
    """One change: the name of a method of `Disk`, and what it is called with."""

    verb: str
    about: tuple[Any, ...]

    def __str__(self) -> str:
        return f"{self.verb} {' '.join(str(each) for each in self.about if not isinstance(each, bytes))}"


@dataclass
class Disk:
    """Inodes by number; a folder is one too. `names` and `data` are what programs see, `kept_…` what was synced."""

    names: dict[int, dict[str, int]] = field(default_factory=lambda: {ROOT: {}})
    data: dict[int, bytearray] = field(default_factory=dict)
    modes: dict[int, int] = field(default_factory=lambda: {ROOT: 0o700})
    kept_names: dict[int, dict[str, int]] = field(default_factory=lambda: {ROOT: {}})
    kept_data: dict[int, bytes] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, folder: Path | None) -> Disk:
        """A disk that holds a folder's content, all of it synced."""
        disk = cls()
        if folder is not None:
            disk._take_in(folder, ROOT)
        return disk

    def _take_in(self, folder: Path, inode: int) -> None:
        for path in sorted(folder.iterdir()):
            new = len(self.modes) + 1
            self.make(inode, path.name, new, stat.S_IMODE(path.stat().st_mode), path.is_dir())
            if path.is_dir():
                self._take_in(path, new)
            else:
                self.write(new, 0, path.read_bytes())
                self.sync(new)
        self.sync_folder(inode)

    # --- changes

    def make(self, folder: int, name: str, inode: int, mode: int, is_folder: bool) -> None:
        self.names[folder][name] = inode
        self.modes[inode] = mode
        if is_folder:
            self.names[inode] = {}
        else:
            self.data[inode] = bytearray()

    def write(self, inode: int, offset: int, data: bytes) -> None:
        content = self.data[inode]
        if offset > len(content):
            content.extend(bytes(offset - len(content)))
        content[offset : offset + len(data)] = data

    def truncate(self, inode: int, length: int) -> None:
        content = self.data[inode]
        del content[length:]
        content.extend(bytes(length - len(content)))

    def remove(self, folder: int, name: str) -> None:
        del self.names[folder][name]

    def rename(self, folder: int, name: str, to_folder: int, to_name: str) -> None:
        self.names[to_folder][to_name] = self.names[folder].pop(name)

    def link(self, inode: int, folder: int, name: str) -> None:
        self.names[folder][name] = inode

    def chmod(self, inode: int, mode: int) -> None:
        self.modes[inode] = mode

    def sync(self, inode: int) -> None:
        self.kept_data[inode] = bytes(self.data[inode])

    def sync_folder(self, inode: int) -> None:
        self.kept_names[inode] = dict(self.names[inode])

    def tell(self, what: str) -> None:
        self.told.append(what)

    # --- what is seen

    def inode(self, path: str) -> int:
        """Raises FuseOSError(ENOENT), (ENOTDIR)."""
        found = ROOT
        for part in PurePosixPath(path).parts[1:]:
            if found not in self.names:
                raise fuse.FuseOSError(errno.ENOTDIR)
            if part not in self.names[found]:
                raise fuse.FuseOSError(errno.ENOENT)
            found = self.names[found][part]
        return found

    def tree(self, outcome: Outcome) -> dict[str, tuple[int, bytes | None]]:
        """Mode and bytes (None: a folder) of every path that is found after a cut now."""
        found: dict[str, tuple[int, bytes | None]] = {}
        self._grow(found, "", ROOT, *outcome.value)
        return found

    def _grow(
        self, found: dict[str, tuple[int, bytes | None]], path: str, inode: int, live_names: bool, live_data: bool
    ) -> None:
        names = self.names[inode] if live_names else self.kept_names.get(inode, {})
        for name, child in names.items():
            if name.startswith(HIDDEN):
                continue
            place = f"{path}/{name}" if path else name
            if child in self.names:
                found[place] = (self.modes[child], None)
                self._grow(found, place, child, live_names, live_data)
            else:
                data = bytes(self.data[child]) if live_data else self.kept_data.get(child, b"")
                found[place] = (self.modes[child], data)


@dataclass(frozen=True, repr=False)
class Cut:
    """A moment of a power cut and what the disk holds then. `told`: what somebody outside had been told before it."""

    number: int
    after: str
    told: tuple[str, ...]
    tree: dict[str, tuple[int, bytes | None]]

    def rebuild(self, folder: Path) -> Path:
        folder.mkdir(parents=True)
        for path, (mode, data) in self.tree.items():
            if data is None:
                (folder / path).mkdir(mode)
            else:
                (folder / path).write_bytes(data)
                (folder / path).chmod(mode)
        return folder

    def __repr__(self) -> str:
        return f"cut {self.number} after {self.after}"


@dataclass
class Mounted:
    """`folder` is where a program works. After the block `cuts` gives the moments."""

    folder: Path
    begins: Disk
    steps: list[Step] = field(default_factory=list)

    def cuts(self, outcome: Outcome) -> list[Cut]:
        """One cut for every moment in which the disk, or what was told, differs from the moment before."""
        disk, found, before = copy.deepcopy(self.begins), [], b""
        for number, step in enumerate(self.steps):
            getattr(disk, step.verb)(*step.about)
            following = self.steps[number + 1].verb if number + 1 < len(self.steps) else "sync"
            if step.verb in ("write", "truncate", "chmod") and not following.startswith("sync"):
                continue  # a write is looked at when the next step is a sync: with all that is not synced yet
            if step.verb == "rename" and step.about[-1].startswith(HIDDEN):
                continue  # libfuse makes way for what comes next; a disk does both at once
            tree = disk.tree(outcome)
            seen = hashlib.sha256(repr((sorted(tree.items()), len(disk.told))).encode()).digest()
            if seen != before:
                found.append(Cut(number, str(step), tuple(disk.told), tree))
                before = seen
        return found


def tell(place: Path, what: str) -> None:
    """To be called by the program on the disk: from this moment on somebody outside knows `what`."""
    os.setxattr(place, MARK, what.encode())


@contextmanager
def power_cut_disk(tmp_path: Path, content: Path | None = None) -> Iterator[Mounted]:
    """A mounted disk with the content of a folder, all of it synced. Ends when no program has it open any more."""
    folder, record = tmp_path / "disk", tmp_path / "disk.steps"
    folder.mkdir()
    mounted = Mounted(folder, Disk.of(content))
    process = forked(_serve, mounted.begins, folder, record)
    process.start()
    try:
        until = time.monotonic() + 30
        while not folder.is_mount():
            assert process.is_alive() and time.monotonic() < until, "/dev/fuse and fusermount3 are needed"
            time.sleep(0.01)
        yield mounted
    finally:
        subprocess.run(["fusermount3", "-u", "-z", str(folder)], check=False)
        process.join(30)
        process.kill()
    mounted.steps = pickle.loads(record.read_bytes())


def _serve(disk: Disk, folder: Path, record: Path) -> None:
    serving = _Serving(disk)
    fuse.FUSE(
        serving,
        str(folder),
        foreground=True,
        nothreads=True,
        fsname="powercut",
        attr_timeout=0,
        entry_timeout=0,
        use_ino=True,
    )
    record.write_bytes(pickle.dumps(serving.steps))


class _Serving(fuse.Operations):  # type: ignore[misc]  # mfusepy has no types
    """The disk to the kernel. An open file is known by its inode, so a name may change or go meanwhile."""

    use_ns = True

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.steps: list[Step] = []
        self._times: dict[int, int] = {}
        self._last = max(disk.modes)

    def _do(self, verb: str, *about: Any) -> None:
        getattr(self.disk, verb)(*about)
        self.steps.append(Step(verb, about))

    def _place(self, path: str) -> tuple[int, str]:
        where = PurePosixPath(path)
        return self.disk.inode(str(where.parent)), where.name

    def _new(self, path: str, mode: int, is_folder: bool) -> int:
        self._last += 1
        self._do("make", *self._place(path), self._last, stat.S_IMODE(mode), is_folder)
        return self._last

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        inode = fh or self.disk.inode(path)
        is_folder = inode in self.disk.names
        size = 0 if is_folder else len(self.disk.data[inode])
        links = 1 if is_folder else sum(list(names.values()).count(inode) for names in self.disk.names.values())
        kind = stat.S_IFDIR if is_folder else stat.S_IFREG
        moment = self._times.get(inode, 0)
        found = {"st_mode": kind | self.disk.modes[inode], "st_nlink": links, "st_size": size, "st_ino": inode}
        found |= {"st_uid": os.getuid(), "st_gid": os.getgid(), "st_blocks": (size + 511) // 512}
        return found | dict.fromkeys(("st_mtime", "st_atime", "st_ctime"), moment)

    def readdir(self, path: str, fh: int) -> list[tuple[str, dict[str, int], int]]:
        here = self.disk.inode(path)
        names = {".": here, "..": here} | self.disk.names[here]
        return [(name, self.getattr(path, inode), 0) for name, inode in names.items()]

    def statfs(self, path: str) -> dict[str, int]:
        return {"f_bsize": 4096, "f_frsize": 4096, "f_blocks": 1 << 20, "f_bfree": 1 << 20, "f_bavail": 1 << 20} | {
            "f_namemax": 255
        }

    def mkdir(self, path: str, mode: int) -> int:
        self._new(path, mode, True)
        return 0

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        return self._new(path, mode, False)

    def open(self, path: str, flags: int) -> int:
        inode = self.disk.inode(path)
        if flags & os.O_TRUNC:
            self._do("truncate", inode, 0)
        return inode

    def rmdir(self, path: str) -> int:
        if self.disk.names[self.disk.inode(path)]:
            raise fuse.FuseOSError(errno.ENOTEMPTY)
        return self.unlink(path)

    def unlink(self, path: str) -> int:
        self.disk.inode(path)
        self._do("remove", *self._place(path))
        return 0

    def rename(self, old: str, new: str) -> int:
        self.disk.inode(old)
        self._do("rename", *self._place(old), *self._place(new))
        return 0

    def link(self, target: str, source: str) -> int:
        self._do("link", self.disk.inode(source), *self._place(target))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        self._do("chmod", self.disk.inode(path), stat.S_IMODE(mode))
        return 0

    def chown(self, path: str, uid: int, gid: int) -> int:
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        self._times[self.disk.inode(path)] = times[1] if times else time.time_ns()
        return 0

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        return bytes(self.disk.data[fh][offset : offset + size])

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        self._do("write", fh, offset, bytes(data))
        self._times[fh] = time.time_ns()
        return len(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        self._do("truncate", fh or self.disk.inode(path), length)
        return 0

    def fsync(self, path: str, datasync: int, fh: int) -> int:
        self._do("sync", fh)
        return 0

    def fsyncdir(self, path: str, datasync: int, fh: int) -> int:
        self._do("sync_folder", self.disk.inode(path))
        return 0

    def setxattr(self, path: str, name: str, value: bytes, options: int, position: int = 0) -> int:
        if name != MARK:
            raise fuse.FuseOSError(errno.ENOTSUP)
        self._do("tell", value.decode())
        return 0

    def listxattr(self, path: str) -> list[str]:
        return []

    def getxattr(self, path: str, name: str, position: int = 0) -> bytes:
        raise fuse.FuseOSError(errno.ENODATA)
