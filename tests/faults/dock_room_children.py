"""The child processes of the fault tables of enrolment and clearing: run the real thing until the kill point, or to the end."""

from __future__ import annotations

import asyncio
from pathlib import Path

from faults.killpoint import KillPoint, install
from liuhen_agent.clear.wipe import wipe
from liuhen_agent.identity.enrolment import enroll


def wipe_and_die(data_dir: Path, session: str, point: KillPoint) -> None:
    install(point)
    asyncio.run(wipe(data_dir, session))


def enroll_and_die(url: str, code: str, data_dir: Path, point: KillPoint) -> None:
    install(point)
    asyncio.run(enroll(url, code, data_dir))
