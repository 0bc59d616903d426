"""Durable files and key files: complete or not there, never overwritten by accident, never readable by others."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, NoEncryption, PrivateFormat

from liuhen_files import durable, keys
from liuhen_protocol.errors import Malformed


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def test_write_new_never_overwrites_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "one"
    durable.write_new(path, b"first")
    with pytest.raises(FileExistsError):
        durable.write_new(path, b"second")
    assert path.read_bytes() == b"first"
    assert names(tmp_path) == ["one"]


def test_files_are_for_their_owner_only_unless_said_otherwise(tmp_path: Path) -> None:
    durable.write_new(tmp_path / "new", b"x")
    durable.replace(tmp_path / "replaced", b"x")
    durable.replace(tmp_path / "open", b"x", 0o644)
    assert (mode(tmp_path / "new"), mode(tmp_path / "replaced"), mode(tmp_path / "open")) == (0o600, 0o600, 0o644)


def test_replace_puts_other_bytes_in_place_and_tightens_the_mode(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"old")
    path.chmod(0o644)
    durable.replace(path, b"new")
    assert (path.read_bytes(), mode(path), names(tmp_path)) == (b"new", 0o600, ["one"])


@pytest.mark.parametrize("step", ["fsync", "link", "replace"])
def test_a_failed_step_leaves_the_old_file_and_no_temporary_one(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "one"
    path.write_bytes(b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if step == "replace":
        monkeypatch.setattr(Path, "replace", fail)
    else:
        monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError):
        (durable.write_new if step == "link" else durable.replace)(path, b"new")
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["one"]


def test_bytes_are_synced_before_the_name_and_the_folder_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    real_fsync, real_link, real_replace = os.fsync, os.link, Path.replace

    def fsync(handle: int) -> None:
        steps.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")
        real_fsync(handle)

    def link(source: Path, target: Path) -> None:
        steps.append("name")
        real_link(source, target)

    def replace(self: Path, target: Path) -> Path:
        steps.append("name")
        return real_replace(self, target)

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "link", link)
    monkeypatch.setattr(Path, "replace", replace)
    durable.write_new(tmp_path / "one", b"x")
    assert steps == ["file", "name", "folder"]
    steps.clear()
    durable.replace(tmp_path / "one", b"y")
    assert steps == ["file", "name", "folder"]
    steps.clear()
    (tmp_path / "in").mkdir()
    durable.publish(tmp_path / "one", tmp_path / "in" / "final")
    assert steps == ["name", "folder", "folder"]
    steps.clear()
    durable.remove(tmp_path / "in" / "final")
    assert steps == ["folder"]


def test_publish_and_remove_may_be_done_again(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "part").write_bytes(b"x")
        durable.publish(tmp_path / "part", tmp_path / "final")
    assert names(tmp_path) == ["final"]
    durable.remove(tmp_path / "final")
    durable.remove(tmp_path / "final")
    assert names(tmp_path) == []


def test_mkdirs_makes_parents_for_the_owner_only_and_may_be_done_again(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    durable.mkdirs(deep)
    durable.mkdirs(deep)
    assert [mode(each) for each in (deep, deep.parent, deep.parent.parent)] == [0o700] * 3


def test_a_long_name_can_be_written(tmp_path: Path) -> None:
    durable.replace(tmp_path / ("n" * 255), b"x")
    assert names(tmp_path) == ["n" * 255]


def test_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "key"
    made = keys.load_or_create(path)
    assert mode(path) == 0o600
    assert keys.load_or_create(path).public == made.public == keys.load(path).public
    assert path.read_text().splitlines()[1] not in repr(made)


@pytest.mark.parametrize("bits", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_can_touch_is_refused(bits: int, tmp_path: Path) -> None:
    path = tmp_path / "key"
    keys.load_or_create(path)
    path.chmod(bits)
    with pytest.raises(Malformed):
        keys.load(path)
    with pytest.raises(Malformed):
        keys.load_or_create(path)


def test_what_is_no_ed25519_key_is_refused_without_showing_it(tmp_path: Path) -> None:
    path = tmp_path / "key"
    locked = BestAvailableEncryption(b"word")
    secret = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, locked)
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data in (b"", b"secret bytes", secret, other):
        durable.replace(path, data)
        with pytest.raises(Malformed) as caught:
            keys.load(path)
        assert "secret" not in str(caught.value)
    with pytest.raises(FileNotFoundError):
        keys.load(tmp_path / "none")
