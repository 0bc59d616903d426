"""`liuhen-server` says what it did, in words and in JSON, and leaves with 0, 1 or 2."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from liuhen_protocol.events import DockRevoked
from liuhen_protocol.note import COSIGNATURE_V1, VerifierKey
from liuhen_server.command import Failed, answers, main, with_archive
from liuhen_server.operations.opening import Archive

WITNESS = VerifierKey("witness.example/court", COSIGNATURE_V1, bytes(range(32)))


def run(*words: str) -> Result:
    return CliRunner().invoke(main, list(words))


def answer(*words: str, code: int = 0) -> dict[str, Any]:
    result = run(*words, "--json")
    assert result.exit_code == code, result.output
    return dict(json.loads(result.stdout))


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(tmp_path / "archive")


def test_a_new_archive_has_keys_nobody_else_can_read_and_holds(data: str) -> None:
    founded = answer("init", "--data", data, "--origin", "archive.example/log")
    assert founded["log_key"].startswith("archive.example/log+")
    for secret in ("keys/log.pem", "keys/statement.pem", "ca/ca.key", "config.toml"):
        assert (Path(data) / secret).stat().st_mode & 0o077 == 0, secret
    assert answer("verify", "--data", data)["checked"]["entries"] == 1
    assert answer("scrub", "--data", data)["holds"] is True


def test_init_leaves_an_existing_folder_alone(data: str) -> None:
    answer("init", "--data", data, "--origin", "archive.example/log")
    before = (Path(data) / "config.toml").read_bytes()
    again = run("init", "--data", data, "--origin", "archive.example/log")
    assert again.exit_code == 2
    assert "已存在" in again.output
    assert (Path(data) / "config.toml").read_bytes() == before


def test_a_second_archive_does_not_take_a_database_that_has_one(data: str, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path / 'shared.db'}"
    answer("init", "--data", data, "--origin", "archive.example/log", "--database", database)
    other = run("init", "--data", data + "2", "--origin", "archive.example/log", "--database", database)
    assert other.exit_code == 2
    assert "already belongs" in other.output
    assert not (Path(data + "2") / "config.toml").exists()


def test_witnesses_and_quorum_stand_in_the_policy(data: str) -> None:
    from liuhen_server import config

    word = f"court {WITNESS} http://127.0.0.1:9"
    answer("init", "--data", data, "--origin", "archive.example/log", "--witness", word)
    loaded = config.load(Path(data))
    assert loaded.quorum == 1
    assert f"witness court {WITNESS} http://127.0.0.1:9\n" in loaded.policy(bytes(32)).text()
    for wrong in (f"court {WITNESS}", f"court {WITNESS}x http://x", f"court {WITNESS} ftp://x"):
        assert run("init", "--data", data + "2", "--origin", "a/b", "--witness", wrong).exit_code == 2
    assert run("init", "--data", data + "2", "--origin", "a/b", "--witness", word, "--quorum", "2").exit_code == 2


def test_docks_are_added_listed_and_revoked(data: str) -> None:
    answer("init", "--data", data, "--origin", "archive.example/log")
    code = answer("dock", "add", "--data", data, "dock-01", "--agency", "市监局")["code"]
    assert len(code.partition(".")[2]) == 32
    assert answer("dock", "list", "--data", data)["docks"] == [], "a dock is there once it enrolled"
    assert run("dock", "revoke", "--data", data, "dock-01", "--reason", "stolen").exit_code == 1
    assert run("dock", "add", "--data", data, "archive", "--agency", "市监局").exit_code == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_neither_founds_nor_serves_in_the_folder_of_the_archives_user(data: str) -> None:
    """Keys and clips that root leaves there the unit could not read."""
    Path(data).mkdir()
    os.chown(data, 12_345, 12_345)
    found = run("init", "--data", data, "--origin", "archive.example/log")
    assert found.exit_code == 2 and "runuser -u '#12345'" in found.output
    assert not list(Path(data).iterdir())
    os.chown(data, 0, 0)
    answer("init", "--data", data, "--origin", "archive.example/log")
    os.chown(data, 12_345, 12_345)
    assert run("serve", "--data", data).exit_code == 2


def test_what_is_no_archive_is_said_to_be_none(tmp_path: Path) -> None:
    for command in ("verify", "scrub", "doctor", "serve"):
        result = run(command, "--data", str(tmp_path))
        assert result.exit_code == 2
        assert "liuhen-server init" in result.output


def test_an_unknown_setting_is_named(data: str) -> None:
    answer("init", "--data", data, "--origin", "archive.example/log")
    path = Path(data) / "config.toml"
    path.write_text("typo = 1\n" + path.read_text())
    result = run("verify", "--data", data)
    assert result.exit_code == 2
    assert "typo" in result.output


def test_doctor_says_that_nothing_is_published_yet(data: str) -> None:
    answer(
        "init", "--data", data, "--origin", "archive.example/log", "--witness", f"court {WITNESS} http://127.0.0.1:9"
    )
    findings = {each["what"].split()[-1]: each["well"] for each in answer("doctor", "--data", data, code=1)["findings"]}
    assert findings["publishing"] is False
    assert findings["court"] is False
    assert findings["log"] is True
    assert findings["backups"] is False


def test_doctor_looks_where_backups_are_said_to_go(data: str, tmp_path: Path) -> None:
    answer("init", "--data", data, "--origin", "archive.example/log")
    report = answer("doctor", "--data", data, "--backups", str(tmp_path / "disk"), code=1)
    assert any(str(tmp_path / "disk") in each["found"] for each in report["findings"])


def test_a_broken_archive_leaves_with_1(data: str) -> None:
    import sqlite3

    answer("init", "--data", data, "--origin", "archive.example/log")
    with sqlite3.connect(Path(data) / "archive.db") as connection:
        connection.execute("UPDATE entries SET kind = 'dock.head'")
    report = answer("verify", "--data", data, code=1)
    assert report["findings"][0]["code"] == "row-altered"
    assert "✗" in run("verify", "--data", data).output


def test_a_command_that_finds_an_entry_added_in_the_database_stops_the_log_and_says_so(data: str) -> None:
    answer("init", "--data", data, "--origin", "archive.example/log")
    with sqlite3.connect(Path(data) / "archive.db") as database:
        database.execute(
            "INSERT INTO entries SELECT 1, envelope, leaf_hash, envelope_hash, source, 9, kind, time FROM entries"
        )

    async def work(archive: Archive) -> None:
        async with archive.database.write() as conn:
            await archive.chain.append(conn, DockRevoked("dock-01", "0" * 64, "lost", -1, None))

    with pytest.raises(Failed, match="entry-added"):
        answers(lambda: with_archive(Path(data), work))()
    with sqlite3.connect(Path(data) / "archive.db") as database:
        assert database.execute("SELECT alarm_code FROM sequencer_state").fetchone() == ("entry-added",)
