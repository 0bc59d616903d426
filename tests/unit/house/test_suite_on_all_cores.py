"""The suite on all cores: what is dear to set up is set up once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TESTS = """
import os, pathlib, pytest

@pytest.mark.xdist_group("dear")
@pytest.mark.parametrize("number", range(6))
def test_of_a_group(number):
    pathlib.Path(__file__).with_name(os.environ["PYTEST_XDIST_WORKER"]).touch()

@pytest.mark.parametrize("number", range(6))
def test_of_none(number):
    pass
"""


def test_a_group_of_tests_stays_on_one_worker(tmp_path: Path) -> None:
    """A newer pytest made every group a word without meaning, and what they share was set up on each worker."""
    (tmp_path / "test_some.py").write_text(TESTS)
    line = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", "-p", "no:cacheprovider", "."]
    own = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}  # not this run's worker
    done = subprocess.run(line, cwd=tmp_path, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(tmp_path.glob("gw*"))) == 1, done.stdout
