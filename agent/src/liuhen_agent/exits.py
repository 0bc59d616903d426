"""How every command of the dock leaves: what went wrong as one sentence, and 1 (work failed) or 2 (wrong use)."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from liuhen_agent import config, decisions
from liuhen_agent.identity import store
from liuhen_agent.identity.code import EnrolmentFailed
from liuhen_agent.journal import JournalDamaged, JournalInUse
from liuhen_agent.plain_text import one_line
from liuhen_agent.recorders.profile import ProfileError
from liuhen_agent.sync.answers import Later, Refusal
from liuhen_files.event_loop import quiet_second_close
from liuhen_files.owner import other_owner
from liuhen_protocol.errors import Malformed

T = TypeVar("T")
WRONG_USE = (config.ConfigError, ProfileError, store.NotEnrolled)
FAILED = (
    decisions.NotDecided,
    sqlite3.Error,
    JournalDamaged,
    JournalInUse,
    EnrolmentFailed,
    Later,
    Refusal,
    Malformed,  # a key that others can read
    OSError,
)


@contextmanager
def said_and_left() -> Iterator[None]:
    """Around a command's work."""
    try:
        yield
    except WRONG_USE as error:
        click.echo(f"错误 error: {one_line(str(error), 4000)}", err=True)
        sys.exit(2)
    except FAILED as error:
        click.echo(f"错误 error: {one_line(str(error), 4000)}", err=True)
        sys.exit(1)


def check_owner(data_dir: Path) -> None:
    """Before anything is written into the dock's folder. Raises ConfigError when root is about to write into the dock's user's."""
    if (name := other_owner(data_dir, os.geteuid())) is not None:
        raise config.ConfigError(
            f"{data_dir} 属于用户 {name}，请以该用户运行 belongs to {name}, run this as that user: runuser -u {name} -- liuhen-agent …"
        )


async def until_told(work: Coroutine[Any, Any, T], stopped: Callable[[], T]) -> T:
    """`work` until it ends or SIGTERM or Ctrl-C come, which end it between two steps."""
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    quiet_second_close(loop)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        return stopped()
