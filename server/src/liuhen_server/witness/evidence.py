"""Misbehaviour of a log, kept on disk: two checkpoints of one size with different roots, both signed by the log.

Anyone with the log's public key can check such a pair; it is what makes a split view undeniable. Files are content-named, so the
same pair is kept once, and only a holder of the log's key can make new ones.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path

from liuhen_files import durable


def origin_hash(origin: str) -> str:
    """Lower-case hexadecimal SHA-256 of the origin line (tlog-witness, monitor retrieval)."""
    return hashlib.sha256(origin.encode()).hexdigest()


def keep_split_view(
    folder: Path, origin: str, size: int, cosigned_note: bytes, other_note: bytes, other_root: bytes
) -> Path:
    """Writes both notes under `folder`, durable on return; returns the folder of the pair."""
    pair = folder / origin_hash(origin) / f"{size}-{other_root.hex()[:32]}"
    durable.mkdirs(pair)
    for name, note in (("cosigned.note", cosigned_note), ("other.note", other_note)):
        with contextlib.suppress(FileExistsError):
            durable.write_new(pair / name, note)
    return pair
