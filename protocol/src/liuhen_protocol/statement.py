"""Custody statements: in-toto Statement v1 whose predicate is a link of a chain and one event (spec: docs/spec/statement.md)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256

from liuhen_protocol import shape
from liuhen_protocol.digest import is_digest
from liuhen_protocol.dsse import read_json, write_json
from liuhen_protocol.errors import Malformed
from liuhen_protocol.events import EVENTS, KINDS, OF_A_CLIP, Event
from liuhen_protocol.moment import parse_time

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_PREFIX = "https://liuhen.example/custody/v1/"  # an identifier, never fetched
ARCHIVE_SOURCE = "archive"
_SOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_EVENT_OF = {PREDICATE_PREFIX + kind: event for kind, event in EVENTS.items()}
_SUBJECT_FIELDS = frozenset({"name", "digest"})
_LINK_FIELDS = frozenset({"source", "seq", "prev", "time", "clock", "event"})


@dataclass(frozen=True, slots=True)
class Clock:
    """Where a writer's time came from (ntp, rtc, unsynchronised, behind) and how far it may be off."""

    source: str
    uncertainty_ms: int


@dataclass(frozen=True, slots=True)
class Link:
    """A statement's place in its chain: `prev` is the SHA-256 of the envelope at `seq - 1`, null at 0."""

    source: str
    seq: int
    prev: str | None
    time: str
    clock: Clock


@dataclass(frozen=True, slots=True)
class Subject:
    """What a statement is about: a name and the digest of its bytes."""

    name: str
    sha256: str
    sm3: str | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    link: Link
    event: Event
    subject: Subject

    @property
    def kind(self) -> str:
        return KINDS[type(self.event)]


def check_source(name: str) -> str:
    """A source's name: 1 to 63 of letters, digits, dot, hyphen, underscore. Raises Malformed."""
    if not _SOURCE.fullmatch(name):
        raise Malformed(f"source: {name[:80]!r} is not 1 to 63 of letters, digits, dot, hyphen and underscore")
    return name


def place_in_chain(link: Link, public: bytes) -> Subject:
    """The subject of a statement that is not about a clip: the place in the chain that it extends."""
    if link.prev is None:
        return Subject(link.source, sha256(public).hexdigest())
    return Subject(f"{link.source}#{link.seq - 1}", link.prev)


def write_statement(statement: Statement) -> bytes:
    """The payload: sorted names, no spaces, UTF-8, no fractions. Raises Malformed for values a reader would refuse."""
    link = statement.link
    digest = {"sha256": statement.subject.sha256}
    if statement.subject.sm3 is not None:
        digest["sm3"] = statement.subject.sm3
    payload = write_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": statement.subject.name, "digest": digest}],
            "predicateType": PREDICATE_PREFIX + statement.kind,
            "predicate": {
                "source": link.source,
                "seq": link.seq,
                "prev": link.prev,
                "time": link.time,
                "clock": shape.encode(link.clock),
                "event": shape.encode(statement.event),
            },
        }
    )
    read_statement(payload)
    return payload


def read_statement(payload: bytes) -> Statement:
    """Raises Malformed: another type, a field too many or too few, a number or a time out of its form."""
    fields = read_json(payload, "statement")
    kind, predicate, subjects = fields.get("predicateType"), fields.get("predicate"), fields.get("subject")
    if type(kind) is not str or type(predicate) is not dict or type(subjects) is not list or len(subjects) != 1:
        raise Malformed("statement: not an in-toto statement with one subject")
    if fields.get("_type") != STATEMENT_TYPE or len(fields) != 4:
        raise Malformed("statement: not an in-toto Statement v1, or a field that it does not have")
    event_type = _EVENT_OF.get(kind)
    if event_type is None:
        raise Malformed(f"statement: {kind[:100]!r} is not a predicate of this vocabulary")
    if predicate.keys() != _LINK_FIELDS:
        raise Malformed("statement: the predicate is not source, seq, prev, time, clock and event")
    event: Event = shape.decode(event_type, predicate["event"], "event")
    link, subject = _read_link(predicate), _read_subject(subjects[0])
    if (
        event_type not in OF_A_CLIP
        and link.prev is not None
        and subject != Subject(f"{link.source}#{link.seq - 1}", link.prev)
    ):
        raise Malformed("statement: the subject is not the place in the chain that it extends")
    return Statement(link, event, subject)


def _read_link(predicate: dict[str, object]) -> Link:
    source, seq, prev, time = predicate["source"], predicate["seq"], predicate["prev"], predicate["time"]
    if type(source) is not str or type(time) is not str:
        raise Malformed("statement: source or time is not a text")
    if type(seq) is not int or not 0 <= seq <= shape.MAX_NUMBER:
        raise Malformed("statement: seq is not a number from 0 on")
    if (prev is None) != (seq == 0) or not (prev is None or is_digest(prev)):
        raise Malformed("statement: prev is null at seq 0 and the hash of the envelope before it otherwise")
    parse_time(time)
    clock = shape.decode(Clock, predicate["clock"], "clock")
    if clock.uncertainty_ms < 0:
        raise Malformed("statement: the clock's uncertainty is negative")
    return Link(check_source(source), seq, None if prev is None else str(prev), time, clock)


def _read_subject(subject: object) -> Subject:
    if type(subject) is not dict or subject.keys() != _SUBJECT_FIELDS or type(subject["digest"]) is not dict:
        raise Malformed("statement: the subject is not a name and a digest")
    digest = subject["digest"]
    sha256, sm3 = digest.get("sha256"), digest.get("sm3")
    if not is_digest(sha256) or len(digest) != 1 + (sm3 is not None) or not (sm3 is None or is_digest(sm3)):
        raise Malformed("statement: the subject's digest is not sha256, or sha256 and sm3")
    return Subject(shape.text(subject["name"], "subject.name"), str(sha256), None if sm3 is None else str(sm3))
