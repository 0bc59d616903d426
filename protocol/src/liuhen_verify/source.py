"""Where a log is read from: a folder as the archive keeps it, or its address."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from email.message import Message
from functools import cached_property
from pathlib import Path
from typing import IO, Protocol

from liuhen_protocol.note import MAX_NOTE
from liuhen_protocol.tiles import ENTRIES, HASH_SIZE, MAX_ENTRY, TILE_WIDTH, TileId, decode_bundle, split_hashes
from liuhen_verify.reading import WrongUse, read_bounded

SECONDS = 30
MAX_BUNDLE = TILE_WIDTH * (2 + MAX_ENTRY)


class Missing(Exception):
    """A part of the log that is not there, or that we may not read. The text says which and why."""


class LogSource(Protocol):
    """Gives the bytes at a path below the log's prefix. Raises Missing; WrongUse when the log cannot be reached at all."""

    def read(self, path: str, most: int) -> bytes: ...


@dataclass(frozen=True)
class Folder:
    """`checkpoint` and `tile/…` below a folder."""

    root: Path

    def read(self, path: str, most: int) -> bytes:
        if not (self.root / path).exists():
            raise Missing(f"{self.root / path} is not there")
        return read_bounded(self.root / path, most)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect could take the token elsewhere: it is an error."""

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: Message, newurl: str
    ) -> None:
        return None


@dataclass(frozen=True)
class Address:
    """The log below an http or https address. `token`: of a reader with the auditor's role. `ca`: the archive's own CA."""

    prefix: str
    token: str | None = None
    ca: Path | None = None

    @cached_property
    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=None if self.ca is None else str(self.ca))
        return urllib.request.build_opener(_NoRedirect, urllib.request.HTTPSHandler(context=context))

    def read(self, path: str, most: int) -> bytes:
        url = f"{self.prefix.rstrip('/')}/{path}"
        headers = {} if self.token is None else {"Authorization": f"Bearer {self.token}"}
        request = urllib.request.Request(url, headers=headers)  # noqa: S310 - `source_of` allows http and https only
        try:
            with self._opener.open(request, timeout=SECONDS) as answer:
                data: bytes = answer.read(most + 1)
        except urllib.error.HTTPError as error:
            if error.code in (401, 403, 404, 410):
                raise Missing(f"{url}: {error.code} {error.reason}") from error
            raise WrongUse(f"{url}: {error.code} {error.reason}") from error
        except (OSError, ValueError) as error:
            raise WrongUse(f"{url}: {error}") from error
        if len(data) > most:
            raise Missing(f"{url}: longer than {most} bytes")
        return data


def source_of(text: str, token: str | None, ca: Path | None) -> LogSource:
    """The log at `text`. Raises WrongUse when it is neither an address nor a folder."""
    if text.startswith(("http://", "https://")):
        if token is not None and text.startswith("http://") and urllib.parse.urlsplit(text).hostname != "127.0.0.1":
            raise WrongUse(f"{text}: a token is only sent over https")
        return Address(text, token, ca)
    if not Path(text).is_dir():
        raise WrongUse(f"{text}: neither an http(s) address nor a folder")
    return Folder(Path(text))


def read_checkpoint(source: LogSource) -> bytes:
    """The checkpoint note. Raises WrongUse when there is none: then this is no log."""
    try:
        return source.read("checkpoint", MAX_NOTE)
    except Missing as error:
        raise WrongUse(f"not a log: {error}") from error


def read_tile(source: LogSource, tile: TileId) -> bytes:
    """A tile's or bundle's bytes. A partial one that has been replaced by the full one since is cut out of that. Raises Missing."""
    most = MAX_BUNDLE if tile.level == ENTRIES else TILE_WIDTH * HASH_SIZE
    try:
        return source.read(tile.path(), most)
    except Missing:
        if not tile.partial:
            raise
        try:
            full = source.read(TileId(tile.level, tile.index).path(), most)
        except Missing:
            full = b""
        if not full:
            raise
    if tile.level != ENTRIES:
        return b"".join(split_hashes(full, TILE_WIDTH)[: tile.width])
    return b"".join(len(e).to_bytes(2, "big") + e for e in decode_bundle(full, TILE_WIDTH)[: tile.width])
