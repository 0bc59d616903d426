"""The bytes of clips to the archive, by tus 1.0.0: resumed where the archive stopped, never where we believe it stopped.

    no URL                     → create → keep the URL in the journal → send
    no URL, already stored     → the archive has it since before this journal began (a lost card): ask for its receipt
    URL, archive knows it      → HEAD says the offset → send from there
    URL, archive knows it not  → perhaps it is finished and our answer was lost (a receipt exists) → else begin again
    last byte answered 204     → the archive has read the clip back from its store: uploaded
    all bytes there, no answer → an empty PATCH asks for it
    460                        → the archive hashed other bytes than promised: read our own copy again; good → begin again, bad → alarm

Nothing is hashed here on the way: the dock hashed the clip when it read it, the archive hashes what arrives and compares both with
the signed promise. Memory is two pieces per upload whatever the size of a clip.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from io import FileIO
from pathlib import Path

from liuhen_agent.journal import ClipRow, Journal, changes
from liuhen_agent.sync.answers import Later, Refusal
from liuhen_agent.sync.archive import STALLED_AFTER_SECONDS, Archive
from liuhen_agent.sync.pace import Bucket
from liuhen_protocol.digest import CHUNK_SIZE, Digest, Digester

PIECE = 1 << 20
THROTTLED_PIECE = 1 << 16
"""Small, so that on a slow line every upload keeps moving: the archive takes one that stands still for broken."""
REQUEST_BYTES = 1 << 30
"""At most so much in one request: a cut connection costs no more than what the archive had not written yet."""
CHECKSUM_MISMATCH = 460
ALREADY_FINISHED = "finished"
"""The archive's word for bytes sent to an upload it has completed: all it needs is there."""
ALREADY_STORED = "already-stored"
"""The archive's word at creation: it has this clip of this dock and read it back. Only its receipt, checked, proves that."""
_GONE = frozenset({404, 410})

Moved = Callable[[str, int], None]
"""Told (sha256, bytes the connection has taken): for screens only."""


class SpoolDamaged(Exception):
    """Our own copy of the clip is not what was collected. It must be collected again."""


class BytesRejected(Exception):
    """The archive received other bytes than promised although our copy is good: the line or the archive altered them."""


def digest_of(path: Path) -> Digest:
    """The digest of a file, now. Blocking."""
    digester = Digester()
    buffer = bytearray(CHUNK_SIZE)
    view = memoryview(buffer)
    with path.open("rb", buffering=0) as file:
        while count := file.readinto(buffer):
            digester.update(view[:count])
    return digester.finish()


def copy_is_good(path: Path, clip: ClipRow) -> bool:
    """Whether the spool still holds the clip's bytes. Blocking; reads all of it."""
    try:
        found = digest_of(path)
    except OSError:
        return False
    return (found.size, found.sha256, found.chunk_root) == (clip.size, clip.sha256, clip.chunk_root)


class Throttle:
    """At most so many Mbit/s for all uploads together. For one event loop."""

    def __init__(self, mbit: int) -> None:
        rate = mbit * 1_000_000 / 8
        self._bucket = Bucket(rate, 0.0, 0.0)

    async def __call__(self, count: int) -> None:
        """Waits until so many bytes may go."""
        self._bucket, seconds = self._bucket.take(count, asyncio.get_running_loop().time())
        await asyncio.sleep(seconds)


async def pieces_of(
    path: Path, offset: int, length: int, told: Callable[[int], None], throttle: Throttle | None = None
) -> AsyncGenerator[bytes]:
    """`length` bytes of a file from `offset` in pieces, the next one read while the last is sent. Raises SpoolDamaged when it is short."""
    file = await asyncio.to_thread(path.open, "rb", 0)
    coming: asyncio.Future[bytes] | None = None
    try:
        await asyncio.to_thread(file.seek, offset)
        sent = 0
        while sent < length:
            if coming is None:
                coming = _reading(file, length - sent)
            piece = await coming
            if not piece:
                raise SpoolDamaged(f"{path.name}: the spool's copy ends at byte {offset + sent}")
            sent += len(piece)
            coming = _reading(file, length - sent) if sent < length else None
            if throttle is not None:
                for at in range(0, len(piece) - THROTTLED_PIECE, THROTTLED_PIECE):
                    await throttle(THROTTLED_PIECE)
                    yield piece[at : at + THROTTLED_PIECE]
                    told(sent - len(piece) + at + THROTTLED_PIECE)
                piece = piece[-(len(piece) % THROTTLED_PIECE or THROTTLED_PIECE) :]
                await throttle(len(piece))
            yield piece
            told(sent)
    finally:
        if coming is not None:
            await asyncio.wait([coming])  # a read in a thread cannot be called back; the file is closed after it
        await asyncio.to_thread(file.close)


def _reading(file: FileIO, left: int) -> asyncio.Future[bytes]:
    return asyncio.ensure_future(asyncio.to_thread(file.read, min(PIECE, left)))


@asynccontextmanager
async def _closing(pieces: AsyncGenerator[bytes]) -> AsyncIterator[AsyncGenerator[bytes]]:
    """Closes the file whatever happened. When a connection breaks, the task of the HTTP library that sends is only told to end and
    may still be inside the generator for a moment."""
    try:
        yield pieces
    finally:
        await _close(pieces)


async def _close(pieces: AsyncGenerator[bytes]) -> None:
    while True:
        try:
            await pieces.aclose()
            return
        except RuntimeError as error:
            if "already running" not in str(error):
                raise
        await asyncio.sleep(0.01)


class Uploader:
    """Brings one clip at a time into the archive; several may run side by side."""

    def __init__(
        self,
        archive: Archive,
        journal: Journal,
        data_dir: Path,
        moved: Moved = lambda sha256, count: None,
        throttle: Throttle | None = None,
    ) -> None:
        self._archive = archive
        self._journal = journal
        self._data_dir = data_dir
        self._moved = moved
        self._throttle = throttle

    async def upload(self, clip: ClipRow) -> None:
        """Returns when the archive has the clip and read it back. Raises Later (try again), Refusal, SpoolDamaged, BytesRejected."""
        path = self._data_dir / clip.spool
        size_here = await asyncio.to_thread(_size, path)
        if size_here != clip.size:
            raise SpoolDamaged(f"{clip.spool} has {size_here} bytes, collected were {clip.size}")
        url, offset = await self._where(clip)
        if url is None:  # stored earlier; the receipt will say so
            await self._journal.change(changes.Uploaded(clip.sha256))
            return
        while True:
            try:
                offset = await self._send(clip, path, url, offset)
            except Refusal as refusal:
                if refusal.code != ALREADY_FINISHED:
                    await self._refused(clip, path, refusal)
                    raise
                offset = clip.size
            if offset == clip.size:
                await self._journal.change(changes.Uploaded(clip.sha256))
                return

    async def _where(self, clip: ClipRow) -> tuple[str | None, int]:
        """The upload's URL and the archive's offset; (None, size) when the archive has the clip already."""
        if clip.upload_url is not None:
            offset = await self._archive.upload_offset(clip.upload_url)
            if offset is not None:
                if offset > clip.size:
                    raise Refusal(200, "bad-answer", f"offset {offset} of a clip of {clip.size} bytes")
                return clip.upload_url, offset
            known = await self._archive.receipt(clip.sha256)
            if known is not None:
                return None, clip.size
            await self._journal.change(changes.UploadLost(clip.sha256))
        try:
            url = await self._archive.create_upload(clip.sha256, clip.name, clip.size)
        except Refusal as refusal:
            if refusal.code != ALREADY_STORED:
                raise
            return None, clip.size
        await self._journal.change(changes.UploadStarted(clip.sha256, url))
        return url, 0

    async def _send(self, clip: ClipRow, path: Path, url: str, offset: int) -> int:
        """One request; gives the archive's new offset. A sender that makes no progress for a minute is cut off (Later)."""
        length = min(clip.size - offset, REQUEST_BYTES)
        try:
            async with asyncio.timeout(None) as limit:
                clock = asyncio.get_running_loop().time

                def told(sent: int) -> None:
                    # once the last piece is handed over the answer has its own, longer limit
                    limit.reschedule(None if sent >= length else clock() + STALLED_AFTER_SECONDS)
                    self._moved(clip.sha256, offset + sent)

                async with _closing(pieces_of(path, offset, length, told, self._throttle)) as pieces:
                    reached = await self._archive.send_bytes(url, offset, length, clip.size, pieces)
        except TimeoutError as error:
            raise Later("the archive takes no more bytes") from error
        if not offset <= reached <= clip.size or (reached == offset and length):
            raise Refusal(204, "bad-answer", f"offset {reached} after {length} bytes from {offset} of {clip.size}")
        return reached

    async def _refused(self, clip: ClipRow, path: Path, refusal: Refusal) -> None:
        """Turns what a refusal of bytes means into the right exception; returns when it is simply a refusal."""
        if refusal.status in _GONE:
            await self._journal.change(changes.UploadLost(clip.sha256))
            raise Later("the archive does not know this upload any more; it begins again") from refusal
        if refusal.status == 409:
            raise Later("the archive stands at another offset; ask it where") from refusal
        if refusal.status == CHECKSUM_MISMATCH:
            await self._journal.change(changes.UploadLost(clip.sha256))
            if not await asyncio.to_thread(copy_is_good, path, clip):
                raise SpoolDamaged(f"{clip.spool}: the spool's copy is not what was collected any more") from refusal
            raise BytesRejected(refusal.why) from refusal


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return None
