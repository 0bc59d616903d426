"""What a fresh file system must have in common with the old one, read from its boot sector, and the same written into a new one.

A recorder expects its card as its own firmware formatted it: kind, cluster size, volume id, label. The label is carried over as the
very bytes it had (FAT labels are in the maker's code page, often GBK; no program here interprets them). Sources: Microsoft FAT
specification (fatgen103) section 3, exFAT file system specification sections 3.1 to 3.4 and 7.3.

Boot sectors come from a recorder and are hostile: every number is bounded before it is used.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

SECTOR = 512
_LABEL_SIZE = 11
_VOLUME_LABEL = 0x08
_LONG_NAME = 0x0F
_MOST_BYTES = 1 << 44
EXFAT_BOOT_SECTORS = 12


class NotKnown(ValueError):
    """Not a file system that can be made again as it was. Says why."""


@dataclass(frozen=True)
class Fat:
    """FAT12, FAT16 or FAT32 (`bits`). Sizes in sectors of `sector` bytes; `root_entries` is 0 for FAT32, `root_cluster` 0 for the others.
    `boot_label`: the 11 bytes in the boot sector."""

    bits: int
    sector: int
    cluster_sectors: int
    reserved: int
    fats: int
    fat_sectors: int
    root_entries: int
    root_cluster: int
    sectors: int
    media: int
    hidden: int
    volume_id: int
    boot_label: bytes
    backup: int

    @property
    def size(self) -> int:
        return self.sectors * self.sector

    @property
    def cluster_size(self) -> int:
        return self.cluster_sectors * self.sector

    @property
    def root(self) -> tuple[int, int]:
        """Offset and length in bytes of the root folder (of its first cluster for FAT32)."""
        after_fats = (self.reserved + self.fats * self.fat_sectors) * self.sector
        if self.bits == 32:
            return after_fats + (self.root_cluster - 2) * self.cluster_size, self.cluster_size
        return after_fats, self.root_entries * 32

    @property
    def metadata_end(self) -> int:
        """Bytes from the beginning that an empty file system occupies."""
        return sum(self.root)


@dataclass(frozen=True)
class Exfat:
    """exFAT. `partition_offset` in sectors, as the volume itself states it."""

    sector: int
    cluster_size: int
    partition_offset: int
    sectors: int
    heap_offset: int
    root_cluster: int
    volume_id: int

    @property
    def size(self) -> int:
        return self.sectors * self.sector

    @property
    def root(self) -> tuple[int, int]:
        return self.heap_offset * self.sector + (self.root_cluster - 2) * self.cluster_size, self.cluster_size

    @property
    def metadata_end(self) -> int:
        return sum(self.root)


def read_boot(boot: bytes) -> Fat | Exfat:
    """The geometry in a boot sector (the first 512 bytes of the partition). Raises NotKnown."""
    if len(boot) < SECTOR or boot[510:512] != b"\x55\xaa":
        raise NotKnown("no boot sector")
    return _exfat(boot) if boot[3:11] == b"EXFAT   " else _fat(boot)


def _fat(boot: bytes) -> Fat:
    sector, cluster_sectors, reserved, fats, root_entries, sectors16, media, fat16 = struct.unpack_from(
        "<HBHBHHBH", boot, 11
    )
    hidden, sectors32 = struct.unpack_from("<II", boot, 28)
    sectors = sectors16 or sectors32
    if sector not in (512, 1024, 2048, 4096) or cluster_sectors not in (1, 2, 4, 8, 16, 32, 64, 128):
        raise NotKnown("its sectors or clusters have no size that FAT has")
    if not (1 <= fats <= 4 and reserved and sectors) or sectors * sector > _MOST_BYTES:
        raise NotKnown("its boot sector is damaged")
    if fat16 == 0:
        fat_sectors, root_cluster = struct.unpack_from("<I", boot, 36)[0], struct.unpack_from("<I", boot, 44)[0]
        (backup,) = struct.unpack_from("<H", boot, 50)
        bits, at = 32, 67
        if root_entries or root_cluster < 2 or boot[82:87] != b"FAT32":
            raise NotKnown("its boot sector is damaged")
    else:
        fat_sectors, root_cluster, backup, at = fat16, 0, 0, 39
        data = sectors - reserved - fats * fat16 - -(-root_entries * 32 // sector)
        bits = 12 if data // cluster_sectors < 4085 else 16
    (volume_id,) = struct.unpack_from("<I", boot, at)
    found = Fat(
        bits=bits,
        sector=sector,
        cluster_sectors=cluster_sectors,
        reserved=reserved,
        fats=fats,
        fat_sectors=fat_sectors,
        root_entries=root_entries,
        root_cluster=root_cluster,
        sectors=sectors,
        media=media,
        hidden=hidden,
        volume_id=volume_id,
        boot_label=bytes(boot[at + 4 : at + 4 + _LABEL_SIZE]),
        backup=backup,
    )
    if found.metadata_end > found.size:
        raise NotKnown("its boot sector is damaged")
    return found


def _exfat(boot: bytes) -> Exfat:
    partition_offset, sectors, _fat_offset, _fat_length, heap_offset, clusters, root_cluster, volume_id = (
        struct.unpack_from("<QQIIIIII", boot, 64)
    )
    shift, cluster_shift = boot[108], boot[109]
    if shift != 9:
        raise NotKnown("its sectors are not of 512 bytes: mkfs.exfat cannot make it as it was")
    if cluster_shift > 16 or not 2 <= root_cluster < clusters + 2 or sectors << shift > _MOST_BYTES:
        raise NotKnown("its boot sector is damaged")
    found = Exfat(SECTOR, SECTOR << cluster_shift, partition_offset, sectors, heap_offset, root_cluster, volume_id)
    if found.metadata_end > found.size:
        raise NotKnown("its boot sector is damaged")
    return found


def label_entry(volume: Fat | Exfat, root: bytes) -> bytes | None:
    """The 32-byte label entry in the first part of a root folder, with FAT's times kept; None without a label."""
    for at in range(0, len(root) - 31, 32):
        entry = root[at : at + 32]
        if entry[0] == 0:
            return None
        if isinstance(volume, Exfat):
            if entry[0] == 0x83 and 1 <= entry[1] <= _LABEL_SIZE:
                return bytes(entry)
        elif entry[0] != 0xE5 and entry[11] & _VOLUME_LABEL and entry[11] & _LONG_NAME != _LONG_NAME:
            return bytes(entry)
    return None


def carry_over(old: Fat | Exfat, label: bytes | None, image: bytearray) -> None:
    """Writes id and label of the old file system into the first `metadata_end` bytes of a fresh one of the same kind.

    The fresh file system has a label of its own, whose entry comes first in its root. Raises NotKnown when it is of another kind.
    """
    new = read_boot(bytes(image[:SECTOR]))
    root, _length = new.root
    if isinstance(old, Exfat) and isinstance(new, Exfat):
        image[root : root + 32] = label or b"\x03" + bytes(31)
        for first in (0, EXFAT_BOOT_SECTORS):
            base = first * SECTOR
            struct.pack_into("<Q", image, base + 64, old.partition_offset)
            struct.pack_into("<I", image, base + 100, old.volume_id)
            total = struct.pack("<I", exfat_checksum(image[base : base + 11 * SECTOR]))
            image[base + 11 * SECTOR : base + 12 * SECTOR] = total * (SECTOR // 4)
    elif isinstance(old, Fat) and isinstance(new, Fat) and old.bits == new.bits:
        image[root : root + 32] = label or bytes(32)
        at = 71 if new.bits == 32 else 43
        for base in {0, new.backup * new.sector if new.bits == 32 else 0}:
            struct.pack_into("<I", image, base + at - 4, old.volume_id)
            image[base + at : base + at + _LABEL_SIZE] = old.boot_label
    else:
        raise NotKnown("the fresh file system is of another kind")
    if new.cluster_size != old.cluster_size:
        raise NotKnown("the fresh file system has another cluster size")


def exfat_checksum(boot_region: bytes | bytearray) -> int:
    """Over the first 11 sectors, without VolumeFlags and PercentInUse (exFAT specification 3.4)."""
    total = 0
    for at, byte in enumerate(boot_region):
        if at not in (106, 107, 112):
            total = (((total << 31) | (total >> 1)) + byte) & 0xFFFFFFFF
    return total
