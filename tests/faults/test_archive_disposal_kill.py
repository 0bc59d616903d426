"""Kill -9 of a disposal at every durable step: each clip is whole or has its tombstone, no byte goes before it, and the next round ends it."""

from __future__ import annotations

import asyncio
import shutil
import signal
from pathlib import Path

import pytest

from faults.archive_disposal_child import DAYS, dispose_and_die
from faults.killpoint import KillPoint
from liuhen_protocol.digest import digest_of
from liuhen_server.operations.verify import verify_archive
from liuhen_server.retention.disposal import DRAWN, lists_of
from support.footage import Cabinet, Clock, cabinet_in
from support.forked import forked

ONE, TWO, PROXY = b"first " * 1000, b"second " * 1000, b"proxy " * 300
DISPOSAL, REMOVAL = "liuhen_server.retention.disposal:", "liuhen_server.retention.removal:"
DURABLE = "liuhen_files.durable:"

STEPS: dict[str, tuple[str, int, str]] = {
    "list": ("support.footage:draw", 1, ""),
    "tombstone of the first clip": (f"{DISPOSAL}_bury", 1, ""),
    "tombstone of the second clip": (f"{DISPOSAL}_bury", 2, ""),
    "approval": ("support.footage:approve", 1, ""),
    "published tiles": ("liuhen_server.log.signed_state:set_published", 1, ""),
    "first leaves": (f"{DURABLE}remove", 1, "leaves"),
    "first object": (f"{DURABLE}remove", 1, r"store/sha256"),
    "second object": (f"{DURABLE}remove", 2, r"store/sha256"),
    "row of the first": (f"{REMOVAL}Removal._remove", 1, ""),
    "row of the last": (f"{REMOVAL}Removal._remove", 3, ""),
}


def later() -> Clock:
    clock = Clock()
    clock.days_pass(DAYS + 1)
    return clock


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of long ago, one with a proxy."""
    folder = tmp_path_factory.mktemp("filled") / "archive"

    async def make() -> None:
        async with cabinet_in(folder, f"sqlite:///{folder / 'archive.db'}") as cabinet:
            await cabinet.clip(ONE)
            await cabinet.clip(PROXY, original=ONE)
            await cabinet.clip(TWO)
            await cabinet.published()

    asyncio.run(make())
    return folder


def lie(cabinet: Cabinet) -> set[bytes]:
    return {data for data in (ONE, TWO, PROXY) if cabinet.archive.store.size(digest_of(data).sha256) is not None}


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("name", STEPS)
async def test_a_killed_disposal_is_whole_or_not_there_and_ends(
    name: str, side: str, filled: Path, tmp_path: Path
) -> None:
    folder, (step, nth, given) = tmp_path / "archive", STEPS[name]
    shutil.copytree(filled, folder)
    process = forked(dispose_and_die, folder, KillPoint(step, side == "after", nth, given))
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL, "the step was not reached"
    async with cabinet_in(folder, f"sqlite:///{folder / 'archive.db'}", later()) as cabinet:
        await cabinet.published()
        report = await verify_archive(cabinet.archive, with_bytes=True)
        assert report.holds, report.text()
        async with cabinet.archive.database.read() as conn:
            lists = await lists_of(conn, None)
        disposed = report.checked.get("disposed", 0)
        assert disposed == (3 if lists and lists[0].state != DRAWN else 0), "all of the list or none of it"
        if not disposed:
            assert lie(cabinet) == {ONE, TWO, PROXY}, "not a byte goes before its tombstone"
            await cabinet.approved(lists[0] if lists else await cabinet.drawn())
            await cabinet.published()
        await cabinet.removal.sweep()
        assert lie(cabinet) == set()
        report = await verify_archive(cabinet.archive, with_bytes=True)
        assert report.holds, report.text()
        assert (report.checked["disposed"], report.checked["to-remove"]) == (3, 0)
