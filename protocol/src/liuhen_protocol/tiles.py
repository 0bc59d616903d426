"""Tiles and entry bundles of C2SP tlog-tiles: the log as files (spec: docs/spec/log.md).

A hash tile of level L holds up to 256 nodes of tree level 8·L; an entry bundle holds up to 256 entries, each behind its length.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from liuhen_protocol import merkle
from liuhen_protocol.errors import Malformed

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
HASH_SIZE = 32
ENTRIES = "entries"
MAX_ENTRY = 0xFFFF
_PATH = re.compile(r"tile/(0|[1-9]\d?|entries)/((?:x\d{3}/){0,6}\d{3})(?:\.p/([1-9]\d{0,2}))?")


@dataclass(frozen=True, slots=True)
class TileId:
    """One tile: `level` 0 to 63 or "entries", `index` within the level, `width` 1 to 256 (256: full)."""

    level: int | str
    index: int
    width: int = TILE_WIDTH

    def path(self) -> str:
        """The path below the log's prefix: `tile/0/x001/067` or, for a partial tile, `tile/0/x001/067.p/3`."""
        digits = f"{self.index:03d}"
        digits = "0" * (-len(digits) % 3) + digits
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
        partial = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{self.level}/{name}{partial}"

    @property
    def partial(self) -> bool:
        return self.width != TILE_WIDTH


def parse_path(text: str) -> TileId:
    """The tile that `text` names. Raises Malformed for any other spelling than the one `TileId.path` gives."""
    match = _PATH.fullmatch(text)
    if match is None or not text.isascii():
        raise Malformed(f"tile: {text[:120]!r} is not a tile's path")
    level: int | str = ENTRIES if match[1] == ENTRIES else int(match[1])
    tile = TileId(level, int(match[2].replace("x", "").replace("/", "")), int(match[3]) if match[3] else TILE_WIDTH)
    if (isinstance(level, int) and level > 63) or tile.width > TILE_WIDTH or tile.path() != text:
        raise Malformed(f"tile: {text[:120]!r} is not a tile's path")
    return tile


def _level_tiles(level: int, old: int, new: int) -> Iterator[TileId]:
    """The tiles of one level that a tree of `new` nodes on it has and a tree of `old` nodes on it has not."""
    if new == old:
        return
    for index in range(old // TILE_WIDTH, -(-new // TILE_WIDTH)):
        yield TileId(level, index, min(TILE_WIDTH, new - index * TILE_WIDTH))


def new_tiles(old_size: int, new_size: int) -> list[TileId]:
    """The hash tiles and entry bundles to write when a log grows, lowest level first, bundles last."""
    found: list[TileId] = []
    old, new, level = old_size, new_size, 0
    while new:
        found += _level_tiles(level, old, new)
        old, new, level = old >> TILE_HEIGHT, new >> TILE_HEIGHT, level + 1
    return found + [TileId(ENTRIES, tile.index, tile.width) for tile in _level_tiles(0, old_size, new_size)]


def tiles_of_size(size: int) -> list[TileId]:
    """Every hash tile and entry bundle of a log of this size."""
    return new_tiles(0, size)


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """`( u16be length ‖ entry )*`. Raises Malformed for an entry over 65,535 bytes."""
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise Malformed(f"bundle: an entry of {len(entry)} bytes; at most {MAX_ENTRY} are allowed")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """The `width` entries of a bundle. Raises Malformed when it holds fewer, more, or a part of one."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise Malformed(f"bundle: entry {len(entries)} is cut short")
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != width:
        raise Malformed(f"bundle: {len(entries)} entries where {width} belong")
    return entries


def split_hashes(data: bytes, width: int) -> list[bytes]:
    """The `width` hashes of a hash tile. Raises Malformed when its length is another."""
    if len(data) != width * HASH_SIZE:
        raise Malformed(f"tile: {len(data)} bytes where {width} hashes belong")
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


class TileNodes:
    """A `node` callable (see merkle) over the tiles of a log of `size` leaves.

    `read` returns the bytes of a tile; what it returns is only as true as the root that is checked with it.
    """

    def __init__(self, size: int, read: Callable[[TileId], bytes]) -> None:
        self._size = size
        self._read = read
        self._tiles: dict[TileId, list[bytes]] = {}

    def tile_for(self, level: int, index: int) -> TileId:
        """The tile of this log that holds the node or the nodes below it."""
        tile_level = level // TILE_HEIGHT
        tile_index = (index << level % TILE_HEIGHT) // TILE_WIDTH
        nodes = self._size >> TILE_HEIGHT * tile_level
        return TileId(tile_level, tile_index, min(TILE_WIDTH, nodes - tile_index * TILE_WIDTH))

    def __call__(self, level: int, index: int) -> bytes:
        tile = self.tile_for(level, index)
        if tile.width < 1:
            raise ValueError(f"node {index} of level {level} is not in a log of {self._size} leaves")
        hashes = self._tiles.get(tile)
        if hashes is None:
            hashes = self._tiles[tile] = split_hashes(self._read(tile), tile.width)
        span = 1 << level % TILE_HEIGHT
        start = (index * span) % TILE_WIDTH
        if start + span > len(hashes):
            raise ValueError(f"node {index} of level {level} is not in a log of {self._size} leaves")
        return merkle.root_of(hashes[start : start + span])
