"""Kill -9 of a backup or a restoring at every durable step: the backup before stays whole, the next one succeeds, and no half archive opens."""

from __future__ import annotations

import asyncio
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from faults.archive_backup_child import back_up_and_die, restore_and_die
from faults.killpoint import KillPoint
from liuhen_server import config as configuration
from liuhen_server.config import ConfigError
from liuhen_server.operations.backup_format import complete_backups
from liuhen_server.operations.restore import restore
from support.backing_up import backed_up, fill, is_whole
from support.device import World, running_archive
from support.forked import forked

DURABLE = "liuhen_files.durable:"
DATABASE = "liuhen_server.operations.backup_database:"
Step = tuple[str, int, str]
"""Function, which of its calls, and what its arguments look like."""

BACKUP: dict[str, Step] = {
    "folder": (f"{DURABLE}mkdirs", 1, "unfinished"),
    "database": (f"{DATABASE}_vacuum_into", 1, ""),
    "bundle": (f"{DURABLE}replace", 1, "entries"),
    "checkpoint": (f"{DURABLE}replace", 1, "checkpoint"),
    "copied clip": ("liuhen_server.operations.backup:write_hashed", 1, ""),
    "clip's name": (f"{DURABLE}publish", 1, "clip.part"),
    "key": (f"{DURABLE}replace", 1, "ca.key"),
    "list": (f"{DURABLE}replace", 1, "SHA256SUMS"),
    "backup's name": (f"{DURABLE}publish", 1, r"unfinished'\), PosixPath\('[^']*Z'\)"),
    "old one's removal": (f"{DURABLE}publish", 1, r"Z'\), PosixPath\('[^']*unfinished'"),
}
RESTORE: dict[str, Step] = {
    "folder": (f"{DURABLE}mkdirs", 1, ""),
    "database": ("liuhen_server.operations.restore:write_hashed", 1, "archive.db"),
    "clip": ("liuhen_server.operations.restore:write_hashed", 1, "store"),
    "key": ("liuhen_server.operations.restore:write_hashed", 1, "statement.pem"),
    "names": (f"{DURABLE}fsync_folder", 1, "keys"),
    "alarm": ("liuhen_server.log.signed_state:stop", 1, ""),
    "settings": (f"{DURABLE}write_new", 1, "config.toml"),
}


def cases(table: dict[str, Step]) -> list[object]:
    return [
        pytest.param(step, side, id=f"{side} {name}") for name, step in table.items() for side in ("before", "after")
    ]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive with a first backup, and a clip more than that has."""
    folder = tmp_path_factory.mktemp("filled")

    async def make() -> None:
        async with running_archive(folder) as world:
            await fill(world, clips=1)
            await backed_up(world.config, folder / "backups", with_keys=True)
            await more(world)

    asyncio.run(make())
    return folder


async def more(world: World) -> None:
    dock = await world.dock("dock-2")
    async with dock.connected():
        await dock.send(dock.collected(b"another clip" * 1000))
        await dock.upload(b"another clip" * 1000)


async def dies(work: Callable[[Path, Path, KillPoint], None], one: Path, two: Path, step: Step, side: str) -> None:
    name, nth, given = step
    process = forked(work, one, two, KillPoint(name, side == "after", nth, given))
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL, "the step was not reached"


@pytest.mark.parametrize(("step", "side"), cases(BACKUP))
async def test_a_killed_backup_leaves_a_whole_one_and_the_next_one_succeeds(
    step: Step, side: str, filled: Path, tmp_path: Path
) -> None:
    to = tmp_path / "backups"
    shutil.copytree(filled / "backups", to)
    config = configuration.load(filled / "archive")
    await dies(back_up_and_die, config.folder, to, step, side)
    left = complete_backups(to)
    assert left and all(is_whole(each) for each in left)
    taken = await backed_up(config, to, minutes=60 * 24 * 365, with_keys=True, most=1)
    assert complete_backups(to) == [taken.folder] and is_whole(taken.folder)
    assert not (to / ".unfinished").exists()
    assert taken.about.clips == 2
    assert (await restore(taken.folder, tmp_path / "restored")).report.holds


@pytest.mark.parametrize(("step", "side"), cases(RESTORE))
async def test_a_killed_restoring_leaves_nothing_that_opens(
    step: Step, side: str, filled: Path, tmp_path: Path
) -> None:
    [backup] = complete_backups(filled / "backups")
    data = tmp_path / "restored"
    await dies(restore_and_die, backup, data, step, side)
    if side == "after" and "config" in step[2]:
        assert configuration.load(data), "the last step: everything is there"
    else:
        with pytest.raises(ConfigError):
            configuration.load(data)
    assert is_whole(backup)
