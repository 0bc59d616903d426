"""Runs an archive in a process of its own, to its end or to one step.

With a step (`module:function` or `module:Class.method`) the process kills itself with SIGKILL before or after (side) that step's
first call, or the first call with a word in one of its arguments. Production code knows nothing of it: the step is wrapped by name.
"""

from __future__ import annotations

import asyncio
import functools
import importlib
import inspect
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from liuhen_server.serve import serve
from support.device import archive_config


def arm(step: str, side: str, part: str) -> None:
    module_name, _, path = step.partition(":")
    owner: Any = importlib.import_module(module_name)
    *outer, name = path.split(".")
    for each in outer:
        owner = getattr(owner, each)
    static = owner.__dict__[name] if isinstance(owner, type) else None
    original = getattr(owner, name)

    def die(when: str, *arguments: object) -> None:
        if side == when and any(part in str(argument) for argument in arguments or ("",)):
            os.kill(os.getpid(), signal.SIGKILL)

    if inspect.iscoroutinefunction(original):

        @functools.wraps(original)
        async def wrapped(*arguments: Any, **named: Any) -> Any:
            die("before", *arguments)
            result = await original(*arguments, **named)
            die("after", *arguments)
            return result
    else:

        @functools.wraps(original)
        def wrapped(*arguments: Any, **named: Any) -> Any:
            die("before", *arguments)
            result = original(*arguments, **named)
            die("after", *arguments)
            return result

    setattr(owner, name, staticmethod(wrapped) if isinstance(static, classmethod | staticmethod) else wrapped)


def run(folder: Path, fault: tuple[str, ...], announced: Connection) -> None:
    """`fault`: step, side, perhaps a word; empty for none. The line that says it is ready goes to `announced`."""
    if fault:
        step, side, *part = fault
        arm(step, side, part[0] if part else "")
    asyncio.run(serve(archive_config(folder), announced.send))
