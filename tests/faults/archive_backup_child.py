"""The child process of the backup's fault table: takes or restores a backup and dies at one step."""

from __future__ import annotations

import asyncio
from pathlib import Path

from faults.killpoint import KillPoint, install
from liuhen_server import config
from liuhen_server.operations.backup import take
from liuhen_server.operations.opening import opened
from liuhen_server.operations.restore import restore


async def back_up(folder: Path, to: Path) -> None:
    async with opened(config.load(folder)) as archive:
        await take(archive, to, with_keys=True, most=1)


def back_up_and_die(folder: Path, to: Path, point: KillPoint) -> None:
    install(point)
    asyncio.run(back_up(folder, to))


def restore_and_die(backup: Path, folder: Path, point: KillPoint) -> None:
    install(point)
    asyncio.run(restore(backup, folder))
