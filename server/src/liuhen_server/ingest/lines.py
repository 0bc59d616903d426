"""One line of a request, judged by itself: form, source, kind, signature. Where it stands in the log is not asked here.

Pure, and needs the protocol alone: many lines are opened by helper processes (line_helpers.py), which must stay small.
What comes of a line are the columns it will have, so that nothing of it is built twice.
"""

from __future__ import annotations

from typing import NamedTuple

from liuhen_protocol.chain import envelope_hash
from liuhen_protocol.dsse import MAX_ENVELOPE, Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import OF_THE_ARCHIVE
from liuhen_protocol.merkle import leaf_hash
from liuhen_protocol.statement import read_statement
from liuhen_server.ingest.promise import Promise, promise_of


class Opened(NamedTuple):
    """A line whose form and signature are good; whether it may follow is not decided yet. Hashes and key in hex."""

    hash: str
    leaf: str
    public: str
    seq: int
    prev: str | None
    kind: str
    time: str
    promise: Promise | None


def open_line(line: bytes, dock: str) -> Opened | Refused:
    """What a line sent by `dock` states, or why it is not taken."""
    try:
        if len(line) > MAX_ENVELOPE:
            raise Malformed(f"envelope: {len(line)} bytes; at most {MAX_ENVELOPE} are allowed")
        envelope = Envelope.parse(line)
        statement = read_statement(envelope.payload)
        link = statement.link
        if link.source != dock:
            return Refused("not-your-source", f"dock {dock} cannot speak for {link.source}")
        if type(statement.event) in OF_THE_ARCHIVE:
            return Refused("not-your-kind", f"{statement.kind} is for the archive to state")
        envelope.check_signature()
        promise = promise_of(statement)
    except Malformed as error:
        return Refused("malformed", str(error))
    except Refused as refusal:
        return refusal
    return Opened(
        envelope_hash(line),
        leaf_hash(line).hex(),
        envelope.public.hex(),
        link.seq,
        link.prev,
        statement.kind,
        link.time,
        promise,
    )
