"""The agent's side of the media worker: hands over two open files and waits for what the worker says of them.

The worker is another user without a file of its own: it opens what it was handed a second time through /proc, for which the files' modes, not
their folders', must let it. So both are opened to others for as long as the worker has them; they lie in folders that nobody else can enter.
When it says that it is done, the agent first takes the file back: closed to others, and by a lease of the kernel nobody has it open for
writing any more (fcntl(2), F_SETLEASE). What is hashed and stated after that stays what it is.

The limits are kept here too, whatever the worker does: silence, time, size.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

from liuhen_agent.proxy import NoProxyNeeded, Progress, ProxyFailed, ProxyLimits
from liuhen_agent.proxy.wire import LONGEST, Made, Moving, Unintelligible, Wanted, decode_answer, encode_request

GRACE_SECONDS = 30.0  # beyond the worker's own limits: it says itself what it met
MOST_MESSAGES = 100_000
TAKE_BACK_SECONDS = 10.0
LOOK_SECONDS = 0.05


async def hand_over(
    worker: Path, clip: Path, temporary: Path, limits: ProxyLimits, progress: Progress, *, wanted: Wanted = "proxy"
) -> Made | NoProxyNeeded:
    """The proxy of `clip`, or its track, in `temporary`, by the worker behind the socket `worker`; complete and forced to the disk. Raises ProxyFailed:
    "no-worker" when there is none, which says nothing about the clip."""
    try:
        _forget(temporary)
        with _open(clip, os.O_RDONLY) as source, _open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL) as target:
            with _open_to_others(source, stat.S_IROTH), _open_to_others(target, stat.S_IROTH | stat.S_IWOTH):
                said = await _ask(worker, source, target, limits, progress, wanted)
            empty = not os.fstat(target).st_size
    except OSError as error:
        raise ProxyFailed("no-room", f"the files cannot be prepared: {error.strerror}") from error
    if isinstance(said, Made):
        if empty:
            raise ProxyFailed("wrong-result", "the worker says that it is done and wrote nothing")
        await asyncio.to_thread(_take_back, temporary)
        progress(1.0)
    return said


def _forget(left_over: Path) -> None:
    """A part of an earlier time: an inode that nobody has is what the worker gets."""
    left_over.unlink(missing_ok=True)


@contextlib.contextmanager
def _open(path: Path, flags: int) -> Iterator[int]:
    opened = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
    try:
        yield opened
    finally:
        os.close(opened)


@contextlib.contextmanager
def _open_to_others(file: int, bits: int) -> Iterator[None]:
    before = stat.S_IMODE(os.fstat(file).st_mode)
    os.fchmod(file, before | bits)
    try:
        yield
    finally:
        os.fchmod(file, before)


async def _ask(
    worker: Path, source: int, target: int, limits: ProxyLimits, progress: Progress, wanted: Wanted
) -> Made | NoProxyNeeded:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel:
        channel.setblocking(False)
        try:
            await loop.sock_connect(channel, str(worker))
            socket.send_fds(channel, [encode_request(limits, wanted)], [source, target])
        except OSError as error:
            why = f"the media worker cannot be reached ({worker}: {error.strerror}); is liuhen-proxy.socket running?"
            raise ProxyFailed("no-worker", why) from error
        ends = time.monotonic() + limits.total_seconds + GRACE_SECONDS
        for _ in range(MOST_MESSAGES):
            message = await _message(channel, min(limits.hang_seconds + GRACE_SECONDS, ends - time.monotonic()))
            if os.fstat(target).st_size > limits.output_bytes:
                raise ProxyFailed("limit", f"the worker wrote more than {limits.output_bytes} bytes")
            try:
                answer = decode_answer(message)
            except Unintelligible as error:
                raise ProxyFailed("crashed", f"the media worker is not to be understood: {error}") from error
            if isinstance(answer, ProxyFailed):
                raise answer
            if not isinstance(answer, Moving):
                return answer
            progress(answer.fraction)
        raise ProxyFailed("crashed", f"the media worker sent more than {MOST_MESSAGES} messages")


async def _message(channel: socket.socket, seconds: float) -> bytes:
    try:
        async with asyncio.timeout(max(seconds, 0.0)):
            message = await asyncio.get_running_loop().sock_recv(channel, LONGEST + 1)
    except TimeoutError as error:
        raise ProxyFailed("hung", f"the media worker said nothing for {seconds:.0f} s") from error
    except OSError as error:
        raise ProxyFailed("worker-lost", f"the media worker broke off: {error.strerror}") from error
    if not message:
        raise ProxyFailed("worker-lost", "the media worker ended without an answer: it was killed, or met its limits")
    return message


def _take_back(path: Path) -> None:
    """Waits until nobody has the file open for writing, and forces it to the disk. Raises ProxyFailed. Blocking."""
    with _open(path, os.O_RDONLY) as file:
        ends = time.monotonic() + TAKE_BACK_SECONDS
        while True:
            try:
                fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK)
                break
            except BlockingIOError as error:
                if time.monotonic() > ends:
                    raise ProxyFailed("crashed", "the media worker says that it is done and goes on writing") from error
                time.sleep(LOOK_SECONDS)
        fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        os.fsync(file)
