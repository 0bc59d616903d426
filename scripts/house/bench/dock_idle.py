"""A dock with eight empty bays, enrolled and in touch with its archive: under 1 % of one core and under 80 MiB."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from house.bench.docked import docked
from house.bench.measure import Goal, Result, progress
from house.bench.running_dock import MIB, running_dock

BAYS = 8
SETTLE_SECONDS = 10.0  # it starts, asks the archive where its chain stands, sends what it says at the start
IDLE_SECONDS = 120.0
MOST_PERCENT = 1.0
MOST_MIB = 80.0


def run(work: Path, idle_seconds: float = IDLE_SECONDS) -> Iterator[Result]:
    with docked(work / "county") as county, running_dock(county, "idle", BAYS) as dock:
        progress(f"dock-idle: {BAYS} empty bays, {idle_seconds:.0f} s")
        time.sleep(SETTLE_SECONDS)
        before, began = dock.cpu_seconds(), time.monotonic()
        time.sleep(idle_seconds)
        percent = (dock.cpu_seconds() - before) / (time.monotonic() - began) * 100
        processes = [dock.agent, *dock.agent.children(recursive=True)]
        resident = sum(process.memory_info().rss for process in processes) / MIB
    yield Result("dock-idle-cpu", percent, "% of a core", "the limit", MOST_PERCENT, Goal(1.0, at_least=False))
    yield Result("dock-idle-memory", resident, "MiB", "the limit", MOST_MIB, Goal(1.0, at_least=False))
