"""POST /v1/entries: statements of one dock into the log, the whole request in one transaction.

Lines are opened (lines.py) before the log is held, many of them in helper processes; then, with the log held, every line
is judged against the chain as it grows. A line already in the log answers with its index, whoever's key is current now. Lines after a
refused one mostly fall to the chain's own rule (`gap`): what is accepted of a source is a prefix of what it sent.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from sqlalchemy import select

from liuhen_protocol.chain import ChainHead, check_link
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.statement import Clock, Link
from liuhen_server import log
from liuhen_server.database import Connection, Database
from liuhen_server.database.schema import entries
from liuhen_server.ingest import promises
from liuhen_server.ingest.line_helpers import LineHelpers
from liuhen_server.ingest.lines import Opened
from liuhen_server.ingest.promise import Promise
from liuhen_server.registry import docks
from liuhen_server.registry.docks import Dock

MAX_LINES = 1000
MAX_BODY = 8 << 20
MOST_DERIVED = 64
"""Files derived from one original by one dock: proxies and thumbnails are a handful."""

_ANY_CLOCK = Clock("", 0)  # the rules of the chain do not ask for it
_logger = logging.getLogger("liuhen.entries")


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


def judge(
    lines: Sequence[Opened | Refused],
    dock: str,
    head: ChainHead | None,
    key: str,
    taken: Mapping[int, Taken],
    derived: Mapping[str, Set[str]],
) -> tuple[list[Judgement], list[int], ChainHead | None]:
    """Which lines follow the chain of `dock`: pure. `key`: the one that may speak, in hex; `taken`: the log's entries at
    the places named by the lines; `derived`: what this dock already derived from the originals they name, by original.

    Returns one judgement per line, the places of the accepted lines in the request, and the chain's head afterwards.
    """
    judgements: list[Judgement] = []
    accepted: list[int] = []
    hashes: list[str] = []
    made = {original: set(known) for original, known in derived.items()}
    first_new = 0 if head is None else head.seq + 1
    for place, line in enumerate(lines):
        if isinstance(line, Refused):
            judgements.append(line)
            continue
        seq = line.seq
        known = taken.get(seq)
        if known is not None and known.hash == line.hash:
            judgements.append(Known(known.index))
        elif first_new <= seq < first_new + len(accepted) and hashes[seq - first_new] == line.hash:
            judgements.append(Accepted(seq - first_new))  # the same line twice in one request
        elif line.public != key:
            judgements.append(Refused("wrong-key", "signed by a key that does not speak for this dock now"))
        else:
            try:
                check_link(head, Link(dock, seq, line.prev, line.time, _ANY_CLOCK))
                _check_derived(line.promise, made)
            except Refused as refusal:
                judgements.append(refusal)
            else:
                head = ChainHead(dock, seq, line.hash, line.time)
                judgements.append(Accepted(len(accepted)))
                accepted.append(place)
                hashes.append(line.hash)
    return judgements, accepted, head


def _check_derived(promise: Promise | None, made: dict[str, set[str]]) -> None:
    """Raises Refused("too-many-derivatives") for one more than MOST_DERIVED files made from one original."""
    if promise is None or promise.original is None:
        return
    known = made.setdefault(promise.original, set())
    if promise.sha256 not in known and len(known) >= MOST_DERIVED:
        raise Refused(
            "too-many-derivatives",
            f"{promise.name}: {len(known)} files are derived from {promise.original} by this dock already;"
            " no more are taken",
        )
    known.add(promise.sha256)


async def take(database: Database, dock: Dock, body: bytes, helpers: LineHelpers) -> EntriesAnswer:
    """Judge and log one request's lines. Raises Malformed for the request as a whole, Refused when the dock was
    revoked meanwhile.
    """
    lines = split_lines(body)
    opened = await helpers.open(lines, dock.name)
    async with database.write() as conn:
        await log.lock(conn)
        now_known = await docks.find(conn, dock.name)
        if now_known is None or now_known.state != docks.ENROLLED:
            raise Refused("revoked", f"dock {dock.name} was revoked")
        head = await log.head(conn, dock.name)
        taken = await _taken(conn, dock.name, opened, head)
        originals = {line.promise.original for line in opened if isinstance(line, Opened) and line.promise is not None}
        derived = await promises.derived_from(conn, dock.name, sorted(filter(None, originals)))
        judgements, accepted, head = judge(opened, dock.name, head, now_known.public_key.hex(), taken, derived)
        items, promised = [], []
        for place in accepted:
            line = opened[place]
            assert not isinstance(line, Refused)
            items.append(
                log.NewEntry(
                    lines[place], dock.name, line.seq, line.kind, line.time, line.hash, bytes.fromhex(line.leaf)
                )
            )
            promised.append(line.promise)
        indexes = await log.append(conn, items)
        await promises.keep(
            conn,
            [
                promises.at(promise, index)
                for promise, index in zip(promised, indexes, strict=True)
                if promise is not None
            ],
        )
    results = [_result(judgement, indexes) for judgement in judgements]
    _tell(dock.name, results)
    return EntriesAnswer(results, head)


async def _taken(
    conn: Connection, source: str, lines: Sequence[Opened | Refused], head: ChainHead | None
) -> dict[int, Taken]:
    if head is None:
        return {}
    old = sorted({line.seq for line in lines if isinstance(line, Opened) and line.seq <= head.seq})
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
