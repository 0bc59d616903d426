"""The right edge of the tree growing by leaves into tiles: pure, in constant memory but for one tile a level."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from liuhen_protocol.merkle import Frontier, frontier_at, root_of
from liuhen_protocol.tiles import TILE_HEIGHT, TILE_WIDTH, TileId, TileNodes, split_hashes


@dataclass(frozen=True, slots=True)
class Tile:
    """A hash tile or entry bundle with its bytes."""

    id: TileId
    data: bytes


class Growth:
    """A tree of `size` leaves, read from its stored tiles, that grows leaf by leaf. `root` is the root of what it
    holds now.
    """

    def __init__(self, size: int, read: Callable[[TileId], bytes]) -> None:
        self.frontier: Frontier = frontier_at(size, TileNodes(size, read))
        self._levels: list[list[bytes]] = []
        self._changed: set[int] = set()
        nodes, level = size, 0
        while nodes:
            width = nodes % TILE_WIDTH
            tile = TileId(level, nodes // TILE_WIDTH, width)
            self._levels.append(split_hashes(read(tile), width) if width else [])
            nodes, level = nodes >> TILE_HEIGHT, level + 1

    @property
    def edge(self) -> tuple[bytes, ...]:
        """The leaf hashes of the last tile, as long as it is not full."""
        return tuple(self._levels[0]) if self._levels else ()

    def add(self, leaf: bytes) -> Iterator[Tile]:
        """The tiles that this leaf completes."""
        self.frontier = self.frontier.append(leaf)
        level, node = 0, leaf
        while True:
            if level == len(self._levels):
                self._levels.append([])
            hashes = self._levels[level]
            hashes.append(node)
            self._changed.add(level)
            if len(hashes) < TILE_WIDTH:
                return
            index = (self.frontier.size >> TILE_HEIGHT * (level + 1)) - 1
            yield Tile(TileId(level, index), b"".join(hashes))
            node = root_of(hashes)
            hashes.clear()
            self._changed.discard(level)
            level += 1

    def partial_tiles(self) -> list[Tile]:
        """The tiles at the edge that changed and are not full."""
        found = []
        for level in sorted(self._changed):
            hashes = self._levels[level]
            index = self.frontier.size >> TILE_HEIGHT * (level + 1)
            found.append(Tile(TileId(level, index, len(hashes)), b"".join(hashes)))
        return found
