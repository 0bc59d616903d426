"""A log that shows one state to its docks and another to its witness: refused, and the proof of it is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from liuhen_protocol import merkle
from liuhen_protocol.checkpoint import open_checkpoint
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.witnessing import AddCheckpoint
from liuhen_server.witness.cosigner import Cosigner
from liuhen_server.witness.state import WitnessState
from support.memory_log import MemoryLog

ORIGIN, SIGNER = "archive.example/chaoyang", Ed25519Signer.from_seed(b"L" * 32)
SHOWN = MemoryLog(ORIGIN, SIGNER, (b"entry %d" % n for n in range(12)))
OTHER = MemoryLog(ORIGIN, SIGNER, [*SHOWN.entries[:7], b"another entry 7", *SHOWN.entries[8:]])


@pytest.fixture
def witness(tmp_path: Path) -> Cosigner:
    state = WitnessState(tmp_path / "witness.db")
    state.add_log(SHOWN.vkey)
    signer = Ed25519Signer.from_seed(b"W" * 32)
    one = Cosigner("witness.example/w", signer, state, tmp_path / "evidence", lambda: 1_795_000_000)
    assert one.add_checkpoint(AddCheckpoint(0, (), SHOWN.note(size=10)).encode()).status == 200
    return one


def kept_pairs(folder: Path) -> list[Path]:
    return sorted({path.parent for path in folder.glob("evidence/*/*/*.note")})


@pytest.mark.parametrize(("old", "status"), [(10, 422), (0, 409)], ids=["as the same state", "as a first state"])
def test_second_view_of_one_size_is_refused_and_both_notes_are_kept(
    witness: Cosigner, tmp_path: Path, old: int, status: int
) -> None:
    for _ in range(2):
        answer = witness.add_checkpoint(AddCheckpoint(old, (), OTHER.note(size=10)).encode())
        assert answer.status == status
    (pair,) = kept_pairs(tmp_path)
    views = [open_checkpoint((pair / name).read_bytes(), SHOWN.vkey)[0] for name in ("cosigned.note", "other.note")]
    assert views == [SHOWN.checkpoint(10), OTHER.checkpoint(10)], "both are signed by the log: nobody can deny it"


def test_a_fork_cannot_be_continued(witness: Cosigner) -> None:
    for proof_from in (OTHER, SHOWN):
        proof = tuple(merkle.consistency_proof(10, 12, proof_from.node))
        assert witness.add_checkpoint(AddCheckpoint(10, proof, OTHER.note()).encode()).status == 422
    proof = tuple(merkle.consistency_proof(10, 12, SHOWN.node))
    assert witness.add_checkpoint(AddCheckpoint(10, proof, SHOWN.note()).encode()).status == 200


def test_a_log_rolled_back_to_a_backup_is_not_cosigned(witness: Cosigner) -> None:
    for old in (0, 5, 8):
        proof = tuple(merkle.consistency_proof(old, 8, SHOWN.node))
        answer = witness.add_checkpoint(AddCheckpoint(old, proof, SHOWN.note(size=8)).encode())
        assert (answer.status, answer.body) == (409, b"10\n")


def test_the_database_itself_refuses_to_go_back(witness: Cosigner, tmp_path: Path) -> None:
    import sqlite3

    database = sqlite3.connect(tmp_path / "witness.db")
    for change in ("UPDATE cosigned SET size = 9", "UPDATE cosigned SET root = zeroblob(32)", "DELETE FROM cosigned"):
        with pytest.raises(sqlite3.IntegrityError, match="witness never"):
            database.execute(change)


def test_a_request_without_the_log_key_makes_no_evidence(witness: Cosigner, tmp_path: Path) -> None:
    impostor = MemoryLog(ORIGIN, Ed25519Signer.from_seed(b"I" * 32), OTHER.entries)
    assert witness.add_checkpoint(AddCheckpoint(10, (), impostor.note(size=10)).encode()).status == 403
    assert kept_pairs(tmp_path) == []
