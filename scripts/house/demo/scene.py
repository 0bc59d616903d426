"""What the attacks are played on: the story's data when everything is done, and small tools to tamper with copies of it."""

from __future__ import annotations

import itertools
import json
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from house.county import County, command
from liuhen_agent.journal import ClipKind, ClipRow, ClipState, queries, read_only
from liuhen_protocol import words

DOCK = "dock-03"


class NotCaught(AssertionError):
    """An attack went through, or was caught by something else than it should be."""


@dataclass(frozen=True)
class Attack:
    """One attack: its name for people, and what plays it. `play` returns how it was caught, or raises NotCaught."""

    name: str
    play: Callable[[Scene], str]


@dataclass
class Scene:
    """`county` is stopped while attacks on copies run. `backup` is the archive's folder as it was after the first recorder."""

    county: County
    backup: Path
    copies: Path
    policy: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def copy(self) -> Path:
        """A fresh copy of the archive's folder."""
        target = self.copies / f"archive-{next(self.numbers)}"
        shutil.copytree(self.county.archive, target)
        return target

    @property
    def dock(self) -> Path:
        return self.county.dock(DOCK)

    def clips(self, kind: ClipKind) -> list[ClipRow]:
        """The dock's clips of this kind, all receipted."""
        with read_only(self.dock / "journal.db") as journal:
            return [clip for clip in queries.clips_in(journal, ClipState.RECEIPTED) if clip.kind is kind and clip.size]

    def original_with_proxy(self) -> tuple[ClipRow, ClipRow]:
        derived = {clip.original: clip for clip in self.clips(ClipKind.DERIVATIVE)}
        original = next(clip for clip in self.clips(ClipKind.ORIGINAL) if clip.sha256 in derived)
        return original, derived[original.sha256]

    def receipt(self, clip: ClipRow) -> bytes:
        with read_only(self.dock / "journal.db") as journal:
            found = queries.receipt(journal, clip.sha256)
        if found is None:
            raise NotCaught(f"the dock holds no receipt for {clip.sha256}")
        return found

    def proof(self, clip: ClipRow) -> Path:
        """The clip's proof bundle, as the archive gives it."""
        path = self.copies / f"{clip.sha256[:16]}.tlog-proof"
        if not path.exists():
            command("liuhen-server", "proof", "--data", self.county.archive, clip.sha256, "--out", path)
        return path


@contextmanager
def database(archive: Path) -> Iterator[sqlite3.Connection]:
    """The copy's database, as somebody who can write to it."""
    with closing(sqlite3.connect(archive / "archive.db")) as db, db:
        yield db


def stored_file(archive: Path, clip: ClipRow) -> Path:
    return archive / "store" / "sha256" / clip.sha256[:2] / clip.sha256[2:4] / clip.sha256


def first_finding(name: str, *arguments: str | Path) -> dict[str, object]:
    """Runs a verifying command that must leave with 1 and say why; gives its gravest finding or deciding step."""
    result = command(name, *arguments, "--json", allow=(0, 1))
    if result.returncode == 0:
        raise NotCaught(f"{name} {arguments[0]} says that everything holds")
    answer = json.loads(result.stdout)
    for found in [*answer.get("findings", []), *answer.get("steps", [])]:
        if found.get("verdict", "broken") == "broken":
            return dict(found)
    raise NotCaught(f"{name} {arguments[0]} left with 1 without saying why: {result.stdout[:500]}")


def shortened(text: str) -> str:
    """Digests in it cut to twelve digits, for lines that people read."""
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{52}\b", r"\1…", text)


CHINESE = {
    **words.CODES,
    "clip-altered": "库中片段被改动",
    "entry-altered": "条目与写入时不符",
    "entry-missing": "条目缺失",
    "entry-moved": "条目不在原处",
    "entry-added": "多出条目",
    "other-entry": "条目与日志不符",
    "wrong-key": "签名所用密钥不是登记的密钥",
}
"""Of the codes that the attacks give: the verifier's own words, and those for what an archive finds in itself."""


def says(found: dict[str, object], *codes: str) -> str:
    """The finding as one line; NotCaught when its code is none of those that the attack should give."""
    if found.get("code") not in codes:
        raise NotCaught(f"expected {' or '.join(codes)}, found {found}")
    where = f"条目 entry {found['index']}: " if found.get("index") is not None else ""
    return f"{where}{CHINESE[str(found['code'])]} {found.get('why')} [{found['code']}]"
