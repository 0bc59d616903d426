"""POST /v1/entries: statements of one dock into the log, the whole request in one transaction.

Signatures are checked before the log is held, in a thread; then, with the log held, every line is judged against the
chain as it grows. A line already in the log answers with its index, whoever's key is current now. Lines after a
refused one mostly fall to the chain's own rule (`gap`): what is accepted of a source is a prefix of what it sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select

from liuhen_protocol.chain import ChainHead, after, check_link, envelope_hash
from liuhen_protocol.dsse import MAX_ENVELOPE, Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import OF_THE_ARCHIVE
from liuhen_protocol.statement import Statement, read_statement
from liuhen_server import log
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import entries
from liuhen_server.ingest import promises
from liuhen_server.ingest.signatures import MANY, Checkers
from liuhen_server.registry import docks
from liuhen_server.registry.docks import Dock

MAX_LINES = 1000
MAX_BODY = 8 << 20

_logger = logging.getLogger("liuhen.entries")


@dataclass(frozen=True, slots=True)
class Opened:
    """A line whose form and signature are good; whether it may follow is not decided yet."""

    data: bytes
    hash: str
    public: bytes
    statement: Statement
    promise: promises.Promise | None


@dataclass(frozen=True, slots=True)
class Taken:
    """A place in the chain that the log already holds."""

    index: int
    hash: str


@dataclass(frozen=True, slots=True)
class Accepted:
    """`position` counts the newly accepted lines of this request; the log gives them their indexes in this order."""

    position: int


@dataclass(frozen=True, slots=True)
class Known:
    """These very bytes are in the log."""

    index: int


Judgement = Accepted | Known | Refused


@dataclass(frozen=True, slots=True)
class EntriesAnswer:
    """Per line its index or why not, and the chain's head afterwards."""

    results: Sequence[int | Refused]
    head: ChainHead | None


def split_lines(body: bytes) -> list[bytes]:
    """The lines of an ndjson body. Raises Malformed for none, or more than a request may hold."""
    lines = [line for line in (raw.removesuffix(b"\r") for raw in body.split(b"\n")) if line]
    if not lines:
        raise Malformed("entries: no line in the request")
    if len(lines) > MAX_LINES:
        raise Malformed(f"entries: {len(lines)} lines; send at most {MAX_LINES} at once")
    return lines


def open_line(line: bytes, dock: str, *, signed: bool = False) -> Opened | Refused:
    """Form, source, kind and signature of one line sent by `dock`. `signed`: its signature was found good already."""
    try:
        if len(line) > MAX_ENVELOPE:
            raise Malformed(f"envelope: {len(line)} bytes; at most {MAX_ENVELOPE} are allowed")
        envelope = Envelope.parse(line)
        statement = read_statement(envelope.payload)
        if statement.link.source != dock:
            return Refused("not-your-source", f"dock {dock} cannot speak for {statement.link.source}")
        if type(statement.event) in OF_THE_ARCHIVE:
            return Refused("not-your-kind", f"{statement.kind} is for the archive to state")
        if not signed:
            envelope.check_signature()
        return Opened(line, envelope_hash(line), envelope.public, statement, promises.promise_of(statement))
    except Malformed as error:
        return Refused("malformed", str(error))
    except Refused as refusal:
        return refusal


def judge(
    lines: Sequence[Opened | Refused], head: ChainHead | None, key: bytes, taken: Mapping[int, Taken]
) -> tuple[list[Judgement], list[Opened]]:
    """Which lines follow the chain: pure. `taken` holds the log's entries at the places named by the lines.

    Returns one judgement per line, and the accepted lines in order.
    """
    judgements: list[Judgement] = []
    accepted: list[Opened] = []
    first_new = 0 if head is None else head.seq + 1
    for line in lines:
        if isinstance(line, Refused):
            judgements.append(line)
            continue
        seq = line.statement.link.seq
        place = taken.get(seq)
        if place is not None and place.hash == line.hash:
            judgements.append(Known(place.index))
        elif first_new <= seq < first_new + len(accepted) and accepted[seq - first_new].hash == line.hash:
            judgements.append(Accepted(seq - first_new))  # the same line twice in one request
        elif line.public != key:
            judgements.append(Refused("wrong-key", "signed by a key that does not speak for this dock now"))
        else:
            try:
                check_link(head, line.statement.link)
            except Refused as refusal:
                judgements.append(refusal)
            else:
                head = after(line.statement.link, line.hash)
                judgements.append(Accepted(len(accepted)))
                accepted.append(line)
    return judgements, accepted


async def take(database: Database, dock: Dock, body: bytes, checkers: Checkers | None = None) -> EntriesAnswer:
    """Judge and log one request's lines. Raises Malformed for the request as a whole, Refused when the dock was
    revoked meanwhile. `checkers` help with many signatures.
    """
    opened = await _open_lines(split_lines(body), dock.name, checkers)
    async with database.write() as conn:
        await log.lock(conn)
        now_known = await docks.find(conn, dock.name)
        if now_known is None or now_known.state != docks.ENROLLED:
            raise Refused("revoked", f"dock {dock.name} was revoked")
        head = await log.head(conn, dock.name)
        judgements, accepted = judge(opened, head, now_known.public_key, await _taken(conn, dock.name, opened, head))
        indexes = await log.append(
            conn,
            [
                log.NewEntry(
                    line.data, dock.name, line.statement.link.seq, line.statement.kind, line.statement.link.time
                )
                for line in accepted
            ],
        )
        await promises.keep(
            conn,
            [
                replace(line.promise, promised_index=index)
                for line, index in zip(accepted, indexes, strict=True)
                if line.promise is not None
            ],
        )
    if accepted:
        head = after(accepted[-1].statement.link, accepted[-1].hash)
    results = [_result(judgement, indexes) for judgement in judgements]
    _tell(dock.name, results)
    return EntriesAnswer(results, head)


async def _open_lines(lines: list[bytes], dock: str, checkers: Checkers | None) -> list[Opened | Refused]:
    """In a thread; where there are many, while the helpers check the signatures. Only their "good" counts."""
    if checkers is None or len(lines) < MANY:
        return await asyncio.to_thread(lambda: [open_line(line, dock) for line in lines])
    good, opened = await asyncio.gather(
        checkers.good(lines), asyncio.to_thread(lambda: [open_line(line, dock, signed=True) for line in lines])
    )
    if all(good):
        return opened
    return await asyncio.to_thread(
        lambda: [
            found if signed else open_line(line, dock) for line, found, signed in zip(lines, opened, good, strict=True)
        ]
    )


async def _taken(
    conn: Connection, source: str, lines: Sequence[Opened | Refused], head: ChainHead | None
) -> dict[int, Taken]:
    if head is None:
        return {}
    places = {line.statement.link.seq for line in lines if isinstance(line, Opened)}
    old = sorted(seq for seq in places if seq <= head.seq)
    if not old:
        return {}
    query = select(entries.c.seq, entries.c.log_index, entries.c.envelope_hash).where(
        entries.c.source == source, entries.c.seq.in_(old)
    )
    return {row.seq: Taken(row.log_index, row.envelope_hash) for row in await conn.execute(query)}


def _result(judgement: Judgement, indexes: Sequence[int]) -> int | Refused:
    if isinstance(judgement, Accepted):
        return indexes[judgement.position]
    return judgement.index if isinstance(judgement, Known) else judgement


def _tell(dock: str, results: Sequence[int | Refused]) -> None:
    """Refusals are for the security administrator's eyes: one line per kind, never the envelope itself."""
    counts: dict[str, int] = {}
    first: dict[str, str] = {}
    for result in results:
        if isinstance(result, Refused):
            counts[result.code] = counts.get(result.code, 0) + 1
            first.setdefault(result.code, result.why)
    for code, count in counts.items():
        _logger.warning("dock %s: %d entries refused as %s, the first: %.300r", dock, count, code, first[code])
