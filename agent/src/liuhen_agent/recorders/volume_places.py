"""Where the bytes of one file lie on the disk, as the parser understands it. Runs in the child process, on hostile bytes."""

from __future__ import annotations

import os
from typing import Any  # pytsk3 has no types

from liuhen_agent.recorders.volume_facts import Bad, little

PLAIN_ATTRIBUTE = 3  # in use and not resident; neither sparse nor compressed nor encrypted
MAX_EXTENTS = 20_000  # a clip in more pieces than this is read through the parser

Extent = tuple[int, int]  # first byte on the disk, length in bytes


class Places:
    """`disk`: a descriptor. `fs`: TSK's file system at `offset`. Raises Bad."""

    def __init__(self, disk: int, disk_size: int, offset: int, family: str, fs: Any) -> None:
        self._disk, self._disk_size = disk, disk_size
        self._offset, self._family, self._fs = offset, family, fs
        self._block = int(fs.info.block_size)

    def of(self, file: Any, address: int, size: int) -> list[Extent] | None:
        """The extents of a plainly stored file, in its order; None when TSK has to put the bytes together."""
        if size == 0:
            return []
        if self._family == "ntfs":
            return None  # bytes past the initialised size read as zeros: TSK knows, the runs do not say
        try:
            extents = self._plain_runs(file, size)
        except OSError as error:
            raise Bad("damaged", f"the file's allocation cannot be read: {error}") from error
        if extents is None:
            return None
        allocated = sum(length for _, length in extents)
        if allocated != size:
            raise Bad("size-differs", f"the entry says {size} bytes, only {allocated} are allocated")
        previous_end = 0
        for start, length in sorted(extents):
            if start < previous_end:
                raise Bad("damaged", "the file's allocation leads back into itself")
            previous_end = start + length
        if len(extents) > MAX_EXTENTS or self.written_bytes(address, size) < size:
            return None
        return extents

    def _plain_runs(self, file: Any, size: int) -> list[Extent] | None:
        attributes = [attribute for attribute in file if int(attribute.info.type) == 1]
        if len(attributes) != 1 or int(attributes[0].info.flags) != PLAIN_ATTRIBUTE:
            return None
        extents: list[Extent] = []
        at = 0
        for run in attributes[0]:
            if int(run.flags) or int(run.offset) * self._block != at:
                return None
            length = min(int(run.len) * self._block, size - at)
            start = self._offset + int(run.addr) * self._block
            if length <= 0:
                break
            if start < self._offset or start + length > self._disk_size:
                raise Bad("damaged", f"the file lies outside the disk (byte {start + length} of {self._disk_size})")
            if extents and sum(extents[-1]) == start:
                extents[-1] = (extents[-1][0], extents[-1][1] + length)
            else:
                extents.append((start, length))
            at += length
        return extents

    def written_bytes(self, address: int, size: int) -> int:
        """exFAT's valid data length: what lies past it was reserved and never written, and every reader shows zeros
        there (specification 7.6.5). TSK knows nothing of it; its file addresses count directory entries of the
        cluster heap from 3."""
        if self._family != "exfat":
            return size
        heap = little(os.pread(self._disk, 4, self._offset + 88), 0, 4) * self._block
        at = self._offset + heap + (address - 3) * 32
        entry = os.pread(self._disk, 64, at)
        if len(entry) < 64 or entry[0] != 0x85 or entry[32] != 0xC0 or little(entry, 56, 8) != size:
            return size  # the set goes on in another cluster: taken as written
        return min(size, little(entry, 40, 8))
