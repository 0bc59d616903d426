"""`liuhen-verify package`: the plain folder of docs/spec/package.md."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support.custody import CLIP, County, county_with_a_clip
from support.verifying import run

SECOND = b"the next five minutes " * 500


def build(folder: Path) -> tuple[County, Path]:
    county, dock = county_with_a_clip()
    county.store(dock, SECOND, county.collect(dock, SECOND, "second.mp4"))
    for name in ("clips", "proofs", "chain"):
        (folder / name).mkdir(parents=True)
    (folder / "policy").write_text(county.policy().text())
    for name, clip in (("first.mp4", CLIP), ("second.mp4", SECOND)):
        (folder / "clips" / name).write_bytes(clip)
        own = county.proofs(clip).split(b"c2sp.org/tlog-proof@v1\n")[1:3]
        proofs = b"".join(b"c2sp.org/tlog-proof@v1\n" + proof for proof in own)
        (folder / "proofs" / f"{name}.tlog-proof").write_bytes(proofs)
    (folder / "proofs" / "keys.tlog-proof").write_bytes(county.proof(0) + county.proof(1))
    (folder / "chain" / "dock-03.jsonl").write_bytes(county.chain())
    return county, folder


def verdicts(folder: Path, *more: object) -> tuple[int, dict[str, str], str]:
    code, out, err = run("package", folder, "--json", *more)
    report = json.loads(out) if out else {"clips": []}
    return code, {clip["clip"]: clip["sentence"] for clip in report["clips"]}, out + err


def test_a_whole_package_holds(tmp_path: Path) -> None:
    _, folder = build(tmp_path / "package")
    assert verdicts(folder)[:2] == (0, {"first.mp4": "holds", "second.mp4": "holds"})
    code, out, _ = run("package", folder)
    assert (code, "● 成立 证据包：2 个片段，2 个成立" in out, "包内自带的策略" in out) == (0, True, True)


def test_a_changed_clip_is_broken_and_the_other_still_holds(tmp_path: Path) -> None:
    _, folder = build(tmp_path / "package")
    (folder / "clips/second.mp4").write_bytes(SECOND[:-1] + b"!")
    code, said, _ = verdicts(folder)
    assert (code, said["first.mp4"]) == (1, "holds")
    assert said["second.mp4"].startswith("broken at step 1 (bytes)")


def test_two_clips_that_changed_their_names_are_broken(tmp_path: Path) -> None:
    _, folder = build(tmp_path / "package")
    first, second = (folder / "clips/first.mp4"), (folder / "clips/second.mp4")
    first.write_bytes(SECOND), second.write_bytes(CLIP)
    assert {text[:16] for text in verdicts(folder)[1].values()} == {"broken at step 1"}


def test_a_clip_taken_out_shows(tmp_path: Path) -> None:
    _, folder = build(tmp_path / "package")
    (folder / "clips/second.mp4").unlink()
    code, said, _ = verdicts(folder)
    assert (code, said["first.mp4"]) == (1, "holds")
    assert said["second.mp4"].startswith("cannot be decided at step 1")


def test_a_clip_put_in_without_proof_is_undecided(tmp_path: Path) -> None:
    _, folder = build(tmp_path / "package")
    (folder / "clips/third.mp4").write_bytes(b"from elsewhere")
    code, said, _ = verdicts(folder)
    assert (code, said["third.mp4"][:17]) == (1, "cannot be decided")


def test_a_missing_chain_is_undecided_at_step_5(tmp_path: Path) -> None:
    _, folder = build(tmp_path / "package")
    (folder / "chain/dock-03.jsonl").unlink()
    code, said, _ = verdicts(folder)
    assert (code, {text[:27] for text in said.values()}) == (1, {"cannot be decided at step 5"})


def test_a_policy_from_elsewhere_judges_instead_of_the_packages_own(tmp_path: Path) -> None:
    _, folder = build(tmp_path / "package")
    (tmp_path / "mine").write_text(County().policy().text())
    code, out, _ = run("package", folder, "--policy", tmp_path / "mine")
    assert (code, "包内自带的策略" in out) == (0, False)
    (tmp_path / "mine").write_text("quorum none\n")
    code, said, _ = verdicts(folder, "--policy", tmp_path / "mine")
    assert (code, {text[:16] for text in said.values()}) == (1, {"broken at step 7"})


@pytest.mark.parametrize("name", ["proofs/first.mp4.tlog-proof", "proofs/keys.tlog-proof", "chain/dock-03.jsonl"])
def test_a_malformed_file_is_named(tmp_path: Path, name: str) -> None:
    _, folder = build(tmp_path / "package")
    (folder / name).write_bytes(b"nonsense")
    code, _, said = verdicts(folder)
    assert (code, name in said) == (1, True)


@pytest.mark.parametrize("where", ["clips", "proofs", "chain"])
@pytest.mark.parametrize("kind", ["link", "folder", "pipe"])
def test_nothing_outside_the_package_is_read(tmp_path: Path, where: str, kind: str) -> None:
    _, folder = build(tmp_path / "package")
    odd = folder / where / "odd.tlog-proof"
    makers: dict[str, Callable[[], None]] = {
        "link": lambda: odd.symlink_to("/etc/passwd"),
        "folder": odd.mkdir,
        "pipe": lambda: os.mkfifo(odd),
    }
    makers[kind]()
    code, _, said = verdicts(folder)
    assert (code, str(odd) in said) == (2, True)


def test_a_name_with_a_newline_or_terminal_codes_cannot_forge_the_answer(tmp_path: Path) -> None:
    _, folder = build(tmp_path / "package")
    (folder / "clips/x\n● 成立 forged.mp4\x1b[2J").write_bytes(b"x")
    _, out, _ = run("package", folder)
    assert "\x1b" not in out
    assert "\n● 成立 forged" not in out
