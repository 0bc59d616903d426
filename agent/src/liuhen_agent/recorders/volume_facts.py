"""What a file system says of itself: label, serial number, sizes. Read in the child process, from hostile bytes.

Offsets are those of the FAT 1.03 and exFAT specifications, of ext4's on-disk layout and of the NTFS boot sector.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any  # pytsk3 has no types

PIECE = 1024 * 1024
FAT_LABEL = b" (Volume Label Entry)"
NO_LABEL = b"NO NAME"  # what a FAT boot sector says where there is none (FAT specification 3.2)
UNALLOCATED = 2  # TSK_FS_NAME_FLAG_UNALLOC
NTFS_VOLUME_NAME = 96


class Bad(Exception):
    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code
        self.why = why


def little(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


class VolumeFacts:
    """`disk`: a descriptor. `fs`: TSK's file system at `offset`. Raises Bad."""

    def __init__(self, disk: int, offset: int, family: str, fs: Any) -> None:
        self.disk, self.offset, self.family, self.fs = disk, offset, family, fs

    def describe(self) -> dict[str, Any]:
        head = os.pread(self.disk, 4096, self.offset)
        return {
            "fat": self._describe_fat,
            "exfat": self._describe_exfat,
            "ext": self._describe_ext,
            "ntfs": self._describe_ntfs,
        }[self.family](head)

    def _fact(
        self, kind: str, label: bytes, volume_id: bytes, cluster: int, total: int, free: int | None
    ) -> dict[str, Any]:
        if free is not None and not 0 <= free <= total:
            free = None
        return {
            "fs": kind,
            "label": label.hex(),
            "volume_id": volume_id.hex() if any(volume_id) else None,
            "cluster_size": cluster,
            "total_bytes": total,
            "free_bytes": free,
            "offset": self.offset,
        }

    def _describe_fat(self, head: bytes) -> dict[str, Any]:
        kind = {2: "fat12", 4: "fat16", 8: "fat32"}.get(int(self.fs.info.ftype), "fat32")
        sector = little(head, 11, 2)
        cluster = sector * head[13]
        total = (little(head, 19, 2) or little(head, 32, 4)) * sector
        at = 67 if kind == "fat32" else 39
        free = None
        if kind == "fat32":
            hint = os.pread(self.disk, 512, self.offset + little(head, 48, 2) * sector)
            if hint[:4] == b"RRaA" and little(hint, 488, 4) != 0xFFFFFFFF:
                free = little(hint, 488, 4) * cluster
        label = self._root_label() or head[at + 4 : at + 15].rstrip()
        if label.upper() == NO_LABEL:
            label = b""
        return self._fact(kind, label, head[at : at + 4][::-1], cluster, total, free)

    def _describe_exfat(self, head: bytes) -> dict[str, Any]:
        sector = 1 << min(head[108], 12)
        cluster = sector << min(head[109], 25 - min(head[108], 12))
        count = little(head, 92, 4)
        free = None
        used = self._bits_set(self._root_entry(b"$ALLOC_BITMAP"), (count + 7) // 8)
        if used is not None:
            free = (count - used) * cluster
        total = min(little(head, 72, 8) * sector, 1 << 60)
        return self._fact("exfat", self._root_label(), head[100:104][::-1], cluster, total, free)

    def _describe_ext(self, head: bytes) -> dict[str, Any]:
        block = 1024 << min(little(head, 1048, 4), 6)
        wide = bool(little(head, 1024 + 0x60, 4) & 0x80)  # INCOMPAT_64BIT
        total = little(head, 1028, 4) | (little(head, 1024 + 0x150, 4) << 32 if wide else 0)
        free = little(head, 1036, 4) | (little(head, 1024 + 0x158, 4) << 32 if wide else 0)
        features = little(head, 1024 + 0x60, 4), little(head, 1024 + 0x5C, 4)
        kind = "ext4" if features[0] & 0x40 else "ext3" if features[1] & 0x04 else "ext2"
        label = head[1024 + 0x78 : 1024 + 0x88].split(b"\0")[0]
        uuid = head[1024 + 0x68 : 1024 + 0x78]
        return self._fact(kind, label, uuid, block, min(total * block, 1 << 60), min(free * block, 1 << 60))

    def _describe_ntfs(self, head: bytes) -> dict[str, Any]:
        sector = little(head, 11, 2)
        per_cluster = head[13] if head[13] < 0x80 else 1 << (256 - head[13])
        cluster = sector * per_cluster
        total = min(little(head, 40, 8) * sector, 1 << 60)
        label, free = b"", None
        try:
            volume = self.fs.open_meta(3)
            for attribute in volume:
                if int(attribute.info.type) == NTFS_VOLUME_NAME and 0 < attribute.info.size <= 256:
                    text = volume.read_random(0, attribute.info.size, NTFS_VOLUME_NAME, attribute.info.id)
                    label = text.decode("utf-16-le", "replace").encode()
            clusters = total // cluster if cluster else 0
            used = self._bits_set(self.fs.open_meta(6), (clusters + 7) // 8)
            free = None if used is None else (clusters - used) * cluster
        except OSError:
            pass  # label and free space are a convenience
        return self._fact("ntfs", label, head[72:80][::-1], cluster, total, free)

    def _root_entries(self) -> Iterator[Any]:
        try:
            for number, entry in enumerate(self.fs.open_dir(inode=self.fs.info.root_inum)):
                if number > 4096:
                    return
                yield entry
        except OSError as error:
            raise Bad("damaged", f"the root directory cannot be read: {error}") from error

    def _root_label(self) -> bytes:
        for entry in self._root_entries():
            name = entry.info.name.name
            if name.endswith(FAT_LABEL) and int(entry.info.name.flags) != UNALLOCATED:
                return bytes(name[: -len(FAT_LABEL)]).rstrip()
        return b""

    def _root_entry(self, wanted: bytes) -> Any:
        return next((entry for entry in self._root_entries() if entry.info.name.name == wanted), None)

    def _bits_set(self, file: Any, size: int) -> int | None:
        """How many of the allocation bitmap's bits are set; None where it cannot be read."""
        try:
            if file is None or not 0 < size <= min(file.info.meta.size, 256 * PIECE):
                return None
            used = 0
            for at in range(0, size, PIECE):
                piece = file.read_random(at, min(PIECE, size - at))
                used += int.from_bytes(piece, "little").bit_count()
            return used
        except OSError:
            return None
