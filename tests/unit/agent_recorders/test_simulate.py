"""Simulated cards hold what demo and tests rely on: real footage under real names, an important clip, a gap, Chinese."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

from click.testing import CliRunner

from liuhen_agent.recorders.names import numbering_gaps, parse_name
from liuhen_agent.recorders.profile import Facts, choose_profile, default_folder, load_profiles
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.__main__ import main
from liuhen_agent.simulate.footage import make_card, real_clips


async def test_a_built_card_is_taken_for_an_oem_recorder(tmp_path: Path) -> None:
    image = tmp_path / "card.img"
    done = CliRunner().invoke(main, ["card", str(image), "--kind", "exfat", "--table", "mbr", "--serial", "DSJ7A09"])
    assert done.exit_code == 0, done.output
    volume = await open_volume(image)
    listing = await volume.inventory()
    assert volume.info.label == "DSJ7A09"
    await volume.close()
    facts = Facts("disk", volume.info.label, tuple(entry.path for entry in listing.files))
    profile = choose_profile(load_profiles(default_folder()), facts)
    assert profile is not None
    assert profile.name == "oem-dcim"


def test_a_duty_has_an_important_clip_a_gap_and_a_chinese_name(tmp_path: Path) -> None:
    begins = datetime(2026, 11, 22, 9, 0)
    files = make_card(tmp_path / "card", serial="DSJ7A01", officer="012345", begins=begins, clips=4)
    patterns = next(p for p in load_profiles(default_folder()) if p.name == "oem-dcim").files.patterns
    names = {file.path: parse_name(file.path, patterns) for file in files}
    known = {path: name for path, name in names.items() if name is not None}
    assert sum(name.important for name in known.values()) == 1
    clips = [(path, name) for path, name in known.items() if path.endswith(".MP4")]
    assert [gap.missing for gap in numbering_gaps(clips)] == [1]
    assert any(not path.isascii() for path in names)
    assert pictures(files[0].source) == pictures(real_clips()[0]), "real footage, its pictures untouched"
    assert len({file.source.read_bytes() for file in files}) == len(files), "no two files are alike"


def pictures(clip: Path) -> bytes:
    """The MD5 of the coded pictures alone."""
    command = [
        "ffmpeg",
        "-loglevel",
        "error",
        "-nostdin",
        "-i",
        str(clip),
        "-map",
        "0:v:0",
        "-c",
        "copy",
        "-f",
        "md5",
        "-",
    ]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_a_serial_recorder_of_its_own_process_is_plugged_and_pulled(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "liuhen_agent.simulate", "serial", "--port", str(tmp_path / "port")]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    ) as process:
        assert process.stdout is not None
        assert "plugged in" in process.stdout.readline()
        assert (tmp_path / "port" / "tty").is_char_device()
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    assert not (tmp_path / "port" / "tty").is_symlink()
