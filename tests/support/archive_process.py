"""An archive as a process that can be killed, limited and started again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path

from support.forked import FORK, forked
from support.run_archive import run

PATIENCE = 30.0  # seconds, only so that a hung archive is a failed test


@dataclass(frozen=True, slots=True)
class ArchiveProcess:
    """`url` is its device listener."""

    process: BaseProcess
    url: str

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    async def killed_itself(self) -> bool:
        return await _ended(self.process) == -9


@asynccontextmanager
async def archive_process(folder: Path, *fault: str) -> AsyncIterator[ArchiveProcess]:
    """Ready when the block begins, gone when it ends."""
    heard, announced = FORK.Pipe(duplex=False)
    process = forked(run, folder, fault, announced)
    process.start()
    # the archive alone holds the other end: a pipe that ends is an archive that ended
    announced.close()
    try:
        words = str(await asyncio.to_thread(heard.recv)).split()
        assert words[:1] == ["ready"], words
        yield ArchiveProcess(process, "https://" + words[1].removeprefix("devices="))
    finally:
        heard.close()
        process.terminate()
        if await _ended(process) is None:
            process.kill()
            process.join()
            raise AssertionError("the archive did not stop when it was asked to")


async def _ended(process: BaseProcess) -> int | None:
    """With what it left, below 0 for a signal; None when it goes on."""
    await asyncio.to_thread(process.join, PATIENCE)
    return process.exitcode
