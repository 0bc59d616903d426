"""The table of scripts/hil: what counts as lost and as duplicated, and that one wrong number makes the run fail."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from house.hil.ledger import Account, Check, Plugged, rows, total
from house.hil.report import show

ALL_WELL = [
    Plugged("cards", "A", {"a.mp4": "01", "b.mp4": "02"}, frozenset(), expect_cleared=True),
    Plugged("mtp", "B", {"c.mp4": "03"}, frozenset({"c.mp4"}), expect_cleared=False),
]
COLLECTED = {"01": 1, "02": 1, "03": 1}
STORED = {"01", "02", "03"}


def test_everything_stored_and_cleared_holds() -> None:
    found = rows(ALL_WELL, COLLECTED, STORED)
    assert [row.scene for row in found] == ["cards", "mtp"]
    assert all(row.holds for row in found)
    assert total(found).stored == 3


def test_a_clip_that_is_nowhere_is_lost() -> None:
    row = rows(ALL_WELL, COLLECTED, STORED - {"02"})[0]
    assert (row.lost, row.stored, row.holds) == (1, 1, False)


def test_a_clip_that_is_still_on_the_recorder_is_not_lost_and_yet_not_well() -> None:
    kept = replace(ALL_WELL[0], left=frozenset({"a.mp4", "b.mp4"}))
    row = rows([kept], {}, frozenset())[0]
    assert (row.lost, row.cleared, row.holds) == (0, 0, False)


def test_a_clip_stated_twice_is_duplicated() -> None:
    row = rows(ALL_WELL, {**COLLECTED, "01": 3}, STORED)[0]
    assert (row.duplicated, row.holds) == (2, False)


def test_a_recorder_emptied_against_its_profile_does_not_hold() -> None:
    emptied = replace(ALL_WELL[1], left=frozenset())
    assert not rows([emptied], COLLECTED, STORED)[0].holds


@pytest.mark.parametrize("spoilt", ["nothing happened", "a check", "an early end", "a row"])
def test_a_run_holds_only_as_a_whole(spoilt: str) -> None:
    account = Account(1, rows=rows(ALL_WELL, COLLECTED, STORED), checks=[Check("x", True)])
    assert account.holds
    match spoilt:
        case "nothing happened":
            account = Account(1)
        case "a check":
            account.checks.append(Check("y", False))
        case "an early end":
            account.broke = "the guest did not answer"
        case _:
            account.rows = rows(ALL_WELL, COLLECTED, set())
    assert not account.holds
    assert account.as_json()["holds"] is False


def test_a_guest_that_was_started_again_is_told_and_does_not_spoil_what_held() -> None:
    account = Account(1, rows=rows(ALL_WELL, COLLECTED, STORED), checks=[Check("x", True)], hangs=["scsi: silence"])
    assert account.holds
    assert account.as_json()["hangs"] == ["scsi: silence"]
    printed = io.StringIO()
    show(account, Console(file=printed, width=120))
    assert "scsi: silence" in printed.getvalue()
