"""A backup somebody has altered: it is refused, or what it restores does not hold and its log stays stopped."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from liuhen_protocol.errors import Refused
from liuhen_server import config as configuration
from liuhen_server.config import Config
from liuhen_server.log.sequencer import Outcome
from liuhen_server.operations.backup_format import SUMS, clip_path, read_sums
from liuhen_server.operations.opening import opened
from liuhen_server.operations.restore import restore
from liuhen_server.operations.verify import resume_log
from support.archive import sequencing
from support.backing_up import backed_up, clip, fill
from support.device import running_archive

CLIP = clip_path(hashlib.sha256(clip(0)).hexdigest())


@pytest.fixture(scope="module")
def backup(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("altered")

    async def make() -> Path:
        async with running_archive(folder) as world:
            await fill(world, clips=2)
        return (await backed_up(world.config, folder / "backups", with_keys=True)).folder

    return asyncio.run(make())


@pytest.fixture
def altered(backup: Path, tmp_path: Path) -> Path:
    """A copy that the attacker may change."""
    shutil.copytree(backup.parent, tmp_path / "backups")
    for path in (tmp_path / "backups").rglob("*"):
        path.chmod(0o700)
    return tmp_path / "backups" / backup.name


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def replace_by_link(backup: Path) -> None:
    tile = backup / "log/checkpoint"
    (backup / "copy").write_bytes(tile.read_bytes())
    tile.unlink()
    tile.symlink_to(backup / "copy")


def add_line(text: str) -> Callable[[Path], None]:
    def change(backup: Path) -> None:
        with (backup / SUMS).open("a") as file:
            file.write(text + "\n")

    return change


CHANGES: dict[str, Callable[[Path], object]] = {
    "a byte of the database": lambda backup: flip(backup / "archive.db"),
    "a byte of a clip": lambda backup: flip(backup.parent / CLIP),
    "a clip taken away": lambda backup: (backup.parent / CLIP).unlink(),
    "the checkpoint": lambda backup: flip(backup / "log/checkpoint"),
    "the settings": lambda backup: flip(backup / "config.toml"),
    "its description": lambda backup: (backup / "BACKUP.json").write_text("{}"),
    "a file that is a link": replace_by_link,
    "a path out of it": add_line(f"{'0' * 64}  ../../etc/cron.d/x"),
    "a path below the log that leads out of it": add_line(f"{'0' * 64}  log/tile/0/../../../../x"),
    "a clip under another name": add_line(f"{'0' * 64}  ../store/sha256/11/11/{'1' * 64}"),
    "an absolute path": add_line(f"{'0' * 64}  /etc/passwd"),
    "a line that is none": add_line("no digest"),
    "a file twice": lambda backup: add_line((backup / SUMS).read_text().splitlines()[0])(backup),
    "nothing but the description": lambda backup: (backup / SUMS).write_text(""),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_an_altered_backup_is_refused_and_nothing_of_it_is_left(
    change: Callable[[Path], object], altered: Path, tmp_path: Path
) -> None:
    change(altered)
    data = tmp_path / "restored"
    with pytest.raises((Refused, OSError)):
        await restore(altered, data)
    assert not data.exists() or not any(data.iterdir())


def listed_anew(backup: Path) -> None:
    """The attacker makes the list fit."""
    lines = []
    for each in read_sums((backup / SUMS).read_bytes()):
        found = hashlib.sha256((backup / each.path).read_bytes()).hexdigest()
        lines.append(f"{found}  {each.path}\n")
    (backup / SUMS).write_text("".join(lines))


def sql(statement: str) -> Callable[[Path], None]:
    def change(backup: Path) -> None:
        with sqlite3.connect(backup / "archive.db") as database:
            assert database.execute(statement).rowcount > 0
        database.close()
        listed_anew(backup)

    return change


def without_a_clip(backup: Path) -> None:
    kept = [line for line in (backup / SUMS).read_text().splitlines(True) if CLIP.name not in line]
    (backup / SUMS).write_text("".join(kept))


CONSISTENT: dict[str, Callable[[Path], None]] = {
    "an entry": sql(
        "UPDATE entries SET envelope = (SELECT envelope FROM entries WHERE log_index = 2) WHERE log_index = 3"
    ),
    "an entry removed at the end": sql("DELETE FROM entries WHERE log_index = (SELECT max(log_index) FROM entries)"),
    "a dock that was never enrolled": sql("UPDATE docks SET public_key = printf('%064d', 0)"),
    "what a clip is": sql("UPDATE clips SET officer = '007'"),
    "a clip and its line": without_a_clip,
}


@pytest.mark.parametrize("change", CONSISTENT.values(), ids=CONSISTENT)
async def test_a_backup_altered_consistently_does_not_hold_and_its_log_does_not_go_on(
    change: Callable[[Path], object], altered: Path, tmp_path: Path
) -> None:
    change(altered)
    done = await restore(altered, tmp_path / "restored")
    assert not done.report.holds
    config: Config = configuration.load(tmp_path / "restored")
    async with opened(config) as archive, sequencing(archive) as sequencer:
        assert not (await resume_log(archive)).holds
        assert (await sequencer.tick()).outcome is Outcome.STOPPED
