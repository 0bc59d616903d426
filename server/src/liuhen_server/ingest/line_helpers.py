"""Many lines at once, opened by helper processes on all cores: form, signature, columns.

A helper is this program in another process and is believed as far; what it does not answer is opened by whoever asked.
Helpers are started with the first large request and end with the archive.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from typing import Any

from liuhen_protocol.errors import Refused
from liuhen_server.ingest.lines import Opened, open_line
from liuhen_server.ingest.promise import Promise

WORKER = "liuhen_server.ingest.line_worker"
MANY = 64
"""Fewer lines in one request are opened sooner than they are sent to a helper."""

ANSWER_SECONDS = 30.0
STOP_SECONDS = 5.0
MOST_OF_A_LINE = 64 << 10
"""Bytes of an answer a line at most: the texts of a promise are bounded, and so is the reason of a refusal."""

_logger = logging.getLogger("liuhen.lines")


class LineHelpers:
    """`count` helper processes."""

    def __init__(self, count: int) -> None:
        self._helpers = [_Helper() for _ in range(count)]

    async def open(self, lines: Sequence[bytes], dock: str) -> list[Opened | Refused]:
        """`open_line` of each, wherever it is done."""
        if len(lines) < MANY:
            return await _open_here(lines, dock)
        share = -(-len(lines) // len(self._helpers))
        parts = [lines[start : start + share] for start in range(0, len(lines), share)]
        answers = await asyncio.gather(
            *(helper.open(part, dock) for helper, part in zip(self._helpers, parts, strict=False))
        )
        return [one for answer in answers for one in answer]

    async def close(self) -> None:
        for helper in self._helpers:
            await helper.close()


async def _open_here(lines: Sequence[bytes], dock: str) -> list[Opened | Refused]:
    return await asyncio.to_thread(lambda: [open_line(line, dock) for line in lines])


class _Helper:
    """One process, started when it is needed; one request at a time."""

    def __init__(self) -> None:
        self._process: Process | None = None
        self._free = asyncio.Lock()

    async def open(self, lines: Sequence[bytes], dock: str) -> list[Opened | Refused]:
        async with self._free:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    return read_answer(await self._ask(lines, dock), len(lines))
            except (OSError, EOFError, TimeoutError, ValueError, TypeError) as error:
                _logger.warning("a helper that opens statements did not answer and is replaced: %s", error)
                await self.close()
            except BaseException:  # cancelled half way: its answer would be taken for the next one's
                await self.close()
                raise
        return await _open_here(lines, dock)

    async def _ask(self, lines: Sequence[bytes], dock: str) -> bytes:
        if self._process is None:
            command = (sys.executable, "-I", "-m", WORKER)
            self._process = await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        asked, answers = self._process.stdin, self._process.stdout
        assert asked is not None
        assert answers is not None
        framed = [_number(len(lines))]
        for line in lines:
            framed += (_number(len(line)), line)
        name = dock.encode()
        asked.write(b"".join([_number(len(name)), name, *framed]))
        await asked.drain()
        length = int.from_bytes(await answers.readexactly(4), "big")
        if length > len(lines) * MOST_OF_A_LINE:
            raise ValueError(f"an answer of {length} bytes")
        return await answers.readexactly(length)

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.kill()  # it holds nothing
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_SECONDS)


def read_answer(answer: bytes, count: int) -> list[Opened | Refused]:
    """A helper's answer to `count` lines. Raises ValueError or TypeError for another."""
    found = json.loads(answer)
    if len(found) != count:
        raise ValueError(f"{len(found)} answers to {count} lines")
    return [_one(item) for item in found]


def _one(item: list[Any]) -> Opened | Refused:
    if len(item) == 2:
        code, why = item
        return Refused(str(code), str(why))
    *columns, promise = item
    return Opened._make((*columns, None if promise is None else Promise._make(promise)))


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")
