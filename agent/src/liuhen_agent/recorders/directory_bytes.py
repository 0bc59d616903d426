"""The names in a directory's own bytes, read a second time and more simply than the parser does.

The parser leaves out entries that make no sense to it and replaces bytes it cannot show. Both could lose a clip: an
entry nobody listed would be cleared unread, and two clips could get one name. Pure; hostile bytes give some list of
names.
"""

from __future__ import annotations

LONG_NAME = 0x0F


def names_in_fat(data: bytes, _block: int) -> list[bytes]:
    """8.3 names of the entries in use, up to the end mark, without labels and long-name parts (FAT specification 6)."""
    names = []
    for at in range(0, len(data) - 31, 32):
        first, attributes = data[at], data[at + 11]
        if first == 0:
            break
        if first != 0xE5 and first != 0x2E and not attributes & 0x08:  # deleted, dot entries; label or long name
            stem, suffix = data[at : at + 8].rstrip(), data[at + 8 : at + 11].rstrip()
            names.append(stem + (b"." + suffix if suffix else b""))
    return names


def names_in_exfat(data: bytes, _block: int) -> list[bytes]:
    """Names of the file entry sets in use (exFAT specification 7.4 to 7.7)."""
    names: list[bytes] = []
    units = b""
    for at in range(0, len(data) - 31, 32):
        kind = data[at]
        if kind == 0:
            break
        if kind == 0x85:
            names.append(b"")
            units = b""
        elif kind == 0xC1 and names:
            units += data[at + 2 : at + 32]
            names[-1] = units.decode("utf-16-le", "replace").rstrip("\0").encode()
    return names


def cut_off_in_fat(data: bytes) -> list[bytes]:
    """8.3 names of files that have clusters and no size: the recorder lost its power before it wrote the size. Every
    reader shows them as empty; a fresh file system would give their clusters away unread (FAT specification 6.5: an
    empty file has no cluster)."""
    names = []
    for at in range(0, len(data) - 31, 32):
        first, attributes = data[at], data[at + 11]
        if first == 0:
            break
        cluster = data[at + 20 : at + 22] + data[at + 26 : at + 28]
        if first != 0xE5 and not attributes & 0x18 and any(cluster) and not any(data[at + 28 : at + 32]):
            names += names_in_fat(data[at : at + 32], 0)
    return names


def cut_off_in_exfat(data: bytes) -> list[bytes]:
    """The same (exFAT specification 7.6: no data length, and yet a first cluster)."""
    sets = [at for at in range(0, len(data) - 63, 32) if data[at] == 0x85 and data[at + 32] == 0xC0]
    return [
        (names_in_exfat(data[at : at + 32 * (1 + data[at + 1])], 0) or [b""])[0]
        for at in sets
        if not data[at + 4] & 0x10 and any(data[at + 52 : at + 56]) and not any(data[at + 56 : at + 64])
    ]


def names_in_ext(data: bytes, block: int) -> list[bytes]:
    """Names of the entries in use, block by block (linear directory entries; an index block looks like an unused
    one).
    """
    names = []
    for start in range(0, len(data), block):
        at, end = start, min(start + block, len(data))
        while at + 8 <= end:
            inode, length, name_length = (
                int.from_bytes(data[at : at + 4], "little"),
                int.from_bytes(data[at + 4 : at + 6], "little"),
                data[at + 6],
            )
            if length < 8 or at + length > end:
                if any(data[at:end]):
                    names.append(b"?")
                break
            name = data[at + 8 : at + 8 + name_length]
            if inode and name not in (b".", b".."):
                names.append(name)
            at += length
    return names


def bare_short_names(data: bytes) -> list[bytes]:
    """8.3 names in use that have no long name before them and are not ASCII (GBK, as Chinese recorders write), in
    order.
    """
    names = []
    after_long_name = False
    for at in range(0, len(data) - 31, 32):
        first, attributes = data[at], data[at + 11]
        if first == 0:
            break
        if first != 0xE5 and not attributes & 0x08 and not after_long_name and not data[at : at + 11].isascii():
            names += names_in_fat(data[at : at + 32], 0)
        after_long_name = attributes == LONG_NAME and first != 0xE5
    return names


def as_the_parser_shows(name: bytes) -> bytes:
    """What TSK makes of a short name: "^" for what is not printable ASCII."""
    return bytes(byte if 0x20 <= byte <= 0x7E else 0x5E for byte in name).upper()
