"""Kill -9 of the archive at every durable step of a checkpoint, before it and after it, loses nothing and says
nothing twice.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from faults.archive_sequencer_child import tick_and_die
from liuhen_protocol import merkle
from liuhen_server.log.sequencer import new_holder
from liuhen_server.operations.opening import Archive, found, opened
from liuhen_server.operations.verify import verify_archive
from support.archive import Dock, RunningWitness, append, config_for, enrol, publish_all
from support.forked import forked

# step, call that dies: in the order in which a tick reaches them
STEPS = [
    ("Sequencer.stage", 1),
    ("durable.mkdirs", 1),
    ("NewFiles.add", 1),
    ("NewFiles.add", 3),
    ("NewFiles.finish", 1),
    ("Sequencer.sign", 1),
    ("Sequencer.swap", 1),
    ("signed_state.swap", 1),
    ("Sequencer.apply", 2),
    ("durable.move", 1),
    ("durable.move", 2),
    ("durable.move", 4),
    ("durable.fsync_folder", 4),
    ("durable.fsync_folder", 6),
    ("Sequencer.cosign", 2),
    ("signed_state.remember_witness", 1),
    ("Sequencer.publish", 1),
    ("durable.replace", 1),
    ("signed_state.set_published", 1),
    ("Sequencer.prune", 1),
    ("Sequencer.drop_staging", 1),
]
TABLE = [(step, nth, side) for step, nth in STEPS for side in ("before", "after")]
ON_POSTGRESQL = [case for case in TABLE if case[0] in ("Sequencer.swap", "signed_state.swap", "durable.replace")]


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[RunningWitness]:
    running = RunningWitness("witness.example/court", tmp_path / "witness")
    await running.start()
    yield running
    await running.stop()


def named(case: tuple[str, int, str]) -> str:
    return f"{case[2]}-{case[0]}-{case[1]}"


@pytest.mark.parametrize("case", TABLE, ids=named)
async def test_killed_archive_goes_on_where_it_was(
    case: tuple[str, int, str], tmp_path: Path, witness: RunningWitness
) -> None:
    await killed_and_continued(case, tmp_path, f"sqlite:///{tmp_path / 'archive' / 'archive.db'}", witness)


@pytest.mark.parametrize("case", ON_POSTGRESQL, ids=named)
async def test_killed_archive_on_postgresql_goes_on_where_it_was(
    case: tuple[str, int, str], tmp_path: Path, witness: RunningWitness, postgresql: Any
) -> None:
    url = postgresql.new_database()
    await killed_and_continued(case, tmp_path, url, witness)
    postgresql.drop_database(url)


async def killed_and_continued(
    case: tuple[str, int, str], tmp_path: Path, database_url: str, witness: RunningWitness
) -> None:
    step, nth, side = case
    config = config_for(tmp_path / "archive", database_url, (witness,), 1)
    witness.knows(await found(config))
    dock = Dock("dock-03")
    items = dock.heads(300)
    async with opened(config) as archive:
        await enrol(archive, dock)
        await append(archive, items[:200])
        await publish_all(archive)  # 202 entries are out; the next checkpoint goes over a full tile
        before = archive.reader.published()
        await append(archive, items[200:])
    await die(config.folder, step, side, nth)
    async with opened(config) as archive:
        await continues(archive, items, before)


async def die(folder: Path, step: str, side: str, nth: int) -> None:
    process = forked(tick_and_die, folder, step, side, nth)
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL, "the step was not reached"


async def continues(archive: Archive, items: list[Any], before: tuple[Any, ...] | None) -> None:
    left = archive.reader.published()
    assert before is not None and left is not None, "what was published stays published"
    archive.policy.accept(left[1])
    await publish_all(archive, new_holder())
    last = archive.reader.published()
    assert last is not None
    archive.policy.accept(last[1])
    assert last[0].size == len(items) + 2
    for old in (before[0], left[0]):
        proof = archive.reader.consistency(old.size, last[0].size)
        merkle.check_consistency(old.size, last[0].size, old.root, last[0].root, proof)
    for index in (2, 201, 202, 256, 301):
        proof_of = archive.reader.inclusion(index, items[index - 2].envelope)
        assert proof_of is not None
        proof_of.check(items[index - 2].envelope, archive.policy)
    assert not list(archive.config.staging_folder.iterdir()), "nothing is left in staging"
    report = await verify_archive(archive)
    assert report.holds, report.text()
