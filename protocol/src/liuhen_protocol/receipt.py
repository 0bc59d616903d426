"""The receipt: the tlog-proof of the archive's `clip.stored` (spec: docs/spec/receipt.md). A dock clears nothing without it."""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_protocol.digest import Digest
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import ClipStored
from liuhen_protocol.policy import Accepted, Policy
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.statement import ARCHIVE_SOURCE, Statement, read_statement

ORIGINAL = "original"
DERIVATIVE = "derivative"


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that was opened; nothing about it is checked yet."""

    proof: TlogProof
    entry: bytes
    envelope: Envelope
    statement: Statement
    stored: ClipStored


def open_receipt(data: bytes) -> Receipt:
    """Raises Malformed when it is not a tlog-proof that carries a clip.stored."""
    proof = TlogProof.parse(data)
    if proof.extra is None:
        raise Malformed("receipt: the extra line with the statement is missing")
    envelope = Envelope.parse(proof.extra)
    statement = read_statement(envelope.payload)
    if not isinstance(statement.event, ClipStored):
        raise Malformed(f"receipt: it carries {statement.kind}, not clip.stored")
    return Receipt(proof, proof.extra, envelope, statement, statement.event)


def check_receipt(
    data: bytes, *, digest: Digest, source: str, policy: Policy, archive_key: bytes, kind: str = ORIGINAL
) -> tuple[Receipt, Accepted]:
    """That the archive stores and read back just these bytes, for this dock, and that the log and its witnesses hold it to that.

    `digest` is the one the dock computed itself, `archive_key` the archive's statement key (32 bytes).
    Raises Malformed; Refused: other-key, bad-signature, other-source, other-clip, other-digest, other-dock, other-kind, and those of
    `TlogProof.check`.
    """
    receipt = open_receipt(data)
    if receipt.envelope.public != archive_key:
        raise Refused("other-key", "the receipt is signed by another key than the archive's")
    receipt.envelope.check_signature()
    stored, subject = receipt.stored, receipt.statement.subject
    if receipt.statement.link.source != ARCHIVE_SOURCE:
        raise Refused("other-source", f"the receipt is stated by {receipt.statement.link.source}, not by the archive")
    if subject.sha256 != digest.sha256:
        raise Refused("other-clip", f"the receipt is for {subject.sha256}, not for {digest.sha256}")
    if (stored.size, stored.chunk_root) != (digest.size, digest.chunk_root):
        raise Refused("other-digest", "the receipt names another size or another chunk tree than the dock computed")
    if subject.sm3 is not None and digest.sm3 is not None and subject.sm3 != digest.sm3:
        raise Refused("other-digest", "the receipt names another SM3 than the dock computed")
    if stored.dock != source:
        raise Refused("other-dock", f"the receipt is for the dock {stored.dock}, not for {source}")
    if stored.kind != kind:
        raise Refused("other-kind", f"the receipt is for one of kind {stored.kind}; {kind} was promised")
    return receipt, receipt.proof.check(receipt.entry, policy)
