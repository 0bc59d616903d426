"""What the archive on this machine knows of the dock: its statements as they come into the log, and which clips are stored.

Read from the archive's own database, read-only. What the emulated machine says of itself proves nothing here.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import ClipCollected, Event
from liuhen_protocol.statement import Statement, read_statement


@dataclass
class ArchiveView:
    """`folder`: the archive's. `dock`: whose statements are looked at."""

    folder: Path
    dock: str
    said: list[Statement] = field(default_factory=list)

    def look(self) -> list[Statement]:
        """All of the dock's statements until now, in the order of the chain."""
        with closing(self._database()) as database:
            rows = database.execute(
                "SELECT envelope FROM entries WHERE source = ? AND seq >= ? ORDER BY seq", (self.dock, len(self.said))
            ).fetchall()
        self.said += [read_statement(Envelope.parse(envelope).payload) for (envelope,) in rows]
        return self.said

    def since(self, seq: int) -> Iterator[Event]:
        """Events of the statements from this one on."""
        return (statement.event for statement in self.look()[seq:])

    def collected(self) -> Counter[str]:
        """How many times each digest was stated as collected: more than once is a duplicate."""
        return Counter(said.subject.sha256 for said in self.look() if isinstance(said.event, ClipCollected))

    def stored(self) -> set[str]:
        """Digests of originals that the archive has read back from its store."""
        with closing(self._database()) as database:
            rows = database.execute(
                "SELECT sha256 FROM clips WHERE dock = ? AND kind = 'original' AND stored_index IS NOT NULL",
                (self.dock,),
            )
            return {digest for (digest,) in rows}

    def _database(self) -> sqlite3.Connection:
        return sqlite3.connect(f"file:{self.folder / 'archive.db'}?mode=ro", uri=True, timeout=30)
