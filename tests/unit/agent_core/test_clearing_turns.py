"""Recorders that are ready to be cleared together do not keep each other from it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liuhen_agent.clear import call, order
from liuhen_agent.clear.wipe import Outcome
from liuhen_agent.clock import Reading
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import Journal
from liuhen_agent.recorders.profile import default_folder, load_profiles
from liuhen_agent.stay import CLEARED_AT_ONCE
from liuhen_protocol.statement import Clock
from support import dock_alone

BAYS = 5


async def test_no_more_recorders_are_cleared_at_once_than_a_small_machine_bears_and_each_has_its_turn(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The helper is a stand-in that waits: what matters is how many are at work, not what they do."""
    data_dir, working, most, done = tmp_path / "dock", 0, 0, asyncio.Event()
    cleared: list[str] = []

    async def clear(journal: Journal, data_dir: Path, what: order.Order, helper: Path | None) -> Outcome:
        nonlocal working, most
        working += 1
        most = max(most, working)
        await asyncio.sleep(0.05)  # all others are ready meanwhile
        working -= 1
        cleared.append(what.session)
        if len(cleared) == BAYS:
            done.set()
        return Outcome(what.session, False, "delete", 0, (), "stand-in", "nothing was done")

    profiles = tuple(replace(p, clearing="delete") for p in load_profiles(default_folder()) if p.name == "directory")
    monkeypatch.setattr("liuhen_agent.dock.load_profiles", lambda folder: profiles)
    monkeypatch.setattr(call, "clear", clear)
    dock_alone.enrol(data_dir)
    bays = []
    for number in range(BAYS):
        folder = tmp_path / f"recorder-{number}"
        folder.mkdir()
        (folder / "a.mp4").write_bytes(b"clip %d" % number)
        bays.append(Bay(str(number), "directory", folder))
    vouched_for = Clock("ntp", 50)
    wishes = Wishes(
        watch=dock_alone.QUICK, sync=dock_alone.Obliging, read_clock=lambda: Reading(datetime.now(UTC), vouched_for)
    )
    task = asyncio.create_task(Dock(data_dir, dock_alone.config(data_dir, *bays), wishes).run())
    try:
        await asyncio.wait_for(done.wait(), 60)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert most == CLEARED_AT_ONCE
    assert len(set(cleared)) == BAYS
