"""What a witness remembers: the logs it knows and, for each, the last checkpoint it cosigned.

tlog-witness asks that checking the old size and persisting the new checkpoint are one atomic act. So a decision is taken inside the
SQLite transaction that records it: `BEGIN IMMEDIATE` keeps every other writer out, also those of another process, and the commit
(synchronous=FULL) is on disk before anything is answered.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

from liuhen_files import durable
from liuhen_protocol.note import VerifierKey
from liuhen_protocol.witnessing import Cosigned

_SCHEMA = """
CREATE TABLE IF NOT EXISTS log (origin TEXT PRIMARY KEY, vkey TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS cosigned (
  origin TEXT PRIMARY KEY REFERENCES log(origin),
  size   INTEGER NOT NULL CHECK (size >= 0),
  root   BLOB NOT NULL CHECK (length(root) = 32),
  note   BLOB NOT NULL
) STRICT;
CREATE TRIGGER IF NOT EXISTS cosigned_never_shrinks BEFORE UPDATE ON cosigned
  WHEN new.size < old.size OR (new.size = old.size AND new.root <> old.root)
  BEGIN SELECT raise(ABORT, 'a witness never goes back'); END;
CREATE TRIGGER IF NOT EXISTS cosigned_never_forgets BEFORE DELETE ON cosigned
  BEGIN SELECT raise(ABORT, 'a witness never forgets'); END;
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """The last checkpoint cosigned for a log: `note` is what is served, with the log's signature and our own."""

    state: Cosigned
    note: bytes


Answer = TypeVar("Answer")
Decide: TypeAlias = Callable[
    [Mapping[str, VerifierKey], Mapping[str, Recorded]], tuple[tuple[str, Recorded] | None, Answer]
]


class WitnessState:
    """The witness's database. One thread at a time; several processes may share the file."""

    def __init__(self, path: Path) -> None:
        is_new = not path.exists()
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None, check_same_thread=False)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.executescript(_SCHEMA)
        if is_new:
            path.chmod(0o600)
            durable.fsync_folder(path.parent)

    def close(self) -> None:
        self._db.close()

    def add_log(self, key: VerifierKey) -> bool:
        """Records a log by its origin. False when the origin has another key already: that is never replaced."""
        self._db.execute("INSERT INTO log VALUES (?, ?) ON CONFLICT DO NOTHING", (key.name, str(key)))
        return self.log_keys()[key.name] == key

    def log_keys(self) -> dict[str, VerifierKey]:
        """The verifier key of every known log, by origin."""
        rows = self._db.execute("SELECT origin, vkey FROM log ORDER BY origin").fetchall()
        return {origin: VerifierKey.parse(vkey) for origin, vkey in rows}

    def recorded(self) -> dict[str, Recorded]:
        """The last cosigned checkpoint of every log that has one, by origin."""
        rows = self._db.execute("SELECT origin, size, root, note FROM cosigned").fetchall()
        return {origin: Recorded(Cosigned(size, root), note) for origin, size, root, note in rows}

    def advance(self, decide: Decide[Answer]) -> Answer:
        """Gives `decide` the log keys and what was cosigned; records the (origin, new state) that it returns, if any.

        Returns its answer only when the new state is durable. Raises sqlite3.Error when it cannot be; then nothing may be answered.
        """
        self._db.execute("BEGIN IMMEDIATE")
        try:
            new, answer = decide(self.log_keys(), self.recorded())
            if new is not None:
                self.record(*new)
            self.commit()
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise
        return answer

    def record(self, origin: str, new: Recorded) -> None:
        """Writes the new state into the open transaction."""
        self._db.execute(
            "INSERT INTO cosigned VALUES (?, ?, ?, ?) ON CONFLICT (origin) DO UPDATE "
            "SET size = excluded.size, root = excluded.root, note = excluded.note",
            (origin, new.state.size, new.state.root, new.note),
        )

    def commit(self) -> None:
        """Makes the open transaction durable."""
        self._db.execute("COMMIT")
