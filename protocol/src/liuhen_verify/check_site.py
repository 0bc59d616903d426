"""Reads a folder of the public site, bounded, and hands it to `verify_site`."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from liuhen_protocol.policy import Policy
from liuhen_protocol.report import Verdict
from liuhen_protocol.verify_site import MANIFEST, OUTSIDE, PROOF, SiteFinding, SiteReport, verify_site
from liuhen_verify.reading import WrongUse, opened, read_bounded, read_proofs

MAX_MANIFEST = 256 << 20


def check_site(folder: Path, policy: Policy, latest: Sequence[Path] = ()) -> SiteReport:
    """Raises WrongUse where the folder, its manifest or its proof cannot be read; Malformed for a proof that is none."""
    if not folder.is_dir():
        raise WrongUse(f"{folder}: not a folder")
    for name in (MANIFEST, PROOF):
        if not (folder / name).is_file():
            why = f"{name}: it is not there, and nothing says what was released"
            return SiteReport(None, 0, (SiteFinding(Verdict.UNDECIDED, "missing", why, name),))
    manifest = read_bounded(folder / MANIFEST, MAX_MANIFEST)
    proofs = read_proofs(folder / PROOF)[0]
    newest = [proof for path in latest for proof in read_proofs(path)[0]]
    return verify_site(manifest, _files(folder), proofs, policy, newest)


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    """Links are not followed: a site has none, so one is read as a file that was not released."""
    for place, folders, names in os.walk(folder):
        here = Path(place)
        for name in sorted(names + [each for each in folders if (here / each).is_symlink()]):
            path = (here / name).relative_to(folder).as_posix()
            if path in OUTSIDE:
                continue
            if (here / name).is_symlink():
                yield path, ""
                continue
            with opened(here / name) as file:
                digest = hashlib.sha256()
                while piece := file.read(1 << 20):
                    digest.update(piece)
                yield path, digest.hexdigest()
        folders.sort()
