"""The child process of the sequencer's fault table: ticks an archive's sequencer and dies before or after one named step.

A step is `module.function` or `Sequencer.method`; the nth call is the one that dies (kill -9: nothing is flushed,
nothing cleans up).
"""

from __future__ import annotations

import asyncio
import inspect
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp

from liuhen_files import durable
from liuhen_server import config
from liuhen_server.log import sequencer, signed_state
from liuhen_server.log.sequencer import Outcome, Sequencer, new_holder
from liuhen_server.operations.opening import opened

OWNERS = {
    "durable": durable,
    "NewFiles": durable.NewFiles,
    "Sequencer": Sequencer,
    "signed_state": signed_state,
    "sequencer": sequencer,
}


def arm(step: str, side: str, nth: int) -> None:
    owner, _, name = step.partition(".")
    real: Callable[..., Any] = getattr(OWNERS[owner], name)
    calls = 0

    def now(at: str) -> None:
        if at == side and calls == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    if inspect.iscoroutinefunction(real):

        async def armed_async(*args: Any, **kwargs: Any) -> Any:
            nonlocal calls
            calls += 1
            now("before")
            result = await real(*args, **kwargs)
            now("after")
            return result

        setattr(OWNERS[owner], name, armed_async)
        return

    def armed(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        calls += 1
        now("before")
        result = real(*args, **kwargs)
        now("after")
        return result

    setattr(OWNERS[owner], name, armed)


async def tick(folder: Path) -> None:
    async with opened(config.load(folder)) as archive, aiohttp.ClientSession() as session:
        sequencing = archive.sequencer(session, new_holder())
        while (await sequencing.tick()).outcome is Outcome.PUBLISHED:
            pass


def tick_and_die(folder: Path, step: str, side: str, nth: int) -> None:
    arm(step, side, nth)
    asyncio.run(tick(folder))
