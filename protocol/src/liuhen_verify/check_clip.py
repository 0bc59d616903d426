"""Verifies one clip: the file, its proofs, the segment of its dock's chain."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from liuhen_protocol.errors import Malformed
from liuhen_protocol.policy import Policy
from liuhen_protocol.report import Finding, Report, StepName, Verdict, make_report
from liuhen_protocol.verify_clip import ClipEvidence, Logged, read_evidence, verify_clip
from liuhen_verify.reading import digest_file, read_proofs


@dataclass(frozen=True, slots=True)
class ClipReport:
    """`name` is the file's; `sha256` what its bytes have, None when they are not at hand."""

    name: str
    sha256: str | None
    report: Report


def open_evidence(files: Iterable[Path]) -> tuple[Logged, ...]:
    """The statements in proof files, together. Raises Malformed with the file's name, WrongUse."""
    proofs: list[bytes] = []
    envelopes: list[bytes] = []
    for path in files:
        some_proofs, some_envelopes = read_proofs(path)
        proofs += some_proofs
        envelopes += some_envelopes
    return read_evidence(None, proofs, envelopes).logged


def check_clip(name: str, file: Path | None, logged: Sequence[Logged], policy: Policy) -> ClipReport:
    """The nine steps for the bytes in `file` (None: not at hand). Raises WrongUse when it cannot be read."""
    sm3 = any(one.statement.subject.sm3 is not None for one in logged)
    observed = None if file is None else digest_file(file, sm3=sm3)
    report = verify_clip(ClipEvidence(observed, tuple(logged)), policy)
    return ClipReport(name, None if observed is None else observed.sha256, report)


def unreadable(name: str, error: Malformed) -> ClipReport:
    """The answer when the evidence itself is not of its format: nothing in it can be relied on."""
    finding = Finding(StepName.STATEMENT, Verdict.BROKEN, "malformed", str(error))
    return ClipReport(name, None, make_report({StepName.STATEMENT: ""}, [finding]))
