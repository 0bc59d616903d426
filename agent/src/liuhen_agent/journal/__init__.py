"""The dock's memory: its chain of signed statements and the state those statements prove, in one SQLite file.

Three verbs, all awaitable, all run one after the other on the journal's own thread:

* `append(event, …, changes=…)` signs the next statement of the chain and writes it together with the changes it proves,
  in one transaction (WAL, synchronous=FULL): after a power cut both are there or neither is.
* `change(*changes)` applies changes no statement proves (an upload's URL, a receipt), in one transaction.
* `ask(queries.name, …)` reads.

One process writes: a second one is turned away by a lock. Others read through `read_only(path)`. A journal that is
damaged, of another dock, or whose chain does not link is an error for a person; it is never quietly begun again,
because what it held may be the only proof that footage is not yet in the archive.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import json
import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from liuhen_agent.clock import ReadClock, write_time
from liuhen_agent.journal import changes, queries, schema
from liuhen_agent.journal.changes import Change, ChangeError
from liuhen_agent.journal.rows import (
    Alarm,
    ClipKind,
    ClipRow,
    ClipState,
    Day,
    EnvelopeRow,
    FileRow,
    FileState,
    Progress,
    Queue,
    SessionRow,
    Stated,
    ToSend,
)
from liuhen_protocol import chain, dsse
from liuhen_protocol.chain import ChainHead
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import KINDS, Event
from liuhen_protocol.signer import Signer
from liuhen_protocol.statement import Statement, Subject, place_in_chain, read_statement, write_statement

__all__ = [
    "Alarm",
    "Change",
    "ChangeError",
    "ClipKind",
    "ClipRow",
    "ClipState",
    "Day",
    "EnvelopeRow",
    "FileRow",
    "FileState",
    "Journal",
    "JournalDamaged",
    "JournalInUse",
    "Progress",
    "Queue",
    "Said",
    "SessionRow",
    "Stated",
    "ToSend",
    "changes",
    "queries",
    "read_only",
]

P = ParamSpec("P")
T = TypeVar("T")


class JournalDamaged(Exception):
    """The journal cannot be relied on. Says what is wrong and what to do."""


class JournalInUse(Exception):
    """Another process writes this journal."""


@dataclass(frozen=True)
class Said:
    """One statement to append: an event, and the clip it is about (None: the place in the chain it extends)."""

    event: Event
    subject: Subject | None = None


class Journal:
    """Opened with `Journal.open`; closed with `close`."""

    def __init__(
        self, path: Path, db: sqlite3.Connection, lock: int, source: str, signer: Signer, read_clock: ReadClock
    ) -> None:
        self.path = path
        self.source = source
        self._db = db
        self._lock = lock
        self._signer = signer
        self._read_clock = read_clock
        self._head: ChainHead | None = None
        self._changed = asyncio.Event()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")

    @classmethod
    async def open(cls, path: Path, *, source: str, signer: Signer, read_clock: ReadClock) -> Journal:
        """The journal of the dock `source`, made if it is not there. Checks the file and every link of the chain.
        Raises JournalInUse, JournalDamaged."""
        lock = _lock(path)
        try:
            journal = cls(path, _connect(path), lock, source, signer, read_clock)
            await journal._on_thread(journal._load)
        except sqlite3.DatabaseError as error:
            os.close(lock)
            raise JournalDamaged(f"{path}: {error}. {WHAT_TO_DO}") from error
        except BaseException:
            os.close(lock)
            raise
        return journal

    @property
    def head(self) -> ChainHead | None:
        """The last statement of the chain; None before the first."""
        return self._head

    async def append(
        self, event: Event, subject: Subject | None = None, *, changes: Sequence[Change] = ()
    ) -> EnvelopeRow:
        """Sign the next statement and make it durable together with the changes it proves."""
        return (await self.append_all([Said(event, subject)], changes=changes))[-1]

    async def append_all(self, said: Sequence[Said], *, changes: Sequence[Change] = ()) -> list[EnvelopeRow]:
        """Several statements, one after the other in the chain, and the changes they prove: one transaction."""
        rows = await self._on_thread(self._append, tuple(said), tuple(changes))
        self._tell()
        return rows

    async def change(self, *changes: Change) -> None:
        """Apply changes in one transaction. Raises ChangeError if one does not fit; then none was made."""
        await self._on_thread(self._change, changes)
        self._tell()

    def next_change(self) -> asyncio.Event:
        """Set once the journal changes after this call. Take it before asking, wait for it after: nothing is missed."""
        return self._changed

    def _tell(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def ask(
        self, question: Callable[Concatenate[sqlite3.Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Answer a function of `queries`."""
        return await self._on_thread(lambda: question(self._db, *args, **kwargs))

    async def resume_from(self, head: ChainHead) -> None:
        """Begin an EMPTY journal behind the archive's head: this dock lost its card. The next statement must be a
        dock.started that says so."""
        await self._on_thread(self._resume, head)

    async def close(self) -> None:
        """Finish what was begun and let go of the file."""
        await self._on_thread(self._db.close)
        self._thread.shutdown(wait=True)
        os.close(self._lock)

    async def _on_thread(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        loop = asyncio.get_running_loop()
        # shielded: a cancelled caller must not make a half-known commit; the thread finishes, the caller is gone
        return await asyncio.shield(loop.run_in_executor(self._thread, lambda: work(*args, **kwargs)))

    # -- below here everything runs on the journal's thread --

    def _load(self) -> None:
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if version == 0 and not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
            with self._transaction():
                schema.create(self._db)
        elif version != schema.VERSION:
            raise JournalDamaged(
                f"{self.path} has schema {version}, this program knows {schema.VERSION}: use the program it was "
                "written with, or a newer one"
            )
        said = self._db.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise JournalDamaged(f"{self.path}: {said}. {WHAT_TO_DO}")
        self._head = self._check_chain()

    def _check_chain(self) -> ChainHead | None:
        head = self._resumed_head()
        for row in queries.envelopes(self._db):
            try:
                if chain.envelope_hash(row.data) != row.hash:
                    raise Refused("wrong-digest", f"statement {row.seq} is not the bytes that were written")
                link = read_statement(dsse.Envelope.parse(row.data).payload).link
                if link.source != self.source:
                    raise Refused(
                        "wrong-source", f"statement {row.seq} is of {link.source}, this dock is {self.source}"
                    )
                chain.check_link(head, link)
                head = chain.after(link, row.hash)
            except (Malformed, Refused) as error:
                raise JournalDamaged(f"{self.path}, statement {row.seq}: {error}. {WHAT_TO_DO}") from error
        return head

    def _resumed_head(self) -> ChainHead | None:
        note = queries.note(self._db, queries.RESUMED)
        if note is None:
            return None
        kept = json.loads(note)
        return ChainHead(source=self.source, seq=kept["seq"], hash=kept["hash"], time=kept["time"])

    def _append(self, said: tuple[Said, ...], made: tuple[Change, ...]) -> list[EnvelopeRow]:
        head = self._head
        rows: list[EnvelopeRow] = []
        for one in said:
            row, head = self._seal(head, one)
            rows.append(row)
        with self._transaction():
            self._db.executemany(
                "INSERT INTO envelopes (seq, data, hash, kind, time) VALUES (?, ?, ?, ?, ?)",
                [(row.seq, row.data, row.hash, row.kind, row.time) for row in rows],
            )
            for change in made:
                change.apply(self._db, rows[-1].seq)
        self._head = head
        return rows

    def _seal(self, head: ChainHead | None, said: Said) -> tuple[EnvelopeRow, ChainHead]:
        reading = self._read_clock()
        link = chain.next_link(head, self.source, write_time(reading.time), reading.clock)
        subject = said.subject or place_in_chain(link, self._signer.public)
        data = dsse.seal(write_statement(Statement(link, said.event, subject)), self._signer).encode()
        digest = chain.envelope_hash(data)
        row = EnvelopeRow(link.seq, data, digest, KINDS[type(said.event)], link.time, None, None)
        return row, chain.after(link, digest)

    def _change(self, made: tuple[Change, ...]) -> None:
        with self._transaction():
            for change in made:
                change.apply(self._db, None)

    def _resume(self, head: ChainHead) -> None:
        if self._head is not None:
            raise ChangeError(f"this journal already has statement {self._head.seq}; only an empty one resumes a chain")
        note = json.dumps({"seq": head.seq, "hash": head.hash, "time": head.time}).encode()
        with self._transaction():
            changes.NoteKept(queries.RESUMED, note).apply(self._db, None)
        self._head = head

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._commit()
        except BaseException:
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _commit(self) -> None:
        """The durable step: what was written is there after a power cut once this returns."""
        self._db.execute("COMMIT")


WHAT_TO_DO = (
    "日志损坏，采集站停止工作，不会清空任何记录仪。Keep the dock's folder as it is (it may hold footage that is nowhere "
    "else), copy it away, and ask the archive's administrator; start anew only in another folder"
)


def _lock(path: Path) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = os.open(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise JournalInUse(f"{path}: another liuhen-agent is working in this folder; stop it first") from error
    return lock


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA foreign_keys = ON")
    return db


@contextlib.contextmanager
def read_only(path: Path, *, for_screens: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write, for `queries` from another process. Raises JournalDamaged if there is none.

    `for_screens`: also where no dock runs and this user may not make the files that SQLite wants beside it. Then nothing keeps a dock
    that starts this moment from writing under the reader, so nothing may be decided on what is read."""
    try:
        db = _opened_read_only(path, "")
    except JournalDamaged:
        if not for_screens or not path.exists() or path.with_name(path.name + "-wal").exists():
            raise
        db = _opened_read_only(path, "&immutable=1")
    try:
        yield db
    finally:
        db.close()


def _opened_read_only(path: Path, option: str) -> sqlite3.Connection:
    """In a transaction: all answers from one moment."""
    uri = f"{path.absolute().as_uri()}?mode=ro{option}"
    try:
        db = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)
    except sqlite3.Error as error:
        raise JournalDamaged(f"{path}: 没有可读的日志 no journal can be read here ({error})") from error
    try:
        db.execute("BEGIN")
        version = db.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        db.close()
        raise JournalDamaged(f"{path}: {error}. {WHAT_TO_DO}") from error
    if version != schema.VERSION:
        db.close()
        raise JournalDamaged(f"{path} has schema {version}, this program knows {schema.VERSION}")
    return db
