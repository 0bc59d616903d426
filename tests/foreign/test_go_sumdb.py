"""Go's golang.org/x/mod/sumdb reads our logs and proofs, and sees what is wrong with them."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from liuhen_protocol import merkle
from liuhen_protocol.signer import Ed25519Signer
from support.memory_log import MemoryLog, Witness

# one program is built and one large log written for all of them
pytestmark = pytest.mark.xdist_group("go")

SIZES = [1, 2, 3, 254, 255, 256, 257, 511, 512, 513, 4_096, 65_535, 65_536, 65_537, 66_000]


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    shutil.copy(Path(__file__).with_name("go") / "main.go", folder)
    environment = os.environ | {
        "CGO_ENABLED": "0",
        "GO111MODULE": "off",
        "GOPATH": "/usr/share/gocode",
        "GOFLAGS": "",
        "GOCACHE": str(folder / "cache"),
    }
    subprocess.run(["go", "build", "-o", "checker", "main.go"], cwd=folder, env=environment, check=True)
    return folder / "checker"


def check(checker: Path, *arguments: object) -> tuple[int, str]:
    done = subprocess.run([checker, *map(str, arguments)], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.fixture(scope="module")
def log() -> MemoryLog:
    signer = Ed25519Signer.from_seed(b"l" * 32)
    return MemoryLog("log.example/liuhen", signer, (b"entry %d" % number for number in range(SIZES[-1])))


@pytest.fixture(scope="module")
def folder(log: MemoryLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return log.write(tmp_path_factory.mktemp("log"), [Witness("witness.example/a", b"a" * 32)])


def encoded(hashes: list[bytes]) -> list[str]:
    return [base64.b64encode(value).decode() for value in hashes]


def proofs(log: MemoryLog) -> dict[str, list[dict[str, Any]]]:
    roots = {size: merkle.tree_root(size, log.node) for size in SIZES}
    inclusion = [
        {
            "Index": index,
            "Size": size,
            "Leaf": encoded([log.node(0, index)])[0],
            "Root": encoded([roots[size]])[0],
            "Proof": encoded(merkle.inclusion_proof(index, size, log.node)),
        }
        for size in SIZES
        for index in sorted({0, size // 2, 254, 255, 256, 257, 65_535, 65_536, size - 1})
        if index < size
    ]
    consistency = [
        {
            "Old": old,
            "New": new,
            "OldRoot": encoded([roots[old]])[0],
            "NewRoot": encoded([roots[new]])[0],
            "Proof": encoded(merkle.consistency_proof(old, new, log.node)),
        }
        for old in SIZES
        for new in SIZES
        if old <= new
    ]
    return {"Inclusion": inclusion, "Consistency": consistency}


def test_go_agrees_on_checkpoint_tiles_entries_and_proofs(
    checker: Path, log: MemoryLog, folder: Path, tmp_path: Path
) -> None:
    made = proofs(log)
    (tmp_path / "proofs.json").write_text(json.dumps(made))
    code, said = check(checker, folder, log.vkey, tmp_path / "proofs.json")
    assert code == 0, said
    assert said.splitlines() == [
        "checkpoint 66000 signed by log.example/liuhen, 1 other signatures",
        "entries 66000",
        "tiles 261",
        f"inclusion {len(made['Inclusion'])}",
        f"consistency {len(made['Consistency'])}",
        "holds",
    ]


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257])
def test_go_agrees_on_small_logs_around_a_full_tile(checker: Path, log: MemoryLog, tmp_path: Path, size: int) -> None:
    small = MemoryLog(log.origin, log.signer, log.entries[:size])
    code, said = check(checker, small.write(tmp_path), small.vkey)
    assert code == 0, said
    assert f"entries {size}" in said


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("checkpoint", "checkpoint"),
        ("tile/0/000", "tile/0/000 is not the tile of these entries"),
        ("tile/0/257.p/208", "tile/0/257.p/208 is not the tile of these entries"),
        ("tile/1/000", "tile/1/000 is not the tile of these entries"),
        ("tile/2/000.p/1", "tile/2/000.p/1 is not the tile of these entries"),
        ("tile/entries/100", "the entries do not lead to the root"),
    ],
)
def test_go_sees_one_flipped_bit(
    checker: Path, folder: Path, log: MemoryLog, tmp_path: Path, name: str, says: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy, copy_function=os.link)
    data = bytearray((copy / name).read_bytes())
    data[-3 if name == "checkpoint" else 4] ^= 1
    (copy / name).unlink()
    (copy / name).write_bytes(data)
    code, said = check(checker, copy, log.vkey)
    assert code == 1
    assert "does not hold" in said
    assert says in said


def test_go_refuses_a_checkpoint_of_another_key(checker: Path, folder: Path, log: MemoryLog) -> None:
    other = MemoryLog(log.origin, Ed25519Signer.from_seed(b"x" * 32))
    code, said = check(checker, folder, other.vkey)
    assert (code, "does not hold: checkpoint" in said) == (1, True)


@pytest.mark.parametrize("kind", ["Inclusion", "Consistency"])
def test_go_refuses_our_proof_with_one_hash_changed(
    checker: Path, folder: Path, log: MemoryLog, tmp_path: Path, kind: str
) -> None:
    made = proofs(log)
    last = next(p for p in reversed(made[kind]) if p["Proof"])
    last["Proof"] = [base64.b64encode(b"x" * 32).decode(), *last["Proof"][1:]]
    (tmp_path / "proofs.json").write_text(json.dumps(made))
    code, said = check(checker, folder, log.vkey, tmp_path / "proofs.json")
    assert code == 1
    assert f"does not hold: {kind.lower()}" in said
