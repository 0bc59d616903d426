"""`liuhen-agent`: exit codes and what it says. What needs an archive is tested with the archive."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from liuhen_agent.command import main
from liuhen_agent.detect import Bay
from liuhen_agent.identity import store
from liuhen_agent.plain_text import OneLine
from support import dock_alone


def agent(data_dir: Path, *arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(main, ["--data", str(data_dir), *arguments], input=stdin)


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    dock_alone.enrol(tmp_path / "dock")
    return tmp_path / "dock"


def test_a_dock_that_is_not_enrolled_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.mp4").write_bytes(b"clip")
    done = agent(tmp_path / "nothing", "collect", str(tmp_path / "folder"))
    assert done.exit_code == 2
    assert "尚未登记" in done.stderr and "liuhen-agent enroll" in done.stderr


def test_a_code_is_never_an_argument(tmp_path: Path) -> None:
    assert agent(tmp_path, "enroll", "https://127.0.0.1:1", "secret-code").exit_code == 2


def test_enrolling_without_a_code_is_wrong_use(tmp_path: Path) -> None:
    assert agent(tmp_path, "enroll", "https://127.0.0.1:1").exit_code == 2


def test_a_code_file_that_is_no_text_is_said_without_showing_it(tmp_path: Path) -> None:
    (tmp_path / "code").write_bytes(b"secret\xff\xfe")
    done = agent(tmp_path / "dock", "enroll", "https://127.0.0.1:1", "--code-file", str(tmp_path / "code"))
    assert done.exit_code == 2 and str(tmp_path / "code") in done.stderr
    assert "secret" not in done.stderr


def test_a_signing_key_that_others_can_read_is_said_and_no_traceback(data_dir: Path, tmp_path: Path) -> None:
    store.Paths(data_dir).signing_key.chmod(0o644)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.mp4").write_bytes(b"clip")
    done = agent(data_dir, "collect", str(tmp_path / "folder"))
    assert done.exit_code == 1 and isinstance(done.exception, SystemExit)
    assert "0600" in done.stderr


def test_what_others_wrote_cannot_steer_the_terminal() -> None:
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(OneLine("%(message)s"))
    record = logging.LogRecord("x", logging.WARNING, "", 0, "no proxy: %s", ("\x1b[2Jmoov\nERROR forged\u202e",), None)
    assert handler.format(record).isprintable()


def test_a_dock_without_bays_is_told_what_to_write(data_dir: Path) -> None:
    done = agent(data_dir, "run")
    assert done.exit_code == 2 and "[[bay]]" in done.stderr


def test_a_mistake_in_the_configuration_is_wrong_use(data_dir: Path) -> None:
    (data_dir / "config.toml").write_text("colour = 1\n")
    done = agent(data_dir, "run")
    assert done.exit_code == 2 and "colour" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_leaves_no_files_that_the_docks_user_could_not_handle(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.mp4").write_bytes(b"clip")
    (data_dir / "config.toml").write_text('[[bay]]\nname = "1"\nbackend = "image"\npath = "."\n')
    os.chown(data_dir, 12_345, 12_345)
    before = sorted(data_dir.rglob("*"))
    for command in (
        ["enroll", "https://127.0.0.1:1"],
        ["run"],
        ["collect", str(tmp_path / "folder")],
        ["alarms", "--settle", "certificate"],
        ["policy", "accept"],
    ):
        done = agent(data_dir, *command, stdin="words\n")
        assert done.exit_code == 2 and "runuser -u '#12345' -- liuhen-agent" in done.stderr, command
    assert sorted(data_dir.rglob("*")) == before


def test_an_empty_folder_is_not_collected(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert agent(data_dir, "collect", str(tmp_path / "empty")).exit_code == 2


async def test_status_says_what_the_journal_holds(data_dir: Path, tmp_path: Path) -> None:
    folder = tmp_path / "recorder"
    folder.mkdir()
    (folder / "a.mp4").write_bytes(b"clip")
    await dock_alone.run_until_idle(data_dir, Bay("1", "directory", folder))
    done = agent(data_dir, "status", "--json")
    assert done.exit_code == 0
    found = json.loads(done.stdout)
    assert found["clips"]["receipted"] == 1 and found["alarms"] == []
    assert "片段" in agent(data_dir, "status").stdout


def test_status_without_a_journal_is_a_failure_and_not_a_traceback(tmp_path: Path) -> None:
    done = agent(tmp_path, "status")
    assert done.exit_code == 1 and "journal" in done.stderr


def test_the_doctor_names_what_is_not_well(data_dir: Path) -> None:
    done = agent(data_dir, "doctor", "--json")
    assert done.exit_code == 1
    findings = {check["name"].split()[-1]: check for check in json.loads(done.stdout)}
    assert not findings["configuration"]["well"] and "[[bay]]" in findings["configuration"]["said"]
    assert not findings["journal"]["well"]


def with_tls(data_dir: Path) -> None:
    """A certificate nobody issued: the dock finds no archive at port 1 and goes on trying."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "dock-1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=300))
        .sign(key, hashes.SHA256())
        .public_bytes(Encoding.PEM)
    )
    paths = store.Paths(data_dir)
    paths.authority.parent.mkdir()
    paths.authority.write_bytes(certificate)
    paths.client.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + certificate,
    )
    paths.policy.write_text(f"log {dock_alone.LOG_KEY}\nquorum none\n")


def test_sigterm_ends_the_dock_cleanly_and_a_second_one_is_turned_away(data_dir: Path, tmp_path: Path) -> None:
    (data_dir / "config.toml").write_text('[[bay]]\nname = "1"\nbackend = "image"\npath = "bay"\n')
    with_tls(data_dir)
    command = [sys.executable, "-m", "liuhen_agent", "--data", str(data_dir), "run"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as dock:
        assert dock.stdout is not None
        assert "空 empty" in dock.stdout.readline()
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert second.returncode == 1 and "another liuhen-agent" in second.stderr
        dock.send_signal(signal.SIGTERM)
        _, errors = dock.communicate(timeout=60)
        assert dock.returncode == 0, errors
        assert "Traceback" not in errors
