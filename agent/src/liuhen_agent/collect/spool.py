"""The spool: clips on the dock's own disk, each under its digest, from the moment they are proved until their term.

`spool/incoming/<session>-<number>.part` is being written; `spool/<sha256>` is complete and durable. A name is a digest,
so two clips can never overwrite each other, and the same bytes twice are one file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from liuhen_files import durable
from liuhen_protocol.digest import is_digest

RESERVE = 64 << 20  # bytes kept free for the journal: a statement must always find room


@dataclass(frozen=True)
class Spool:
    """`folder` is the dock's folder; paths in the journal are relative to it."""

    folder: Path

    @property
    def complete(self) -> Path:
        return self.folder / "spool"

    @property
    def incoming(self) -> Path:
        return self.folder / "spool" / "incoming"

    @property
    def quarantine(self) -> Path:
        return self.folder / "quarantine"

    def prepare(self) -> None:
        """Make the folders."""
        durable.mkdirs(self.incoming)

    def part(self, session: str, number: int) -> Path:
        """Where file `number` of a session is written before it is known what it is."""
        return self.incoming / f"{session}-{number}.part"

    def path(self, sha256: str) -> Path:
        """Where the bytes with that digest lie."""
        return self.complete / sha256

    def relative(self, sha256: str) -> str:
        """The same, as the journal writes it."""
        return f"spool/{sha256}"

    def create_part(self, part: Path) -> int:
        """An open, empty file to write to. A part left by a copy that was cut off is begun again."""
        return os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)

    def publish(self, part: Path, sha256: str) -> None:
        """Give a part that is already on the disk its final name, durably. Bytes already there are the same bytes."""
        durable.publish(part, self.path(sha256))

    def discard(self, part: Path) -> None:
        """Forget a part."""
        durable.remove(part)

    def remove(self, sha256: str) -> None:
        """Remove a clip. The caller holds its checked receipt."""
        durable.remove(self.path(sha256))

    def set_aside(self, sha256: str) -> None:
        """Move a clip no statement speaks of (the dock was cut off just before it) to the quarantine: its recorder
        still has it, and nothing is thrown away unproved."""
        durable.mkdirs(self.quarantine)
        durable.publish(self.path(sha256), self.quarantine / sha256)

    def forget_orphan(self, sha256: str) -> None:
        """A clip that was set aside is proved now: the copy in the quarantine is one too many."""
        if (self.quarantine / sha256).exists():
            durable.remove(self.quarantine / sha256)

    def parts(self) -> Iterator[Path]:
        """Parts on the disk, whoever left them."""
        yield from sorted(self.incoming.glob("*.part"))

    def digests(self) -> set[str]:
        """Digests of the clips that lie here."""
        return {entry.name for entry in os.scandir(self.complete) if is_digest(entry.name)}

    def has_room(self, size: int) -> bool:
        """Whether a clip of that size fits and the reserve stays free."""
        return self.free() >= size + RESERVE

    def free(self) -> int:
        """Bytes free on the spool's disk."""
        found = os.statvfs(self.complete)
        return found.f_bavail * found.f_frsize
