"""The log rolled back to a backup: it stops with an alarm and never signs a second history."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from liuhen_protocol.note import VerifierKey
from liuhen_server.config import Config
from liuhen_server.log import signed_state
from liuhen_server.log.sequencer import Outcome, Sequencer
from liuhen_server.operations.opening import Archive, found, opened
from liuhen_server.operations.verify import resume_log, verify_archive
from support.archive import Dock, RunningWitness, append, config_for, enrol, new_archive, publish_all, sequencing


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[RunningWitness]:
    running = RunningWitness("witness.example/court", tmp_path / "witness")
    await running.start()
    yield running
    await running.stop()


async def run(config: Config, items: list[Any], *, publish: bool = True) -> None:
    async with opened(config) as archive:
        await append(archive, items)
        if publish:
            await publish_all(archive)


async def with_backup(tmp_path: Path, witness: RunningWitness) -> tuple[Config, Dock, Path]:
    """An archive of 12 entries, a backup of its whole folder, then ten entries more, witnessed."""
    config = config_for(tmp_path / "archive", f"sqlite:///{tmp_path / 'archive' / 'archive.db'}", (witness,), 1)
    witness.knows(await found(config))
    dock = Dock("dock-03")
    async with opened(config) as archive:
        await enrol(archive, dock)
    await run(config, dock.heads(10))
    backup = tmp_path / "backup"
    shutil.copytree(config.folder, backup)
    await run(config, dock.heads(10))
    return config, dock, backup


async def signed_nothing_new(archive: Archive, sequencer: Sequencer, code: str, size: int) -> None:
    signed: list[object] = []
    sequencer.sign = lambda checkpoint: signed.append(checkpoint) or b""  # type: ignore[method-assign, func-returns-value]
    for _ in range(2):
        tick = await sequencer.tick()
        assert tick.outcome is Outcome.STOPPED
        assert code in tick.why
    assert not signed
    async with archive.database.read() as conn:
        state = await signed_state.read(conn)
    assert state.signed_size == size
    assert state.alarm is not None
    assert state.alarm.code == code
    assert not (await verify_archive(archive)).holds


async def test_everything_rolled_back_is_noticed_by_the_witness_before_anything_is_signed(
    tmp_path: Path, witness: RunningWitness
) -> None:
    config, _, backup = await with_backup(tmp_path, witness)
    shutil.rmtree(config.folder)
    shutil.copytree(backup, config.folder)
    async with opened(config) as archive:
        await append(archive, Dock("dock-04").heads(3))  # another history begins
        async with sequencing(archive, "after-the-restore") as sequencer:
            await signed_nothing_new(archive, sequencer, "behind-witness", 12)


async def test_a_database_older_than_the_log_folder_stops_the_log(tmp_path: Path, witness: RunningWitness) -> None:
    config, _, backup = await with_backup(tmp_path, witness)
    for name in ("archive.db", "archive.db-wal", "archive.db-shm"):
        (config.folder / name).unlink(missing_ok=True)
        if (backup / name).exists():
            shutil.copy(backup / name, config.folder / name)
    async with opened(config) as archive, sequencing(archive, "again") as sequencer:
        await append(archive, Dock("dock-04").heads(30))
        await signed_nothing_new(archive, sequencer, "database-rolled-back", 12)


async def test_a_log_folder_older_than_the_database_stops_the_log(tmp_path: Path, witness: RunningWitness) -> None:
    config, _, backup = await with_backup(tmp_path, witness)
    shutil.rmtree(config.log_folder)
    shutil.copytree(backup / "log", config.log_folder)
    async with opened(config) as archive, sequencing(archive, "again") as sequencer:
        await signed_nothing_new(archive, sequencer, "files-rolled-back", 22)


async def test_a_stopped_log_resumes_only_when_its_cause_is_repaired(tmp_path: Path, witness: RunningWitness) -> None:
    config, dock, backup = await with_backup(tmp_path, witness)
    newest = tmp_path / "newest"
    shutil.copytree(config.log_folder, newest)
    shutil.rmtree(config.log_folder)
    shutil.copytree(backup / "log", config.log_folder)
    async with opened(config) as archive, sequencing(archive, "again") as sequencer:
        assert (await sequencer.tick()).outcome is Outcome.STOPPED
        assert not (await resume_log(archive)).holds
        assert (await sequencer.tick()).outcome is Outcome.STOPPED
        shutil.rmtree(config.log_folder)
        shutil.copytree(newest, config.log_folder)
        await append(archive, dock.heads(3))
        report = await resume_log(archive)
        assert report.holds, report.text()
        assert (await sequencer.tick()).outcome is Outcome.PUBLISHED


async def test_missing_tiles_stop_the_log(tmp_path: Path, witness: RunningWitness) -> None:
    config, dock, _ = await with_backup(tmp_path, witness)
    shutil.rmtree(config.log_folder / "tile")
    async with opened(config) as archive, sequencing(archive, "again") as sequencer:
        await append(archive, dock.heads(3))
        await signed_nothing_new(archive, sequencer, "tiles-missing", 22)


async def test_a_fork_shown_to_a_witness_stops_the_log(
    tmp_path: Path, database_url: str, witness: RunningWitness
) -> None:
    """Someone with the log's key had another history witnessed: the archive finds out at its next checkpoint."""
    async with new_archive(tmp_path / "archive", database_url, (witness,), 1) as archive:
        dock = Dock("dock-03")
        await append(archive, dock.heads(10))
        fork = config_for(tmp_path / "fork", f"sqlite:///{tmp_path / 'fork' / 'archive.db'}", (witness,), 1)
        await found(fork)
        shutil.copy(archive.config.log_key_file, fork.log_key_file)
        async with opened(fork) as other:
            assert isinstance(other.log_key, VerifierKey)
            assert other.log_key == archive.log_key
            await append(other, Dock("dock-03").heads(4))
            await publish_all(other)
        async with sequencing(archive) as sequencer:
            tick = await sequencer.tick()
        assert tick.outcome is Outcome.STOPPED
        assert "other-history" in tick.why
        assert archive.reader.checkpoint() is None, "nothing of it was published"
