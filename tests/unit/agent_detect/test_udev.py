"""The udev backend: on mocked ports in a process of their own, and on the kernel's real netlink where that is allowed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def test_recorders_on_mocked_ports() -> None:
    """Everything in on_mocked_ports.py; what fails there is shown here."""
    done = subprocess.run(
        [
            "umockdev-wrapper",
            sys.executable,
            "-m",
            "pytest",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
            Path(__file__).with_name("on_mocked_ports.py"),
        ],
        cwd=ROOT,
        env={**os.environ, "G_SLICE": "always-malloc"},
        capture_output=True,
        text=True,
        timeout=110,
    )
    assert done.returncode == 0, done.stdout + done.stderr
