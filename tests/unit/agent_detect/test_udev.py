"""The udev backend: on mocked ports in processes of their own, and on the kernel's real netlink where that is allowed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
MOCKED = sorted(Path(__file__).parent.glob("on_mocked_*.py"))


@pytest.mark.parametrize("tests", MOCKED, ids=[path.stem for path in MOCKED])
def test_on_mocked_ports(tests: Path) -> None:
    """Every test of that file, under umockdev; what fails there is shown here."""
    done = subprocess.run(
        ["umockdev-wrapper", sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-p", "no:xdist", tests],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
