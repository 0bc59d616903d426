"""Whether a folder is the public site that was released: its manifest ↔ `publicity.released` ↔ the log (spec: docs/spec/site.md).

Pure: the folder's files are handed in as paths with their digests, the proofs as texts. Who changes a file, leaves one out, adds one, or
shows an older release as the newest is named.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from liuhen_protocol.digest import is_digest
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import ArchiveStarted
from liuhen_protocol.policy import Policy
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.publicity_events import PublicityReleased
from liuhen_protocol.report import Verdict
from liuhen_protocol.statement import ARCHIVE_SOURCE, read_statement

MANIFEST = "manifest.txt"
PROOF = "release.tlog-proof"
OUTSIDE = frozenset({MANIFEST, PROOF})
"""Files that the manifest does not name: itself, and what proves that it was released."""
LONGEST_PATH = 200
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*\Z")


@dataclass(frozen=True, slots=True)
class Released:
    """A release that the log proves: entry `index`, stated at `time`; `cosigned`: witness → Unix seconds."""

    event: PublicityReleased
    index: int
    time: str
    cosigned: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SiteFinding:
    """`code`: missing, added, altered (each with its path), other-manifest, old-release, or what a proof was refused for."""

    verdict: Verdict
    code: str
    why: str
    path: str = ""


@dataclass(frozen=True, slots=True)
class SiteReport:
    """`release` where the log proves one. It holds when nothing was found."""

    release: Released | None
    files: int
    findings: tuple[SiteFinding, ...]

    @property
    def verdict(self) -> Verdict:
        verdicts = {each.verdict for each in self.findings}
        for grave in (Verdict.BROKEN, Verdict.UNDECIDED):
            if grave in verdicts:
                return grave
        return Verdict.HOLDS


def check_path(path: str) -> str:
    """A path of a site: plain names parted by slashes. Raises Malformed for one that could leave the folder."""
    if len(path) > LONGEST_PATH or not all(_NAME.match(name) for name in path.split("/")):
        raise Malformed(f"not a path of a site: {path[:80]!r}")
    return path


def read_manifest(data: bytes) -> dict[str, str]:
    """Path → SHA-256, of lines as `sha256sum` writes and reads them. Raises Malformed."""
    found: dict[str, str] = {}
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("manifest: not ASCII") from error
    if lines.pop() != "":
        raise Malformed("manifest: its last line does not end")
    for number, line in enumerate(lines, start=1):
        digest, separator, path = line.partition("  ")
        if not separator or not is_digest(digest):
            raise Malformed(f"manifest: line {number} is not a digest and a path")
        if check_path(path) in found or path in OUTSIDE:
            raise Malformed(f"manifest: {path} stands in it twice, or does not belong there")
        found[path] = digest
    return found


def read_release(proofs: Iterable[bytes], policy: Policy) -> Released:
    """The newest release among the proofs, held against the log's own key and its witnesses.

    Raises Malformed; Refused: no-archive-key, not-the-first, no-release, other-key, bad-signature, other-source, and those of
    `TlogProof.check`.
    """
    key: bytes | None = None
    found: list[tuple[TlogProof, Envelope]] = []
    for data in proofs:
        proof = TlogProof.parse(data)
        if proof.extra is None:
            raise Malformed("site: a tlog-proof without the entry in its extra line")
        envelope = Envelope.parse(proof.extra)
        event = read_statement(envelope.payload).event
        if isinstance(event, ArchiveStarted):
            if proof.index != 0:
                raise Refused("not-the-first", "archive.started is not the log's first entry")
            proof.check(proof.extra, policy)
            key = bytes.fromhex(event.statement_key)
        elif isinstance(event, PublicityReleased):
            found.append((proof, envelope))
    if key is None:
        raise Refused("no-archive-key", "archive.started, which names the archive's key, is missing")
    if not found:
        raise Refused("no-release", "no publicity.released is given")
    proof, envelope = max(found, key=lambda each: each[0].index)
    if envelope.public != key:
        raise Refused("other-key", "publicity.released is signed by another key than the archive's")
    envelope.check_signature()
    statement = read_statement(envelope.payload)
    if statement.link.source != ARCHIVE_SOURCE:
        raise Refused("other-source", f"{statement.link.source} may not state publicity.released")
    assert proof.extra is not None
    accepted = proof.check(proof.extra, policy)
    event = statement.event
    assert isinstance(event, PublicityReleased)
    return Released(event, proof.index, statement.link.time, accepted.cosigned)


def verify_site(
    manifest: bytes,
    files: Iterable[tuple[str, str]],
    proofs: Iterable[bytes],
    policy: Policy,
    latest: Iterable[bytes] = (),
) -> SiteReport:
    """`files`: every file of the folder but those of `OUTSIDE`, path and SHA-256. `latest`: proofs of a release that is known to be
    the newest; a folder of an older one is named. Never raises for what is broken.
    """
    try:
        release = read_release(proofs, policy)
        named = read_manifest(manifest)
    except (Refused, Malformed) as error:
        return SiteReport(None, 0, (_refused(error),))
    if hashlib.sha256(manifest).hexdigest() != release.event.sha256:
        why = f"the manifest is not the one that was released in entry {release.index}"
        return SiteReport(release, len(named), (SiteFinding(Verdict.BROKEN, "other-manifest", why),))
    found = list(_compared(named, files))
    newest = list(latest)
    if newest:
        try:
            newer = read_release(newest, policy)
        except (Refused, Malformed) as error:
            found.append(_refused(error))
        else:
            if newer.index > release.index and newer.event.sha256 != release.event.sha256:
                why = f"this is the release of {release.time}; another was released at {newer.time}"
                found.append(SiteFinding(Verdict.BROKEN, "old-release", why))
    return SiteReport(release, len(named), tuple(found))


def _compared(named: Mapping[str, str], files: Iterable[tuple[str, str]]) -> Iterator[SiteFinding]:
    left = dict(named)
    for path, digest in files:
        released = left.pop(path, None)
        if released is None:
            yield SiteFinding(Verdict.BROKEN, "added", f"{path}: it was not released", path)
        elif released != digest:
            yield SiteFinding(Verdict.BROKEN, "altered", f"{path}: it is not what was released", path)
    for path in left:
        yield SiteFinding(Verdict.BROKEN, "missing", f"{path}: it was released and is not there", path)


def _refused(error: Refused | Malformed) -> SiteFinding:
    if isinstance(error, Malformed):
        return SiteFinding(Verdict.BROKEN, "malformed", str(error))
    undecided = error.code in ("no-archive-key", "no-release", "quorum-missing")
    return SiteFinding(Verdict.UNDECIDED if undecided else Verdict.BROKEN, error.code, error.why)
