"""The media worker: makes one proxy, or takes out one track, between two open files it is handed over a socket, says what came of it, and ends.

Started by its unit (liuhen-proxy@.service) with the connection as standard input. There it has no network, no device and no file but these two; what
limits time, memory and output is the unit, and below it the limits of each ffmpeg (`fence`). It ends, with every ffmpeg it started, as
soon as nobody listens any more.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import stat
import sys
from pathlib import Path

from liuhen_agent.proxy import NoProxyNeeded, Progress, ProxyFailed, ProxyLimits
from liuhen_agent.proxy.make import track, work
from liuhen_agent.proxy.wire import (
    LONGEST,
    Answer,
    Made,
    Moving,
    Unintelligible,
    Wanted,
    decode_request,
    decode_wanted,
    encode_answer,
)

BEAT_SECONDS = 2.0
FIRST_SECONDS = 30.0


def main() -> int:
    """0: it said what came of it. 1: nobody listens any more. 2: what it was handed is not what was agreed."""
    channel = socket.socket(fileno=0)
    try:
        wanted, limits, source, target = receive(channel)
    except (Unintelligible, OSError) as error:
        print(f"not started as agreed: {error}", file=sys.stderr)
        return 2
    return asyncio.run(_serve(channel, wanted, limits, source, target))


def receive(channel: socket.socket) -> tuple[Wanted, ProxyLimits, int, int]:
    """What is wanted, the limits, the clip and the file for its proxy. Raises Unintelligible, OSError (nothing comes)."""
    channel.settimeout(FIRST_SECONDS)
    message, files, flags, _ = socket.recv_fds(channel, LONGEST, 4)
    try:
        if flags & (socket.MSG_TRUNC | socket.MSG_CTRUNC) or len(files) != 2:
            raise Unintelligible(f"{len(files)} files instead of two, or a message that is too long")
        wanted, limits = decode_wanted(message), decode_request(message)
        for file, access in zip(files, (os.O_RDONLY, os.O_RDWR), strict=True):
            if not stat.S_ISREG(os.fstat(file).st_mode) or fcntl.fcntl(file, fcntl.F_GETFL) & os.O_ACCMODE != access:
                raise Unintelligible("not a file to read and a file to write")
    except Unintelligible:
        for file in files:
            os.close(file)
        raise
    return wanted, limits, files[0], files[1]


async def _serve(channel: socket.socket, wanted: Wanted, limits: ProxyLimits, source: int, target: int) -> int:
    channel.setblocking(False)
    done = 0.0

    def moved(fraction: float) -> None:
        nonlocal done
        done = fraction

    async def beat() -> None:
        while True:
            await _say(channel, Moving(done))
            await asyncio.sleep(BEAT_SECONDS)

    working = asyncio.create_task(_work(wanted, limits, source, target, moved))
    others = [asyncio.create_task(beat()), asyncio.create_task(_until_nobody_listens(channel))]
    try:
        await asyncio.wait([working, *others], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (working, *others):  # a proxy that is done is not cancelled by this
            task.cancel()
        await asyncio.wait([working, *others])
    if working.cancelled():
        return 1
    os.close(target)
    try:
        await _say(channel, working.result())
    except OSError:
        return 1
    return 0


async def _work(
    wanted: Wanted, limits: ProxyLimits, source: int, target: int, moved: Progress
) -> Made | NoProxyNeeded | ProxyFailed:
    clip, made = (Path(f"/proc/self/fd/{file}") for file in (source, target))
    try:
        if wanted == "track":
            return await track(clip, made, limits, handed=(source, target))
        return await work(clip, made, limits, moved, handed=(source, target))
    except ProxyFailed as failed:
        return failed
    except OSError as error:
        return ProxyFailed("crashed", f"{type(error).__name__}: {error}")


async def _until_nobody_listens(channel: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while await asyncio.get_running_loop().sock_recv(channel, LONGEST):
            pass


async def _say(channel: socket.socket, answer: Answer) -> None:
    await asyncio.get_running_loop().sock_sendall(channel, encode_answer(answer))


if __name__ == "__main__":
    sys.exit(main())
