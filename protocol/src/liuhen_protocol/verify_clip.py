"""The verifier of one clip. No I/O: whoever calls hands in the digest of the bytes at hand and the evidence as bytes.

 1 bytes         the SHA-256 of the file at hand is the one that the statements name
 2 digest        size, chunk tree (and SM3) are the same in every statement and at hand
 3 statement     a dock states that it collected these bytes as an original; the archive states that it stored them on that promise
 4 signature     every statement's signature is good, by a key that the log names for its source
 5 chain         the statement's place in its dock's chain: every link given follows the one before
 6 inclusion     each statement is in the log
 7 checkpoint    under a checkpoint that the log signed
 8 cosignatures  that the policy's quorum of witnesses cosigned
 9 time          nothing is dated before what it rests on or after it was witnessed

What is missing makes a step undecided; only what contradicts makes it broken. Not claimed: what the recorder did before the dock read it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from liuhen_protocol import chain, merkle
from liuhen_protocol.digest import Digest
from liuhen_protocol.disposals import tombstone_against
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import (
    OF_THE_ARCHIVE,
    ArchiveStarted,
    ClipCollected,
    ClipDerived,
    ClipStored,
    DockEnrolled,
    DockRevoked,
    KeyRotated,
    RecorderDocked,
)
from liuhen_protocol.moment import seconds_of
from liuhen_protocol.policy import Accepted, Policy
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.receipt import ORIGINAL
from liuhen_protocol.report import Finding, Report, StepName, Verdict, make_report
from liuhen_protocol.retention_events import ClipDisposed, DisposalApproved, DisposalDrawn
from liuhen_protocol.statement import ARCHIVE_SOURCE, Statement, read_statement

WITNESS_TOLERANCE = 60  # seconds by which a witness's clock may be behind the writer's


@dataclass(frozen=True, slots=True)
class Logged:
    """One statement of the evidence: its envelope as it lies in the log, and its proof if there is one."""

    entry: bytes
    envelope: Envelope
    statement: Statement
    proof: TlogProof | None


@dataclass(frozen=True, slots=True)
class ClipEvidence:
    """`observed` is the digest of the bytes at hand. `logged` in any order; which statement is which shows from their kinds."""

    observed: Digest | None
    logged: tuple[Logged, ...]


def read_evidence(
    observed: Digest | None, proofs: Iterable[bytes], chain_entries: Iterable[bytes] = ()
) -> ClipEvidence:
    """Evidence from tlog-proofs that carry their entry in the extra line, and from bare envelopes of the dock's chain. Raises Malformed."""
    logged: dict[bytes, Logged] = {}
    for data in proofs:
        proof = TlogProof.parse(data)
        if proof.extra is None:
            raise Malformed("evidence: a tlog-proof without the entry in its extra line")
        logged[proof.extra] = _logged(proof.extra, proof)
    for entry in chain_entries:
        if entry not in logged:
            logged[entry] = _logged(entry, None)
    return ClipEvidence(observed, tuple(logged.values()))


def _logged(entry: bytes, proof: TlogProof | None) -> Logged:
    envelope = Envelope.parse(entry)
    return Logged(entry, envelope, read_statement(envelope.payload), proof)


def verify_clip(evidence: ClipEvidence, policy: Policy) -> Report:
    """The nine steps over the evidence for one original."""
    return _ClipVerifier(evidence, policy).report()


@dataclass
class _ClipVerifier:
    evidence: ClipEvidence
    policy: Policy
    findings: list[Finding] = field(default_factory=list)

    def report(self) -> Report:
        self.stored = self._about_this_clip(ClipStored)
        self.collected = self._promise_of(self.stored) or self._about_this_clip(ClipCollected)
        self.accepted: list[tuple[Logged, Accepted]] = []
        for step in (
            self._bytes,
            self._digest,
            self._statement,
            self._disposal,
            self._signature,
            self._chain,
            self._log,
        ):
            step()
        self._time()
        return make_report(
            {
                StepName.BYTES: "the file's SHA-256 is the one that is stated",
                StepName.DIGEST: "size and chunk tree are the same at hand and in every statement",
                StepName.STATEMENT: "a dock collected these bytes as an original and the archive stored them on that promise",
                StepName.SIGNATURE: "every signature is good, by the key that the log names for its source",
                StepName.CHAIN: "every link of the dock's chain that is given follows the one before",
                StepName.INCLUSION: "each statement is in the log",
                StepName.CHECKPOINT: "the log signed the checkpoint",
                StepName.COSIGNATURES: f"the quorum {self.policy.quorum} cosigned the checkpoint",
                StepName.TIME: "nothing is dated before what it rests on or after it was witnessed",
            },
            self.findings,
        )

    def _broken(self, step: StepName, code: str, why: str, index: int | None = None) -> None:
        self.findings.append(Finding(step, Verdict.BROKEN, code, why, index))

    def _missing(self, step: StepName, code: str, why: str) -> None:
        self.findings.append(Finding(step, Verdict.UNDECIDED, code, why))

    def _of(self, kind: type) -> Iterator[Logged]:
        return (one for one in self.evidence.logged if isinstance(one.statement.event, kind))

    def _about_this_clip(self, kind: type) -> Logged | None:
        """The statement of this kind about the bytes at hand; when there is none, the first of the kind, so that step 1 can say so."""
        observed, found = self.evidence.observed, list(self._of(kind))
        same = [one for one in found if observed is not None and one.statement.subject.sha256 == observed.sha256]
        proven = [one for one in same or found if one.proof is not None]
        return next(iter(proven or same or found), None)

    def _promise_of(self, stored: Logged | None) -> Logged | None:
        """The clip.collected on which clip.stored rests, unless it speaks of other bytes and another one of the bytes at hand.

        So the same bytes collected twice are no contradiction, and a clip's neighbours in the chain are not taken for it.
        """
        if stored is None:
            return None
        event, observed = stored.statement.event, self.evidence.observed
        leaf = event.promised_leaf if isinstance(event, ClipStored) else ""
        found = list(self._of(ClipCollected))
        promise = next((one for one in found if merkle.leaf_hash(one.entry).hex() == leaf), None)
        named = {one.statement.subject.sha256 for one in found}
        if promise is None or observed is None or observed.sha256 not in named:
            return promise
        return promise if promise.statement.subject.sha256 == observed.sha256 else None

    def _pair(self) -> list[Logged]:
        return [one for one in (self.collected, self.stored) if one is not None]

    # 1 bytes
    def _bytes(self) -> None:
        observed = self.evidence.observed
        if observed is None and (gone := next(self._of(ClipDisposed), None)) is not None:
            event = gone.statement.event
            assert isinstance(event, ClipDisposed)
            why = f"the bytes were disposed of under {event.list} by {event.first} and {event.second}"
            self._missing(StepName.BYTES, "disposed", why)
        elif observed is None:
            self._missing(StepName.BYTES, "no-bytes", "the bytes of the clip are missing")
        elif not self._pair():
            self._missing(StepName.BYTES, "no-statement", "no statement names a digest")
        else:
            for one in self._pair():
                if one.statement.subject.sha256 != observed.sha256:
                    stated = one.statement.subject.sha256
                    why = f"the file's SHA-256 is {observed.sha256}; {one.statement.kind} speaks of {stated}"
                    self._broken(StepName.BYTES, "other-bytes", why)

    # 2 digest
    def _digest(self) -> None:
        pair = self._pair()
        digests = []
        for one in pair:
            event, subject = one.statement.event, one.statement.subject
            if isinstance(event, ClipCollected | ClipStored):
                digests.append((subject.sha256, event.size, event.chunk_root, subject.sm3))
        observed = self.evidence.observed
        if observed is not None:
            digests.append((observed.sha256, observed.size, observed.chunk_root, observed.sm3))
        if len(digests) < 2:
            self._missing(StepName.DIGEST, "no-digest", "there are not two digests to compare")
        for first, second in itertools.combinations(digests, 2):
            if first[:3] != second[:3]:
                self._broken(StepName.DIGEST, "other-digest", "SHA-256, size or chunk tree are not the same everywhere")
            elif first[3] and second[3] and first[3] != second[3]:
                self._broken(StepName.DIGEST, "other-digest", "the SM3 is not the same everywhere")

    # 3 statement
    def _statement(self) -> None:
        if self.collected is None:
            observed = self.evidence.observed
            for one in self._of(ClipDerived):
                event = one.statement.event
                if isinstance(event, ClipDerived) and (
                    observed is None or one.statement.subject.sha256 == observed.sha256
                ):
                    why = f"this is a {event.role} made from {event.original}, not an original"
                    self._broken(StepName.STATEMENT, "not-an-original", why)
            self._missing(StepName.STATEMENT, "no-collected", "the dock's clip.collected is missing")
        if self.stored is None:
            self._missing(StepName.STATEMENT, "no-stored", "the archive's clip.stored is missing")
            return
        stored = self.stored.statement.event
        assert isinstance(stored, ClipStored)
        if stored.kind != ORIGINAL:
            why = f"the archive stored it as a {stored.kind} of {stored.original}, not as an original"
            self._broken(StepName.STATEMENT, "not-an-original", why)
        if self.stored.proof is not None and self.stored.proof.index <= stored.promised_index:
            why = "clip.stored rests on an entry that is not before it"
            self._broken(StepName.STATEMENT, "other-promise", why, self.stored.proof.index)
        if self.collected is None:
            return
        link, proof = self.collected.statement.link, self.collected.proof
        if stored.dock != link.source:
            self._broken(StepName.STATEMENT, "other-dock", f"stored for {stored.dock}, but collected by {link.source}")
        if stored.promised_leaf != merkle.leaf_hash(self.collected.entry).hex():
            self._broken(StepName.STATEMENT, "other-promise", "the archive stored it on another promise than this one")
        elif proof is not None and proof.index != stored.promised_index:
            self._broken(
                StepName.STATEMENT, "other-promise", "the promise stands elsewhere in the log than the archive says"
            )

    def _disposal(self) -> None:
        """Each tombstone that is given rests on two people, as given too."""
        drawn = [e for one in self._of(DisposalDrawn) if isinstance(e := one.statement.event, DisposalDrawn)]
        approved = [e for one in self._of(DisposalApproved) if isinstance(e := one.statement.event, DisposalApproved)]
        for one in self._of(ClipDisposed):
            event = one.statement.event
            assert isinstance(event, ClipDisposed)
            wrong = tombstone_against(
                event,
                one.statement.link.time,
                next((each for each in drawn if each.list == event.list), None),
                next((each for each in approved if each.list == event.list), None),
            )
            if wrong is not None:
                self._broken(wrong.step, wrong.code, wrong.why, None if one.proof is None else one.proof.index)

    # 4 signature
    def _signature(self) -> None:
        for one in self.evidence.logged:
            try:
                one.envelope.check_signature()
            except Refused as error:
                self._broken(StepName.SIGNATURE, error.code, f"{one.statement.kind}: {error.why}")
            source = one.statement.link.source
            if type(one.statement.event) in OF_THE_ARCHIVE and source != ARCHIVE_SOURCE:
                why = f"{source} may not state {one.statement.kind}: only the archive may"
                self._broken(StepName.SIGNATURE, "other-source", why)
        archive_key = self._archive_key()
        if archive_key is None:
            self._missing(
                StepName.SIGNATURE, "no-archive-key", "archive.started, which names the archive's key, is missing"
            )
            return
        for one in self.evidence.logged:
            if one.statement.link.source == ARCHIVE_SOURCE and one.envelope.public.hex() != archive_key:
                self._broken(
                    StepName.SIGNATURE, "other-key", f"{one.statement.kind} is not signed by the archive's key"
                )
        if self.collected is not None:
            self._dock_authority(self.collected)

    def _archive_key(self) -> str | None:
        for one in self._of(ArchiveStarted):
            event = one.statement.event
            if isinstance(event, ArchiveStarted) and one.proof is not None:
                if one.proof.index != 0:
                    self._broken(StepName.SIGNATURE, "not-the-first", "archive.started is not the log's first entry")
                return event.statement_key
        return None

    def _dock_authority(self, collected: Logged) -> None:
        """The key of the newest enrolment or rotation before the statement, and no revocation before it."""
        source = collected.statement.link.source
        at = None if collected.proof is None else collected.proof.index
        named: list[tuple[int, str | None]] = []
        for one in self.evidence.logged:
            event, proof = one.statement.event, one.proof
            if proof is None or (at is not None and proof.index > at):
                continue
            if isinstance(event, DockEnrolled) and event.dock == source:
                named.append((proof.index, event.public_key))
            elif isinstance(event, KeyRotated) and event.dock == source:
                named.append((proof.index, event.new_key))
            elif isinstance(event, DockRevoked) and event.dock == source and at is not None:
                named.append((proof.index, None))
        index, key = max(named, key=lambda one: one[0], default=(-1, None))
        if index < 0:
            self._missing(
                StepName.SIGNATURE, "no-enrolment", f"dock.enrolled, which names the key of {source}, is missing"
            )
        elif key is None:
            self._broken(
                StepName.SIGNATURE, "revoked", f"{source} was revoked by entry {index}, before this statement", at
            )
        elif key != collected.envelope.public.hex():
            self._broken(StepName.SIGNATURE, "other-key", f"clip.collected is not signed by the key of {source}")

    # 5 chain
    def _chain(self) -> None:
        if self.collected is None:
            self._missing(StepName.CHAIN, "no-collected", "the dock's clip.collected is missing")
            return
        link = self.collected.statement.link
        links: dict[int, Logged] = {}
        for one in self.evidence.logged:
            if one.statement.link.source == link.source:
                other = links.setdefault(one.statement.link.seq, one)
                if other.entry != one.entry:
                    self._broken(
                        StepName.CHAIN, "replayed", f"two statements claim {link.source} #{one.statement.link.seq}"
                    )
        for seq, one in sorted(links.items()):
            before = links.get(seq - 1)
            if before is None:
                continue
            try:
                head = chain.after(before.statement.link, chain.envelope_hash(before.entry))
                chain.check_link(head, one.statement.link)
            except Refused as error:
                self._broken(StepName.CHAIN, error.code, error.why)
        self._chain_reaches_docking(links, link.seq)

    def _chain_reaches_docking(self, links: dict[int, Logged], seq: int) -> None:
        """Unbroken from the docking of the recorder to the clip: what one needs to see in which session it was read."""
        event = links[seq].statement.event
        session = event.session if isinstance(event, ClipCollected) else None
        while seq in links:
            event = links[seq].statement.event
            if isinstance(event, RecorderDocked) and event.session == session:
                return
            seq -= 1
        why = f"the dock's statement #{seq}, between docking and clip, is missing"
        if seq < 0:
            why = f"the dock's chain is there from its beginning, but says nothing of docking a recorder in session {session}"
        self._missing(StepName.CHAIN, "no-chain", why)

    # 6 inclusion, 7 checkpoint, 8 cosignatures
    def _log(self) -> None:
        needed = [one for one in self.evidence.logged if one.proof is not None]
        for role, one in (("clip.collected", self.collected), ("clip.stored", self.stored)):
            if one is None or one.proof is None:
                self._missing(StepName.INCLUSION, "no-proof", f"the proof of {role} is missing")
        if not needed:
            self._missing(StepName.CHECKPOINT, "no-checkpoint", "no checkpoint is given")
            self._missing(StepName.COSIGNATURES, "no-checkpoint", "no checkpoint is given")
        roots: dict[int, bytes] = {}
        for one in needed:
            assert one.proof is not None
            self._one_proof(one, one.proof, roots)

    def _one_proof(self, one: Logged, proof: TlogProof, roots: dict[int, bytes]) -> None:
        try:
            checkpoint, _ = self.policy.open(proof.checkpoint)
        except (Malformed, Refused) as error:
            code = error.code if isinstance(error, Refused) else "malformed"
            self._broken(StepName.CHECKPOINT, code, str(error), proof.index)
            return
        if roots.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            self._broken(
                StepName.CHECKPOINT, "two-views", f"the log signed two different states of {checkpoint.size} entries"
            )
        try:
            merkle.check_inclusion(
                merkle.leaf_hash(one.entry), proof.index, checkpoint.size, proof.hashes, checkpoint.root
            )
        except Refused as error:
            self._broken(StepName.INCLUSION, error.code, f"{one.statement.kind}: {error.why}", proof.index)
        try:
            self.accepted.append((one, self.policy.accept(proof.checkpoint)))
        except Refused as error:
            self._broken(StepName.COSIGNATURES, error.code, error.why, proof.index)

    # 9 time
    def _time(self) -> None:
        if self.collected is None or self.stored is None:
            self._missing(StepName.TIME, "no-times", "the statement of the dock or of the archive is missing")
        collected = None if self.collected is None else self.collected.statement
        if collected is not None and isinstance(event := collected.event, ClipCollected):
            if not event.began <= event.finished <= collected.link.time:
                self._broken(StepName.TIME, "back-dated", "the clip is stated before it was read to its end")
            for one in self._of(DockEnrolled):
                allowed = collected.link.clock.uncertainty_ms // 1000 + 1
                enrolled = one.statement
                if isinstance(enrolled.event, DockEnrolled) and enrolled.event.dock == collected.link.source:
                    early = seconds_of(enrolled.link.time) - seconds_of(collected.link.time)
                    if enrolled.event.continues is None and early > allowed:
                        self._broken(StepName.TIME, "back-dated", "the clip is dated before its dock was enrolled")
        for one, accepted in self.accepted:
            link = one.statement.link
            witnessed = max(accepted.cosigned.values(), default=None)
            latest = seconds_of(link.time) - link.clock.uncertainty_ms // 1000
            if witnessed is not None and latest > witnessed + WITNESS_TOLERANCE:
                why = f"{one.statement.kind} is dated {link.time}, after the witnesses saw it"
                self._broken(StepName.TIME, "post-dated", why)
