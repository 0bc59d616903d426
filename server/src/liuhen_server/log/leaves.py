"""What must hold of entries before they become leaves: they are what was appended, and every chain goes on without a gap.

The database is read again between appending and signing, and whoever can write to it could alter, remove, reorder or
add entries there. So the chain's rules are judged once more, by the bytes that will be the leaves. One signature a
source is enough, that of its last new entry: it signs the hash of the envelope before it, and so back to what is
already signed. Whose key it is, is the verifier's to say: it has the whole log.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from sqlalchemy import select, tuple_

from liuhen_protocol.chain import ChainHead, after, check_link, envelope_hash
from liuhen_protocol.dsse import MAX_ENVELOPE, Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.merkle import leaf_hash
from liuhen_protocol.statement import Clock, Link, read_statement
from liuhen_server.database import Connection
from liuhen_server.database.schema import entries
from liuhen_server.log.signed_state import LogStopped

# What `write_statement` writes, read without a JSON parser; anything else goes the general way. No string holds a bare quote and no event
# a `prev`, so it stands once in a statement that was taken.
_START = b'{"payload":"'
_LINK = re.compile(
    rb'"prev":(?:null|"([0-9a-f]{64})"),"seq":(\d{1,16}),"source":"([A-Za-z0-9._-]{1,63})","time":"([0-9T:.Z-]{24})"\},"predicateType":'
)
_ANY_CLOCK = Clock("", 0)
_AT_ONCE = 400  # places asked for in one query


class Row(NamedTuple):
    """An entry as it stands in the database: `leaf` is its leaf hash when it was appended."""

    log_index: int
    envelope: bytes
    leaf: bytes
    source: str
    seq: int


class Chains:
    """The chains as the entries of one tick continue them."""

    def __init__(self) -> None:
        self._heads: dict[str, ChainHead | None] = {}
        self._last: dict[str, Row] = {}

    async def know(self, conn: Connection, rows: Iterable[Row], signed: int) -> None:
        """Reads where the chains of these new entries stand in the signed part of the log."""
        first: dict[str, int] = {}
        for row in rows:
            if row.source not in self._heads:
                first.setdefault(row.source, row.seq)
        places = [(source, seq - 1) for source, seq in first.items()]
        self._heads.update(dict.fromkeys(first))
        for start in range(0, len(places), _AT_ONCE):
            query = select(entries.c.source, entries.c.seq, entries.c.envelope_hash, entries.c.time).where(
                tuple_(entries.c.source, entries.c.seq).in_(places[start : start + _AT_ONCE]),
                entries.c.log_index < signed,
            )
            for found in await conn.execute(query):
                self._heads[found.source] = ChainHead(found.source, found.seq, found.envelope_hash, found.time)

    def take(self, row: Row) -> None:
        """The next entry of the log. Raises LogStopped when it is not what its chain goes on with."""
        try:
            link = link_of(row.envelope)
            if (link.source, link.seq) != (row.source, row.seq):
                raise Malformed(f"it is {link.source} #{link.seq}, the database calls it {row.source} #{row.seq}")
            check_link(self._heads[row.source], link)
        except (Malformed, Refused) as error:
            raise LogStopped(
                "chain-broken",
                f"entry {row.log_index} does not continue its chain ({error}): entries were altered, removed, reordered or"
                " added in the database before they were signed",
            ) from error
        self._heads[row.source] = after(link, envelope_hash(row.envelope))
        self._last[row.source] = row

    def check_ends(self) -> None:
        """That each chain's last new entry is a statement that was signed, and with it all before. Raises LogStopped."""
        for row in self._last.values():
            try:
                envelope = Envelope.parse(row.envelope)
                read_statement(envelope.payload)
                envelope.check_signature()
            except (Malformed, Refused) as error:
                raise LogStopped(
                    "entry-altered",
                    f"entry {row.log_index} is no statement of {row.source} ({error}): it was altered or added in the database",
                ) from error


def check_leaf(row: Row, signed: bytes | None = None) -> bytes:
    """The leaf hash of an entry's very bytes. `signed`: what the log already says of it. Raises LogStopped."""
    leaf = leaf_hash(row.envelope)
    if leaf != row.leaf or (signed is not None and leaf != signed):
        raise LogStopped("entry-altered", f"entry {row.log_index} is not what was appended: it was altered")
    return leaf


def check_places(rows: Sequence[Row], start: int, end: int) -> None:
    """That every index of [start, end) is there, with columns of their types (SQLite takes any). Raises LogStopped."""
    for expected, row in enumerate(rows, start):
        if row.log_index != expected:
            raise LogStopped("entry-missing", f"entry {expected} is missing in the database")
        if type(row.envelope) is not bytes or type(row.source) is not str or type(row.seq) is not int or row.seq < 0:
            raise LogStopped("entry-altered", f"entry {expected} is not what was appended: a column has another type")
        if len(row.envelope) > MAX_ENVELOPE:
            raise LogStopped(
                "entry-altered", f"entry {expected} is not what was appended: it is longer than any can be"
            )
    if len(rows) != end - start:
        raise LogStopped("entry-missing", f"entry {start + len(rows)} is missing in the database")


def link_of(envelope: bytes) -> Link:
    """The place in its chain that an entry claims. Its clock is not read. Raises Malformed.

    For every statement that the log takes it is what `read_statement` gives; of other bytes it may give a place all the same.
    """
    end = envelope.find(b'"', len(_START))
    if envelope.startswith(_START) and end > 0:
        with suppress(binascii.Error):  # JSON may spell its characters otherwise (\u003d): no fault of the entry
            payload = binascii.a2b_base64(envelope[len(_START) : end], strict_mode=True)
            found = _LINK.match(payload, max(0, payload.rfind(b'"prev":')))
            if found is not None:
                prev, seq, source, time = found.groups()
                before = None if prev is None else prev.decode()
                return Link(source.decode(), int(seq), before, time.decode(), _ANY_CLOCK)
    return read_statement(Envelope.parse(envelope).payload).link
