"""The leaves of a stored clip's chunk tree, for whoever checks a range of it.

They are laid beside the store when a clip is uploaded. Where they are not there, or do not lead to the root that the
dock signed, they are computed from the stored bytes: then a damaged file gives leaves that lead to another root, and
nobody can say which range of it is damaged.
"""

from __future__ import annotations

import asyncio

from liuhen_protocol.digest import ChunkTree
from liuhen_protocol.merkle import root_of
from liuhen_server.custody.evidence import Clip
from liuhen_server.store.interface import Store

__all__ = ["LeafLists"]

HASH = 32


class LeafLists:
    """One per process: one file at a time is read for its leaves, 1 MiB at once."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._turn = asyncio.Semaphore(1)

    async def of(self, clip: Clip) -> bytes:
        """32 bytes a chunk. Raises NotStored, OSError."""
        kept = await asyncio.to_thread(self._kept, clip)
        if kept is not None:
            return kept
        async with self._turn:
            return await asyncio.to_thread(self._made, clip)

    def _kept(self, clip: Clip) -> bytes | None:
        leaves = self._store.leaves(clip.sha256)
        return leaves if leaves is not None and _root(leaves) == clip.chunk_root else None

    def _made(self, clip: Clip) -> bytes:
        if (kept := self._kept(clip)) is not None:  # another request made them meanwhile
            return kept
        tree = ChunkTree()
        for piece in self._store.read(clip.sha256):
            tree.update(piece)
        if tree.root() == clip.chunk_root:
            self._store.keep_leaves(clip.sha256, bytes(tree.leaves))
        return bytes(tree.leaves)


def _root(leaves: bytes) -> str:
    return root_of(leaves[at : at + HASH] for at in range(0, len(leaves), HASH)).hex()
