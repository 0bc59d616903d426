"""Whether footage was disposed of by the rules: two people, a list that one drew and the other approved, no hold, no day too early.

Pure, over the archive's own statements in the order of the log (spec: docs/spec/verifier.md). Steps as in `verify_clip`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import Event
from liuhen_protocol.policy import Policy
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.report import StepName
from liuhen_protocol.retention_events import (
    ClipDisposed,
    ClipHeld,
    ClipReleased,
    DisposalApproved,
    DisposalDrawn,
    DisposalWithdrawn,
)
from liuhen_protocol.statement import ARCHIVE_SOURCE, Statement, read_statement

RETENTION = (ClipHeld, ClipReleased, DisposalDrawn, DisposalWithdrawn, DisposalApproved, ClipDisposed)
DAY = len("2026-12-01")


class Wrong(NamedTuple):
    """What is wrong with a statement: the step it breaks, a code and a sentence."""

    step: StepName
    code: str
    why: str


@dataclass
class _List:
    drawn: DisposalDrawn
    approved: DisposalApproved | None = None
    withdrawn: bool = False
    disposed: int = 0


def tombstone_against(
    tombstone: ClipDisposed, time: str, drawn: DisposalDrawn | None, approved: DisposalApproved | None
) -> Wrong | None:
    """A tombstone stated at `time`, held against the two statements it rests on; None: nothing is wrong with it."""
    name = tombstone.list
    if drawn is None:
        return Wrong(StepName.STATEMENT, "unknown-list", f"clip.disposed names {name}, which nobody drew")
    if approved is None:
        return Wrong(StepName.STATEMENT, "not-approved", f"clip.disposed rests on {name}, which nobody approved")
    if tombstone.first == tombstone.second or drawn.by == approved.by:
        return Wrong(StepName.STATEMENT, "one-person", f"{tombstone.first} disposed of it alone: two people must")
    if (tombstone.first, tombstone.second) != (drawn.by, approved.by):
        why = f"{name} was drawn by {drawn.by} and approved by {approved.by}; clip.disposed names others"
        return Wrong(StepName.STATEMENT, "other-people", why)
    if tombstone.term > time[:DAY]:
        return Wrong(
            StepName.TIME, "disposed-early", f"its term ends on {tombstone.term}; it was disposed of at {time}"
        )
    return None


def check_disposal(
    proofs: Iterable[bytes], *, sha256: str, dock: str, policy: Policy, archive_key: bytes
) -> ClipDisposed:
    """The proof of a disposal: that the tombstone of this dock's clip and the two statements it rests on are in the log, in their
    order, and that log and witnesses are held to them. Without it not a byte goes.

    `proofs`: tlog-proofs that carry their entry; those of other kinds are passed over. `archive_key`: its statement key (32 bytes).
    Raises Malformed; Refused: other-key, bad-signature, other-source, no-tombstone, wrong-order, what `tombstone_against` finds, and
    those of `TlogProof.check`.
    """
    found: list[tuple[int, Statement]] = []
    for data in proofs:
        proof = TlogProof.parse(data)
        if proof.extra is None:
            raise Malformed("disposal: a tlog-proof without the entry in its extra line")
        envelope = Envelope.parse(proof.extra)
        statement = read_statement(envelope.payload)
        if not isinstance(statement.event, ClipDisposed | DisposalDrawn | DisposalApproved):
            continue
        if envelope.public != archive_key:
            raise Refused("other-key", f"{statement.kind} is signed by another key than the archive's")
        envelope.check_signature()
        if statement.link.source != ARCHIVE_SOURCE:
            raise Refused("other-source", f"{statement.link.source} may not state {statement.kind}")
        proof.check(proof.extra, policy)
        found.append((proof.index, statement))
    return _proven(found, sha256, dock)


def _proven(found: list[tuple[int, Statement]], sha256: str, dock: str) -> ClipDisposed:
    for index, statement in found:
        event = statement.event
        if not isinstance(event, ClipDisposed) or (statement.subject.sha256, event.dock) != (sha256, dock):
            continue
        rests: dict[type[Event], tuple[int, Event]] = {}
        for at, other in found:
            if isinstance(other.event, DisposalDrawn | DisposalApproved) and other.event.list == event.list:
                rests[type(other.event)] = (at, other.event)
        drawn, approved = rests.get(DisposalDrawn), rests.get(DisposalApproved)
        wrong = tombstone_against(
            event,
            statement.link.time,
            drawn[1] if drawn is not None and isinstance(drawn[1], DisposalDrawn) else None,
            approved[1] if approved is not None and isinstance(approved[1], DisposalApproved) else None,
        )
        if wrong is not None:
            raise Refused(wrong.code, wrong.why)
        if drawn is None or approved is None or not drawn[0] < approved[0] < index:
            raise Refused("wrong-order", "drawing, approval and tombstone are not in this order in the log")
        return event
    raise Refused("no-tombstone", f"no clip.disposed of {sha256} of the dock {dock} is given")


class Disposals:
    """Feed the statements of `RETENTION` with `add`. One line is kept for each list and each hold that lasts."""

    def __init__(self) -> None:
        self._lists: dict[str, _List] = {}
        self._held: dict[str, dict[str, str | None]] = {}  # SHA-256 → hold → its last day

    def add(self, event: Event, subject: str, time: str) -> Iterator[Wrong]:
        """What is wrong with this statement. `subject`: the SHA-256 it is about; `time` as it states it."""
        match event:
            case ClipHeld():
                self._held.setdefault(subject, {})[event.hold] = event.until
            case ClipReleased():
                self._released(subject, event)
            case DisposalDrawn():
                if event.list in self._lists:
                    yield Wrong(StepName.STATEMENT, "list-again", f"{event.list} is drawn a second time")
                else:
                    self._lists[event.list] = _List(event)
            case DisposalWithdrawn() | DisposalApproved():
                yield from self._ended(event)
            case ClipDisposed():
                yield from self._disposed(event, subject, time)

    def _released(self, subject: str, event: ClipReleased) -> None:
        holds = self._held.get(subject, {})
        holds.pop(event.hold, None)
        if not holds:
            self._held.pop(subject, None)

    def _ended(self, event: DisposalWithdrawn | DisposalApproved) -> Iterator[Wrong]:
        known = self._lists.get(event.list)
        if known is None:
            yield Wrong(StepName.STATEMENT, "unknown-list", f"{event.list} was never drawn")
        elif known.approved is not None or known.withdrawn:
            yield Wrong(StepName.STATEMENT, "list-again", f"{event.list} was approved or withdrawn before")
        elif isinstance(event, DisposalWithdrawn):
            known.withdrawn = True
        else:
            known.approved = event
            if event.by == known.drawn.by:
                yield Wrong(StepName.STATEMENT, "one-person", f"{event.by} drew {event.list} and approved it alone")
            if event.clips > known.drawn.clips:
                why = (
                    f"{event.list} had {known.drawn.clips} clips when it was drawn, {event.clips} when it was approved"
                )
                yield Wrong(StepName.STATEMENT, "more-than-listed", why)

    def _disposed(self, event: ClipDisposed, subject: str, time: str) -> Iterator[Wrong]:
        known = self._lists.get(event.list)
        wrong = tombstone_against(
            event, time, None if known is None else known.drawn, None if known is None else known.approved
        )
        if wrong is not None:
            yield wrong
        if known is not None and known.approved is not None and event.original is None:
            known.disposed += 1
            if known.disposed > known.approved.clips:
                why = f"{event.list} was approved with {known.approved.clips} clips; this is one more"
                yield Wrong(StepName.STATEMENT, "more-than-listed", why)
        for hold, until in self._held.get(event.original or subject, {}).items():
            if until is None or until >= time[:DAY]:
                yield Wrong(StepName.STATEMENT, "disposed-while-held", f"{hold} holds it")
