"""The tiles of a size that is about to be signed: side by side in one folder below staging/, and their way into the log.

All of them are durable before anything is signed, and all of them stand in the log before it is published; each folder
is synced once for a whole tick, not once for each tile.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from liuhen_files import durable
from liuhen_protocol.tiles import TileId
from liuhen_server.log.growth import Tile
from liuhen_server.log.signed_state import LogStopped

OPEN_FILE = 0o644  # the log is public
OPEN_FOLDER = 0o755
_SLASH = "~"  # no tile path has one


def staged_path(folder: Path, tile: TileId) -> Path:
    """Where a tile lies while it is staged."""
    return folder / tile.path().replace("/", _SLASH)


class Stage:
    """A fresh folder that takes tiles as they are made. `finish` makes them durable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files = durable.NewFiles(folder, OPEN_FILE)

    def add(self, tiles: Iterable[Tile]) -> None:
        for tile in tiles:
            self._files.add(staged_path(self._folder, tile.id).name, tile.data)

    def finish(self) -> None:
        self._files.finish()

    def close(self) -> None:
        self._files.close()


def apply(folder: Path, log: Path) -> None:
    """Moves staged tiles into the log; durable when it returns. A tick that died in the middle is completed by doing it again.

    Raises LogStopped where the log holds other bytes: nothing is ever overwritten.
    """
    if not folder.is_dir():
        return
    touched: set[Path] = set()
    for staged in sorted(path for path in folder.rglob("*") if path.is_file()):
        final = log / str(staged.relative_to(folder)).replace(_SLASH, "/")
        touched.add(final.parent)
        if final.exists():
            if final.read_bytes() != staged.read_bytes():
                raise LogStopped(
                    "other-tile", f"{final} holds other bytes than the entries give: the log folder was altered"
                )
            continue
        durable.mkdirs(final.parent, OPEN_FOLDER)
        durable.move(staged, final)
    for parent in sorted(touched):
        durable.fsync_folder(parent)
