"""A dock whose configuration is being changed is killed at every step: it has the old one or the new one, and can read it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from liuhen_agent.config import load

CHILD = """
import sys
from pathlib import Path
from killpoint import KillPoint, install
from liuhen_agent import bays_file
install(KillPoint(sys.argv[2], sys.argv[3] == "after"))
bays_file.change(Path(sys.argv[1]), lambda text: bays_file.with_bay(text, "2", ["a/usb2/2"]))
"""
OLD = '# ours\n[[bay]]\nname = "1"\nbackend = "udev"\nports = ["a/usb2/1"]\n'
STEPS = ["liuhen_files.durable:replace", "liuhen_files.durable:_write_temporary", "liuhen_files.durable:fsync_folder"]


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_the_configuration_is_the_old_or_the_new_one(tmp_path: Path, step: str, when: str) -> None:
    (tmp_path / "config.toml").write_text(OLD)
    done = subprocess.run(
        [sys.executable, "-c", CHILD, tmp_path, step, when], cwd=Path(__file__).parent, capture_output=True, timeout=60
    )
    assert done.returncode == -9, done.stderr.decode()
    names = [bay.name for bay in load(tmp_path).bays]
    written = (when == "after" and not step.endswith("_write_temporary")) or step.endswith("fsync_folder")
    assert names == (["1", "2"] if written else ["1"])
    assert (tmp_path / "config.toml").read_text().startswith("# ours\n")
