"""A Merkle log in memory, written with the protocol's own functions, that can be put on disk as an archive serves it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from liuhen_protocol import merkle, tiles
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.cosignature import cosign
from liuhen_protocol.note import COSIGNATURE_V1, ED25519, VerifierKey
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.signer import Ed25519Signer


class Witness:
    """A witness that cosigns whatever it is shown."""

    def __init__(self, name: str, seed: bytes) -> None:
        self.name, self.signer = name, Ed25519Signer.from_seed(seed)

    @property
    def vkey(self) -> VerifierKey:
        return VerifierKey(self.name, COSIGNATURE_V1, self.signer.public)


class MemoryLog:
    """`entries` may be changed freely: whatever is asked afterwards is computed from them."""

    def __init__(self, origin: str, signer: Ed25519Signer, entries: Iterable[bytes] = ()) -> None:
        self.origin, self.signer = origin, signer
        self.entries: list[bytes] = list(entries)
        self._levels: list[list[bytes]] = []
        self._built: list[bytes] = []

    @property
    def vkey(self) -> VerifierKey:
        return VerifierKey(self.origin, ED25519, self.signer.public)

    def node(self, level: int, index: int) -> bytes:
        if self._built != self.entries:
            self._built = list(self.entries)
            self._levels = [[merkle.leaf_hash(entry) for entry in self.entries]]
            while len(below := self._levels[-1]) > 1:
                self._levels.append([merkle.node_hash(a, b) for a, b in zip(below[::2], below[1::2], strict=False)])
        return self._levels[level][index]

    def checkpoint(self, size: int | None = None) -> Checkpoint:
        size = len(self.entries) if size is None else size
        return Checkpoint(self.origin, size, merkle.tree_root(size, self.node))

    def note(self, witnesses: Iterable[Witness] = (), size: int | None = None, time: int = 1_795_400_000) -> bytes:
        checkpoint = self.checkpoint(size)
        signed = sign_checkpoint(checkpoint, self.signer)
        return signed.with_signatures(*(cosign(signed.text, time, w.name, w.signer) for w in witnesses)).encode()

    def proof(self, index: int, witnesses: Iterable[Witness] = (), *, extra: bool = True) -> TlogProof:
        hashes = tuple(merkle.inclusion_proof(index, len(self.entries), self.node))
        return TlogProof(index, hashes, self.note(witnesses), self.entries[index] if extra else None)

    def tile(self, tile: tiles.TileId) -> bytes:
        start = tile.index * tiles.TILE_WIDTH
        if tile.level == tiles.ENTRIES:
            return tiles.encode_bundle(self.entries[start : start + tile.width])
        level = int(tile.level) * tiles.TILE_HEIGHT
        return b"".join(self.node(level, start + i) for i in range(tile.width))

    def write(self, folder: Path, witnesses: Iterable[Witness] = ()) -> Path:
        """The log as files: `checkpoint` and `tile/…`."""
        for tile in tiles.tiles_of_size(len(self.entries)):
            path = folder / tile.path()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.tile(tile))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "checkpoint").write_bytes(self.note(witnesses))
        return folder
