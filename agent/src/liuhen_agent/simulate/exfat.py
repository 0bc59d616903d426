"""Puts files into a fresh exFAT image: directory entries and the allocation bitmap written by hand, nothing mounted.

Source: Microsoft's exFAT file system specification (boot sector 3.1, directory entries 6 and 7, name hash 7.6.4).
Files and folders are allocated in one piece each and marked so (NoFatChain); only the root folder keeps its chain in
the FAT.
"""

from __future__ import annotations

import errno
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from liuhen_agent.simulate.footage import CardFile

ENTRY = 32
PIECE = 1024 * 1024
ZEROS = bytes(PIECE)
FIRST_CLUSTER = 2
END_OF_CHAIN = 0xFFFFFFFF


@dataclass
class _Folder:
    folders: dict[str, _Folder] = field(default_factory=dict)
    files: dict[str, CardFile] = field(default_factory=dict)


class _Image:
    """The few structures of an exFAT image this writer touches."""

    def __init__(self, image: int) -> None:
        self.image = image
        boot = os.pread(image, 512, 0)
        sector = 1 << boot[108]
        self.cluster = sector << boot[109]
        self.fat: int = struct.unpack_from("<I", boot, 80)[0] * sector
        self.heap: int = struct.unpack_from("<I", boot, 88)[0] * sector
        self.count: int = struct.unpack_from("<I", boot, 92)[0]
        self.root = [struct.unpack_from("<I", boot, 96)[0]]
        while (after := self._fat_entry(self.root[-1])) < 0xFFFFFFF7:
            self.root.append(after)
        self.root_entries = b"".join(os.pread(image, self.cluster, self.place(c)) for c in self.root)
        bitmap_at = self._system_entry(0x81)
        self.bitmap_place = self.place(struct.unpack_from("<I", bitmap_at, 20)[0])
        self.bitmap = bytearray(os.pread(image, (self.count + 7) // 8, self.bitmap_place))
        self.upcase = self._read_upcase(self._system_entry(0x82))
        self.next_free = FIRST_CLUSTER + max(i for i in range(self.count) if self._is_used(i)) + 1

    def place(self, cluster: int) -> int:
        return self.heap + (cluster - FIRST_CLUSTER) * self.cluster

    def _fat_entry(self, cluster: int) -> int:
        return int.from_bytes(os.pread(self.image, 4, self.fat + cluster * 4), "little")

    def _is_used(self, index: int) -> bool:
        return bool(self.bitmap[index // 8] >> (index % 8) & 1)

    def _system_entry(self, kind: int) -> bytes:
        for at in range(0, len(self.root_entries), ENTRY):
            if self.root_entries[at] == kind:
                return self.root_entries[at : at + ENTRY]
        raise ValueError(f"the image has no entry of type {kind:#x}: not a fresh exFAT image")

    def _read_upcase(self, entry: bytes) -> dict[int, int]:
        """The table of capitals; 0xFFFF and a number skip that many characters that are their own capital."""
        first, size = struct.unpack_from("<IQ", entry, 20)
        words = struct.unpack(f"<{size // 2}H", os.pread(self.image, size, self.place(first)))
        table, char, at = {}, 0, 0
        while at < len(words):
            if words[at] == 0xFFFF and at + 1 < len(words):
                char += words[at + 1]
                at += 2
            else:
                table[char] = words[at]
                char, at = char + 1, at + 1
        return table

    def allocate(self, size: int) -> int:
        """The first of enough clusters in a row; 0 for nothing."""
        clusters = -(-size // self.cluster)
        if not clusters:
            return 0
        first, self.next_free = self.next_free, self.next_free + clusters
        if self.next_free - FIRST_CLUSTER > self.count:
            raise OSError("the image is too small for its files")
        for index in range(first - FIRST_CLUSTER, self.next_free - FIRST_CLUSTER):
            self.bitmap[index // 8] |= 1 << (index % 8)
        return first

    def extend_root(self, size: int) -> None:
        while len(self.root) * self.cluster < size:
            new = self.allocate(1)
            os.pwrite(self.image, struct.pack("<I", new), self.fat + self.root[-1] * 4)
            os.pwrite(self.image, struct.pack("<I", END_OF_CHAIN), self.fat + new * 4)
            self.root.append(new)

    def finish(self) -> None:
        os.pwrite(self.image, bytes(self.bitmap), self.bitmap_place)
        used = sum(byte.bit_count() for byte in self.bitmap)
        os.pwrite(self.image, bytes([used * 100 // self.count]), 112)  # PercentInUse: not part of the boot checksum


def add_files(path: Path, files: Sequence[CardFile]) -> None:
    """`path`: an image fresh from mkfs.exfat. Raises OSError when it is too small."""
    top = _Folder()
    for file in files:
        *folders, name = file.path.split("/")
        at = top
        for part in folders:
            at = at.folders.setdefault(part, _Folder())
        at.files[name] = file
    image = os.open(path, os.O_RDWR)
    try:
        disk = _Image(image)
        own = disk.root_entries[: _used_entries(disk.root_entries) * ENTRY]
        data = own + _write_folder(disk, top)
        disk.extend_root(len(data) + ENTRY)
        for number, cluster in enumerate(disk.root):
            piece = data[number * disk.cluster : (number + 1) * disk.cluster].ljust(disk.cluster, b"\0")
            os.pwrite(image, piece, disk.place(cluster))
        disk.finish()
    finally:
        os.close(image)


def _used_entries(entries: bytes) -> int:
    return next((at // ENTRY for at in range(0, len(entries), ENTRY) if entries[at] == 0), len(entries) // ENTRY)


def _write_folder(disk: _Image, folder: _Folder) -> bytes:
    """Writes all below; returns the folder's own entries."""
    entries = bytearray()
    for name, below in folder.folders.items():
        data = _write_folder(disk, below)
        size = -(-(len(data) + ENTRY) // disk.cluster) * disk.cluster
        first = disk.allocate(size)
        os.pwrite(disk.image, data.ljust(size, b"\0"), disk.place(first))
        entries += _entry_set(disk, name, 0x10, first, size, _newest(below))
    for name, file in folder.files.items():
        size = file.source.stat().st_size
        first = disk.allocate(size)
        with file.source.open("rb") as source:
            for at, piece in _written(source.fileno()):
                os.pwrite(disk.image, piece, disk.place(first) + at)
        entries += _entry_set(disk, name, 0x20, first, size, file.modified)
    return bytes(entries)


def _written(source: int) -> Iterator[tuple[int, bytes]]:
    """Pieces of a file and where they begin, without its holes and without zeros: the image is new, and what is not written is zero."""
    at = 0
    while True:
        try:
            at = os.lseek(source, at, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole, or nothing, behind this
                return
            raise
        piece = os.pread(source, PIECE, at)
        if piece != ZEROS:
            yield at, piece
        at += len(piece)


def _newest(folder: _Folder) -> datetime:
    times = [file.modified for file in folder.files.values()] + [_newest(below) for below in folder.folders.values()]
    return max(times, default=datetime(2020, 1, 1))


def _entry_set(disk: _Image, name: str, attributes: int, first: int, size: int, when: datetime) -> bytes:
    text = name.encode("utf-16-le")
    units = len(text) // 2
    if not 0 < units <= 255:
        raise ValueError(f"a name of {units} characters")
    parts = [text[at : at + 30].ljust(30, b"\0") for at in range(0, len(text), 30)]
    stamp = _timestamp(when)
    file = struct.pack("<BBHHHIIIBBBBB7x", 0x85, len(parts) + 1, 0, attributes, 0, stamp, stamp, stamp, 0, 0, 0, 0, 0)
    flags = 0x03 if first else 0x01  # allocation possible; in one piece
    stream = struct.pack("<BBBBHHQIIQ", 0xC0, flags, 0, units, _name_hash(disk, text), 0, size, 0, first, size)
    entries = bytearray(file + stream + b"".join(b"\xc1\0" + part for part in parts))
    struct.pack_into("<H", entries, 2, _checksum(entries))
    return bytes(entries)


def _timestamp(when: datetime) -> int:
    date = (when.year - 1980) << 9 | when.month << 5 | when.day
    return date << 16 | when.hour << 11 | when.minute << 5 | when.second // 2


def _name_hash(disk: _Image, text: bytes) -> int:
    value = 0
    for (unit,) in struct.iter_unpack("<H", text):
        for byte in struct.pack("<H", disk.upcase.get(unit, unit)):
            value = ((value << 15 | value >> 1) + byte) & 0xFFFF
    return value


def _checksum(entries: bytes | bytearray) -> int:
    value = 0
    for at, byte in enumerate(entries):
        if at not in (2, 3):
            value = ((value << 15 | value >> 1) + byte) & 0xFFFF
    return value
