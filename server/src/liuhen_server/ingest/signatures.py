"""Signatures of many statements at once, checked by helper processes on all cores.

A helper only ever saves work: what it does not call good, or does not answer, is checked again by whoever asked.
Helpers are started with the first large request and end with the archive.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence

WORKER = "liuhen_server.ingest.signature_worker"
MANY = 64
"""Fewer statements in one request are checked sooner than they are sent to a helper."""

ANSWER_SECONDS = 30.0
STOP_SECONDS = 5.0

_logger = logging.getLogger("liuhen.signatures")


class Checkers:
    """`count` helpers. `await good(lines)` says of each line whether its signature is known to be good."""

    def __init__(self, count: int) -> None:
        self._helpers = [_Helper() for _ in range(count)]

    async def good(self, lines: Sequence[bytes]) -> list[bool]:
        """False also means: not checked."""
        if len(lines) < MANY:
            return [False] * len(lines)
        share = -(-len(lines) // len(self._helpers))
        parts = [lines[start : start + share] for start in range(0, len(lines), share)]
        answers = await asyncio.gather(*(helper.good(part) for helper, part in zip(self._helpers, parts, strict=False)))
        return [one for answer in answers for one in answer]

    async def close(self) -> None:
        for helper in self._helpers:
            await helper.close()


class _Helper:
    """One process, started when it is needed; one request at a time."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._free = asyncio.Lock()

    async def good(self, lines: Sequence[bytes]) -> list[bool]:
        async with self._free:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    answer = await self._ask(lines)
            except (OSError, EOFError, TimeoutError) as error:
                _logger.warning("a helper for signatures did not answer and is replaced: %s", error)
                await self.close()
                return [False] * len(lines)
            except BaseException:  # cancelled half way: its answer would be taken for the next one's
                await self.close()
                raise
        return [one == 1 for one in answer]

    async def _ask(self, lines: Sequence[bytes]) -> bytes:
        if self._process is None:
            command = (sys.executable, "-I", "-m", WORKER)
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        asked.writelines(
            [len(lines).to_bytes(4, "big"), *(len(line).to_bytes(4, "big") + line for line in lines)],
        )
        await asked.drain()
        return await answers.readexactly(len(lines))

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # it holds nothing
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
