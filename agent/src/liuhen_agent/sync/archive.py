"""The device API of the archive (ADR 0001) as the dock calls it: one aiohttp session, one method per request.

Answers become values or one of the two exceptions of `answers`; nothing here decides what they mean for the dock. Redirects are
never followed: the archive has one address, the one this dock enrolled with.
"""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import ssl
from collections.abc import AsyncIterable, Callable, Sequence
from dataclasses import dataclass

import aiohttp
from yarl import URL

from liuhen_agent.sync.answers import Later, Refusal, expect, read_limited, retry_after, talking
from liuhen_protocol.chain import ChainHead
from liuhen_protocol.digest import is_digest
from liuhen_protocol.tiles import TileId

TUS = {"Tus-Resumable": "1.0.0"}
STALLED_AFTER_SECONDS = 60
READ_BACK_BYTES_PER_SECOND = 10_000_000
"""The slowest store we wait for: after the last byte the archive reads the whole clip back before it answers."""

_LONGEST_NAME = 255
"""Characters of a clip's name that go along: for people reading the archive's folder, the name that counts is in the statement."""

_SMALL = aiohttp.ClientTimeout(total=60, sock_connect=15)


@dataclass(frozen=True)
class Logged:
    """The entry is in the log at `index`."""

    index: int


@dataclass(frozen=True)
class EntryNo:
    """The entry was refused."""

    code: str
    why: str


@dataclass(frozen=True)
class NotYet:
    """The clip is stored, its checkpoint is not published. Ask again after so many seconds (None: not said)."""

    retry_after: float | None


def connector(context: ssl.SSLContext, connections: int = 8) -> aiohttp.TCPConnector:
    """Connections on which a peer that vanished without a word is noticed after a minute, not after TCP's quarter of an hour."""
    return aiohttp.TCPConnector(ssl=context, limit=connections, socket_factory=_socket)


Reached = Callable[[bool], None]
"""Told after each request whether the archive answered at all, whatever it said: for screens only."""


def told_of_answers(reached: Reached) -> aiohttp.TraceConfig:
    """For a session: every request tells."""

    async def answered(*_: object) -> None:
        reached(True)

    async def failed(session: object, context: object, params: aiohttp.TraceRequestExceptionParams) -> None:
        if not isinstance(params.exception, asyncio.CancelledError):
            reached(False)

    trace = aiohttp.TraceConfig()
    trace.on_request_end.append(answered)
    trace.on_request_exception.append(failed)
    return trace


def _socket(address: tuple[object, ...]) -> socket.socket:
    family, kind, protocol = address[0], address[1], address[2]
    assert isinstance(family, int) and isinstance(kind, int) and isinstance(protocol, int)
    made = socket.socket(family, kind, protocol)
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, STALLED_AFTER_SECONDS * 1000)
    return made


class Archive:
    """The archive at `url`, through a session that carries this dock's certificate. `dock`: this dock's name, its chain's source."""

    def __init__(self, session: aiohttp.ClientSession, url: str, dock: str) -> None:
        self._session = session
        self._base = URL(url)
        self.dock = dock

    async def send_entries(self, envelopes: Sequence[bytes]) -> list[Logged | EntryNo]:
        """One answer per envelope, in their order. Raises Later, Refusal (of the whole batch)."""
        async with (
            talking("entries"),
            self._session.post(
                self._base / "v1/entries",
                data=b"".join(envelope + b"\n" for envelope in envelopes),
                headers={"Content-Type": "application/x-ndjson"},
                timeout=_SMALL,
                allow_redirects=False,
            ) as response,
        ):
            await expect(response, 200)
            body = await read_limited(response)
        try:
            answers = [_entry_answer(result) for result in json.loads(body)["results"]]
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(
                200, "bad-answer", f"the answer to {len(envelopes)} entries cannot be read ({error})"
            ) from error
        if len(answers) != len(envelopes):
            raise Refusal(200, "bad-answer", f"{len(answers)} answers to {len(envelopes)} entries")
        return answers

    async def head(self) -> ChainHead | None:
        """What the archive has of this dock's chain. Raises Later, Refusal."""
        async with (
            talking("head"),
            self._session.get(self._base / "v1/head", timeout=_SMALL, allow_redirects=False) as response,
        ):
            await expect(response, 200)
            body = await read_limited(response)
        try:
            fields = json.loads(body)
            if fields is None:
                return None
            head = ChainHead(self.dock, int(fields["seq"]), str(fields["hash"]), str(fields["time"]))
            if head.seq < 0 or not is_digest(head.hash):
                raise ValueError("not a place in a chain")
        except (ValueError, KeyError, TypeError) as error:
            raise Refusal(200, "bad-answer", f"the archive's head cannot be read ({error})") from error
        return head

    async def receipt(self, sha256: str) -> bytes | NotYet | None:
        """The receipt's bytes, unchecked; None when the archive does not know the clip. Raises Later, Refusal."""
        async with (
            talking(f"receipt of {sha256}"),
            self._session.get(self._base / "v1/receipts" / sha256, timeout=_SMALL, allow_redirects=False) as response,
        ):
            if response.status == 404:
                return None
            await expect(response, 200, 202)
            return NotYet(retry_after(response)) if response.status == 202 else await read_limited(response)

    async def checkpoint(self) -> bytes | None:
        """The newest published checkpoint; None when nothing is published yet. Raises Later, Refusal."""
        async with (
            talking("checkpoint"),
            self._session.get(self._base / "log/checkpoint", timeout=_SMALL, allow_redirects=False) as response,
        ):
            if response.status == 404:
                return None
            await expect(response, 200)
            return await read_limited(response)

    async def tile(self, tile: TileId) -> bytes:
        """A hash tile, unchecked. A missing partial tile is cut from the full one (C2SP tlog-tiles). Raises Later, Refusal."""
        async with (
            talking(tile.path()),
            self._session.get(self._base / "log" / tile.path(), timeout=_SMALL, allow_redirects=False) as response,
        ):
            if response.status != 404 or not tile.partial:
                await expect(response, 200)
                return await read_limited(response)
        full = await self.tile(TileId(tile.level, tile.index, 256))
        return full[: 32 * tile.width]

    async def create_upload(self, sha256: str, name: str, size: int) -> str:
        """Promises `size` bytes; gives the upload's URL. Raises Later, Refusal."""
        metadata = f"sha256 {_b64(sha256)},filename {_b64(name[-_LONGEST_NAME:])}"
        async with (
            talking(f"upload of {sha256}"),
            self._session.post(
                self._base / "v1/uploads",
                headers={**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata},
                timeout=_SMALL,
                allow_redirects=False,
            ) as response,
        ):
            await expect(response, 201)
            location = response.headers.get("Location", "")
        url = self._base.join(URL(location)) if location else None
        if url is None or url.origin() != self._base.origin():
            raise Refusal(201, "bad-answer", f"the upload's address {location[:200]!r} is not at this archive")
        return str(url)

    async def upload_offset(self, url: str) -> int | None:
        """How many bytes the archive has of an upload; None when it does not know it (any more), also when it was begun at
        another address than the archive has now. Raises Later, Refusal."""
        if URL(url).origin() != self._base.origin():
            return None
        async with (
            talking("upload, where it stands"),
            self._session.head(self._own(url), headers=TUS, timeout=_SMALL, allow_redirects=False) as response,
        ):
            if response.status in (404, 410):
                return None
            if response.status == 423:
                raise Later("the archive still holds the last connection of this upload", retry_after(response))
            await expect(response, 200, 204)
            return _offset(response)

    async def send_bytes(self, url: str, offset: int, length: int, size: int, pieces: AsyncIterable[bytes]) -> int:
        """Sends `length` bytes from `offset` of a clip of `size`; gives the offset the archive then has. Raises Later, Refusal.

        Waiting for the answer takes as long as a store may need to read the clip back.
        """
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=15, sock_read=STALLED_AFTER_SECONDS + size / READ_BACK_BYTES_PER_SECOND
        )
        headers = {
            **TUS,
            "Upload-Offset": str(offset),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(length),
        }
        async with (
            talking("upload"),
            self._session.patch(
                self._own(url), data=pieces, headers=headers, timeout=timeout, allow_redirects=False
            ) as response,
        ):
            if response.status == 423:
                raise Later("the archive still holds the last connection of this upload", retry_after(response))
            await expect(response, 204)
            return _offset(response)

    def _own(self, url: str) -> URL:
        found = URL(url)
        if found.origin() != self._base.origin():
            raise Refusal(0, "bad-answer", f"{url[:200]} is not at this archive")
        return found


def _b64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode()


def _offset(response: aiohttp.ClientResponse) -> int:
    text = response.headers.get("Upload-Offset", "")
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise Refusal(response.status, "bad-answer", f"Upload-Offset is {text[:40]!r}")
    return int(text)


def _entry_answer(result: dict[str, object]) -> Logged | EntryNo:
    if "index" in result:
        index = result["index"]
        if not isinstance(index, int) or isinstance(index, bool) or index < 0:
            raise ValueError(f"index {index!r}")
        return Logged(index)
    return EntryNo(str(result["refused"])[:64], str(result.get("why", ""))[:2000])
