"""An archive as a process that can be killed, limited and started again."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 30.0  # seconds, only so that a hung archive is a failed test
TESTS = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True)
class ArchiveProcess:
    """`url` is its device listener."""

    process: asyncio.subprocess.Process
    url: str

    @property
    def pid(self) -> int:
        return self.process.pid

    async def killed_itself(self) -> bool:
        return await asyncio.wait_for(self.process.wait(), PATIENCE) == -9


@asynccontextmanager
async def archive_process(folder: Path, *fault: str) -> AsyncIterator[ArchiveProcess]:
    """Ready when the block begins, gone when it ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(TESTS / "support" / "run_archive.py"),
        str(folder),
        *fault,
        stdout=-1,
        env=os.environ | {"PYTHONPATH": str(TESTS)},
    )
    try:
        assert process.stdout is not None
        words = (await process.stdout.readline()).decode().split()
        assert words[:1] == ["ready"], words
        yield ArchiveProcess(process, "https://" + words[1].removeprefix("devices="))
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()
            raise AssertionError("the archive did not stop when it was asked to") from None
