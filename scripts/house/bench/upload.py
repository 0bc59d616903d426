"""One clip from the dock's spool into the archive (tus over TLS, hashed, stored, read back, stated) against `curl -T` of the same bytes into a bare sink."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import aiohttp

from house.bench.collect import make_clip
from house.bench.docked import Docked, docked
from house.bench.made_log import collected
from house.bench.measure import Goal, Result, forget, middle, progress, seconds
from house.county import free_port
from liuhen_agent.sync.archive import Archive, connector
from liuhen_agent.sync.uploads import digest_of, pieces_of
from liuhen_protocol.statement import Subject

CLIP_BYTES = 1 << 30
ROUNDS = 3


async def _promise(dock: Docked, clip: Path) -> str:
    digest = await asyncio.to_thread(digest_of, clip)
    event, _ = collected(0)
    entry = dock.writer.state(
        replace(event, size=digest.size, chunk_root=digest.chunk_root), Subject(clip.name, digest.sha256)
    )
    async with aiohttp.ClientSession(connector=connector(dock.context)) as session:
        await Archive(session, dock.url, "dock-1").send_entries([entry])
    return digest.sha256


async def _upload(dock: Docked, clip: Path, sha256: str) -> None:
    async with aiohttp.ClientSession(connector=connector(dock.context)) as session:
        archive = Archive(session, dock.url, "dock-1")
        size = clip.stat().st_size
        url = await archive.create_upload(sha256, clip.name, size)
        reached = await archive.send_bytes(url, 0, size, size, pieces_of(clip, 0, size, lambda sent: None))
        if reached != size:
            raise RuntimeError(f"the archive took {reached} of {size} bytes")


def _uploaded(dock: Docked, clip: Path, sha256: str) -> None:
    asyncio.run(_upload(dock, clip, sha256))


def _sink(work: Path) -> tuple[subprocess.Popen[str], str]:
    certificate, key, port = work / "sink.pem", work / "sink.key", free_port()
    names = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    subprocess.run(
        ["openssl", "req", "-x509", *kind, *names, "-keyout", str(key), "-out", str(certificate)],
        check=True,
        capture_output=True,
    )
    command = [sys.executable, "-m", "house.bench.sink", str(port), str(work), str(certificate), str(key)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    server.stdout.readline()
    return server, f"https://127.0.0.1:{port}/sink"


def run(work: Path) -> Iterator[Result]:
    megabytes = CLIP_BYTES / 1e6
    server, sink = _sink(work)
    rounds = []
    try:
        with docked(work / "county") as dock:
            for number in range(ROUNDS):
                progress(f"upload: round {number + 1} of {ROUNDS}, 1 GiB")
                clip = work / f"clip-{number}.mp4"
                make_clip(clip, CLIP_BYTES)
                sha256 = asyncio.run(_promise(dock, clip))
                forget(clip)
                curl = [
                    "curl",
                    "-sS",
                    "--fail",
                    "--cacert",
                    str(work / "sink.pem"),
                    "-T",
                    str(clip),
                    "-o",
                    "/dev/null",
                    sink,
                ]
                before = seconds(partial(subprocess.run, curl, check=True))
                forget(clip)
                ours = seconds(partial(_uploaded, dock, clip, sha256))
                forget(clip)
                after = seconds(partial(subprocess.run, curl, check=True))
                rounds.append((megabytes / ours, megabytes / ((before + after) / 2)))
                clip.unlink()
    finally:
        server.terminate()
        server.wait(10)
    value, reference = middle(rounds)
    yield Result(
        "upload",
        value,
        "MB/s",
        "curl -T into a bare aiohttp sink that hashes and fsyncs",
        reference,
        Goal(0.7),
    )
