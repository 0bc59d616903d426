"""Kills this process before or after the n-th call of a named function, from outside: production code has no hooks.

A name is "module:attribute" or "module:Class.attribute". Callers reach the function through its module or class, so
replacing it there reaches all of them.
"""

from __future__ import annotations

import functools
import importlib
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class KillPoint:
    """When to die. `nth` counts calls from 1."""

    name: str
    after: bool
    nth: int = 1

    def __str__(self) -> str:
        return f"{'after' if self.after else 'before'} {self.name.partition(':')[2]} #{self.nth}"


def install(point: KillPoint) -> None:
    """From now on the process dies there."""
    module, _, path = point.name.partition(":")
    owner: object = importlib.import_module(module)
    *outer, last = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    original: Callable[..., object] = getattr(owner, last)
    calls = 0

    @functools.wraps(original)
    def dying(*args: object, **kwargs: object) -> object:
        nonlocal calls
        calls += 1
        if calls == point.nth and not point.after:
            os.kill(os.getpid(), signal.SIGKILL)
        result = original(*args, **kwargs)
        if calls == point.nth:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    setattr(owner, last, dying)
