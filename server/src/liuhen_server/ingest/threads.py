"""Blocking steps in threads that nobody walks away from.

A cancelled request must not close a file while a thread still writes to it: the wait goes on until the step has
ended, and only then is the cancellation passed on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


async def in_thread(threads: Executor, step: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """The result of `step(...)`, run in one of `threads`."""
    running = asyncio.get_running_loop().run_in_executor(threads, lambda: step(*arguments, **named))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
