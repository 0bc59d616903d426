"""Memory of the dock with four bays and of the archive with eight uploads: under 150 MiB each, and no more for long clips.

Measured is the peak, over the process and all its children, of the summed PSS (each page counted once, shared pages in
shares), ten times a second. The dock collects one clip from each of four exFAT cards at once (8 GiB: cards whose data area
is a hole, the bytes in the spool are real) and goes on uploading for some seconds. The archive takes eight uploads at
once: of 100 MiB each, all to their end; of 8 GiB each, the first to its end (stored, read back, stated), the other seven
1 GiB far, after which they stay open: the archive keeps room for all that was begun, so the disk needs 66 GiB free. ffmpeg,
which makes proxies under a limit of its own, is not counted.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import aiohttp

from house.bench.docked import Docked, docked
from house.bench.made_log import collected
from house.bench.measure import Goal, Result, progress
from house.county import BIN, environment
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import build_image
from liuhen_agent.sync.archive import Archive, connector
from liuhen_agent.sync.uploads import REQUEST_BYTES
from liuhen_protocol.digest import Digest, Digester
from liuhen_protocol.statement import Subject

MIB, GIB = 1 << 20, 1 << 30
KEPT_FREE = 2 * GIB  # by the archive for itself, and the database's own
SMALL, LARGE = 100 * MIB, 8 << 30
LIMIT_MIB = 150
BAYS, UPLOADS = 4, 8
FAR = 1 << 30  # how far the uploads go that are not finished
UPLOADING_SECONDS = 5.0
STALLED_SECONDS = 600.0
_STORED_NAME = re.compile(r"[0-9a-f]{64}")
_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


class Peak:
    """Watches a process tree from entering to leaving; `mib` is the highest summed PSS."""

    def __init__(self, pid: int) -> None:
        self._root = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.mib = 0.0

    def __enter__(self) -> Peak:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            self.mib = max(self.mib, self._now())

    def _now(self) -> float:
        kib = 0
        for pid in _tree(self._root):
            with contextlib.suppress(OSError):  # it has just ended
                found = _PSS.search(Path(f"/proc/{pid}/smaps_rollup").read_text())
                kib += int(found[1]) if found else 0
        return kib / 1024


def _tree(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from _tree(int(child))


def run(work: Path) -> Iterator[Result]:
    with docked(work / "county") as dock:
        yield from _lines("dock", _dock(dock, work, "small", SMALL), _dock(dock, work, "large", LARGE))
    _check_room(work)
    with docked(work / "county-2") as dock:
        yield from _lines("archive", _archive(dock, SMALL), _archive(dock, LARGE))


def _check_room(work: Path) -> None:
    """Raises SystemExit where the archive would rightly refuse the eighth upload."""
    need, free = UPLOADS * LARGE + KEPT_FREE, shutil.disk_usage(work).free
    if free < need:
        raise SystemExit(
            f"bench: memory: 磁盘空间不足 / not enough room: {work} has {free / GIB:.0f} GiB free, {need / GIB:.0f} GiB are needed;"
            " --work names another folder"
        )


def _lines(part: str, small: float, large: float) -> Iterator[Result]:
    name = f"memory-{part}"
    yield Result(name, max(small, large), "MiB", "the limit", LIMIT_MIB, Goal(1.0, at_least=False))
    yield Result(f"{name}-flat", large, "MiB", "the same with clips of 100 MiB", small, Goal(1.15, at_least=False))


# -- the dock


def _dock(dock: Docked, work: Path, name: str, size: int) -> float:
    progress(f"memory: a dock with {BAYS} bays, one clip of {size // MIB} MiB each")
    dock.county.enroll(name, "bench")
    folder = dock.county.dock(name)
    bays = "".join(f'\n[[bay]]\nname = "{n}"\nbackend = "image"\npath = "bays/{n}"\n' for n in range(1, BAYS + 1))
    (folder / "config.toml").write_text(f"parallel_readers = {BAYS}\nproxies = false\n{bays}")
    for number in range(1, BAYS + 1):
        (folder / "bays" / str(number)).mkdir(parents=True)
    cards = [_card(work / f"{name}-{number}.img", number, size) for number in range(1, BAYS + 1)]
    for number, card in enumerate(cards, 1):
        card.rename(folder / "bays" / str(number) / card.name)
    with (work / f"{name}.log").open("wb") as said:
        line = [str(BIN / "liuhen-agent"), "--data", str(folder), "run"]
        agent = subprocess.Popen(line, stdout=said, stderr=said, env=environment())
    try:
        with Peak(agent.pid) as peak:
            _wait_for_clips(folder / "spool", BAYS, size)
            time.sleep(UPLOADING_SECONDS)
    finally:
        agent.terminate()
        agent.wait(60)
    shutil.rmtree(folder)
    return peak.mib


def _card(image: Path, number: int, size: int) -> Path:
    """A card with one sparse clip, another one on each."""
    clip = image.with_suffix(".clip")
    with clip.open("wb") as file:
        file.write(b"%s %d" % (image.name.encode(), number))
        file.truncate(size)
    when = datetime(2026, 11, 20, 18, 2, number)
    label = f"BENCH{number:02d}"
    file_name = f"DCIM/{label}_2103272026112018020{number}_0001.MP4"
    build_image(image, [CardFile(file_name, clip, when)], kind="exfat", label=label, size=size + 64 * MIB)
    clip.unlink()
    return image


def _wait_for_clips(spool: Path, count: int, size: int) -> None:
    end = time.monotonic() + STALLED_SECONDS
    while time.monotonic() < end:
        there = [path for path in spool.rglob("*") if _STORED_NAME.fullmatch(path.name)]
        if len(there) == count and all(path.stat().st_size == size for path in there):
            return
        time.sleep(0.2)
    raise RuntimeError(f"the dock did not collect {count} clips in {STALLED_SECONDS:.0f} s")


# -- the archive


@dataclass(frozen=True)
class _Clip:
    """`number` tells its bytes from those of the others: they begin with it, the rest is zero."""

    number: int
    size: int

    def pieces(self, begin: int, end: int) -> Iterator[bytes]:
        zeros = bytes(MIB)
        for at in range(begin, end, MIB):
            piece = zeros if at else b"%04d" % self.number + zeros[4:]
            yield piece[: min(MIB, end - at)]

    def digest(self) -> Digest:
        digester = Digester()
        for piece in self.pieces(0, self.size):
            digester.update(piece)
        return digester.finish()


def _archive(dock: Docked, size: int) -> float:
    progress(f"memory: an archive with {UPLOADS} uploads of {size // MIB} MiB")
    return asyncio.run(_uploads(dock, size))


async def _uploads(dock: Docked, size: int) -> float:
    finishing = UPLOADS if size <= FAR else 1
    clips = [_Clip(size // MIB * 100 + number, size) for number in range(UPLOADS)]
    promised = []
    for number, clip in enumerate(clips):
        known = clip.digest() if number < finishing else Digest(size, f"{clip.number:064x}", "00" * 32)
        event, _ = collected(clip.number)
        event = replace(event, size=size, chunk_root=known.chunk_root)
        promised.append((known.sha256, dock.writer.state(event, Subject(f"{clip.number}.MP4", known.sha256))))
    done = asyncio.Event()
    async with aiohttp.ClientSession(connector=connector(dock.context)) as session:
        archive = Archive(session, dock.url, "dock-1")
        await archive.send_entries([entry for _, entry in promised])
        with Peak(dock.county.servers["archive"].process.pid) as peak:
            named = [(clip, sha256) for clip, (sha256, _) in zip(clips, promised, strict=True)]
            parts = [asyncio.create_task(_part(archive, clip, sha256, done)) for clip, sha256 in named[finishing:]]
            await asyncio.gather(*(_whole(archive, clip, sha256) for clip, sha256 in named[:finishing]))
            done.set()
            await asyncio.gather(*parts)
    return peak.mib


async def _whole(archive: Archive, clip: _Clip, sha256: str) -> None:
    url = await archive.create_upload(sha256, f"{clip.number}.MP4", clip.size)
    at = 0
    while at < clip.size:
        end = min(clip.size, at + REQUEST_BYTES)
        at = await archive.send_bytes(url, at, end - at, clip.size, _sent(clip, at, end))


async def _part(archive: Archive, clip: _Clip, sha256: str, done: asyncio.Event) -> None:
    """`FAR` bytes, then it stays open until the others are done."""
    url = await archive.create_upload(sha256, f"{clip.number}.MP4", clip.size)

    async def pieces() -> AsyncIterator[bytes]:
        async for piece in _sent(clip, 0, FAR):
            yield piece
        await done.wait()
        raise ConnectionResetError

    with contextlib.suppress(Exception):  # cut on purpose, or given up by the archive
        await archive.send_bytes(url, 0, clip.size, clip.size, pieces())


async def _sent(clip: _Clip, begin: int, end: int) -> AsyncIterator[bytes]:
    for piece in clip.pieces(begin, end):
        yield piece
