"""Verifies an evidence package (证据包) as a plain folder (layout: docs/spec/package.md).

The proofs of `clips/<name>` are in `proofs/<name>.tlog-proof`; what other proof files hold (the keys) is for every clip. A proof file
that speaks of a clip which is not there makes the package undecided: a clip taken out must show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from liuhen_protocol.errors import Malformed
from liuhen_protocol.events import ArchiveStarted, ClipCollected, ClipStored, DockEnrolled, DockRevoked, KeyRotated
from liuhen_protocol.policy import Policy
from liuhen_protocol.report import Verdict
from liuhen_protocol.verify_clip import Logged
from liuhen_verify.check_clip import ClipReport, check_clip, open_evidence, unreadable
from liuhen_verify.reading import WrongUse, read_policy

POLICY, CLIPS, PROOFS, CHAIN = "policy", "clips", "proofs", "chain"
PROOF_SUFFIX, CHAIN_SUFFIX = ".tlog-proof", ".jsonl"


@dataclass(frozen=True, slots=True)
class PackageReport:
    """One report per clip, by name. `own_policy`: it was judged by the policy that came with it."""

    clips: tuple[ClipReport, ...]
    own_policy: bool

    @property
    def verdict(self) -> Verdict:
        verdicts = {clip.report.verdict for clip in self.clips}
        return next((v for v in (Verdict.BROKEN, Verdict.UNDECIDED) if v in verdicts), Verdict.HOLDS)


def check_package(folder: Path, policy: Policy | None) -> PackageReport:
    """Raises WrongUse when the folder is no package."""
    if not folder.is_dir():
        raise WrongUse(f"{folder}: not a folder")
    clips = {path.name: path for path in _files(folder / CLIPS, "")}
    proofs = {path.name.removesuffix(PROOF_SUFFIX): path for path in _files(folder / PROOFS, PROOF_SUFFIX)}
    if not clips:
        raise WrongUse(f"{folder / CLIPS}: no clip in it: not an evidence package")
    judge = read_policy(folder / POLICY) if policy is None else policy
    try:
        chains = open_evidence(_files(folder / CHAIN, CHAIN_SUFFIX))
        others = {name: open_evidence([path]) for name, path in proofs.items() if name not in clips}
    except Malformed as error:
        return PackageReport(tuple(unreadable(name, error) for name in clips), policy is None)
    shared = (*chains, *(one for logged in others.values() for one in logged))
    reports = [_check(name, path, proofs.get(name), shared, judge) for name, path in clips.items()]
    for name, logged in others.items():
        if any(isinstance(one.statement.event, ClipCollected | ClipStored) for one in logged):
            reports.append(_judge(name, None, logged, shared, judge))
    return PackageReport(tuple(sorted(reports, key=lambda clip: clip.name)), policy is None)


def _check(name: str, clip: Path, proof: Path | None, shared: Sequence[Logged], policy: Policy) -> ClipReport:
    try:
        own = () if proof is None else open_evidence([proof])
    except Malformed as error:
        return unreadable(name, error)
    return _judge(name, clip, own, shared, policy)


def _judge(name: str, clip: Path | None, own: Sequence[Logged], shared: Sequence[Logged], policy: Policy) -> ClipReport:
    logged = {one.entry: one for one in (*shared, *own)}  # with its proof, where the same entry comes twice
    return check_clip(name, clip, _about(own, tuple(logged.values())), policy)


def _about(own: Sequence[Logged], logged: Sequence[Logged]) -> list[Logged]:
    """The clip's own proofs, the archive's statements about keys, and its docks' chains up to what they state of it."""
    last: dict[str, int] = {}
    for one in own:
        link = one.statement.link
        last[link.source] = max(last.get(link.source, 0), link.seq)
    entries = {one.entry for one in own}
    kept = []
    for one in logged:
        link = one.statement.link
        of_keys = isinstance(one.statement.event, ArchiveStarted | DockEnrolled | DockRevoked | KeyRotated)
        of_chain = one.proof is None and link.seq <= last.get(link.source, -1)
        if one.entry in entries or of_keys or of_chain:
            kept.append(one)
    return kept


def _files(folder: Path, suffix: str) -> list[Path]:
    """The files of a folder by name. Raises WrongUse for anything else in it: a package has neither links nor folders there."""
    if not folder.is_dir():
        return []
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_symlink() or not path.is_file() or not path.name.endswith(suffix):
            raise WrongUse(f"{path}: does not belong into an evidence package")
        found.append(path)
    return found
