"""Damaged and hostile cards, made by changing single fields of a FAT32 image (Microsoft's FAT specification, 1.03).

Entries are found by their 8.3 name in capitals ("CLIP1.MP4"); the image must have been built bare (no partition table).
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

END = 0x0FFFFFFF


class FatCard:
    """The fields of one FAT32 image, to be changed at will."""

    def __init__(self, image: mmap.mmap) -> None:
        self._image = image
        self.sector: int = struct.unpack_from("<H", image, 11)[0]
        self.cluster = self.sector * image[13]
        reserved: int = struct.unpack_from("<H", image, 14)[0]
        fat_sectors: int = struct.unpack_from("<I", image, 36)[0]
        self.tables = [(reserved + number * fat_sectors) * self.sector for number in range(image[16])]
        self._heap = (reserved + image[16] * fat_sectors) * self.sector
        self.root: int = struct.unpack_from("<I", image, 44)[0]

    def entry(self, name: str) -> int:
        """Where the entry of this 8.3 name lies in the image. Raises KeyError."""
        stem, _, suffix = name.partition(".")
        at = self._image.find(f"{stem:8}{suffix:3}".encode("ascii"), self._heap)
        if at < 0:
            raise KeyError(name)
        return at

    def first_cluster(self, name: str) -> int:
        at = self.entry(name)
        high, low = struct.unpack_from("<H", self._image, at + 20)[0], struct.unpack_from("<H", self._image, at + 26)[0]
        return int(high << 16 | low)

    def set_first_cluster(self, name: str, cluster: int) -> None:
        at = self.entry(name)
        struct.pack_into("<H", self._image, at + 20, cluster >> 16)
        struct.pack_into("<H", self._image, at + 26, cluster & 0xFFFF)

    def set_size(self, name: str, size: int) -> None:
        """The entry lies: the clusters stay as they are."""
        struct.pack_into("<I", self._image, self.entry(name) + 28, size)

    def set_next(self, cluster: int, following: int) -> None:
        """The chain goes from `cluster` to `following`, in every copy of the table."""
        for table in self.tables:
            struct.pack_into("<I", self._image, table + cluster * 4, following)

    def chain(self, first: int) -> list[int]:
        clusters = [first]
        while (after := struct.unpack_from("<I", self._image, self.tables[0] + clusters[-1] * 4)[0] & END) < 0x0FFFFFF7:
            clusters.append(after)
        return clusters

    def mark_deleted(self, name: str) -> None:
        """The entry is given up, its chain is left as it is."""
        self._image[self.entry(name)] = 0xE5

    def loop_file(self, name: str) -> None:
        """The file's last cluster leads back to its first."""
        clusters = self.chain(self.first_cluster(name))
        self.set_next(clusters[-1], clusters[0])

    def replace_in_long_name(self, old: str, new: str) -> None:
        """Other characters in a long name, which lie within one entry (13 characters): "/" cannot be made otherwise."""
        before, after = old.encode("utf-16-le"), new.encode("utf-16-le")
        at = self._image.find(before, self._heap)
        if at < 0 or len(before) != len(after):
            raise KeyError(old)
        self._image[at : at + len(after)] = after


@contextmanager
def changing(image: Path) -> Iterator[FatCard]:
    with image.open("r+b") as file, mmap.mmap(file.fileno(), 0) as content:
        yield FatCard(content)
