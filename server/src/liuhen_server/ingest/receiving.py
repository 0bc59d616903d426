"""One body into one incoming file: reading, writing, hashing, syncing and reading back overlap.

The event loop fills one buffer of 1 MiB while threads write and hash the other. Every `SETTLE` bytes a third thread
makes what is written durable and reads it back from the disk, while the body goes on; the next settling waits for the
one before, so dirty pages and memory stay bounded whatever the size of the clip.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor

from aiohttp import ClientPayloadError, StreamReader, web
from aiohttp.http_exceptions import HttpProcessingError

from liuhen_protocol.digest import CHUNK_SIZE
from liuhen_server.ingest.threads import in_thread
from liuhen_server.ingest.tus import Append, TusProblem, checksum_mismatch
from liuhen_server.store.incoming import Incoming, Piece

SETTLE = 32 << 20
READ = 256 << 10  # one TLS read of asyncio; more would only grow the reader's buffer
IDLE_SECONDS = 60.0
"""A body of which not one byte comes for this long is given up; its durable part stays."""


class Cut(Exception):
    """The body ended early. What arrived before is in the file, consistent with its hashes."""


OnDurable = Callable[[int], Awaitable[None]]


async def receive(
    file: Incoming, body: StreamReader, append: Append, left: int, on_durable: OnDurable, threads: Executor
) -> None:
    """Pour a PATCH's body, of at most `left` bytes, into the file; `on_durable(n)` is awaited each time the first n
    bytes became durable, at the end too.

    With a checksum nothing is reported durable before the whole body was seen to have it. Raises Cut, TusProblem (too
    long, checksum mismatch) and OSError. After any of these but Cut without a checksum the file's hashes are no
    longer those of its durable part: close it and open it anew.
    """
    hasher = None if append.checksum is None else hashlib.new(append.checksum.algorithm)

    def hash_piece(piece: Piece) -> None:
        file.hash_arrived(piece)
        if hasher is not None:
            hasher.update(piece)

    async def settle() -> None:
        durable = await in_thread(threads, file.sync)
        if hasher is None:
            await on_durable(durable)
        await in_thread(threads, file.read_back)

    buffers = (memoryview(bytearray(CHUNK_SIZE)), memoryview(bytearray(CHUNK_SIZE)))
    turn = 0
    writing: asyncio.Future[tuple[None, None]] | None = None
    settling: asyncio.Task[None] | None = None
    position = file.written
    settled = file.durable
    cut = False
    try:
        while not cut:
            room = CHUNK_SIZE - position % CHUNK_SIZE
            count, cut = await _fill(body, buffers[turn][:room])
            if writing is not None:
                await writing
                writing = None
            if count == 0:
                break
            left -= count
            if left < 0:
                raise TusProblem(400, "too-long", "the body is longer than the upload")
            piece = buffers[turn][:count]
            writing = asyncio.gather(in_thread(threads, file.write, piece), in_thread(threads, hash_piece, piece))
            position += count
            turn = 1 - turn
            if position - settled >= SETTLE:
                await writing
                writing = None
                if settling is not None:
                    await settling
                settled = position
                settling = asyncio.create_task(settle())
        if writing is not None:
            await writing
        if settling is not None:
            await settling
    finally:
        await _quiet(writing, settling)
    if cut and hasher is not None:
        raise TusProblem(400, "cut", "the body ended before its checksum could be checked; nothing of it was kept")
    if append.checksum is not None and hasher is not None and hasher.digest() != append.checksum.value:
        raise checksum_mismatch(append.checksum)
    await on_durable(await in_thread(threads, file.sync))
    if cut:
        raise Cut


async def _fill(body: StreamReader, buffer: memoryview) -> tuple[int, bool]:
    """Read until the buffer is full or the body ends. Returns the bytes read, and whether the body was cut."""
    count = 0
    try:
        while count < len(buffer):
            async with asyncio.timeout(IDLE_SECONDS):
                data = await body.read(min(READ, len(buffer) - count))
            if not data:
                break
            buffer[count : count + len(data)] = data
            count += len(data)
    except (ConnectionError, TimeoutError, web.RequestPayloadError, ClientPayloadError, HttpProcessingError):
        return count, True
    return count, False


async def _quiet(*jobs: asyncio.Future[tuple[None, None]] | asyncio.Task[None] | None) -> None:
    """No thread uses the file any more when this returns, whatever went wrong before."""
    running = [job for job in jobs if job is not None]
    if running:
        await asyncio.wait(running)
        for job in running:
            if not job.cancelled():
                job.exception()
