"""A dock while it works (see `dock_alone` for its archive): what is plugged into it, what it said so far, and waiting for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from liuhen_agent.clock import Reading
from liuhen_agent.config import Config
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import JournalDamaged, queries, read_only
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import build_image
from liuhen_protocol import dsse
from liuhen_protocol.events import Event
from liuhen_protocol.statement import Clock, read_statement
from support import dock_alone

E = TypeVar("E")
VOUCHED_FOR = Clock("ntp", 50)


def said(data_dir: Path) -> list[Event]:
    """Nothing while the dock has not made its journal yet."""
    try:
        with read_only(dock_alone.journal_of(data_dir)) as db:
            return [read_statement(dsse.Envelope.parse(row.data).payload).event for row in queries.envelopes(db)]
    except JournalDamaged:
        return []


def of_kind(data_dir: Path, kind: type[E]) -> list[E]:
    return [event for event in said(data_dir) if isinstance(event, kind)]


def so_many(data_dir: Path, kind: type[Event], times: int) -> bool:
    """Whether it was said just so many times."""
    return len(of_kind(data_dir, kind)) == times


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def working(data_dir: Path, config: Config, clock: Clock = VOUCHED_FOR) -> AsyncIterator[Dock]:
    wishes = Wishes(
        watch=dock_alone.QUICK, sync=dock_alone.Obliging, read_clock=lambda: Reading(datetime.now(UTC), clock)
    )
    dock = Dock(data_dir, config, wishes)
    task = asyncio.create_task(dock.run())
    try:
        yield dock
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def card(path: Path, tmp_path: Path, names: dict[str, bytes], label: str = "DSJ7A01") -> Path:
    files = []
    for number, (name, content) in enumerate(names.items()):
        source = tmp_path / f"{path.stem}-{number}.bin"
        source.write_bytes(content)
        files.append(CardFile(name, source, datetime(2026, 11, 22, 14, 30)))
    return build_image(path, files, label=label)


def serial_config(data_dir: Path, port: Path, secret: str) -> Config:
    """One bay, and the password of its recorder."""
    path = data_dir / "recorders.toml"
    path.write_text(f'[p-bc]\nrole = "USER"\nsecret = "{secret}"\n')
    path.chmod(0o600)
    return dock_alone.config(data_dir, Bay("1", "image", port))
