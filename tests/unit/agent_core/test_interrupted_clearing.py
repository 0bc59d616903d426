"""A card whose clearing was interrupted is completed when it is docked again, even when it lists as empty.

The archive is the stand-in of `support.dock_alone`; an empty card needs no receipts, so the real wipe helper may finish it.
"""

from __future__ import annotations

import os
import subprocess
from datetime import datetime
from pathlib import Path

import pytest

from liuhen_agent.bay import State
from liuhen_agent.clear import format
from liuhen_agent.detect import Bay
from liuhen_agent.identity import store
from liuhen_agent.journal import queries, read_only
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import build_image
from liuhen_protocol import dsse
from liuhen_protocol.events import RecorderCleared
from liuhen_protocol.statement import read_statement
from support import dock_alone

NAME = "DCIM/100MEDIA/DSJ7A01_01234520261122143059_0001.MP4"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    dock_alone.enrol(tmp_path / "dock")
    store.Paths(tmp_path / "dock").policy.write_text(f"log {dock_alone.LOG_KEY}\nquorum none\n")
    return tmp_path / "dock"


def card(tmp_path: Path, name: str, label: str) -> Path:
    source = tmp_path / "clip.bin"
    source.write_bytes(os.urandom(300_000))
    (tmp_path / "port").mkdir(exist_ok=True)
    return build_image(tmp_path / "port" / name, [CardFile(NAME, source, datetime(2026, 11, 22, 14, 30))], label=label)


async def interrupted_clearing(image: Path, work: Path, stay: str) -> Path:
    """What a power cut leaves: the plan, and the new root folder behind old tables. Gives the plan's file."""
    volume = await open_volume(image)
    await volume.close()
    work.mkdir(exist_ok=True)
    disk = os.open(image, os.O_RDWR)
    try:
        plan = format.make_plan(disk, volume.info, work)
        format.keep(work / f"{stay}.plan", plan)
        half = len(plan.image) // 2
        os.pwrite(disk, plan.image[half:], plan.offset + half)
    finally:
        os.close(disk)
    return work / f"{stay}.plan"


def last_stay(data_dir: Path) -> str:
    with read_only(dock_alone.journal_of(data_dir)) as db:
        return queries.last_sessions(db)[0].id


def cleared(data_dir: Path) -> list[RecorderCleared]:
    with read_only(dock_alone.journal_of(data_dir)) as db:
        said = [read_statement(dsse.Envelope.parse(row.data).payload).event for row in queries.envelopes(db)]
    return [event for event in said if isinstance(event, RecorderCleared)]


def checked(image: Path) -> int:
    return subprocess.run(["fsck.fat", "-n", str(image)], capture_output=True).returncode


async def test_a_half_cleared_card_that_lists_as_empty_is_completed(data_dir: Path, tmp_path: Path) -> None:
    image = card(tmp_path, "card.img", "DSJ7A01")
    bay = Bay("1", "image", tmp_path / "port")
    [view] = await dock_alone.run_until_idle(data_dir, bay)
    assert view.state is State.FAILED, "receipts that nobody can check clear nothing"
    plan = await interrupted_clearing(image, data_dir / "clear", last_stay(data_dir))
    assert checked(image) != 0
    [view] = await dock_alone.run_until_idle(data_dir, bay)
    assert (view.state, view.files) == (State.READY, 0)
    assert [event.receipts for event in cleared(data_dir)] == [()]
    assert checked(image) == 0 and not plan.exists()


async def test_the_plan_of_another_recorder_touches_no_empty_card(data_dir: Path, tmp_path: Path) -> None:
    other = card(tmp_path, "other.img", "OTHER")
    bay = Bay("1", "image", tmp_path / "port")
    await dock_alone.run_until_idle(data_dir, bay)
    plan = await interrupted_clearing(other, data_dir / "clear", last_stay(data_dir))
    other.rename(tmp_path / "other.img")
    empty = build_image(tmp_path / "port" / "empty.img", [], label="EMPTY")
    content = empty.read_bytes()
    [view] = await dock_alone.run_until_idle(data_dir, bay)
    assert view.state is State.READY
    assert empty.read_bytes() == content and plan.exists() and cleared(data_dir) == []
