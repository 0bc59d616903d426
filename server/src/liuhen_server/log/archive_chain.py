"""The archive's own chain: what it states itself (source "archive"), sealed by its statement key, in the order of the
log.

Leaf 0 of the log is `archive.started`, which names that key.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from liuhen_protocol.chain import next_link
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import Event
from liuhen_protocol.moment import format_time
from liuhen_protocol.signer import Signer
from liuhen_protocol.statement import (
    ARCHIVE_SOURCE,
    Clock,
    Statement,
    Subject,
    place_in_chain,
    write_statement,
)
from liuhen_server.database import Connection
from liuhen_server.log.append import NewEntry, append, head, lock

SERVER_CLOCK = Clock("ntp", 1000)


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Stated:
    """A statement of the archive and where it stands in the log. It is there once the transaction commits."""

    index: int
    envelope: bytes
    time: str


@dataclass(frozen=True, slots=True)
class ArchiveChain:
    """Writes the archive's statements. Several processes share the chain through the log's row lock."""

    signer: Signer
    now: Callable[[], datetime] = utc_now
    clock: Clock = SERVER_CLOCK

    async def append(self, conn: Connection, event: Event, subject: Subject | None = None) -> Stated:
        """States `event` in the caller's transaction. `subject` is for statements about a clip; the others name their
        place.

        Raises Malformed for an event a reader would refuse.
        """
        await lock(conn)
        before = await head(conn, ARCHIVE_SOURCE)
        link = next_link(before, ARCHIVE_SOURCE, format_time(self.now()), self.clock)
        statement = Statement(link, event, subject or place_in_chain(link, self.signer.public))
        envelope = seal(write_statement(statement), self.signer).encode()
        (index,) = await append(conn, [NewEntry(envelope, link.source, link.seq, statement.kind, link.time)])
        return Stated(index, envelope, link.time)
