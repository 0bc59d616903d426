"""Verifies that a clip was disposed of by the rules: from its proofs alone, since its bytes are gone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from liuhen_protocol.disposals import check_disposal
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import ArchiveStarted
from liuhen_protocol.policy import Policy
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.report import Verdict
from liuhen_protocol.retention_events import ClipDisposed
from liuhen_protocol.statement import read_statement
from liuhen_verify.reading import read_proofs

_UNDECIDED = frozenset({"no-archive-key", "no-tombstone", "unknown-list", "not-approved"})
"""Codes of what is not given, rather than of what contradicts."""


@dataclass(frozen=True, slots=True)
class DisposalReport:
    """`tombstone` and its `time` where the disposal holds; else `code` and `why`."""

    sha256: str
    verdict: Verdict
    tombstone: ClipDisposed | None = None
    time: str = ""
    code: str = ""
    why: str = ""


def check_disposal_of(sha256: str, files: Iterable[Path], policy: Policy) -> DisposalReport:
    """For every dock whose tombstone is given, in the order of the files; one that holds is enough. Raises WrongUse."""
    report = DisposalReport(
        sha256, Verdict.UNDECIDED, code="no-tombstone", why=f"no clip.disposed of {sha256} is given"
    )
    try:
        proofs = [proof for path in files for proof in read_proofs(path)[0]]
        key = _archive_key(proofs, policy)
        for dock, time in _tombstones(proofs, sha256):
            try:
                found = check_disposal(proofs, sha256=sha256, dock=dock, policy=policy, archive_key=key)
            except Refused as error:
                report = _refused(sha256, error)
            else:
                return DisposalReport(sha256, Verdict.HOLDS, found, time)
    except Refused as error:
        return _refused(sha256, error)
    except Malformed as error:
        return DisposalReport(sha256, Verdict.BROKEN, code="malformed", why=str(error))
    return report


def _refused(sha256: str, error: Refused) -> DisposalReport:
    verdict = Verdict.UNDECIDED if error.code in _UNDECIDED else Verdict.BROKEN
    return DisposalReport(sha256, verdict, code=error.code, why=error.why)


def _archive_key(proofs: Iterable[bytes], policy: Policy) -> bytes:
    """The statement key that leaf 0 of the log names. Raises Refused, Malformed."""
    for data in proofs:
        proof = TlogProof.parse(data)
        event = None if proof.extra is None else read_statement(Envelope.parse(proof.extra).payload).event
        if isinstance(event, ArchiveStarted) and proof.extra is not None:
            if proof.index != 0:
                raise Refused("not-the-first", "archive.started is not the log's first entry")
            proof.check(proof.extra, policy)
            return bytes.fromhex(event.statement_key)
    raise Refused("no-archive-key", "archive.started, which names the archive's key, is missing")


def _tombstones(proofs: Iterable[bytes], sha256: str) -> list[tuple[str, str]]:
    found = []
    for data in proofs:
        proof = TlogProof.parse(data)
        if proof.extra is None:
            continue
        statement = read_statement(Envelope.parse(proof.extra).payload)
        if isinstance(event := statement.event, ClipDisposed) and statement.subject.sha256 == sha256:
            found.append((event.dock, statement.link.time))
    return found
