"""`liuhen-agent profiles`: somebody who has never seen the code checks, understands, tries and records a profile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import serial
from click.testing import CliRunner, Result

from liuhen_agent.command import main
from liuhen_agent.recorders.profile import default_folder
from liuhen_agent.recorders.trace import parse_trace
from liuhen_agent.simulate.families import FAMILIES
from liuhen_agent.simulate.serial_recorder import SerialRecorder

BC = default_folder() / "p-bc.toml"


def run(*arguments: str | Path, data: Path = Path("/nonexistent")) -> Result:
    return CliRunner().invoke(main, ["--data", str(data), "profiles", *(str(argument) for argument in arguments)])


def test_all_that_came_with_the_program_is_well() -> None:
    done = run("check")
    assert done.exit_code == 0, done.output
    assert len(done.output.splitlines()) == len(list(default_folder().glob("*.toml")))


def test_every_mistake_is_listed_with_file_and_line(tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text(BC.read_text().replace("probes =", "probe =").replace("seconds = 30", "seconds = -1"))
    done = run("check", mine)
    assert done.exit_code == 1
    lines = mine.read_text().splitlines()
    for said in done.output.splitlines():
        file, line, _ = said.split(":", 2)
        assert file == "mine.toml" and int(line) <= len(lines)
    assert "match.probe: unknown key" in done.output and "disk.seconds" in done.output
    assert json.loads(run("check", mine, "--json").output)[0]["file"] == str(mine)
    assert run("check", tmp_path / "nothing.toml").exit_code == 2


def test_a_trace_that_does_not_agree_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "p-bc.toml").write_text(BC.read_text().replace("BC+BATVAL?", "BC+BATTERY?"))
    (tmp_path / "p-bc.trace").write_text(BC.with_suffix(".trace").read_text())
    done = run("check", tmp_path / "p-bc.toml")
    assert done.exit_code == 1 and "p-bc.trace:" in done.output and "BC+BATTERY?" in done.output


def test_two_files_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "copy.toml").write_text(BC.read_text())
    assert "another profile" in run("check", BC, tmp_path / "copy.toml").output


def test_a_profile_is_shown_in_words_and_as_data() -> None:
    done = run("show", "p-a1")
    assert done.exit_code == 0
    for said in ("4255:0001", "id_code", "control", "未在真机上试过", "fresh file system"):
        assert said in done.output
    [facts] = json.loads(run("show", "p-a1", "--json").output)
    assert (facts["grade"], facts["experimental"], facts["probes"]) == ("A", True, ["id_code"])
    assert run("show", "nobody").exit_code == 2
    assert len(run("show").output.splitlines()) >= 12


def test_a_profile_of_ones_own_is_shown_before_any_dock_has_it(tmp_path: Path) -> None:
    mine = tmp_path / "acme-x1.toml"
    mine.write_text((default_folder() / "oem-dcim.toml").read_text().replace('name = "oem-dcim"', 'name = "acme-x1"'))
    done = run("show", mine)
    assert done.exit_code == 0 and done.output.startswith("acme-x1: "), done.output
    mine.write_text(mine.read_text().replace("priority", "priorities"))
    done = run("show", mine)
    assert done.exit_code == 2 and "match.priorities: unknown key" in done.output
    assert run("show", tmp_path / "nothing.toml").exit_code == 2


@pytest.mark.parametrize("name", sorted(FAMILIES))
def test_a_simulated_recorder_is_talked_to_and_misbehaves_on_demand(name: str) -> None:
    done = run("simulate", name)
    assert done.exit_code == 0, done.output
    assert parse_trace(done.output).maker == "made by the simulator, not by hardware"
    assert run("simulate", name, "--manners", "silent").exit_code == 1


def test_a_profile_of_ones_own_is_tried_against_the_simulator_of_another(tmp_path: Path) -> None:
    mine = tmp_path / "acme-x2.toml"
    mine.write_text(BC.read_text().replace('name = "p-bc"', 'name = "acme-x2"'))
    assert run("simulate", mine, "--like", "p-bc").exit_code == 0
    assert run("simulate", mine).exit_code == 2
    mine.write_text(mine.read_text().replace("BC+DID?", "BC+XID?").replace("BC+UID?", "BC+YID?"))
    done = run("simulate", mine, "--like", "p-bc")
    assert done.exit_code == 1 and "BC+XID?" in done.output
    assert run("simulate", tmp_path / "nothing.toml").exit_code == 2


def test_what_cannot_be_simulated_says_so() -> None:
    assert run("simulate", "boblov").exit_code == 2
    assert run("simulate", "boblov", "--like", "p-bc").exit_code == 2
    assert run("simulate", "p-a1", "--tty").exit_code == 2


def test_a_simulated_recorder_sits_behind_a_serial_line() -> None:
    command = [sys.executable, "-m", "liuhen_agent", "--data", "/nonexistent", "profiles", "simulate", "p-bc", "--tty"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        line = process.stdout.readline().split()[-1]
        with serial.Serial(line, timeout=10) as port:
            port.write(b"BC+DID?\r\n")
            assert port.read_until(b"OK\r\n") == b"+DID:DSJ7A01\r\nOK\r\n"
            port.write(b"BC+LOGIN=USER:000000\r\nBC+UDISKEN=1\r\n")
            assert port.read_until(b"OK\r\n").endswith(b"OK\r\n")
        assert process.wait(20) == 0


def test_a_conversation_with_a_recorder_is_written_down_without_the_password(tmp_path: Path) -> None:
    """The recorder is simulated, on a real pseudo-terminal."""
    (tmp_path / "recorders.toml").write_text('[p-bc]\nrole = "USER"\nsecret = "000000"\n')
    (tmp_path / "recorders.toml").chmod(0o600)
    out = tmp_path / "p-bc.trace"
    with SerialRecorder(tmp_path / "port") as recorder:
        done = run("record", BC, "--port", tmp_path / "port" / "tty", "--out", out, data=tmp_path)
        assert done.exit_code == 0, done.output
        assert not [said for said in recorder.device.heard if "SYSTIME=" in said or "UDISKEN" in said]
    text = out.read_text()
    assert "made while speaking to a real recorder" in text and "000000" not in text and "******" in text
    (tmp_path / "p-bc.toml").write_text(BC.read_text())
    assert run("check", tmp_path / "p-bc.toml").exit_code == 0, "what was recorded can be replayed"
    assert run("record", BC, "--port", tmp_path / "x", "--out", out, data=tmp_path).exit_code == 2, (
        "nothing overwritten"
    )


def test_a_wrong_password_is_recorded_as_the_end(tmp_path: Path) -> None:
    (tmp_path / "recorders.toml").write_text('[p-bc]\nrole = "USER"\nsecret = "654321"\n')
    (tmp_path / "recorders.toml").chmod(0o600)
    with SerialRecorder(tmp_path / "port") as recorder:
        done = run("record", BC, "--port", tmp_path / "port" / "tty", "--out", tmp_path / "out.trace", data=tmp_path)
        assert done.exit_code == 1 and "wrong-password" in done.output
        assert recorder.device.wrong == 1
    assert "654321" not in (tmp_path / "out.trace").read_text() + done.output


def test_a_trace_that_cannot_be_written_is_said_before_the_password_is_sent(tmp_path: Path) -> None:
    (tmp_path / "recorders.toml").write_text('[p-bc]\nrole = "USER"\nsecret = "000000"\n')
    (tmp_path / "recorders.toml").chmod(0o600)
    with SerialRecorder(tmp_path / "port") as recorder:
        out = tmp_path / "nowhere" / "out.trace"
        done = run("record", BC, "--port", tmp_path / "port" / "tty", "--out", out, data=tmp_path)
        assert done.exit_code == 2 and "cannot be made" in done.output
        assert recorder.device.heard == []


def test_nothing_is_recorded_without_a_password_or_a_place(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    assert run("record", BC, "--port", "/dev/null", "--out", tmp_path / "t", data=tmp_path).exit_code == 2
    assert run("record", BC, "--out", tmp_path / "t", data=tmp_path).exit_code == 2
    assert run("record", default_folder() / "boblov.toml", "--port", "x", "--out", tmp_path / "t").exit_code == 2
