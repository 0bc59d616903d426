"""The chain of one source: who may speak, and what may follow what (spec: docs/spec/chain.md).

A chain is verified link by link, never by its two ends.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from liuhen_protocol.errors import Refused
from liuhen_protocol.moment import parse_time
from liuhen_protocol.statement import Clock, Link


def envelope_hash(envelope: bytes) -> str:
    """SHA-256 of the envelope's bytes as they are stored: what the next link's `prev` is."""
    return hashlib.sha256(envelope).hexdigest()


@dataclass(frozen=True, slots=True)
class ChainHead:
    """The newest link of a source: the envelope `hash` at `seq`, stated at `time`."""

    source: str
    seq: int
    hash: str
    time: str


def after(link: Link, this_hash: str) -> ChainHead:
    """The head once this link is accepted."""
    return ChainHead(link.source, link.seq, this_hash, link.time)


def next_link(head: ChainHead | None, source: str, time: str, clock: Clock) -> Link:
    """The link that follows. A clock that is behind the last statement does not turn time back: its time is kept, and the clock says so."""
    if head is None:
        return Link(source, 0, None, time, clock)
    if time < head.time:
        behind = (parse_time(head.time) - parse_time(time)) // timedelta(milliseconds=1)
        clock = Clock("behind", clock.uncertainty_ms + behind)
        time = head.time
    return Link(source, head.seq + 1, head.hash, time, clock)


def check_link(head: ChainHead | None, link: Link) -> None:
    """That this link follows the head of its source.

    Raises Refused: "replayed" (that place is taken), "gap" (links are missing), "wrong-prev" (it continues another history), "back-dated".
    """
    if head is not None and link.seq == head.seq + 1 and link.prev == head.hash and link.time >= head.time:
        return  # nearly every link: a log has millions
    expected = 0 if head is None else head.seq + 1
    where = f"{link.source} #{link.seq}"
    if link.seq < expected:
        raise Refused("replayed", f"{where}: this place in the chain is taken; the next one is #{expected}")
    if link.seq > expected:
        raise Refused("gap", f"{where}: links are missing; the next one is #{expected}")
    if head is not None and link.prev != head.hash:
        raise Refused("wrong-prev", f"{where}: it does not continue the envelope at #{head.seq} but another one")
    if head is not None and link.time < head.time:
        raise Refused("back-dated", f"{where}: stated at {link.time}, before its predecessor at {head.time}")
