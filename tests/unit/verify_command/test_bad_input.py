"""Whatever file it is given, `liuhen-verify` ends with a clear sentence, the file's name and the right exit code: never a traceback."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from support.custody import CLIP, County, county_with_a_clip
from support.verifying import on_disk, run, verify

COUNTY: County = county_with_a_clip()[0]
PROOFS = COUNTY.proofs(CLIP)
POLICY = COUNTY.policy().text().encode()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "policy").write_bytes(POLICY)
    (tmp_path / "clip.mp4").write_bytes(CLIP)
    (tmp_path / "proofs").write_bytes(PROOFS)
    return tmp_path


MALFORMED_PROOFS = {
    "empty": b"",
    "noise": bytes(range(256)) * 40,
    "text": "这不是证明\n".encode(),
    "only the first line": PROOFS[:23],
    "cut in the extra line": PROOFS[:300],
    "cut in the checkpoint": PROOFS.split(b"\n\n")[0] + b"\n\n",
    "without extra": COUNTY.log.proof(1, extra=False).encode(),
    "extra that is no envelope": COUNTY.proof(1).replace(b"extra ", b"extra AAAA"),
    "index with a leading zero": COUNTY.proof(1).replace(b"index 1", b"index 01"),
    "a negative index": COUNTY.proof(1).replace(b"index 1", b"index -1"),
    "a huge index": COUNTY.proof(1).replace(b"index 1", b"index " + b"9" * 400),
    "a second proof cut short": PROOFS + PROOFS[:100],
    "an envelope that is no envelope": b'{"payload": 1}\n',
    "nested without end": b'{"payload":' + b"[" * 100_000,
    "a line that is no envelope": COUNTY.chain() + b"nonsense\n",
}


@pytest.mark.parametrize("name", MALFORMED_PROOFS)
def test_malformed_proof_is_told_with_its_file(files: Path, name: str) -> None:
    (files / "proofs").write_bytes(MALFORMED_PROOFS[name])
    said = verify("clip", files / "clip.mp4", "--proof", files / "proofs", "--policy", files / "policy")
    if name == "cut in the checkpoint":
        assert said.verdict == "broken"
    else:
        assert (said.code, said.broken) == (1, {3: {"malformed"}})
        assert str(files / "proofs") in said.out


@pytest.mark.parametrize(
    "text", [b"", b"\xff\xfe", b"quorum none\nquorum none\n", b"log x\n", b"\x00" * 100, b"x" * (2 << 20)]
)
def test_malformed_policy_is_wrong_use(files: Path, text: bytes) -> None:
    (files / "policy").write_bytes(text)
    for arguments in (["clip", files / "clip.mp4", "--proof", files / "proofs"], ["log", files]):
        code, out, err = run(*arguments, "--policy", files / "policy")
        assert (code, out) == (2, "")
        assert str(files / "policy") in err


def test_files_that_are_not_there_or_are_no_files_are_wrong_use(files: Path) -> None:
    os.mkfifo(files / "pipe")
    clip, proofs, policy = files / "clip.mp4", files / "proofs", files / "policy"
    for wrong in (files / "none", files, files / "pipe", Path("/dev/zero")):
        rows = [(wrong, proofs, policy), (clip, wrong, policy), (clip, proofs, wrong)]
        for row in rows:
            code, out, err = run("clip", row[0], "--proof", row[1], "--policy", row[2])
            assert (code, out, str(wrong) in err) == (2, "", True)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["what"],
        ["log"],
        ["clip", "x"],
        ["log", "x", "--policy", "{policy}", "--jobs", "0"],
        ["log", "{files}/none", "--policy", "{policy}"],
        ["log", "{files}", "--policy", "{policy}"],
        ["log", "ftp://example.org/log", "--policy", "{policy}"],
        ["log", "http://127.0.0.1:9/log", "--policy", "{policy}"],
        ["log", "https://127.0.0.1:9/log", "--policy", "{policy}", "--ca", "{files}/none"],
        ["log", "{files}", "--policy", "{policy}", "--token-file", "{files}/clip.mp4"],
        ["log", "{files}", "--policy", "{policy}", "--dock-head", "{files}/clip.mp4"],
        ["log", "{files}", "--policy", "{policy}", "--seen", "{files}/clip.mp4"],
        ["package", "{files}/none"],
        ["package", "{files}"],
    ],
)
def test_wrong_use_leaves_with_2_and_says_why(files: Path, arguments: list[str]) -> None:
    code, out, err = run(*(a.format(files=files, policy=files / "policy") for a in arguments))
    assert (code, out) == (2, "")
    assert err.strip() and "Traceback" not in err


MALFORMED_LOG = {
    "checkpoint": [b"", b"nonsense", b"\xff" * 50, COUNTY.log.note()[:60], b"a\n0\n\n"],
    "tile/0/000.p/7": [b"", b"x", b"x" * 31, b"\0" * 32 * 8, b"\0" * 9000],
    "tile/entries/000.p/7": [b"", b"\0", b"\0\1", b"\xff\xff" + b"x" * 100, b"\0\0" * 7, b"\0\0" * 8, b"\0\2{}" * 7],
}


@pytest.mark.parametrize(
    ("name", "number"), [(name, n) for name, rows in MALFORMED_LOG.items() for n in range(len(rows))]
)
def test_malformed_log_file_is_broken_not_a_traceback(tmp_path: Path, name: str, number: int) -> None:
    log, policy = on_disk(COUNTY, tmp_path)
    assert (log / name).exists()
    (log / name).write_bytes(MALFORMED_LOG[name][number])
    said = verify("log", log, "--policy", policy)
    assert (said.code, said.verdict, said.err) == (1, "broken", "")


@pytest.mark.parametrize(
    "text",
    [b"", b"{}", b"[]", b"x", b'{"source":"d","seq":-1.5,"hash":"x"}', b'{"source":"d","seq":1,"hash":"zz"}', b"\xff"],
)
def test_malformed_dock_head_is_told_with_its_file(tmp_path: Path, text: bytes) -> None:
    log, policy = on_disk(COUNTY, tmp_path)
    (tmp_path / "head").write_bytes(text)
    code, out, err = run("log", log, "--policy", policy, "--dock-head", tmp_path / "head")
    assert (code, out, str(tmp_path / "head") in err) == (2, "", True)
