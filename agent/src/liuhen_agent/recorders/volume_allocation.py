"""Space that a file system marks as used and that no entry owns: a recording cut off before its entry was written, or what a deletion
left behind. Read from the allocation table and the directories' own bytes. Runs in the child process, on hostile bytes.

FAT16 and FAT32: clusters with a successor that lie in no entry's chain (FAT specification 4). exFAT: bits of the allocation bitmap
(7.1.5) that lie in no entry's chain or run (7.4, 7.6). ext and NTFS mark space for themselves in many ways: not known there.
"""

from __future__ import annotations

import os
from array import array

from liuhen_agent.recorders.volume_facts import PIECE, little

MOST_CLUSTERS = 4 << 20  # a table of 16 MiB; a larger one is of no recorder, and is not looked at
MOST_ENTRIES = 1 << 20  # of all directories together; hostile ones show the same clusters again and again
ENTRY = 32


class Allocation:
    """`disk`: a descriptor; the file system begins at `offset`. Every directory read is told to `note`; then `unowned_bytes`."""

    def __init__(self, disk: int, offset: int, family: str) -> None:
        self._disk = disk
        self._offset = offset
        self._family = family
        self._heads: list[tuple[int, int]] = []  # first cluster, and how many in one run (0: the table says)
        self._bitmap: tuple[int, int] | None = None  # exFAT: first cluster, bytes

    def note(self, directory: bytes) -> None:
        """Remember where the entries of a directory begin."""
        if len(self._heads) > MOST_ENTRIES:
            return
        if self._family == "fat":
            self._note_fat(directory)
        elif self._family == "exfat":
            self._note_exfat(directory)

    def unowned_bytes(self) -> int | None:
        """Bytes in clusters marked as used and of no entry that was noted; None where that cannot be said."""
        if self._family not in ("fat", "exfat") or len(self._heads) > MOST_ENTRIES:
            return None
        try:
            return self._fat() if self._family == "fat" else self._exfat()
        except OSError:
            return None

    def _note_fat(self, data: bytes) -> None:
        for at in range(0, len(data) - ENTRY + 1, ENTRY):
            first, attributes = data[at], data[at + 11]
            if first == 0:
                return
            if first not in (0xE5, 0x2E) and not attributes & 0x08:  # deleted, dot entries; label or long name
                self._heads.append((little(data, at + 20, 2) << 16 | little(data, at + 26, 2), 0))

    def _note_exfat(self, data: bytes) -> None:
        cluster = self._exfat_cluster()
        for at in range(0, len(data) - ENTRY + 1, ENTRY):
            kind = data[at]
            if kind == 0:
                return
            if kind not in (0x81, 0x82, 0xC0):  # the bitmap, the table of capitals, where a file's bytes are
                continue
            first, size = little(data, at + 20, 4), little(data, at + 24, 8)
            if kind == 0x81 and self._bitmap is None:
                self._bitmap = first, size
            in_one_run = kind == 0xC0 and data[at + 1] & 0x02
            self._heads.append((first, -(-size // cluster) if in_one_run else 0))

    def _fat(self) -> int | None:
        head = os.pread(self._disk, 512, self._offset)
        sector, per_cluster, reserved, tables = little(head, 11, 2), head[13], little(head, 14, 2), head[16]
        root_sectors = -(-little(head, 17, 2) * ENTRY // sector)
        table_sectors = little(head, 22, 2) or little(head, 36, 4)
        total = little(head, 19, 2) or little(head, 32, 4)
        count = (total - reserved - tables * table_sectors - root_sectors) // per_cluster
        wide = count >= 65_525
        table = self._table("I" if wide else "H", reserved * sector, count)
        if count < 4_085 or table is None:
            return None  # FAT12 packs its table otherwise, and no card is so small
        mask, bad = (0x0FFFFFFF, 0x0FFFFFF7) if wide else (0xFFFF, 0xFFF7)
        heads = [(first & (mask if wide else 0xFFFF), run) for first, run in self._heads]
        owned = _owned(table, mask, [*heads, (little(head, 44, 4), 0)] if wide else heads)
        used = len(table) - table.count(0) - table.count(bad)
        if used == sum(owned):  # as on nearly every card; only else one by one
            return 0
        lost = sum(
            1 for value, is_owned in zip(table, owned, strict=True) if value & mask not in (0, bad) and not is_owned
        )
        return lost * per_cluster * sector

    def _exfat(self) -> int | None:
        head = os.pread(self._disk, 512, self._offset)
        count, cluster = little(head, 92, 4), self._exfat_cluster()
        sector = 1 << min(head[108], 12)
        table = self._table("I", little(head, 80, 4) * sector, count)
        if table is None or self._bitmap is None:
            return None
        heap = self._offset + little(head, 88, 4) * sector
        bits = self._bitmap_bytes(table, heap, cluster, (count + 7) // 8)
        if bits is None:
            return None
        owned = _owned(table, 0xFFFFFFFF, [*self._heads, (little(head, 96, 4), 0)])
        lost = 0
        for number, byte in enumerate(bits):
            if byte:
                first = 2 + 8 * number
                lost += sum(
                    1
                    for bit in range(min(8, len(table) - first))
                    if byte >> bit & 1 and not owned[first + bit] and table[first + bit] != 0xFFFFFFF7
                )
        return lost * cluster

    def _bitmap_bytes(self, table: array[int], heap: int, cluster: int, size: int) -> bytes | None:
        assert self._bitmap is not None
        first, stated = self._bitmap
        if stated < size:
            return None
        found = bytearray()
        while len(found) < size and 2 <= first < len(table):
            piece = os.pread(self._disk, cluster, heap + (first - 2) * cluster)
            if not piece:  # it lies outside the disk
                return None
            found += piece
            first = table[first]
        return bytes(found[:size]) if len(found) >= size else None

    def _exfat_cluster(self) -> int:
        shifts = os.pread(self._disk, 2, self._offset + 108)
        sector = min(shifts[0], 12)
        return 1 << (sector + min(shifts[1], 25 - sector))

    def _table(self, kind: str, start: int, count: int) -> array[int] | None:
        """The first table's entries, two reserved ones included; None where it is not whole, or too large."""
        if not 0 < count <= MOST_CLUSTERS:
            return None
        table = array(kind)
        size = (count + 2) * table.itemsize
        begin, at = self._offset + start, 0
        while at < size:  # in pieces: the table is large, and is not wanted twice in memory
            piece = os.pread(self._disk, min(PIECE, size - at), begin + at)
            if not piece or len(piece) % table.itemsize:
                return None
            table.frombytes(piece)
            at += len(piece)
        return table


def _owned(table: array[int], mask: int, heads: list[tuple[int, int]]) -> bytearray:
    """One byte per cluster: whether it lies in a chain or run that begins at one of `heads`. Each cluster is passed once."""
    owned, end = bytearray(len(table)), len(table)
    owned[0] = owned[1] = 1  # the table's own two entries
    for first, run in heads:
        if run and first >= 2:
            last = min(first + run, end)
            owned[first:last] = b"\1" * max(last - first, 0)
            continue
        at = first
        while 2 <= at < end and not owned[at] and (following := table[at] & mask):  # a free cluster is nobody's
            owned[at] = 1
            at = following
    return owned
