"""The disk that loses its power forgets exactly what was not synced: else the tests that use it would prove nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from faults.power_cut_children import count_rows, write_in_four_ways
from faults.powercutfs import Cut, Outcome, power_cut_disk
from support.forked import forked


def last_cut(tmp_path: Path, outcome: Outcome, program: Callable[[Path], None], content: Path | None = None) -> Cut:
    with power_cut_disk(tmp_path, content) as disk:
        process = forked(program, disk.folder)
        process.start()
        process.join(60)
        assert process.exitcode == 0
    return disk.cuts(outcome)[-1]


@pytest.mark.parametrize(
    ("outcome", "left"),
    [
        (Outcome.STRICT, {"made/well": 5000, "renamed": 0, "no-folder-sync": 5000}),
        (Outcome.NAMES, {"made/well": 5000, "renamed": 0, "no-folder-sync": 5000, "late": 5000}),
        (Outcome.DATA, {"made/well": 5000, "renamed": 5000, "no-folder-sync": 5000}),
    ],
)
def test_only_what_was_synced_is_sure_to_survive(tmp_path: Path, outcome: Outcome, left: dict[str, int]) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "content" / "old").write_bytes(b"old")
    cut = last_cut(tmp_path, outcome, write_in_four_ways, tmp_path / "content")
    assert {path: len(data) for path, (_, data) in cut.tree.items() if data is not None} == left
    assert cut.told == ("all of it",)


def test_a_database_that_does_not_sync_loses_what_it_said(tmp_path: Path) -> None:
    after = last_cut(tmp_path, Outcome.STRICT, count_rows).rebuild(tmp_path / "after")
    with closing(sqlite3.connect(after / "FULL.db")) as db:
        assert db.execute("SELECT count(*) FROM t").fetchone() == (5,)
    with closing(sqlite3.connect(after / "OFF.db")) as db, pytest.raises(sqlite3.Error):
        db.execute("SELECT count(*) FROM t").fetchone()
