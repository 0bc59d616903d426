"""The digest of a clip: one pass over its bytes (spec: docs/spec/digest.md).

`sha256`      flat SHA-256, what `sha256sum` prints
`chunk_root`  RFC 6962 tree over 1 MiB chunks, so that a range can be checked without the rest
`sm3`         the national algorithm (GB/T 32905), only where the deployment asks for it
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from liuhen_protocol import merkle
from liuhen_protocol.errors import Malformed

CHUNK_SIZE = 1 << 20


def is_digest(text: object) -> bool:
    """Whether `text` is 64 lower-case hexadecimal digits."""
    if not isinstance(text, str) or len(text) != 64 or text != text.lower():
        return False
    try:
        return len(bytes.fromhex(text)) == 32  # it passes over spaces, which then are missing here
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Digest:
    """What the bytes of one clip are: `size` in bytes, the rest in lower-case hexadecimal."""

    size: int
    sha256: str
    chunk_root: str
    sm3: str | None = None

    def __post_init__(self) -> None:
        if self.size < 0 or not is_digest(self.sha256) or not is_digest(self.chunk_root):
            raise Malformed("digest: size, sha256 or chunk_root is not what a digest has")
        if self.sm3 is not None and not is_digest(self.sm3):
            raise Malformed("digest: sm3 is not 64 hexadecimal digits")


class FlatHash:
    """The flat half of the digest. It and `ChunkTree` may run in two threads: hashing frees the interpreter."""

    def __init__(self, *, sm3: bool = False) -> None:
        self._sha256 = hashlib.sha256()
        self._sm3 = hashlib.new("sm3") if sm3 else None
        self.size = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        self._sha256.update(data)
        if self._sm3 is not None:
            self._sm3.update(data)
        self.size += len(data)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def sm3(self) -> str | None:
        return None if self._sm3 is None else self._sm3.hexdigest()


class ChunkTree:
    """The chunk half of the digest: leaves of 1 MiB, the last one shorter; no bytes, no leaf. `leaves` are those that
    are closed, 32 bytes each: all of them once `root` was asked for.
    """

    def __init__(self) -> None:
        self._frontier = merkle.Frontier()
        self.leaves = bytearray()
        self._open = hashlib.sha256(merkle.LEAF_PREFIX)
        self._filled = 0

    def update(self, data: bytes | bytearray | memoryview) -> None:
        view = memoryview(data)
        while len(view):
            piece = view[: CHUNK_SIZE - self._filled]
            self._open.update(piece)
            self._filled += len(piece)
            view = view[len(piece) :]
            if self._filled == CHUNK_SIZE:
                self._close()

    def _close(self) -> None:
        leaf = self._open.digest()
        self._frontier = self._frontier.append(leaf)
        self.leaves += leaf
        self._open = hashlib.sha256(merkle.LEAF_PREFIX)
        self._filled = 0

    def root(self) -> str:
        """The root over everything so far. Ends the last, shorter chunk: feed nothing after it."""
        if self._filled:
            self._close()
        return self._frontier.root().hex()


class Digester:
    """The whole digest in one pass: `update` with any pieces (1 MiB is fastest), then `finish` once."""

    def __init__(self, *, sm3: bool = False) -> None:
        self.flat = FlatHash(sm3=sm3)
        self.chunks = ChunkTree()

    def update(self, data: bytes | bytearray | memoryview) -> None:
        self.flat.update(data)
        self.chunks.update(data)

    def finish(self) -> Digest:
        return Digest(self.flat.size, self.flat.sha256, self.chunks.root(), self.flat.sm3)


def digest_of(data: bytes, *, sm3: bool = False) -> Digest:
    """The digest of bytes that are in memory already."""
    digester = Digester(sm3=sm3)
    digester.update(data)
    return digester.finish()


def chunk_leaves(data: bytes) -> list[bytes]:
    """The leaf hashes of the chunk tree: what a range check needs (RFC 6962 leaves of 1 MiB)."""
    return [merkle.leaf_hash(data[start : start + CHUNK_SIZE]) for start in range(0, len(data), CHUNK_SIZE)]
