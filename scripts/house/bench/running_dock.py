"""A dock as an administrator starts it, with bays of disk images, for benchmarks that look at a recorder's whole way: plugged in, read,
sent, receipted, cleared, safe to take. Proxies are off: they never hold up originals and have a benchmark of their own.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import psutil

from house.bench.collect import make_clip
from house.bench.docked import Docked
from house.county import BIN, environment
from liuhen_agent.bay import State
from liuhen_agent.journal import JournalDamaged, queries, read_only
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import build_image

MIB = 1 << 20
CLIPS = 4  # on each card
LOOK_SECONDS = 0.05
STALLED_SECONDS = 1_800.0


@dataclass
class RunningDock:
    """`folder`: the dock's; `bays`: how many. Cards go into bays numbered from 1."""

    folder: Path
    bays: int
    agent: psutil.Process
    _seen: set[str] = field(default_factory=set)

    def plug(self, cards: Sequence[Path]) -> None:
        for number, card in enumerate(cards, 1):
            card.rename(self.folder / "bays" / str(number) / "card.img")

    def wait_until_safe_to_take(self, count: int) -> None:
        """Until so many stays more than before stand at ready. Raises RuntimeError when one failed."""
        end = time.monotonic() + STALLED_SECONDS
        while time.monotonic() < end:
            with contextlib.suppress(JournalDamaged), read_only(self.folder / "journal.db") as db:
                stays = [stay for stay in queries.last_sessions(db, 1_000) if stay.id not in self._seen]
                if any(stay.state == State.FAILED for stay in stays):
                    raise RuntimeError(f"a recorder failed: {[a.detail for a in queries.alarms(db)] or stays}")
                if sum(stay.state == State.READY for stay in stays) >= count:
                    return
            time.sleep(LOOK_SECONDS)
        raise RuntimeError(f"{count} recorders were not safe to take after {STALLED_SECONDS:.0f} s")

    def dock_them(self, cards: Sequence[Path]) -> None:
        """Plugged in, and waited for until all of them are safe to take."""
        self.plug(cards)
        self.wait_until_safe_to_take(len(cards))

    def take(self, count: int) -> None:
        """The recorders are taken away; returns when the dock has noticed."""
        for number in range(1, count + 1):
            (self.folder / "bays" / str(number) / "card.img").unlink()
        while True:
            with read_only(self.folder / "journal.db") as db:
                if not queries.open_sessions(db):
                    self._seen = {stay.id for stay in queries.last_sessions(db, 1_000)}
                    return
            time.sleep(LOOK_SECONDS)

    def cpu_seconds(self) -> float:
        """Of the dock and of every child that has ended: the readers of cards, the wipe helper."""
        spent = self.agent.cpu_times()
        return float(spent.user + spent.system + spent.children_user + spent.children_system)


@contextlib.contextmanager
def running_dock(dock: Docked, name: str, bays: int) -> Iterator[RunningDock]:
    """A dock `name` of the archive that runs, with its bays empty. Its settings are those it comes with."""
    dock.county.enroll(name, "bench")
    folder = dock.county.dock(name)
    numbers = range(1, bays + 1)
    tables = "".join(f'\n[[bay]]\nname = "{n}"\nbackend = "image"\npath = "bays/{n}"\n' for n in numbers)
    (folder / "config.toml").write_text(f"proxies = false\n{tables}")
    for number in numbers:
        (folder / "bays" / str(number)).mkdir(parents=True)
    with (folder / "agent.log").open("wb") as said:
        line = [str(BIN / "liuhen-agent"), "--data", str(folder), "run"]
        agent = subprocess.Popen(line, stdout=said, stderr=said, env=environment())
    try:
        while not (folder / "status.json").exists():
            if agent.poll() is not None:
                raise RuntimeError((folder / "agent.log").read_text()[-2000:])
            time.sleep(LOOK_SECONDS)
        yield RunningDock(folder, bays, psutil.Process(agent.pid))
    finally:
        agent.terminate()
        agent.wait(60)


def make_card(image: Path, number: int, size: int) -> Path:
    """An exFAT card with `size` bytes in CLIPS clips as recorders name them; all of it is on the disk, nothing in the cache."""
    label, files = f"BENCH{number:02d}", []
    for clip in range(CLIPS):
        source = image.with_name(f"{image.name}.{clip}")
        make_clip(source, size // CLIPS)
        name = f"DCIM/{label}_2103272026112018{number:02d}{clip:02d}_{clip + 1:04d}.MP4"
        files.append(CardFile(name, source, datetime(2026, 11, 20, 18, number, clip)))
    build_image(image, files, kind="exfat", label=label, size=size + 64 * MIB)
    for file in files:
        file.source.unlink()
    handle = os.open(image, os.O_RDONLY)
    try:
        os.fsync(handle)
        os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(handle)
    return image
