"""Changes to the journal: each a value that knows how to apply itself inside a transaction the journal holds.

A change that a statement proves is given to `Journal.append` with that statement, so that both become durable together
or not at all. Others go to `Journal.change`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Protocol

from liuhen_agent.journal.rows import ClipKind, FileRow, FileState, SessionRow

WITHDRAWN = "withdrawn-receipt:"  # note, with a clip's digest behind it: a receipt whose clip the archive lost


class Change(Protocol):
    """Something that happens to the journal's tables as a whole or not at all."""

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        """Write it. `seq` is the number of the last statement appended with it; None where there is none."""


class ChangeError(Exception):
    """A change that does not fit what the journal holds: a fault of the program, never of the input."""


@dataclass(frozen=True)
class SessionOpened:
    session: SessionRow

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        s = self.session
        db.execute(
            "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                s.id,
                s.bay,
                s.recorder,
                s.recorder_key,
                s.officer,
                s.profile,
                s.state,
                int(s.quarantined),
                s.plugged,
                s.ended,
            ),
        )


@dataclass(frozen=True)
class SessionMoved:
    """The bay's state machine went on; `ended` closes the stay."""

    session: str
    state: str
    ended: str | None = None

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(
            db.execute(
                "UPDATE sessions SET state = ?, ended = coalesce(?, ended) WHERE id = ?",
                (self.state, self.ended, self.session),
            )
        )


@dataclass(frozen=True)
class FilesListed:
    files: tuple[FileRow, ...]

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        db.executemany(
            "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    f.session,
                    f.number,
                    f.path,
                    f.raw,
                    f.size,
                    f.modified,
                    f.kind,
                    int(f.important),
                    f.state.value,
                    f.sha256,
                    f.failure,
                )
                for f in self.files
            ),
        )


@dataclass(frozen=True)
class FileCollected:
    session: str
    number: int
    sha256: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(
            db.execute(
                "UPDATE files SET state = ?, sha256 = ?, failure = NULL WHERE session = ? AND number = ?",
                (FileState.COLLECTED.value, self.sha256, self.session, self.number),
            )
        )


@dataclass(frozen=True)
class FileFailed:
    session: str
    number: int
    failure: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(
            db.execute(
                "UPDATE files SET state = ?, failure = ? WHERE session = ? AND number = ?",
                (FileState.FAILED.value, self.failure, self.session, self.number),
            )
        )


@dataclass(frozen=True)
class ClipSpooled:
    """Bytes are in the spool and the statement appended with this change promises them. Bytes already known stay as
    they are: whatever was proved of them holds for every file that has them. Only a released clip gets its path back
    into use; its receipt stays."""

    sha256: str
    size: int
    chunk_root: str
    sm3: str | None
    name: str
    recorder: str
    kind: ClipKind
    spool: str
    important: bool
    original: str | None = None
    role: str | None = None

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        if seq is None:
            raise ChangeError(f"clip {self.sha256} has no statement that promises it")
        if self.kind is ClipKind.ORIGINAL:
            db.execute("DELETE FROM clips WHERE sha256 = ? AND kind = 'derivative'", (self.sha256,))
        db.execute(
            "INSERT INTO clips (sha256, size, chunk_root, sm3, name, recorder, kind, original, role, collected_seq, "
            "spool, important, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'spooled') "
            "ON CONFLICT (sha256) DO UPDATE SET important = max(important, excluded.important)",
            (
                self.sha256,
                self.size,
                self.chunk_root,
                self.sm3,
                self.name,
                self.recorder,
                self.kind.value,
                self.original,
                self.role,
                seq,
                self.spool,
                int(self.important),
            ),
        )


@dataclass(frozen=True)
class EntriesLogged:
    """The archive logged these statements. Clips they promise may now be uploaded."""

    indexes: tuple[tuple[int, int], ...]  # (seq, index in the log)

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        for logged, index in self.indexes:
            _one(
                db.execute("UPDATE envelopes SET log_index = ?, refused = NULL WHERE seq = ?", (index, logged)),
            )
            db.execute("UPDATE clips SET state = 'promised' WHERE collected_seq = ? AND state = 'spooled'", (logged,))


@dataclass(frozen=True)
class EntryRefused:
    """The archive refused a statement. It stays in the chain, is not sent again by itself, and is an alarm."""

    seq: int
    code: str
    why: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(db.execute("UPDATE envelopes SET refused = ? WHERE seq = ?", (f"{self.code}: {self.why}", self.seq)))


@dataclass(frozen=True)
class RefusalsForgotten:
    """Try refused statements again (after an administrator settled the reason)."""

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        db.execute("UPDATE envelopes SET refused = NULL WHERE refused IS NOT NULL")


@dataclass(frozen=True)
class UploadStarted:
    """The archive gave this upload a URL: after a restart it is continued there."""

    sha256: str
    url: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(
            db.execute(
                "UPDATE clips SET upload_url = ? WHERE sha256 = ? AND state = 'promised'", (self.url, self.sha256)
            )
        )


@dataclass(frozen=True)
class UploadLost:
    """The archive does not know the upload any more, or rejected its bytes: begin again."""

    sha256: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(
            db.execute(
                "UPDATE clips SET upload_url = NULL, state = 'promised' "
                "WHERE sha256 = ? AND state IN ('promised', 'uploaded')",
                (self.sha256,),
            )
        )


@dataclass(frozen=True)
class Uploaded:
    """The archive has all bytes, read back from its store."""

    sha256: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(
            db.execute(
                "UPDATE clips SET state = 'uploaded', upload_url = NULL WHERE sha256 = ? AND state = 'promised'",
                (self.sha256,),
            )
        )


@dataclass(frozen=True)
class Receipted:
    """A receipt that was CHECKED against the policy and names the digest computed here."""

    sha256: str
    receipt: bytes
    time: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(
            db.execute(
                "UPDATE clips SET state = 'receipted', receipt = ?, receipted = ?, upload_url = NULL "
                "WHERE sha256 = ? AND state IN ('promised', 'uploaded')",
                (self.receipt, self.time, self.sha256),
            )
        )


@dataclass(frozen=True)
class ReceiptWithdrawn:
    """The archive does not know a clip any more for which it gave a receipt, and the copy is still here: it is sent again. The receipt
    is kept as a note: it proves what the archive once said."""

    sha256: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        db.execute(
            "INSERT OR REPLACE INTO notes SELECT ? || sha256, receipt FROM clips WHERE sha256 = ? AND receipt IS NOT NULL",
            (WITHDRAWN, self.sha256),
        )
        _one(
            db.execute(
                "UPDATE clips SET state = 'promised', receipt = NULL, receipted = NULL, upload_url = NULL "
                "WHERE sha256 = ? AND state = 'receipted'",
                (self.sha256,),
            )
        )


@dataclass(frozen=True)
class Released:
    """The spool copy goes; only ever after a checked receipt."""

    sha256: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        _one(
            db.execute(
                "UPDATE clips SET state = 'released' WHERE sha256 = ? AND state = 'receipted' AND receipt IS NOT NULL",
                (self.sha256,),
            )
        )


@dataclass(frozen=True)
class AlarmRaised:
    code: str
    detail: str
    since: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        db.execute(
            "INSERT INTO alarms VALUES (?, ?, ?) ON CONFLICT (code) DO UPDATE SET detail = excluded.detail",
            (self.code, self.detail, self.since),
        )


@dataclass(frozen=True)
class AlarmCleared:
    code: str

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        db.execute("DELETE FROM alarms WHERE code = ?", (self.code,))


@dataclass(frozen=True)
class NoteKept:
    """A small value kept between runs, such as `queries.CHECKPOINT`."""

    name: str
    value: bytes

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (self.name, self.value))


@dataclass(frozen=True)
class NotesForgotten:
    """Notes that are not needed any more, by their names."""

    names: tuple[str, ...]

    def apply(self, db: sqlite3.Connection, seq: int | None) -> None:
        db.executemany("DELETE FROM notes WHERE name = ?", ((name,) for name in self.names))


def _one(cursor: sqlite3.Cursor) -> None:
    if cursor.rowcount != 1:
        raise ChangeError("the journal holds no row in the state this change expects; nothing was changed")
