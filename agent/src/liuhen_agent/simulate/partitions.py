"""A partition table around a bare file system image (MBR, or GPT as UEFI 2.10 section 5 lays it out), one partition."""

from __future__ import annotations

import os
import struct
import uuid
import zlib
from pathlib import Path
from typing import Literal

SECTOR = 512
FIRST = 2048  # sectors: 1 MiB, as every tool aligns
MBR_TYPE = {"fat32": 0x0C, "exfat": 0x07, "ntfs": 0x07, "ext4": 0x83}
BASIC_DATA = uuid.UUID("EBD0A0A2-B9E5-4433-87C0-68B6B72699C7")
PIECE = 1024 * 1024


def wrap(bare: Path, path: Path, table: Literal["mbr", "gpt"], kind: str) -> None:
    """Writes `path`: the table and, from 1 MiB on, the bytes of `bare` (holes stay holes)."""
    length = bare.stat().st_size // SECTOR
    with bare.open("rb") as source, path.open("wb") as disk:
        disk.truncate((FIRST + length + FIRST) * SECTOR)
        if table == "mbr":
            disk.write(_mbr(MBR_TYPE[kind], FIRST, length))
        else:
            _write_gpt(disk.fileno(), length)
        at = 0
        while piece := source.read(PIECE):
            if piece.count(0) != len(piece):
                os.pwrite(disk.fileno(), piece, FIRST * SECTOR + at)
            at += len(piece)


def _mbr(kind: int, first: int, length: int) -> bytes:
    entry = struct.pack("<B3sB3sII", 0, b"\xfe\xff\xff", kind, b"\xfe\xff\xff", first, min(length, 0xFFFFFFFF))
    return bytes(440) + b"LIUH\0\0" + entry + bytes(48) + b"\x55\xaa"


def _write_gpt(disk: int, length: int) -> None:
    sectors = FIRST + length + FIRST
    name = "RECORDER".encode("utf-16-le").ljust(72, b"\0")
    partition = uuid.uuid5(uuid.NAMESPACE_URL, f"liuhen:{length}")
    entry = struct.pack("<16s16sQQQ", BASIC_DATA.bytes_le, partition.bytes_le, FIRST, FIRST + length - 1, 0) + name
    entries = entry.ljust(128 * 128, b"\0")
    os.pwrite(disk, _mbr(0xEE, 1, sectors - 1), 0)
    for here, other, table in ((1, sectors - 1, 2), (sectors - 1, 1, sectors - 33)):
        os.pwrite(disk, _gpt_header(here, other, table, sectors, zlib.crc32(entries)), here * SECTOR)
        os.pwrite(disk, entries, table * SECTOR)


def _gpt_header(here: int, other: int, table: int, sectors: int, entries_crc: int) -> bytes:
    disk_id = uuid.uuid5(uuid.NAMESPACE_URL, f"liuhen:disk:{sectors}").bytes_le

    def header(own_crc: int) -> bytes:
        fixed = struct.pack("<8sIIII", b"EFI PART", 0x10000, 92, own_crc, 0)
        places = struct.pack("<QQQQ16s", here, other, 34, sectors - 34, disk_id)
        return fixed + places + struct.pack("<QIII", table, 128, 128, entries_crc)

    return header(zlib.crc32(header(0))).ljust(SECTOR, b"\0")
