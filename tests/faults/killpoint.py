"""Kills this process before or after the n-th call of a named function, from outside: production code has no hooks.

A name is "module:attribute" or "module:Class.attribute". Callers reach the function through its module or class, so
replacing it there reaches all of them. With `given` only those calls count whose arguments, as Python writes them, match
that pattern: so a step of the journal is named by the change or the statement it makes durable, not by a number.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import re
import signal
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class KillPoint:
    """When to die. `nth` counts calls from 1."""

    name: str
    after: bool
    nth: int = 1
    given: str = ""

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.name.partition(':')[2]} #{self.nth}"


def install(point: KillPoint) -> None:
    """From now on the process dies there."""
    module, _, path = point.name.partition(":")
    owner: object = importlib.import_module(module)
    *outer, last = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    original: Callable[..., Any] = getattr(owner, last)
    calls = 0

    def is_the_one(*arguments: object) -> bool:
        nonlocal calls
        if re.search(point.given, repr(arguments)) is None:
            return False
        calls += 1
        return calls == point.nth

    def die_if(now: bool) -> None:
        if now:
            os.kill(os.getpid(), signal.SIGKILL)

    @functools.wraps(original)
    def dying(*args: object, **kwargs: object) -> object:
        this = is_the_one(args, kwargs)
        die_if(this and not point.after)
        result = original(*args, **kwargs)
        die_if(this)
        return result

    @functools.wraps(original)
    async def dying_later(*args: object, **kwargs: object) -> object:
        this = is_the_one(args, kwargs)
        die_if(this and not point.after)
        result = await original(*args, **kwargs)
        die_if(this)
        return result

    setattr(owner, last, dying_later if inspect.iscoroutinefunction(original) else dying)
