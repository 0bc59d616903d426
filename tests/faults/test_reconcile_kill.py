"""Kill -9 of the dock while it finds that the archive lost a receipted clip, says so and sends it again: it ends as if nothing had happened.

The archive is the stand-in that can lose clips; a child process runs the dock's loops with it and dies at one step.
"""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from faults.dock_room_children import QUICK, sync_and_die
from faults.killpoint import KillPoint
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.journal import ClipState, changes, queries
from liuhen_agent.sync.service import Sync
from liuhen_protocol import dsse
from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import DockAlarm, DockStarted
from liuhen_protocol.statement import read_statement
from support.forked import forked
from unit.agent_sync.standin import StandIn, serving
from unit.agent_sync.world import NOW, World, opened

LOST, KEPT = b"lost" * 100_000, b"kept" * 100_000
SHA256 = digest_of(LOST).sha256
STEPS = {
    "the alarm is said and stands": ("_append", "receipted-clip-missing"),
    "the receipt is withdrawn": ("_change", r"ReceiptWithdrawn\("),
    "the URL of the new upload is kept": ("_change", r"UploadStarted\("),
    "the new upload that was answered is noted": ("_change", r"Uploaded\("),
    "the new receipt is kept": ("_change", r"Receipted\("),
}


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_lost_clip_is_said_once_and_sent_again_when_the_dock_is_killed_where(
    tmp_path: Path, step: str, side: str
) -> None:
    data_dir, bay = tmp_path / "dock", tmp_path / "bay"
    for folder in (tmp_path / "archive", data_dir, bay):
        folder.mkdir()
    async with serving(StandIn(tmp_path / "archive")) as archive:
        await enroll(archive.url, archive.code, data_dir)
        async with opened(data_dir, bay) as world:
            await world.journal.append(DockStarted("0.1.0", None))
            await world.dock_folder({"lost.mp4": LOST, "kept.mp4": KEPT})
            await world.sync()
            first_receipt = await world.journal.ask(queries.receipt, SHA256)
        del archive.county.index_of["clip.stored", SHA256], archive.stored[SHA256]

        method, given = STEPS[step]
        point = KillPoint(f"liuhen_agent.journal:Journal.{method}", side == "after", given=given)
        process = forked(sync_and_die, data_dir, bay, point)
        process.start()
        await asyncio.to_thread(process.join, 60)
        assert process.exitcode == -signal.SIGKILL, "this step of the table was not reached"

        async with opened(data_dir, bay) as world:
            await goes_on(world, archive)
            assert archive.stored[SHA256] == LOST
            receipted = await world.journal.ask(queries.clips_in, ClipState.RECEIPTED)
            assert {clip.sha256 for clip in receipted} == {SHA256, digest_of(KEPT).sha256}
            assert await world.journal.ask(queries.note, changes.WITHDRAWN + SHA256) == first_receipt
            assert alarms_said(await world.journal.ask(lambda db: [row.data for row in queries.envelopes(db)])) == [
                "receipted-clip-missing"
            ]
            assert (await world.clear(bay)).code == "halted" and (bay / "lost.mp4").exists()
            await world.journal.change(changes.AlarmCleared("receipted-clip-missing"))  # a person settled it
            assert (await world.clear(bay)).cleared


async def goes_on(world: World, archive: StandIn) -> None:
    """The dock's loops until the archive has it again, all is receipted, and the alarm stands and is in the log."""
    running = asyncio.create_task(
        Sync(world.journal, world.data_dir, now=lambda: NOW, random=lambda: 0.5, pace=QUICK).run()
    )
    try:
        async with asyncio.timeout(40):
            while (
                SHA256 not in archive.stored
                or (await world.journal.ask(queries.clip_counts))[ClipState.RECEIPTED] != 2
                or await world.alarms() != {"receipted-clip-missing"}
                or await world.journal.ask(queries.unsent_count) != 0
            ):
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def alarms_said(envelopes: list[bytes]) -> list[str]:
    events = [read_statement(dsse.Envelope.parse(data).payload).event for data in envelopes]
    return [event.code for event in events if isinstance(event, DockAlarm)]
