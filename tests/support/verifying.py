"""Runs `liuhen-verify` as a program would: in this process, with --json, and gives back what it said."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from pathlib import Path

from liuhen_verify.command import main
from support.custody import County


@dataclass(frozen=True)
class Said:
    """`broken` and `undecided`: step number → the codes found there; `indexes`: code → log indexes."""

    code: int
    verdict: str
    broken: dict[int, set[str]]
    undecided: dict[int, set[str]]
    indexes: dict[str, list[int]]
    out: str
    err: str


def run(*arguments: object) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as left:
            code = int(left.code or 0)
    return code, out.getvalue(), err.getvalue()


def verify(*arguments: object) -> Said:
    code, out, err = run(*arguments, "--json")
    report = json.loads(out)
    found: dict[str, dict[int, set[str]]] = {"broken": {}, "undecided": {}}
    indexes: dict[str, list[int]] = {}
    for finding in report["findings"]:
        found[finding["verdict"]].setdefault(finding["step"], set()).add(finding["code"])
        if finding["index"] is not None:
            indexes.setdefault(finding["code"], []).append(finding["index"])
    return Said(code, report["verdict"], found["broken"], found["undecided"], indexes, out, err)


def on_disk(county: County, folder: Path) -> tuple[Path, Path]:
    """The county's log folder and its policy file."""
    folder.mkdir(parents=True, exist_ok=True)
    policy = folder / "policy"
    policy.write_text(county.policy().text())
    return county.log.write(folder / "log", county.witnesses), policy


def verify_log(county: County, folder: Path, *more: object) -> Said:
    log, policy = on_disk(county, folder)
    return verify("log", log, "--policy", policy, *more)


def verify_clip(county: County, folder: Path, clip: bytes, proofs: bytes, chain: bytes | None = None) -> Said:
    """With the dock's chain unless another is given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy").write_text(county.policy().text())
    (folder / "clip.mp4").write_bytes(clip)
    (folder / "proofs").write_bytes(proofs)
    (folder / "chain").write_bytes(county.chain() if chain is None else chain)
    files = [folder / "proofs", folder / "chain"]
    return verify(
        "clip", folder / "clip.mp4", *(a for file in files for a in ("--proof", file)), "--policy", folder / "policy"
    )
