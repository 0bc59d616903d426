"""Processor time of a dock for each gigabyte that it takes from plugged in to "safe to take", against that of `cp`, `openssl dgst -sha256`
(each byte of a clip is hashed twice: flat, and in chunks) and `curl -T` over TLS for the same bytes.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

from house.bench.docked import docked
from house.bench.measure import Goal, Result, progress
from house.bench.running_dock import make_card, running_dock
from house.bench.upload import _sink

CARD_BYTES = 2 << 30


def run(work: Path, card_bytes: int = CARD_BYTES) -> Iterator[Result]:
    server, sink = _sink(work)
    try:
        with docked(work / "county") as county, running_dock(county, "cpu", 1) as dock:
            progress(f"cpu-per-gb: {card_bytes >> 20} MiB")
            card = make_card(work / "card.img", 1, card_bytes)
            reference = _by_tools(card, work, sink)
            before = dock.cpu_seconds()
            dock.dock_them([card])
            ours = dock.cpu_seconds() - before
            dock.take(1)
    finally:
        server.terminate()
        server.wait(10)
    gigabytes = card_bytes / 1e9
    name = "cp, openssl dgst -sha256 twice and curl -T of the same bytes"
    yield Result("cpu-per-gb", ours / gigabytes, "s/GB", name, reference / gigabytes, Goal(2.0, at_least=False))


def _by_tools(card: Path, work: Path, sink: str) -> float:
    copy = work / "copy.img"
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    curl = ["curl", "-sS", "--fail", "--cacert", str(work / "sink.pem"), "-T", str(card), "-o", "/dev/null", sink]
    digest = ["openssl", "dgst", "-sha256", str(card)]
    for command in (["cp", str(card), str(copy)], ["sync", str(copy)], digest, digest, curl):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    copy.unlink()
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
