"""`liuhen-server doctor` on witnesses and backups: what works is well, and each way of not being well is told apart."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from liuhen_server import doctor
from liuhen_server.operations.opening import Archive
from support.archive import Dock, RunningWitness, append, new_archive, publish_all


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[RunningWitness]:
    running = RunningWitness("witness.example/a", tmp_path / "witness")
    await running.start()
    yield running
    await running.stop()


async def said_of_the_witness(archive: Archive) -> doctor.Examined:
    return next(each for each in await doctor.examine(archive, Path("/nowhere")) if "witness" in each.what)


async def test_a_healthy_witness_is_well_before_and_after_the_first_checkpoint(
    tmp_path: Path, database_url: str, witness: RunningWitness
) -> None:
    async with new_archive(tmp_path / "archive", database_url, (witness,), 1) as archive:
        assert (await said_of_the_witness(archive)).well
        await publish_all(archive)
        assert (await said_of_the_witness(archive)).found.endswith("cosigns, at 1 entries")
        await append(archive, Dock("dock-01").heads(3))
        await publish_all(archive)
        found = await said_of_the_witness(archive)
        assert found.well and "cosigns" in found.found, found
        assert not list((tmp_path / "witness").glob("evidence/*")), "asking leaves no accusation"


async def test_a_witness_that_cannot_be_reached_is_not_well(
    tmp_path: Path, database_url: str, witness: RunningWitness
) -> None:
    async with new_archive(tmp_path / "archive", database_url, (witness,), 1) as archive:
        await witness.stop()
        found = await said_of_the_witness(archive)
        assert not found.well and "no answer" in found.found


@pytest.mark.parametrize(
    ("status", "body", "well", "word"),
    [
        (200, "", True, "cosigns, at 7"),
        (409, "9", True, "stands at 9"),  # the sequencer went on meanwhile
        (409, "3", True, "stands at 3"),  # it missed the last ones: the sequencer asks it again
        (409, "12", False, "signed only 9"),
        (409, "nonsense", False, "409"),
        (404, "", False, "does not know"),
        (403, "", False, "another key"),
        (422, "", False, "another history"),
        (400, "", False, "400"),
        (503, "", False, "503"),
    ],
)
def test_what_a_witness_answers_is_told_apart(status: int, body: str, well: bool, word: str) -> None:
    found, text, advice = doctor.judged(status, body, True, 7, 9)
    assert found is well and word in text
    assert bool(advice) is not well


def test_before_anything_is_published_a_refusal_is_a_sign_of_life() -> None:
    assert doctor.judged(400, "", False, 0, 0)[0]
    assert not doctor.judged(404, "", False, 0, 0)[0]


NIGHT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def said_of_backups(data: Path, folder: Path, *, mounted: bool = True, age: timedelta = timedelta()) -> doctor.Examined:
    found = doctor._backups(data, folder, NIGHT + age, lambda path: 2 if mounted and path == folder else 1)
    assert bool(found.advice) or found.well
    return found


def test_a_folder_of_backups_that_is_not_there_or_not_mounted_is_said(tmp_path: Path) -> None:
    data, folder = tmp_path / "archive", tmp_path / "backups"
    data.mkdir()
    missing = said_of_backups(data, folder)
    assert not missing.well and f"no folder {folder}" in missing.found and "mount" in missing.advice
    folder.mkdir()
    same = said_of_backups(data, folder, mounted=False)
    assert not same.well and "mounted?" in same.advice
    assert not said_of_backups(data, folder).well, "a disk with nothing on it is no backup"


def test_the_newest_backup_counts_for_two_days_and_needs_room_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, whole in (("20261122T020000Z", True), ("20261123T020000Z", True), ("20261124T020000Z", False)):
        (tmp_path / name).mkdir()
        if whole:
            (tmp_path / name / "BACKUP.json").touch()
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=doctor.LEAST_FREE))
    found = said_of_backups(tmp_path / "x", tmp_path, age=timedelta(hours=30))
    assert found.well and "2026-11-23T02:00:00" in found.found, found
    late = said_of_backups(tmp_path / "x", tmp_path, age=timedelta(hours=50))
    assert not late.well and "liuhen-archive-backup" in late.advice
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=doctor.LEAST_FREE - 1))
    assert not said_of_backups(tmp_path / "x", tmp_path).well


def test_a_folder_of_backups_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "20269999T020000Z").mkdir()
    (tmp_path / "20269999T020000Z/BACKUP.json").touch()
    found = said_of_backups(tmp_path / "x", tmp_path)
    assert not found.well and "cannot be read" in found.found
