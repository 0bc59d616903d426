"""`liuhen-witness` as people run it, and as a power cut ends it: it never cosigns an older size, nor two roots of one size."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from liuhen_files import keys
from liuhen_protocol import merkle
from liuhen_protocol.note import VerifierKey
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.witnessing import AddCheckpoint
from liuhen_server.witness.command import main
from liuhen_server.witness.cosigner import Cosigner
from liuhen_server.witness.state import WitnessState
from support.memory_log import MemoryLog

LOG = MemoryLog("archive.example/x", Ed25519Signer.from_seed(b"L" * 32), (b"%d" % n for n in range(20)))
FORK = MemoryLog("archive.example/x", Ed25519Signer.from_seed(b"L" * 32), (b"fork %d" % n for n in range(20)))

# Ends the process before or after a function, the first time it is called.
KILL = """
import importlib, os, sys
module, owner, name, when = sys.argv.pop(1).split(":")
holder = importlib.import_module(module)
holder = getattr(holder, owner) if owner else holder
real = getattr(holder, name)
def ends(*args, **kwargs):
    if when == "before":
        os.kill(os.getpid(), 9)
    real(*args, **kwargs)
    os.kill(os.getpid(), 9)
from liuhen_server.witness.command import main
setattr(holder, name, ends)
main()
"""


def command(*arguments: object) -> Result:
    """The command in this process."""
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def cosigned_ten(data: Path) -> None:
    """As if the witness had served before: 10 entries of LOG are cosigned."""
    state = WitnessState(data / "witness.db")
    cosigner = Cosigner("witness.example/w", keys.load(data / "witness.key"), state, data / "evidence", lambda: 1.0)
    assert cosigner.add_checkpoint(AddCheckpoint(0, (), LOG.note(size=10)).encode()).status == 200
    state.close()


@contextmanager
def serving(data: Path, kill: str | None = None) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    start = ["-m", "liuhen_server.witness"] if kill is None else ["-c", KILL, kill]
    line = [sys.executable, *start, "serve", "--data", str(data), "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        ready, address = process.stdout.readline().split()
        assert ready == "ready"
        yield address, process
    finally:
        process.terminate()
        process.wait(10)


def post(address: str, log: MemoryLog, old: int, size: int) -> tuple[int, str]:
    proof = tuple(merkle.consistency_proof(old, size, log.node))
    body = AddCheckpoint(old, proof, log.note(size=size)).encode()
    try:
        with urllib.request.urlopen(f"{address}/add-checkpoint", body, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "witness"
    assert command("init", "--data", folder, "--name", "witness.example/w").exit_code == 0
    assert command("log", "add", LOG.vkey, "--data", folder).exit_code == 0
    return folder


def test_init_prints_the_key_and_keeps_it(data: Path) -> None:
    first = command("init", "--data", data, "--name", "witness.example/w")
    assert VerifierKey.parse(first.stdout.strip()).name == "witness.example/w"
    assert command("init", "--data", data, "--name", "witness.example/w").stdout == first.stdout
    other = command("init", "--data", data, "--name", "witness.example/other")
    assert (other.exit_code, "witness.example/w" in other.output) == (2, True)
    assert (data / "witness.key").stat().st_mode & 0o777 == 0o600


def test_a_log_is_known_by_one_key(data: Path) -> None:
    assert command("log", "add", LOG.vkey, "--data", data).exit_code == 0
    other = MemoryLog(LOG.origin, Ed25519Signer.from_seed(b"O" * 32))
    refused = command("log", "add", other.vkey, "--data", data)
    assert (refused.exit_code, "nothing was changed" in refused.output) == (1, True)
    assert command("log", "list", "--data", data).stdout == f"{LOG.origin}\t-\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--data", "{none}"),
        ("log", "add", "{vkey}", "--data", "{none}"),
        ("log", "add", "nonsense", "--data", "{data}"),
        ("serve", "--data", "{data}", "--listen", "nowhere"),
        ("init", "--data", "{none}", "--name", "two words"),
    ],
)
def test_wrong_use_is_told_without_a_traceback(data: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = command(*(a.format(data=data, none=tmp_path / "none", vkey=LOG.vkey) for a in arguments))
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert isinstance(done.exception, SystemExit)


def test_a_key_that_others_can_read_is_not_used(data: Path) -> None:
    (data / "witness.key").chmod(0o644)
    done = command("serve", "--data", data, "--listen", "127.0.0.1:0")
    assert (done.exit_code, "0600" in done.output) == (1, True)


def test_it_remembers_after_a_restart_and_leaves_with_0(data: Path) -> None:
    with serving(data) as (address, process):
        assert post(address, LOG, 0, 10)[0] == 200
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    with serving(data) as (address, _):
        assert post(address, LOG, 0, 20) == (409, "10\n")
        assert post(address, LOG, 10, 20)[0] == 200


STATE, EVIDENCE = "liuhen_server.witness.state:WitnessState", "liuhen_files.durable:"
ADVANCE = [f"{STATE}:{name}:{when}" for name in ("record", "commit") for when in ("before", "after")]
KEEP = [f"{EVIDENCE}:{name}:{when}" for name in ("mkdirs", "write_new") for when in ("before", "after")]


@pytest.mark.parametrize("kill", ADVANCE)
def test_killed_while_cosigning_it_never_goes_back(data: Path, kill: str) -> None:
    cosigned_ten(data)
    with serving(data, kill) as (address, process):
        with pytest.raises(OSError):
            post(address, LOG, 10, 15)
        assert process.wait(10) == -signal.SIGKILL
    kept = 15 if kill.endswith("commit:after") else 10
    with serving(data) as (address, _):
        assert post(address, LOG, 0, 5) == (409, f"{kept}\n"), "an older size is never cosigned"
        assert post(address, LOG, 5, 10) == (409, f"{kept}\n")
        assert post(address, FORK, kept, kept)[0] == 422, "nor another root of the size that was cosigned"
        assert post(address, LOG, kept, 20)[0] == 200, "and the log goes on"


@pytest.mark.parametrize("kill", KEEP)
def test_killed_while_keeping_evidence_nothing_was_cosigned_and_it_is_kept_the_next_time(data: Path, kill: str) -> None:
    cosigned_ten(data)
    with serving(data, kill) as (address, process):
        with pytest.raises(OSError):
            post(address, FORK, 10, 10)
        assert process.wait(10) == -signal.SIGKILL
    with serving(data) as (address, _):
        assert post(address, FORK, 10, 10)[0] == 422
        assert post(address, LOG, 10, 20)[0] == 200
    assert len(list((data / "evidence").rglob("*.note"))) == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_leaves_no_key_that_the_witnesss_user_could_not_read(tmp_path: Path) -> None:
    os.chown(tmp_path, 12_345, 12_345)
    done = command("init", "--data", tmp_path, "--name", "witness.example/w")
    assert done.exit_code == 2 and "runuser -u '#12345' -- liuhen-witness" in done.output
    assert not list(tmp_path.iterdir())
