"""Bays on USB ports in the configuration: what is accepted, and that a program's hand changes nothing else in a person's file."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path

import pytest

from liuhen_agent import bays_file
from liuhen_agent.config import SOCKETS, ConfigError, load, parse
from liuhen_agent.detect.udev_rules import bay_rules

HERE = "pci0000:00/0000:00:14.0"
WRITTEN = """\
# 本站 ours
zone = "Asia/Urumqi" # far west

[[bay]]
name = "reader"
backend = "directory"
path = "reader"

  [[bay]]   # the left one
  name = "1"
  backend = "udev"
  ports = [ "pci0000:00/0000:00:14.0/usb2/1" ] # learnt
"""


def with_ports(*bays: str) -> str:
    return "".join(
        f'[[bay]]\nname = "{number}"\nbackend = "udev"\nports = [{bay}]\n' for number, bay in enumerate(bays)
    )


def test_a_bay_is_a_name_and_the_port_paths_of_one_connector(tmp_path: Path) -> None:
    text = f'own_ports = ["{HERE}/usb2/9"]\n' + with_ports(f'"{HERE}/usb2/1", "{HERE}/usb3/4"')
    config = parse(text, tmp_path)
    assert config.bays[0].ports == (f"{HERE}/usb2/1", f"{HERE}/usb3/4")
    assert (config.bays[0].folder, config.own_ports) == (Path("/dev"), (f"{HERE}/usb2/9",))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (with_ports(""), "ports"),
        (with_ports("5"), "ports"),
        (with_ports('"usb1/1-1"'), "port path"),
        (with_ports(f'"{HERE}/usb2/1"', f'"{HERE}/usb2/1"'), "belongs to bay 0 and to bay 1"),
        (with_ports(f'"{HERE}/usb2/1"', f'"{HERE}/usb2/1.3"'), "behind the other"),
        ('own_ports = "x"', "own_ports"),
        ('[[bay]]\nname = "1"\nbackend = "udev"\nports = ["a/usb2/1"]\npath = "x"', "path"),
        ('[[bay]]\nname = "1"\nbackend = "image"\npath = "x"\nports = ["a/usb2/1"]', "ports"),
        ('[[bay]]\nname = "1"\nbackend = "usb"', "backend"),
    ],
)
def test_what_is_no_port_path_or_belongs_to_two_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        parse(text, tmp_path)


def test_a_new_bay_is_added_and_every_other_byte_stays() -> None:
    after = bays_file.with_bay(WRITTEN, "2", [f"{HERE}/usb2/2"])
    assert after.startswith(WRITTEN)
    assert parse(after, Path("/x")).bays[-1].ports == (f"{HERE}/usb2/2",)


def test_a_bay_that_is_learnt_anew_gets_other_ports_and_keeps_its_comments() -> None:
    after = bays_file.with_bay(WRITTEN, "1", [f"{HERE}/usb2/7"])
    assert after == WRITTEN.replace("usb2/1", "usb2/7").replace("[ ", "[").replace(" ]", "]")


def test_a_bay_that_is_a_folder_is_not_made_a_connector() -> None:
    with pytest.raises(ConfigError, match="reader"):
        bays_file.with_bay(WRITTEN, "reader", [f"{HERE}/usb2/7"])


def test_the_docks_own_ports_are_added_once() -> None:
    once = bays_file.with_own_ports(WRITTEN, [f"{HERE}/usb2/9"])
    assert bays_file.with_own_ports(once, [f"{HERE}/usb2/9"]) == once
    assert parse(once, Path("/x")).own_ports == (f"{HERE}/usb2/9",)
    assert "# far west" in once and "# the left one" in once


def test_a_change_that_the_dock_would_not_read_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(WRITTEN)
    with pytest.raises(ConfigError, match="belongs to bay"):
        bays_file.change(tmp_path, lambda text: bays_file.with_bay(text, "2", [f"{HERE}/usb2/1"]))
    assert (tmp_path / "config.toml").read_text() == WRITTEN


def test_the_file_keeps_its_owner_and_rights_and_a_new_one_is_the_folders_owners(tmp_path: Path) -> None:
    bays_file.change(tmp_path, lambda text: bays_file.with_bay(text, "1", [f"{HERE}/usb2/1"]))
    path = tmp_path / "config.toml"
    assert (path.stat().st_mode & 0o777, path.stat().st_uid) == (0o640, tmp_path.stat().st_uid)
    path.chmod(0o600)
    bays_file.change(tmp_path, lambda text: bays_file.with_bay(text, "2", [f"{HERE}/usb2/2"]))
    assert path.stat().st_mode & 0o777 == 0o600
    assert [bay.name for bay in load(tmp_path).bays] == ["1", "2"]


def test_bays_learnt_before_the_dock_is_enrolled_leave_it_the_units_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its socket the dock would start the wipe helper itself, which may not write there."""
    with socket.socket(socket.AF_UNIX) as wipe:
        wipe.bind(str(tmp_path / "wipe.sock"))
        monkeypatch.setitem(SOCKETS, "wipe_socket", tmp_path / "wipe.sock")
        bays_file.change(tmp_path, lambda text: bays_file.with_bay(text, "1", [f"{HERE}/usb2/1"]))
    assert load(tmp_path).wipe_socket == tmp_path / "wipe.sock"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_what_an_administrator_writes_belongs_to_the_docks_user() -> None:
    with tempfile.TemporaryDirectory() as name:  # where another user can go
        os.chown(name, 12_345, 12_346)
        bays_file.change(Path(name), lambda text: bays_file.with_bay(text, "1", [f"{HERE}/usb2/1"]))
        found = Path(name, "config.toml").stat()
    assert (found.st_uid, found.st_gid, os.geteuid(), os.getegid()) == (12_345, 12_346, 0, 0)


def test_a_bay_made_by_hand_with_odd_characters_cannot_reach_a_rule(tmp_path: Path) -> None:
    for name in ('1", RUN+="/bin/sh', "1\n", "$env{X}"):
        with pytest.raises(ConfigError):
            parse(f"[[bay]]\nname = {name!r}\nbackend = 'udev'\nports = ['{HERE}/usb2/1']", tmp_path)
    [bay] = parse(with_ports(f'"{HERE}/usb2/1"'), tmp_path).bays
    assert bay_rules([bay]).count("RUN") == 0
