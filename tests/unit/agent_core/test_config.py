"""The dock's configuration: every mistake is named, nothing is guessed, no password is shown."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from liuhen_agent.config import DEFAULT, ConfigError, first_text, load, load_credentials, parse

GOOD = """
zone = "Asia/Urumqi"
spool_days = 7
[[bay]]
name = "1"
backend = "image"
path = "bays/1"
[[bay]]
name = "cards"
backend = "directory"
path = "/srv/cards"
marker = "card"
"""


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ('upload_hours = "20-06"', "upload_hours"),
        ('upload_hours = "06:00-06:00"', "upload_hours"),
        ("upload_mbit = -1", "upload_mbit"),
        ("bus_readers = 0", "bus_readers"),
    ],
)
def test_hours_and_limits_that_are_none_are_named(tmp_path: Path, line: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        parse(line, tmp_path)


def test_a_configuration_is_read(tmp_path: Path) -> None:
    config = parse(GOOD, tmp_path)
    assert [bay.name for bay in config.bays] == ["1", "cards"]
    assert config.bays[0].folder == (tmp_path / "bays/1").resolve()
    assert (str(config.zone), config.spool_term.days) == ("Asia/Urumqi", 7)


def test_what_is_written_at_enrolment_and_nothing_at_all_are_the_same(tmp_path: Path) -> None:
    assert parse(DEFAULT, tmp_path) == load(tmp_path)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("zone = 5", "zone"),
        ('zone = "Mars/Base"', "zone"),
        ('zone = "../../etc/passwd"', "zone"),
        ("parallel_readers = 0", "parallel_readers"),
        ("parallel_readers = true", "parallel_readers"),
        ("spool_days = -1", "spool_days"),
        ('sm3 = "yes"', "sm3"),
        ("colour = 1", "colour"),
        ('wipe_socket = "run/wipe.sock"', "wipe_socket"),
        ('scsi_socket = "run/scsi.sock"', "scsi_socket"),
        ("zone = ", "TOML"),
        ("bay = 1", "bay"),
        ('[[bay]]\nname = "1"\nbackend = "image"', "path"),
        ('[[bay]]\nname = "1"\nbackend = "usb"\npath = "x"', "backend"),
        ('[[bay]]\nname = "a b"\nbackend = "image"\npath = "x"', "name"),
        ('[[bay]]\nname = "1"\nbackend = "image"\npath = "x"\nmarker = "m"', "marker"),
        (GOOD + '[[bay]]\nname = "1"\nbackend = "image"\npath = "x"', "name"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, text: str, named: str) -> None:
    with pytest.raises(ConfigError, match=named):
        parse(text, tmp_path)


def test_passwords_others_can_read_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "recorders.toml"
    path.write_text('[p-bc]\nrole = "USER"\nsecret = "000000"\n')
    path.chmod(0o644)
    with pytest.raises(ConfigError, match="chmod 600"):
        load_credentials(path)
    path.chmod(0o600)
    assert load_credentials(path)["p-bc"].secret == "000000"
    assert load_credentials(tmp_path / "none.toml") == {}


def test_what_systemd_hands_over_goes_before_the_file(tmp_path: Path) -> None:
    handed, path = tmp_path / "credentials", tmp_path / "recorders.toml"
    handed.mkdir()
    (handed / "recorders.toml").write_text('[p-bc]\nrole = "USER"\nsecret = "handed"\n')
    (handed / "recorders.toml").chmod(0o440)  # as an ACL's mask shows
    path.write_text('[p-bc]\nrole = "USER"\nsecret = "file"\n')
    path.chmod(0o600)
    environment = {"CREDENTIALS_DIRECTORY": str(handed)}
    assert load_credentials(path, environment)["p-bc"].secret == "handed"
    (handed / "recorders.toml").write_text("#")  # what the unit hands over where there is nothing
    assert load_credentials(path, environment)["p-bc"].secret == "file"
    (handed / "recorders.toml").unlink()
    assert load_credentials(path, environment)["p-bc"].secret == "file"


def test_the_units_sockets_are_used_where_they_are(tmp_path: Path) -> None:
    config = parse('proxy_socket = "/run/liuhen/proxy.sock"\n', tmp_path)
    assert (config.proxy_socket, config.wipe_socket) == (Path("/run/liuhen/proxy.sock"), None)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "wipe.sock"))
        text = first_text({"wipe_socket": tmp_path / "wipe.sock", "proxy_socket": tmp_path / "none.sock"})
    assert parse(text, tmp_path).wipe_socket == tmp_path / "wipe.sock"
    assert parse(text, tmp_path).proxy_socket is None


@pytest.mark.parametrize("text", ['[p-bc]\nsecret = "hunter2"', '[p-bc]\nrole = 1\nsecret = "hunter2"', 'x = "hunter2'])
def test_a_mistake_in_the_passwords_shows_none_of_them(tmp_path: Path, text: str) -> None:
    path = tmp_path / "recorders.toml"
    path.write_text(text)
    path.chmod(0o600)
    with pytest.raises(ConfigError) as refused:
        load_credentials(path)
    assert "hunter2" not in str(refused.value)
