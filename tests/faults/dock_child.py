"""The child process of the dock's fault table: runs the real dock until the kill point, or to the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from faults.killpoint import KillPoint, install
from liuhen_agent.detect import Bay
from support import dock_alone


def run_and_die(data_dir: Path, folder: Path, point: KillPoint) -> None:
    install(point)
    asyncio.run(dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder)))
