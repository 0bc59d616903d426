"""Recorders: what the rest of the dock sees of a recorder's files, whatever they lie on.

`volume.open_volume(path)` (disk image or block node, parsed in a child process) and `directory.open_directory(path)`
(a folder of files) give the same `Volume`. Usage:

    volume = await open_volume(port.disk)
    listing = await volume.inventory()
    stream = await volume.open_clip(listing.files[0])      # then in a thread, blocking:
    while n := stream.readinto(buffer): ...                # 0 only at the checked end; anything else raises
    VolumeError
    stream.close(); await volume.close()
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

FileSystem = Literal["fat12", "fat16", "fat32", "exfat", "ext2", "ext3", "ext4", "ntfs", "directory", "mtp"]


class VolumeError(Exception):
    """The recorder's file system could not be read. `code` is a short word for programs, `why` a sentence for people.

    Codes: missing (no such node) · gone (pulled while reading) · no-file-system · damaged · too-many (entries) ·
    timeout ·
    crashed (the reader died) · memory · size-differs (fewer or more bytes than the entry says) · read-error ·
    not-a-file ·
    busy (a clip of this volume is being read) · closed.
    """

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


@dataclass(frozen=True)
class VolumeLimits:
    """What reading one volume may cost. Seconds and bytes."""

    open_seconds: float = 30.0
    list_seconds: float = 180.0
    stall_seconds: float = 30.0  # no byte of a clip for so long: the recorder hangs
    memory_bytes: int = 768 * 1024 * 1024  # address space of the reader, libraries included
    entries: int = 200_000
    depth: int = 32


@dataclass(frozen=True)
class VolumeInfo:
    """`volume_id` is the file system's serial in hex (None where it has none); `offset` where the partition
    begins, in bytes.

    Sizes in bytes; `free_bytes` is None where the file system does not say.
    """

    kind: FileSystem
    label: str
    volume_id: str | None
    cluster_size: int
    total_bytes: int
    free_bytes: int | None
    offset: int


@dataclass(frozen=True)
class FileEntry:
    """One regular file, as it is listed. `path_raw`: the bytes as stored, components joined by "/"; `path`: the
    same as safe text,
    what is not printable UTF-8 escaped as %XX ("%" itself as %25, components "." and ".." escaped too): one to one
    with `path_raw`.

    `modified`: "2026-11-22T10:00:00" without a zone from FAT and exFAT (the recorder's local time), with "Z" where
    the file
    system keeps UTC; None if unset. `address` is the reader's own handle of the file: pass the entry back as it is.
    """

    path_raw: bytes
    path: str
    size: int
    modified: str | None
    address: int


@dataclass(frozen=True)
class DeletedEntry:
    """A deleted file whose entry the file system still shows; path and time as in FileEntry. `size`: None where it is not told."""

    path_raw: bytes
    path: str
    size: int | None
    modified: str | None


@dataclass(frozen=True)
class Listing:
    """All regular files, the number of deleted entries seen, and what could not be read (if not empty, the listing
    is not complete). `deleted`: the first of the deleted entries, by name; `unowned_bytes`: space marked as used that no
    entry owns (None: not known)."""

    files: tuple[FileEntry, ...]
    deleted_seen: int
    problems: tuple[str, ...] = ()
    deleted: tuple[DeletedEntry, ...] = ()
    unowned_bytes: int | None = None


class ClipStream(Protocol):
    """The bytes of one clip: blocking, for a thread. `readinto` fills the buffer (less only before the end) and
    answers 0 only when
    exactly `size` bytes came and the reader confirmed the end; anything else raises VolumeError. Close it in every
    case."""

    def readinto(self, buffer: memoryview | bytearray, /) -> int: ...

    def close(self) -> None: ...


class Volume(Protocol):
    """A readable volume. Only one clip at a time; every method may raise VolumeError."""

    @property
    def info(self) -> VolumeInfo: ...

    async def inventory(self) -> Listing: ...

    async def open_clip(self, entry: FileEntry) -> ClipStream: ...

    async def close(self) -> None: ...


@dataclass(frozen=True)
class RecorderIdentity:
    """Who the recorder says it is. Zero ids are None (unassigned, never an officer)."""

    serial: str | None = None
    officer: str | None = None
    unit: str | None = None
    model: str | None = None
    firmware: str | None = None


class RecorderError(Exception):
    """A recorder did not answer as its protocol says. Codes: no-answer · refused · wrong-password · locked ·
    garbled · gone · unsupported."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


@dataclass(frozen=True, repr=False)
class Credential:
    """A recorder's role and password, from the dock's configuration file. Never shown."""

    role: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential(role={self.role!r}, secret=…)"
