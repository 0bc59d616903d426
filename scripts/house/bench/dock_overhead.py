"""A recorder from plugged in to "safe to take" (detected, read, hashed, signed, sent over TLS, stored, read back, receipted, cleared) against
a raw copy of the same image with fsync and, after it, the same bytes by `curl -T` into a bare sink that hashes and fsyncs.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from house.bench.docked import docked
from house.bench.measure import Goal, Result, forget, progress, seconds
from house.bench.running_dock import make_card, running_dock
from house.bench.upload import _sink

CARD_BYTES = 2 << 30
ROUNDS = 3


def run(work: Path, card_bytes: int = CARD_BYTES, rounds: int = ROUNDS) -> Iterator[Result]:
    server, sink = _sink(work)
    ours, reference = [], []
    try:
        with docked(work / "county") as county, running_dock(county, "overhead", 1) as dock:
            for number in range(rounds):
                progress(f"dock-overhead: round {number + 1} of {rounds}, {card_bytes >> 20} MiB")
                card = make_card(work / "card.img", number, card_bytes)
                reference.append(seconds(partial(_raw, card, work, sink)))
                forget(card)
                ours.append(seconds(partial(dock.dock_them, [card])))
                dock.take(1)
    finally:
        server.terminate()
        server.wait(10)
    yield Result(
        "dock-overhead",
        statistics.median(ours),
        "s",
        "cp and fsync of the image, then curl -T of it into a bare aiohttp sink that hashes and fsyncs",
        statistics.median(reference),
        Goal(1.15, at_least=False),
    )


def _raw(card: Path, work: Path, sink: str) -> None:
    copy = work / "copy.img"
    shutil.copyfile(card, copy)
    subprocess.run(["sync", str(copy)], check=True)
    curl = ["curl", "-sS", "--fail", "--cacert", str(work / "sink.pem"), "-T", str(copy), "-o", "/dev/null", sink]
    subprocess.run(curl, check=True)
    copy.unlink()
