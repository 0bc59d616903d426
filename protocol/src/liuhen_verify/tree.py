"""The hash tiles above level 0, compared with what the level below gives, in constant memory."""

from __future__ import annotations

from liuhen_protocol import merkle
from liuhen_protocol.errors import Malformed
from liuhen_protocol.tiles import TILE_HEIGHT, TILE_WIDTH, TileId, split_hashes
from liuhen_verify.bundle import Problem
from liuhen_verify.source import LogSource, Missing, read_tile


class UpperTiles:
    """`push` the root of every full tile of level 0 in order, then `finish`; what differs stands in `problems`."""

    def __init__(self, source: LogSource) -> None:
        self._source = source
        self._open: list[list[bytes]] = []
        self._done: list[int] = []
        self.problems: list[Problem] = []

    def push(self, root: bytes, level: int = 1) -> None:
        if len(self._open) < level:
            self._open.append([])
            self._done.append(0)
        hashes = self._open[level - 1]
        hashes.append(root)
        if len(hashes) == TILE_WIDTH:
            self._compare(level)
            self.push(merkle.root_of(hashes), level + 1)
            self._open[level - 1] = []
            self._done[level - 1] += 1

    def finish(self) -> None:
        for level, hashes in enumerate(self._open, start=1):
            if hashes:
                self._compare(level)

    def _compare(self, level: int) -> None:
        hashes, index = self._open[level - 1], self._done[level - 1]
        tile = TileId(level, index, len(hashes))
        first = (index * TILE_WIDTH) << TILE_HEIGHT * level
        try:
            stored = split_hashes(read_tile(self._source, tile), tile.width)
        except Missing as error:
            self.problems.append(("missing-tile", str(error), first))
            return
        except Malformed as error:
            self.problems.append(("other-tile", f"{tile.path()}: {error}", first))
            return
        if stored != hashes:
            place = next(place for place in range(tile.width) if stored[place] != hashes[place])
            why = f"{tile.path()} does not follow from the tiles below it, first at its hash {place}"
            self.problems.append(("other-tile", why, first + (place << TILE_HEIGHT * level)))
