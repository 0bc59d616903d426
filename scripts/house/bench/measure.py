"""How a benchmark says what it found: a figure, the reference of the same run, the ratio, the goal."""

from __future__ import annotations

import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True)
class Goal:
    """`at_least`: the ratio must not be lower; otherwise it must not be higher."""

    bound: float
    at_least: bool = True

    def holds(self, ratio: float) -> bool:
        return ratio >= self.bound if self.at_least else ratio <= self.bound

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.bound}"


@dataclass(frozen=True)
class Result:
    """`value` and `reference_value` in `unit`; the ratio is value / reference_value."""

    name: str
    value: float
    unit: str
    reference: str
    reference_value: float
    goal: Goal

    @property
    def ratio(self) -> float:
        return self.value / self.reference_value

    def line(self) -> str:
        return json.dumps(
            {
                "name": self.name,
                "value": round(self.value, 2),
                "unit": self.unit,
                "reference": self.reference,
                "reference_value": round(self.reference_value, 2),
                "ratio": round(self.ratio, 3),
                "goal": str(self.goal),
                "holds": self.goal.holds(self.ratio),
                "machine": machine(),
            },
            ensure_ascii=False,
        )


def machine() -> str:
    return (
        f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, Python {platform.python_version()}"
    )


def progress(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def alternate(ours: Callable[[], object], reference: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Median seconds of both, run in turn (the machine's speed drifts; its ratio less so)."""
    own, other = [], []
    for _ in range(rounds):
        other.append(seconds(reference))
        own.append(seconds(ours))
    return statistics.median(own), statistics.median(other)


def middle(rounds: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Of several rounds, each (value, reference) measured side by side, the one whose ratio is the median: on a machine that
    others use too, a value of one moment is not set against the reference of another."""
    return sorted(rounds, key=lambda one: one[0] / one[1])[len(rounds) // 2]


def forget(path: Path) -> None:
    """Asks the kernel to drop the file from its cache, so that both sides read from the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)


def verify_rate(duration: float = 1.0) -> float:
    """Ed25519 verifications per second on one core, of a message as long as a custody statement."""
    key = Ed25519PrivateKey.generate()
    message = bytes(900)
    signature, public = key.sign(message), key.public_key()
    count, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < duration:
        for _ in range(100):
            public.verify(signature, message)
        count += 100
    return count / spent
