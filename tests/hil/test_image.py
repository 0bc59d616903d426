"""Building the guest's disk: what is mounted meanwhile belongs to this machine and is never deleted with it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from house.hil.image import BuildError, built
from house.hil.recipe import Recipe

# a stand-in: mounts as mmdebstrap does, and is killed before it unmounts
KILLED = """#!/bin/sh
for word; do case $word in */root) root=$word ;; esac; done
mkdir -p "$root/dev/shm"
mount --bind "$MACHINE" "$root/dev/shm" && touch "$MACHINE/mounted"
kill -KILL $$
"""


def test_a_killed_build_deletes_nothing_through_what_it_had_mounted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, machine, cache = (tmp_path / name for name in ("bin", "machine", "cache"))
    for folder in (programs, machine):
        folder.mkdir()
    (programs / "mmdebstrap").write_text(KILLED)
    (programs / "mmdebstrap").chmod(0o755)
    (machine / "kept").write_text("of this machine")
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.setenv("MACHINE", str(machine))
    with pytest.raises(BuildError):
        built(Recipe(), lambda line: None, cache)
    assert sorted(path.name for path in machine.iterdir()) == ["kept", "mounted"]
    assert list(cache.iterdir()) == []
