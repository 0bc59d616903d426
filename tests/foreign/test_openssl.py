"""openssl and coreutils alone check our signatures and digests (tests/foreign/verify.sh, a shell script of ours)."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path

import pytest

from liuhen_protocol.digest import digest_of
from liuhen_protocol.signer import Ed25519Signer
from support.custody import CLIP, County, Speaker, county_with_a_clip
from support.memory_log import Witness


def run(*arguments: object) -> tuple[int, str]:
    script = Path(__file__).with_name("verify.sh")
    done = subprocess.run(["sh", script, *map(str, arguments)], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def county() -> County:
    return county_with_a_clip()[0]


@pytest.fixture
def files(county: County, tmp_path: Path) -> Path:
    (tmp_path / "envelope.json").write_bytes(county.log.entries[2])
    (tmp_path / "checkpoint").write_bytes(county.log.note(county.witnesses))
    (tmp_path / "clip").write_bytes(CLIP)
    return tmp_path


def test_openssl_checks_an_envelope(files: Path, county: County) -> None:
    public = base64.b64encode(county.docks["dock-03"].signer.public).decode()
    for arguments in ([], [public]):
        code, said = run("envelope", files / "envelope.json", *arguments)
        assert (code, "● 成立 holds" in said) == (0, True), said


def test_openssl_checks_an_envelope_with_chinese_text(tmp_path: Path) -> None:
    county = County().start()
    dock: Speaker = county.enrol("dock-03")
    index = county.collect(dock, b"clip", "执法记录_现场检查.mp4")
    (tmp_path / "envelope.json").write_bytes(county.log.entries[index])
    assert run("envelope", tmp_path / "envelope.json")[0] == 0


def test_openssl_checks_a_checkpoint(files: Path, county: County) -> None:
    code, said = run("checkpoint", files / "checkpoint", county.log.vkey)
    assert (code, f"{len(county.log.entries)} entries" in said) == (0, True), said


def test_openssl_checks_each_cosignature(files: Path, county: County) -> None:
    for witness in county.witnesses:
        code, said = run("cosignature", files / "checkpoint", witness.vkey)
        assert (code, f"{witness.name} saw" in said) == (0, True), said


def test_openssl_sees_one_changed_byte_of_an_envelope(files: Path) -> None:
    data = (files / "envelope.json").read_bytes()
    place = data.index(b'"payload":"') + 40
    changed = data[:place] + (b"A" if data[place : place + 1] != b"A" else b"B") + data[place + 1 :]
    (files / "envelope.json").write_bytes(changed)
    assert run("envelope", files / "envelope.json")[0] == 1


def test_openssl_refuses_an_envelope_of_another_key(files: Path) -> None:
    other = base64.b64encode(Ed25519Signer.from_seed(b"?" * 32).public).decode()
    assert run("envelope", files / "envelope.json", other)[0] == 1


def test_openssl_sees_a_checkpoint_with_another_size(files: Path, county: County) -> None:
    lines = (files / "checkpoint").read_text().split("\n")
    lines[1] = str(int(lines[1]) + 1)
    (files / "checkpoint").write_text("\n".join(lines))
    assert run("checkpoint", files / "checkpoint", county.log.vkey)[0] == 1
    assert run("cosignature", files / "checkpoint", county.witnesses[0].vkey)[0] == 1


def test_openssl_finds_no_cosignature_of_a_witness_that_gave_none(files: Path) -> None:
    code, said = run("cosignature", files / "checkpoint", Witness("witness.example/z", b"z" * 32).vkey)
    assert (code, "no signature of witness.example/z" in said) == (1, True)


@pytest.mark.parametrize(
    "data", [b"", b"a", CLIP, bytes(range(256)) * 8192 + b"tail"], ids=["empty", "one", "clip", "chunks"]
)
def test_sha256sum_agrees_with_our_digest(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "clip").write_bytes(data)
    printed = subprocess.run(["sha256sum", tmp_path / "clip"], capture_output=True, text=True, check=True).stdout
    assert printed.split()[0] == digest_of(data).sha256
    assert run("clip", tmp_path / "clip", digest_of(data).sha256)[0] == 0
    assert run("clip", tmp_path / "clip", "00" * 32)[0] == 1


def test_the_script_says_how_it_is_used() -> None:
    code, said = run("what")
    assert (code, "verify.sh envelope FILE" in said) == (2, True)
