"""A Unix socket as a systemd socket unit with Accept=yes keeps it: every connection starts the program, with the connection as its standard
input (and output, as the unit says). What the program is started with is real; only the one who starts it is not systemd.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path


class Activated:
    """`started`: the programs, in their order; `next_started` waits for one more."""

    def __init__(self, path: Path, command: Sequence[str], *, answers_on_stdout: bool) -> None:
        self.path = path
        self.started: list[asyncio.subprocess.Process] = []
        self._command = command
        self._output = answers_on_stdout
        self._new = asyncio.Condition()

    async def next_started(self) -> asyncio.subprocess.Process:
        async with self._new:
            before = len(self.started)
            await self._new.wait_for(lambda: len(self.started) > before)
        return self.started[-1]

    async def accept(self, listening: socket.socket) -> None:
        while True:
            connection, _ = await asyncio.get_running_loop().sock_accept(listening)
            with connection:
                process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=connection.fileno(),
                    stdout=connection.fileno() if self._output else asyncio.subprocess.DEVNULL,
                    stderr=asyncio.subprocess.DEVNULL,
                )
            async with self._new:
                self.started.append(process)
                self._new.notify_all()


@asynccontextmanager
async def activated(
    path: Path, command: Sequence[str], *, kind: socket.SocketKind = socket.SOCK_STREAM, answers_on_stdout: bool = True
) -> AsyncIterator[Activated]:
    with socket.socket(socket.AF_UNIX, kind) as listening:
        listening.bind(str(path))
        listening.listen()
        listening.setblocking(False)
        unit = Activated(path, command, answers_on_stdout=answers_on_stdout)
        accepting = asyncio.create_task(unit.accept(listening))
        try:
            yield unit
        finally:
            accepting.cancel()
            await asyncio.wait([accepting])
            for process in unit.started:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
