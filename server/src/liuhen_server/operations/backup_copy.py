"""Copying bytes that must be what their digest says, durably. One pass: they are hashed as they are written."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from liuhen_files.owner import other_owner
from liuhen_protocol.digest import CHUNK_SIZE
from liuhen_server.config import ConfigError


def write_hashed(pieces: Iterable[bytes], target: Path, mode: int = 0o600) -> str:
    """Writes a new file, fsyncs it and gives its SHA-256. The name's durability is the caller's. Raises OSError."""
    digest = hashlib.sha256()
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
    with os.fdopen(handle, "wb", buffering=0) as file:
        for piece in pieces:
            digest.update(piece)
            view = memoryview(piece)
            while view:
                view = view[file.write(view) :]
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    return digest.hexdigest()


def pieces_of(path: Path) -> Iterator[bytes]:
    """A file's bytes, not following a link that was put in its place. Raises OSError."""
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(handle, "rb", buffering=0) as file:
        while piece := file.read(CHUNK_SIZE):
            yield piece


def digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    for piece in pieces_of(path):
        digest.update(piece)
    return digest.hexdigest()


def check_owner(folder: Path, user: int) -> None:
    """Raises ConfigError when root (`user` 0) is about to write into somebody else's folder: its owner could do nothing with the files."""
    if (name := other_owner(folder, user)) is not None:
        raise ConfigError(
            f"{folder} 属于用户 {name}，请以该用户运行 / {folder} belongs to {name}: run this as that user: runuser -u {name} -- liuhen-server …"
        )
