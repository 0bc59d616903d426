"""Child processes that begin at once: forked off a server that has imported what they run (`support.preloaded`).

A program that has to be killed dozens of times would else spend most of its life importing. It is a process like any
other: its own memory and files, and what kills it is SIGKILL.

multiprocessing has one such server for the whole process. Before Python 3.12.8 (gh-117378) it looks for what it is to
import on a path without the tests, finds nothing and says nothing: so the path comes in its environment.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from functools import cache
from multiprocessing import forkserver
from multiprocessing.process import BaseProcess
from pathlib import Path

TESTS = Path(__file__).parents[1]
FORK = multiprocessing.get_context("forkserver")
PRELOADED = "support.preloaded"


def forked(target: Callable[..., None], *given: object) -> BaseProcess:
    """A process that will do `target(*given)` with the environment of this moment. Not started yet."""
    _have_server()
    return FORK.Process(target=_begin, args=(dict(os.environ), target, given))


@cache
def _have_server() -> None:
    FORK.set_forkserver_preload([PRELOADED])
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(TESTS), str(TESTS.parent / "scripts")])
    try:
        forkserver.ensure_running()
    finally:
        del os.environ["PYTHONPATH"]
        if before is not None:
            os.environ["PYTHONPATH"] = before


def _begin(environ: dict[str, str], target: Callable[..., None], given: tuple[object, ...]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    target(*given)
