"""The child process of the disposal's fault table: approves a list and removes its bytes, and dies at one step."""

from __future__ import annotations

import asyncio
from pathlib import Path

from faults.killpoint import KillPoint, install
from support.footage import Clock, cabinet_in

DAYS = 200


async def approve_and_remove(folder: Path) -> None:
    clock = Clock()
    clock.days_pass(DAYS)
    async with cabinet_in(folder, f"sqlite:///{folder / 'archive.db'}", clock) as cabinet:
        await cabinet.disposed()
        await cabinet.published()
        await cabinet.removal.sweep()


def dispose_and_die(folder: Path, point: KillPoint) -> None:
    install(point)
    asyncio.run(approve_and_remove(folder))
