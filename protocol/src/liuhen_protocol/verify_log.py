"""The verifier of a whole log, entry by entry in constant memory but for one line per source, disposal list and hold.

`read_entry` does all that needs no state (parse, hash, signature) and may run in many processes; `LogVerifier.add` keeps the order:
authority of keys, chain links, uniqueness, promises, the tree. `finish` compares with the checkpoint. Steps as in `verify_clip`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from liuhen_protocol import chain, merkle
from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.disposals import RETENTION, Disposals
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import (
    OF_THE_ARCHIVE,
    ArchiveStarted,
    ClipStored,
    DockEnrolled,
    DockRevoked,
    Event,
    KeyRotated,
)
from liuhen_protocol.report import Finding, Report, StepName, Verdict, make_report
from liuhen_protocol.statement import ARCHIVE_SOURCE, Link, read_statement

MAX_FINDINGS = 1000
_KEPT = (ArchiveStarted, DockEnrolled, DockRevoked, KeyRotated, ClipStored, *RETENTION)


class ReadEntry(NamedTuple):
    """What is left of an entry once it was read: small, to travel between processes.

    `event` only where order matters (keys, clip.stored, holds and disposals); `problem` is (step number, code, why) of what is wrong
    in itself; `subject` is the SHA-256 that a hold or a tombstone is about.
    """

    leaf: bytes
    hash: str
    public: bytes
    link: Link | None
    kind: str
    event: Event | None
    problem: tuple[int, str, str] | None
    subject: str = ""


def read_entry(entry: bytes) -> ReadEntry:
    """Never raises: what is wrong with the entry itself stands in `problem`."""
    leaf, this_hash = merkle.leaf_hash(entry), chain.envelope_hash(entry)
    try:
        envelope = Envelope.parse(entry)
        statement = read_statement(envelope.payload)
    except Malformed as error:
        return ReadEntry(leaf, this_hash, b"", None, "", None, (StepName.STATEMENT.value, "malformed", str(error)))
    problem = None
    try:
        envelope.check_signature()
    except Refused as error:
        problem = (StepName.SIGNATURE.value, error.code, error.why)
    event = statement.event
    if type(event) in OF_THE_ARCHIVE and statement.link.source != ARCHIVE_SOURCE:
        problem = (StepName.SIGNATURE.value, "other-source", f"{statement.link.source} may not state {statement.kind}")
    kept = event if isinstance(event, _KEPT) else None
    subject = statement.subject.sha256 if isinstance(event, RETENTION) else ""
    return ReadEntry(leaf, this_hash, envelope.public, statement.link, statement.kind, kept, problem, subject)


class LogVerifier:
    """Feed every entry in order with `add`, then `finish`.

    `leaf_at(index)` gives the leaf hash of an earlier entry (from the hash tiles), for checking what clip.stored rests on.
    `known_heads` are places in chains that others vouch for (a dock's own journal, receipts): a cut tail shows against them.
    """

    def __init__(
        self, *, leaf_at: Callable[[int], bytes] | None = None, known_heads: Iterable[chain.ChainHead] = ()
    ) -> None:
        self.heads: dict[str, chain.ChainHead] = {}
        self.findings: list[Finding] = []
        self.frontier = merkle.Frontier()
        self._keys: dict[str, bytes] = {}
        self._revoked: dict[str, int] = {}
        self._leaf_at = leaf_at
        self._known = {(head.source, head.seq): head for head in known_heads}
        self._disposals = Disposals()
        self.broken = 0

    def _found(self, step: StepName, code: str, why: str, index: int | None) -> None:
        self.broken += 1
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(step, Verdict.BROKEN, code, why, index))

    def add(self, entry: ReadEntry) -> None:
        """The next entry; its index is the number of entries added before."""
        index = self.frontier.size
        self.frontier = self.frontier.append(entry.leaf)
        if entry.problem is not None:
            number, code, why = entry.problem
            self._found(StepName(number), code, why, index)
        if entry.link is None:
            return
        self._authority(index, entry, entry.link)
        self._link(index, entry, entry.link)
        if isinstance(entry.event, ClipStored):
            self._promise(index, entry.event)
        elif isinstance(entry.event, RETENTION):
            for wrong in self._disposals.add(entry.event, entry.subject, entry.link.time):
                self._found(wrong.step, wrong.code, wrong.why, index)

    def _authority(self, index: int, entry: ReadEntry, link: Link) -> None:
        event = entry.event
        if index == 0:
            if not isinstance(event, ArchiveStarted):
                self._found(StepName.SIGNATURE, "not-the-first", "the first entry is not archive.started", index)
            else:
                self._keys[ARCHIVE_SOURCE] = bytes.fromhex(event.statement_key)
        elif isinstance(event, ArchiveStarted):
            self._found(StepName.SIGNATURE, "not-the-first", "archive.started stands a second time", index)
        expected = self._keys.get(link.source)
        if link.source in self._revoked:
            why = f"{link.source} was revoked by entry {self._revoked[link.source]}"
            self._found(StepName.SIGNATURE, "revoked", why, index)
        elif expected is None:
            self._found(StepName.SIGNATURE, "no-enrolment", f"no entry before names a key of {link.source}", index)
        elif expected != entry.public:
            self._found(StepName.SIGNATURE, "other-key", f"not signed by the key of {link.source}", index)
        elif entry.problem is None:
            self._new_authority(index, event)

    def _new_authority(self, index: int, event: Event | None) -> None:
        if isinstance(event, DockEnrolled):
            self._keys[event.dock] = bytes.fromhex(event.public_key)
            self._revoked.pop(event.dock, None)
            head = self.heads.get(event.dock)
            stated = event.continues
            if (None if head is None else (head.seq, head.hash)) != (
                None if stated is None else (stated.seq, stated.hash)
            ):
                self._found(StepName.CHAIN, "wrong-prev", f"{event.dock} is enrolled to continue another chain", index)
        elif isinstance(event, KeyRotated):
            self._keys[event.dock] = bytes.fromhex(event.new_key)
        elif isinstance(event, DockRevoked):
            self._revoked[event.dock] = index

    def _link(self, index: int, entry: ReadEntry, link: Link) -> None:
        head = self.heads.get(link.source)
        try:
            chain.check_link(head, link)
        except Refused as error:
            self._found(StepName.TIME if error.code == "back-dated" else StepName.CHAIN, error.code, error.why, index)
        known = self._known.pop((link.source, link.seq), None)
        if known is not None and known.hash != entry.hash:
            why = f"{link.source} #{link.seq} is not the statement that its dock holds"
            self._found(StepName.CHAIN, "other-history", why, index)
        if head is None or link.seq > head.seq:
            self.heads[link.source] = chain.after(link, entry.hash)

    def _promise(self, index: int, stored: ClipStored) -> None:
        if not 0 <= stored.promised_index < index:
            self._found(
                StepName.STATEMENT, "other-promise", "clip.stored rests on an entry that is not before it", index
            )
        elif self._leaf_at is not None and self._leaf_at(stored.promised_index).hex() != stored.promised_leaf:
            why = f"clip.stored rests on entry {stored.promised_index}, which is another one now"
            self._found(StepName.STATEMENT, "other-promise", why, index)

    def finish(self, checkpoint: Checkpoint) -> Report:
        """Compares with the checkpoint (which the caller had the policy accept: steps 7 and 8 are its findings)."""
        size = self.frontier.size
        if size != checkpoint.size:
            why = f"the checkpoint speaks of {checkpoint.size} entries; there are {size}"
            self._found(StepName.INCLUSION, "other-size", why, None)
        elif self.frontier.root() != checkpoint.root:
            self._found(StepName.INCLUSION, "other-root", "the entries do not give the checkpoint's root", None)
        for (source, seq), _ in sorted(self._known.items()):
            self._found(
                StepName.CHAIN, "tail-cut", f"{source} #{seq} is missing: its dock holds it, the log does not", None
            )
        return make_report(
            {
                StepName.STATEMENT: f"{size} entries are statements, each clip.stored rests on its promise and each clip.disposed on two people",
                StepName.SIGNATURE: "every signature is good, by the key that the log names for its source at that point",
                StepName.CHAIN: f"{len(self.heads)} chains without a gap, a repetition or a fork",
                StepName.INCLUSION: "the entries give the checkpoint's root",
                StepName.TIME: "no statement is dated before its predecessor",
            },
            self.findings,
        )
