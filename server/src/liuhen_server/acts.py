"""An act of a person: the rows it changes and the statement that says so, in one transaction.

Whoever acts is written down with what he did; words that people write stay in the database, and the log holds only a
commitment to them (docs/adr/0015). Acts stand in one line: each takes the log's lock first, so what an act reads is
what holds when it is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import BigInteger, Column, Index, LargeBinary, String, Table, Text, insert

from liuhen_protocol.events import KINDS, Event
from liuhen_protocol.moment import format_time
from liuhen_protocol.shape import text as shown_text
from liuhen_protocol.statement import Subject
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import HEX32, TIME, BigKey, metadata
from liuhen_server.log import ArchiveChain, Stated, lock
from liuhen_server.log.signed_state import stopping

__all__ = ["MACHINE", "Act", "Actor", "Acts", "Commitment", "acts_stated", "commitment_of", "said"]

MOST_TEXT = 20_000
SALT_BYTES = 32

said = Table(
    "said",
    metadata,
    Column("id", BigKey, primary_key=True),
    Column("kind", String(64), nullable=False),  # reason, note, party, …: the room's own word
    Column(
        "about", String(255), nullable=False
    ),  # case-31, person-7, …; the rows of one kind and thing are its versions
    # salt and text are null once the text was disposed of: the commitment in the log then says nothing to anybody
    Column("salt", LargeBinary),
    Column("text", Text),
    Column("sha256", HEX32, nullable=False),
    Column("by", String(64), nullable=False),
    Column("time", TIME, nullable=False),
    Index(None, "about", "kind"),
    comment="What people wrote, in versions that are never overwritten; the log holds the commitments.",
)

acts_stated = Table(
    "acts_stated",
    metadata,
    Column("log_index", BigKey, primary_key=True, autoincrement=False),
    Column("kind", String(64), nullable=False),
    Column("by", String(64), nullable=False),
    Column("said_id", BigInteger),  # the text that was committed last before it in the same act
    Index(None, "kind", "log_index"),
    Index(None, "by", "log_index"),
    comment="Which entries of the log are acts of which person: a convenience over the log.",
)


class Actor(Protocol):
    """Who acts, as the log names him: `accounts.Person`, or the machine's own administrator."""

    @property
    def number(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Machine:
    """Whoever may run the archive's commands on its machine."""

    number: str = "machine"


MACHINE = Machine()


@dataclass(frozen=True, slots=True)
class Commitment:
    """A text that was kept: `id` in the table `said`, `sha256` (hexadecimal) for the statement."""

    id: int
    sha256: str


def commitment_of(salt: bytes, text: str) -> str:
    """SHA-256 over the salt (32 bytes) and the UTF-8 text, hexadecimal."""
    return hashlib.sha256(salt + text.encode()).hexdigest()


class Act:
    """One act under way. Everything is done on `conn` and is there once the block ends well."""

    def __init__(self, conn: Connection, by: str, chain: ArchiveChain, random_bytes: Callable[[int], bytes]) -> None:
        self.conn, self.by = conn, by
        self._chain, self._random_bytes = chain, random_bytes
        self._said_id: int | None = None

    @property
    def time(self) -> str:
        """Now, as statements write it."""
        return format_time(self._chain.now())

    async def state(self, event: Event, subject: Subject | None = None) -> Stated:
        """The statement, at the end of the log. `subject` is for statements about a clip. Raises Malformed for an event
        that a reader would refuse.
        """
        stated = await self._chain.append(self.conn, event, subject)
        row = {"log_index": stated.index, "kind": KINDS[type(event)], "by": self.by, "said_id": self._said_id}
        await self.conn.execute(insert(acts_stated).values(**row))
        self._said_id = None
        return stated

    async def commit_text(self, kind: str, about: str, text: str) -> Commitment:
        """Keeps what a person wrote about a thing (`case-31`) under a fresh salt. Raises ValueError for a text that is
        empty, longer than 20,000 signs, or has control characters other than line breaks and tabs.
        """
        check_text(text)
        salt = self._random_bytes(SALT_BYTES)
        digest = commitment_of(salt, text)
        row = {"kind": kind, "about": about, "salt": salt, "text": text, "sha256": digest, "by": self.by}
        added = await self.conn.execute(insert(said).values(**row, time=self.time))
        assert added.inserted_primary_key is not None
        self._said_id = int(added.inserted_primary_key[0])
        return Commitment(self._said_id, digest)


def check_text(text: str) -> None:
    """Raises ValueError (Malformed is one) with a sentence."""
    if not text.strip() or len(text) > MOST_TEXT:
        raise ValueError(f"文字须有内容且不超过 {MOST_TEXT} 字 / write something, at most {MOST_TEXT} characters")
    shown_text(text.replace("\r", "").replace("\n", "").replace("\t", ""), "文字 / text")


class Acts:
    """Where acts are done: one per process. Clock and randomness are handed in."""

    def __init__(
        self,
        database: Database,
        chain: ArchiveChain,
        now: Callable[[], datetime],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._database, self._chain = database, chain
        self.now, self._random_bytes = now, random_bytes  # `now` is for rules that acts follow, such as a term's end

    @asynccontextmanager
    async def of(self, person: Actor) -> AsyncIterator[Act]:
        """A transaction that commits when the block ends well and leaves nothing when it raises. Raises LogStopped (the
        log is stopped then, durably) and DatabaseUnavailable.
        """
        async with stopping(self._database, self._chain.now), self._database.write() as conn:
            await lock(conn)
            yield Act(conn, person.number, self._chain, self._random_bytes)
