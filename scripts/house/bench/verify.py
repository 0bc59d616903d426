"""Re-verification of a 100,000-entry log by `liuhen-verify log` (signatures, chains, tree, cosignatures) against the raw Ed25519 verify rate of all cores."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from house.bench.made_log import write_log
from house.bench.measure import Goal, Result, alternate, progress, verify_rate

ENTRIES = 100_000
ROUNDS = 3


def all_cores_rate() -> float:
    cores = os.cpu_count() or 1
    with ProcessPoolExecutor(cores) as pool:
        return sum(pool.map(verify_rate, [3.0] * cores))


def run(work: Path) -> Iterator[Result]:
    progress(f"verify: making a log of {ENTRIES} entries")
    policy = write_log(work / "log", ENTRIES)
    command = [
        str(Path(sys.executable).with_name("liuhen-verify")),
        "log",
        str(work / "log"),
        "--policy",
        str(policy),
        "--json",
    ]
    rates: list[float] = []

    def ours() -> None:
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    seconds, _ = alternate(ours, lambda: rates.append(all_cores_rate()), ROUNDS)
    reference = sorted(rates)[len(rates) // 2]
    yield Result(
        "verify-log", ENTRIES / seconds, "entries/s", "Ed25519 verifications on all cores", reference, Goal(0.6)
    )
