"""Promises of `liuhen-server backup` and `restore`: taken while the archive runs, whole or not there, and a log that nobody resumes unasked."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from liuhen_protocol.errors import Refused
from liuhen_server import config as configuration
from liuhen_server.command import main
from liuhen_server.config import Config, ConfigError
from liuhen_server.log import signed_state
from liuhen_server.log.sequencer import Outcome
from liuhen_server.operations.backup_copy import check_owner
from liuhen_server.operations.backup_format import clip_path, complete_backups
from liuhen_server.operations.opening import found, opened
from liuhen_server.operations.restore import restore
from liuhen_server.operations.verify import resume_log, verify_archive
from support.archive import Dock, RunningWitness, append, config_for, enrol, publish_all, sequencing
from support.backing_up import MORE_THAN_A_TILE, backed_up, clip, fill, is_whole
from support.device import running_archive


@dataclass
class Home:
    """An archive that was filled and is stopped; where its backups go."""

    config: Config
    to: Path
    new_database: str | None
    """An empty database to restore into, on PostgreSQL."""


@pytest.fixture
async def home(tmp_path: Path, database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Home]:
    async with running_archive(tmp_path, database_url) as world:
        await fill(world, heads=MORE_THAN_A_TILE)
    other = None
    if database_url.startswith("postgresql"):
        other = request.getfixturevalue("postgresql").new_database()
    yield Home(world.config, tmp_path / "backups", other)
    if other is not None:
        request.getfixturevalue("postgresql").drop_database(other)


async def alarm_of(config: Config) -> str | None:
    async with opened(config) as archive, archive.database.read() as conn:
        state = await signed_state.read(conn)
        return None if state.alarm is None else state.alarm.code


async def test_a_restored_backup_holds_and_its_log_goes_on_only_when_a_person_resumes_it(
    home: Home, tmp_path: Path
) -> None:
    taken = await backed_up(home.config, home.to, with_keys=True)
    assert is_whole(taken.folder) and not taken.about.missing and taken.about.clips == taken.fresh == 3
    done = await restore(taken.folder, tmp_path / "restored", database=home.new_database)
    assert done.report.holds, done.report.text()
    restored = configuration.load(tmp_path / "restored")
    assert await alarm_of(restored) == "restored"
    async with opened(restored) as archive, sequencing(archive, "after") as sequencer:
        assert (await sequencer.tick()).outcome is Outcome.STOPPED
        assert (await verify_archive(archive, with_bytes=True)).count == 1, "the alarm itself is the one finding"
        assert (await resume_log(archive)).holds
        assert (await sequencer.tick()).outcome in (Outcome.IDLE, Outcome.PUBLISHED)
        await sequencer.close()
    async with running_archive(tmp_path / "served") as _:
        pass  # another archive does not mind
    assert b"".join(pieces(restored, 0)) == clip(0)


def pieces(config: Config, number: int) -> list[bytes]:
    sha256 = hashlib.sha256(clip(number)).hexdigest()
    return [(config.store_folder / "sha256" / sha256[:2] / sha256[2:4] / sha256).read_bytes()]


async def test_a_backup_taken_while_docks_upload_is_of_one_moment(tmp_path: Path, database_url: str) -> None:
    async with running_archive(tmp_path, database_url) as world:
        await fill(world, clips=1)
        dock = await world.dock("dock-2")
        uploaded = asyncio.Event()

        async def uploading() -> None:
            async with dock.connected():
                for number in range(100, 130):
                    await dock.send(dock.collected(clip(number), f"{number}.MP4"), *dock.heads(3))
                    await dock.upload(clip(number))
                    uploaded.set()

        running = asyncio.create_task(uploading())
        backups = []
        for minutes in range(3):
            uploaded.clear()
            await uploaded.wait()
            backups.append(await backed_up(world.config, tmp_path / "backups", minutes=minutes, with_keys=True))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert backups[0].about.entries < backups[-1].about.entries
    assert all(is_whole(each.folder) for each in backups)
    if database_url.startswith("sqlite"):
        for number, each in enumerate(backups):
            done = await restore(each.folder, tmp_path / f"restored-{number}")
            assert done.report.holds, done.report.text()
            assert done.report.checked["signed"] == each.about.signed


async def test_a_witness_that_has_seen_more_keeps_a_restored_log_stopped(tmp_path: Path) -> None:
    witness = RunningWitness("witness.example/court", tmp_path / "witness")
    await witness.start()
    config = config_for(tmp_path / "archive", f"sqlite:///{tmp_path / 'archive' / 'archive.db'}", (witness,), 1)
    witness.knows(await found(config))
    dock = Dock("dock-03")
    async with opened(config) as archive:
        await enrol(archive, dock)
        await append(archive, dock.heads(10))
        await publish_all(archive)
    taken = await backed_up(config, tmp_path / "backups", with_keys=True)
    async with opened(config) as archive:
        await append(archive, dock.heads(10))
        await publish_all(archive)
    assert (await restore(taken.folder, tmp_path / "restored")).report.holds
    async with opened(configuration.load(tmp_path / "restored")) as archive:
        async with sequencing(archive, "after") as sequencer:
            assert (await resume_log(archive)).holds
            tick = await sequencer.tick()
        assert tick.outcome is Outcome.STOPPED and "behind-witness" in tick.why
    await witness.stop()


async def test_what_is_signed_and_not_yet_published_is_in_the_backup(tmp_path: Path) -> None:
    """A witness that does not answer: the log is signed further than it is published, and both are restored."""
    witness = RunningWitness("witness.example/court", tmp_path / "witness")
    await witness.start()
    config = config_for(tmp_path / "archive", f"sqlite:///{tmp_path / 'archive' / 'archive.db'}", (witness,), 1)
    witness.knows(await found(config))
    dock = Dock("dock-03")
    port = int(witness.url.rpartition(":")[2])
    async with opened(config) as archive:
        await enrol(archive, dock)
        await append(archive, dock.heads(250))
        async with sequencing(archive) as sequencer:
            assert (await sequencer.tick()).outcome is Outcome.PUBLISHED
            await witness.stop()
            await append(archive, dock.heads(300))
            assert (await sequencer.tick()).outcome is Outcome.WAITING
            await sequencer.close()
    taken = await backed_up(config, tmp_path / "backups", with_keys=True)
    assert (taken.about.published, taken.about.signed) == (252, 552)
    assert (await restore(taken.folder, tmp_path / "restored")).report.holds
    again = RunningWitness("witness.example/court", tmp_path / "witness")
    await again.start(port)
    async with opened(configuration.load(tmp_path / "restored")) as archive:
        assert (await resume_log(archive)).holds
        last = (await publish_all(archive)).last
        assert last is not None and (last.outcome, last.size) == (Outcome.IDLE, 552)
        assert (await verify_archive(archive)).holds
    await again.stop()


async def test_docks_go_on_with_a_restored_archive(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        await fill(world, clips=1)
        dock = await world.dock("dock-2")
        async with dock.connected() as session:
            await dock.send(dock.collected(clip(7)))
            half = await dock.create(clip(7))
            await dock.patch(half, 0, clip(7)[:1000])
            assert await session.get("/v1/head")
    taken = await backed_up(world.config, tmp_path / "backups", with_keys=True)
    shutil.rmtree(world.config.folder)
    await restore(taken.folder, world.config.folder)
    async with opened(configuration.load(world.config.folder)) as archive:
        assert (await resume_log(archive)).holds
    async with running_archive(tmp_path) as again, dock.connected(again.url):
        assert await dock.offset(half) is None, "bytes that are in no backup are asked for again"
        await dock.upload(clip(7))
        assert await dock.is_stored(hashlib.sha256(clip(7)).hexdigest())


async def test_only_new_clips_are_copied_and_each_backup_stays_whole_without_the_others(
    tmp_path: Path,
) -> None:
    to = tmp_path / "backups"
    async with running_archive(tmp_path) as world:
        await fill(world, heads=MORE_THAN_A_TILE)
        first = await backed_up(world.config, to, with_keys=True)
        dock = await world.dock("dock-2")
        async with dock.connected():
            await dock.send(dock.collected(clip(9)))
            await dock.upload(clip(9))
        second = await backed_up(world.config, to, minutes=1, with_keys=True)
    assert (first.fresh, second.fresh, second.about.clips) == (3, 1, 4)
    full = "log/tile/entries/000"
    assert (first.folder / full).stat().st_ino == (second.folder / full).stat().st_ino, "an unchanged tile is kept once"
    shutil.rmtree(first.folder)
    assert is_whole(second.folder)
    assert (await restore(second.folder, tmp_path / "restored")).report.holds


async def test_keep_removes_the_oldest_only_after_the_new_one_is_there(tmp_path: Path) -> None:
    to = tmp_path / "backups"
    async with running_archive(tmp_path) as world:
        await fill(world, clips=1)
    for minutes in range(4):
        taken = await backed_up(world.config, to, minutes=minutes, most=2)
    assert taken.removed == ("20261123T020100Z",)
    assert [each.name for each in complete_backups(to)] == ["20261123T020200Z", "20261123T020300Z"]
    assert all(is_whole(each) for each in complete_backups(to))


async def test_keys_are_in_a_backup_only_where_asked_for_and_readable_by_nobody_else(
    home: Home, tmp_path: Path
) -> None:
    without = await backed_up(home.config, home.to)
    secrets = [(home.config.folder / path).read_bytes() for path in ("keys/log.pem", "keys/statement.pem", "ca/ca.key")]
    for path in (path for path in home.to.rglob("*") if path.is_file()):
        assert not [secret for secret in secrets if secret.splitlines()[1] in path.read_bytes()], path
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    assert not without.folder.stat().st_mode & 0o077
    asked = await backed_up(home.config, home.to, minutes=1, with_keys=True)
    assert [
        (asked.folder / path).read_bytes() for path in ("keys/log.pem", "keys/statement.pem", "ca/ca.key")
    ] == secrets
    assert all(not path.stat().st_mode & 0o077 for path in asked.folder.rglob("*"))
    with pytest.raises(ConfigError, match="--keys"):
        await restore(without.folder, tmp_path / "restored", database=home.new_database)
    done = await restore(
        without.folder, tmp_path / "restored", keys_folder=home.config.folder, database=home.new_database
    )
    assert done.report.holds


async def test_keys_of_another_archive_are_refused(tmp_path: Path) -> None:
    async with running_archive(tmp_path / "a") as world, running_archive(tmp_path / "b") as other:
        await fill(world, clips=0)
    taken = await backed_up(world.config, tmp_path / "backups")
    with pytest.raises(ConfigError, match="another archive"):
        await restore(taken.folder, tmp_path / "restored", keys_folder=other.config.folder)
    assert not (tmp_path / "restored").exists()


async def test_the_database_password_is_in_no_argument_and_in_no_backup(
    tmp_path: Path, postgresql: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_database().replace("liuhen@", "liuhen:hunter2@")
    async with running_archive(tmp_path, url) as world:
        await fill(world, clips=1)
    seen = tmp_path / "arguments"
    bin_folder = tmp_path / "bin"
    bin_folder.mkdir()
    wrapper = bin_folder / "pg_dump"
    wrapper.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {seen}\nexec {shutil.which("pg_dump")} "$@"\n')
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_folder}:{os.environ['PATH']}")
    taken = await backed_up(world.config, tmp_path / "backups")
    assert "--snapshot" in seen.read_text() and "hunter2" not in seen.read_text()
    assert "hunter2" in (world.config.folder / "config.toml").read_text()
    kept = (taken.folder / "config.toml").read_text()
    assert "hunter2" not in kept and configuration.parse(kept, tmp_path).database is not None
    postgresql.drop_database(url)


async def test_without_pg_dump_it_says_what_to_install(
    tmp_path: Path, postgresql: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_database()
    async with running_archive(tmp_path, url) as world:
        pass
    with monkeypatch.context() as patch, pytest.raises(ConfigError, match="postgresql-client"):
        patch.setenv("PATH", str(tmp_path))
        await backed_up(world.config, tmp_path / "backups")
    postgresql.drop_database(url)


async def test_a_postgresql_database_that_holds_something_is_not_restored_into(tmp_path: Path, postgresql: Any) -> None:
    url = postgresql.new_database()
    async with running_archive(tmp_path, url) as world:
        await fill(world, clips=0)
    taken = await backed_up(world.config, tmp_path / "backups", with_keys=True)
    with pytest.raises(Refused, match="empty"):
        await restore(taken.folder, tmp_path / "restored")
    assert not any((tmp_path / "restored").iterdir())
    postgresql.drop_database(url)


async def test_a_damaged_clip_is_named_and_the_others_are_saved(tmp_path: Path) -> None:
    to = tmp_path / "backups"
    async with running_archive(tmp_path) as world:
        await fill(world)
    damaged, lost = (hashlib.sha256(clip(number)).hexdigest() for number in (0, 1))
    store = world.config.store_folder / "sha256"
    path = store / damaged[:2] / damaged[2:4] / damaged
    path.chmod(0o600)
    path.write_bytes(clip(0)[:-1] + b"!")
    (store / lost[:2] / lost[2:4] / lost).unlink()
    done = await said("backup", "--data", str(world.config.folder), "--to", make(to), "--json")
    assert done.exit_code == 1
    answer = json.loads(done.stdout)
    assert sorted(answer["missing"]) == sorted([damaged, lost]) and answer["clips"] == 1
    assert is_whole(Path(answer["backup"]))
    assert not (to / clip_path(damaged)).exists()


async def test_a_clip_that_the_backup_has_is_not_lost_with_the_archives_copy(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        await fill(world, clips=1)
    await backed_up(world.config, tmp_path / "backups")
    shutil.rmtree(world.config.store_folder / "sha256")
    taken = await backed_up(world.config, tmp_path / "backups", minutes=1, with_keys=True)
    assert not taken.about.missing
    assert (await restore(taken.folder, tmp_path / "restored")).report.holds


async def test_a_database_that_is_not_what_was_signed_is_not_backed_up(home: Home) -> None:
    first = await backed_up(home.config, home.to)
    async with opened(home.config) as archive, archive.database.write() as conn:
        await conn.exec_driver_sql("UPDATE entries SET source = source, envelope = leaf_hash WHERE log_index = 17")
    with pytest.raises(Refused, match="entry 17"):
        await backed_up(home.config, home.to, minutes=1)
    assert complete_backups(home.to) == [first.folder] and is_whole(first.folder)


async def test_a_full_disk_is_said_and_leaves_the_earlier_backup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    to = tmp_path / "backups"
    to.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=700", "tmpfs", str(to)], check=True)
    try:
        async with running_archive(tmp_path) as world:
            await fill(world, clips=3)
            first = await backed_up(world.config, to)
            dock = await world.dock("dock-2")
            async with dock.connected():
                for number in range(20, 40):
                    await dock.send(dock.collected(clip(number)))
                    await dock.upload(clip(number))
            with pytest.raises(Refused, match="no room"):
                await backed_up(world.config, to, minutes=1)
        assert complete_backups(to) == [first.folder] and is_whole(first.folder)
        assert not (to / ".unfinished").exists()
    finally:
        subprocess.run(["umount", str(to)], check=True)


async def test_two_backups_into_one_folder_do_not_run_at_once(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        await fill(world, clips=2)
    to = tmp_path / "backups"
    refused: list[str] = []

    def second(_done: int, _total: int) -> None:
        """Another process, while the first one copies clips."""
        command = [sys.executable, "-m", "liuhen_server", "backup", "--data", str(world.config.folder), "--to", str(to)]
        done = subprocess.run(command, capture_output=True, text=True)
        refused.append(f"{done.returncode} {done.stderr}")

    taken = await backed_up(world.config, to, progress=second)
    assert len(refused) == 2 and all(text.startswith("1 ") and "running" in text for text in refused)
    assert complete_backups(to) == [taken.folder] and is_whole(taken.folder)


async def said(*arguments: str) -> Result:
    """The command, in a thread: it runs a loop of its own."""
    return await asyncio.to_thread(CliRunner().invoke, main, arguments)


def make(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    return str(folder)


async def test_a_disk_that_is_not_mounted_is_not_filled_below_its_mount_point(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        pass
    done = await said("backup", "--data", str(world.config.folder), "--to", str(tmp_path / "no"))
    assert done.exit_code == 2 and "mounted" in done.output
    assert not (tmp_path / "no").exists()
    inside = world.config.folder / "backups"
    done = await said("backup", "--data", str(world.config.folder), "--to", make(inside))
    assert done.exit_code == 2


async def test_a_folder_that_holds_anything_is_not_restored_into(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        pass
    taken = await backed_up(world.config, tmp_path / "backups", with_keys=True)
    there = tmp_path / "there"
    there.mkdir()
    (there / "precious").write_text("x")
    done = await said("restore", str(taken.folder), "--data", str(there))
    assert done.exit_code == 2 and "not empty" in done.output
    assert [path.name for path in there.iterdir()] == ["precious"]


async def test_the_commands_say_what_was_done_and_what_is_left_to_do(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        await fill(world, clips=1)
    data = str(world.config.folder)
    done = await said("backup", "--data", data, "--to", make(tmp_path / "backups"), "--with-keys")
    assert done.exit_code == 0, done.output
    assert "sha256sum -c" in done.output
    [folder] = complete_backups(tmp_path / "backups")
    done = await said("restore", str(folder), "--data", str(tmp_path / "restored"))
    assert done.exit_code == 0, done.output
    assert "成立 / holds" in done.output and "liuhen-server resume" in done.output


async def test_a_sqlite_backup_is_restored_beside_a_running_archive_without_touching_it(tmp_path: Path) -> None:
    """Its config.toml names the old database by its full path: the restored one has its own."""
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    async with running_archive(tmp_path, url) as world:
        await fill(world, clips=0)
        taken = await backed_up(world.config, tmp_path / "backups", with_keys=True)
        await restore(taken.folder, tmp_path / "restored")
        assert configuration.load(tmp_path / "restored").database is None
        assert await alarm_of(replace(world.config)) is None


def test_root_does_not_leave_files_that_the_archives_user_could_not_handle(tmp_path: Path) -> None:
    check_owner(tmp_path, 0)
    os.chown(tmp_path, 12345, 12345)
    check_owner(tmp_path, 12345)
    with pytest.raises(ConfigError, match="run this as"):
        check_owner(tmp_path, 0)
