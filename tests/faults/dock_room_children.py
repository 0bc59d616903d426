"""The child processes of the fault tables of enrolment, clearing and reconciling: run the real thing until the kill point, or to the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from faults.killpoint import KillPoint, install
from liuhen_agent.clear.wipe import wipe
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.sync.backoff import Backoff
from liuhen_agent.sync.service import Pace, Sync
from unit.agent_sync.world import NOW, opened

QUICK = Pace(idle=0.02, receipts=0.02, log=0.02, daily=0.02, backoff=Backoff(0.02, 0.05))
MOST_SECONDS = 40.0  # so that a child whose point is never reached ends


def wipe_and_die(data_dir: Path, session: str, point: KillPoint) -> None:
    install(point)
    asyncio.run(wipe(data_dir, session))


def enroll_and_die(url: str, code: str, data_dir: Path, point: KillPoint) -> None:
    install(point)
    asyncio.run(enroll(url, code, data_dir))


def sync_and_die(data_dir: Path, bay: Path, point: KillPoint) -> None:
    """All loops with the archive, reconciling among them; they end only by being killed."""

    async def sync() -> None:
        async with opened(data_dir, bay) as world, asyncio.timeout(MOST_SECONDS):
            await Sync(world.journal, data_dir, now=lambda: NOW, random=lambda: 0.5, pace=QUICK).run()

    install(point)
    asyncio.run(sync())
