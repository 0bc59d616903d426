"""The dock of the fault table against a real archive: run whole, or as a child process until it dies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from faults.killpoint import KillPoint, install
from liuhen_agent.clock import Reading, read_system_clock
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.progress import BayView
from liuhen_agent.sync.service import Pace
from support import dock_alone

PACE = Pace(idle=0.1, receipts=0.05)


@dataclass(frozen=True)
class How:
    """How a dock works: whether it makes proxies, and how far its clock is ahead of the machine's."""

    proxies: bool = False
    ahead: timedelta = timedelta()


def run_dock(data_dir: Path, bay: Path, how: How) -> Sequence[BayView]:
    """The real dock with one bay, until nothing is left to do."""

    def read_clock() -> Reading:
        reading = read_system_clock()
        return replace(reading, time=reading.time + how.ahead)

    config = dock_alone.config(data_dir, Bay("1", "image", bay), proxies=how.proxies)
    wishes = Wishes(once_idle=True, watch=dock_alone.QUICK, pace=PACE, read_clock=read_clock)
    return asyncio.run(Dock(data_dir, config, wishes).run())


def run_and_die(data_dir: Path, bay: Path, how: How, point: KillPoint) -> None:
    install(point)
    run_dock(data_dir, bay, how)


def enroll_run_and_die(url: str, code: str, data_dir: Path, bay: Path, how: How, point: KillPoint) -> None:
    install(point)
    asyncio.run(enroll(url, code, data_dir))
    run_dock(data_dir, bay, how)
