"""An archive with clips and more than a tile of entries, its backups, and the two questions asked of both."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

from liuhen_server import config as configuration
from liuhen_server.config import Config
from liuhen_server.operations.backup import Taken, take
from liuhen_server.operations.opening import opened
from support.device import World

MORE_THAN_A_TILE = 260  # entries


def clip(number: int) -> bytes:
    return f"clip {number} ".encode() * 20_000


async def fill(world: World, clips: int = 3, heads: int = 3) -> None:
    """One dock, some statements, some stored clips."""
    dock = await world.dock()
    async with dock.connected():
        await dock.send(*dock.heads(heads))
        for number in range(clips):
            await dock.send(dock.collected(clip(number), f"DSJ_{number:06}.MP4"))
            await dock.upload(clip(number))


async def backed_up(config: Config, to: Path, *, minutes: int = 0, **options: object) -> Taken:
    """A backup as the command takes it; `minutes` later than the first one."""
    to.mkdir(exist_ok=True)
    moment = datetime(2026, 11, 23, 2, 0, tzinfo=UTC) + timedelta(minutes=minutes)
    async with opened(configuration.load(config.folder), lambda: moment) as archive:
        return await take(archive, to, **options)  # type: ignore[arg-type]


def is_whole(backup: Path) -> bool:
    """What `sha256sum` of the system says of it."""
    command = ["sha256sum", "--check", "--quiet", "--strict", "SHA256SUMS"]
    return subprocess.run(command, cwd=backup, capture_output=True).returncode == 0
