"""Reading the published log from its folder: checkpoint, tiles, proofs. Needs no database; what it returns proves
itself.
"""

from __future__ import annotations

from pathlib import Path

from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.merkle import consistency_proof, inclusion_proof
from liuhen_protocol.note import Note
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.tiles import ENTRIES, HASH_SIZE, TileId, TileNodes, decode_bundle, encode_bundle

CHECKPOINT = "checkpoint"


class LogReader:
    """The folder that is served below /log/."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def checkpoint(self) -> bytes | None:
        """The published checkpoint's note with its cosignatures; None before the first."""
        try:
            return (self.folder / CHECKPOINT).read_bytes()
        except FileNotFoundError:
            return None

    def published(self) -> tuple[Checkpoint, bytes] | None:
        """The published checkpoint and its note. Raises Malformed when the file is none."""
        data = self.checkpoint()
        return None if data is None else (Checkpoint.parse(Note.parse(data).text), data)

    def tile(self, tile: TileId) -> bytes:
        """A tile's bytes; a partial one whose file has gone is cut from the full one. Raises FileNotFoundError,
        Malformed.
        """
        try:
            return (self.folder / tile.path()).read_bytes()
        except FileNotFoundError:
            if not tile.partial:
                raise
        full = (self.folder / TileId(tile.level, tile.index).path()).read_bytes()
        if tile.level == ENTRIES:
            return encode_bundle(decode_bundle(full, 256)[: tile.width])
        return full[: tile.width * HASH_SIZE]

    def inclusion(self, index: int, envelope: bytes) -> TlogProof | None:
        """The proof that the entry `index` is in the published log, with the envelope as its extra; None while it is
        not yet.

        Reads a few small files: call it in a thread.
        """
        published = self.published()
        if published is None or index >= published[0].size:
            return None
        checkpoint, note = published
        hashes = inclusion_proof(index, checkpoint.size, TileNodes(checkpoint.size, self.tile))
        return TlogProof(index, tuple(hashes), note, envelope)

    def consistency(self, old: int, new: int) -> list[bytes]:
        """The proof that the log of `old` entries is the beginning of the log of `new`, from tiles that are there."""
        return consistency_proof(old, new, TileNodes(new, self.tile))
