"""The dock's loops with the archive, running side by side."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from liuhen_agent.identity import certificate, store
from liuhen_agent.journal import ClipState, queries
from liuhen_agent.sync.backoff import Backoff
from liuhen_agent.sync.service import Pace, Sync
from liuhen_protocol.digest import digest_of
from unit.agent_sync.world import NOW, World, enrolled

QUICK = Pace(idle=0.02, receipts=0.02, log=0.02, daily=0.02, backoff=Backoff(0.02, 0.05))
FIRST, SECOND, THIRD = (bytes([n]) * 500_000 for n in range(3))


@contextlib.asynccontextmanager
async def running(world: World, pace: Pace = QUICK, now: Callable[[], datetime] = lambda: NOW) -> AsyncIterator[Sync]:
    sync = Sync(world.journal, world.data_dir, now=now, random=lambda: 0.5, pace=pace)
    task = asyncio.create_task(sync.run())
    try:
        yield sync
        assert not task.done(), task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(world: World, state: ClipState, count: int) -> None:
    while (await world.journal.ask(queries.clip_counts))[state] != count:
        await asyncio.sleep(0.01)


async def test_everything_is_receipted_although_the_line_is_cut_and_the_archive_is_busy(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        bay = await world.dock_folder({"a.mp4": FIRST, "b.mp4": SECOND, "c.mp4": THIRD})
        archive.busy_entries, archive.retry_after = 2, 0
        archive.cut_after = 300_000
        async with running(world, Pace(0.02, 0.02, 0.02, 0.02, backoff=Backoff(0.001, 0.01))):
            await until(world, ClipState.RECEIPTED, 3)
        assert (await world.clear(bay)).cleared
        assert await world.alarms() == set()


async def test_a_receipt_that_is_not_ready_is_asked_for_again_by_itself(tmp_path: Path) -> None:
    """Nothing else wakes the dock: every other pause is an hour."""
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST, "b.mp4": SECOND})
        archive.receipts_not_ready = 5
        hour = 3600.0
        async with running(world, Pace(idle=hour, receipts=0.02, log=hour, daily=hour)), asyncio.timeout(60):
            await until(world, ClipState.RECEIPTED, 2)
        assert archive.receipts_not_ready == 0


async def test_refused_clip_rests_and_others_go_on(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST, "b.mp4": SECOND})
        bad = digest_of(FIRST).sha256
        archive.alter_upload = lambda data: b"x" if data == FIRST else data
        async with running(world):
            await until(world, ClipState.RECEIPTED, 1)
            seen = archive.requests.count(f"create {bad}")
            while len([r for r in archive.requests if r.startswith("receipt")]) < 20:  # daily asks go on
                await asyncio.sleep(0.01)
        assert archive.requests.count(f"create {bad}") == seen == 1
        assert await world.alarms() == {"upload-refused"}


async def test_a_hundred_refused_clips_do_not_hold_up_the_next(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        refused = {f"a{number:03d}.mp4": b"refused %d" % number for number in range(100)}
        await world.dock_folder({**refused, "b.mp4": FIRST})
        await world.send_entries()
        for data in refused.values():
            del archive.promised[digest_of(data).sha256]
        async with running(world), asyncio.timeout(60):
            await until(world, ClipState.RECEIPTED, 1)


async def test_wrong_receipt_is_not_asked_for_in_a_loop(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        bay = await world.dock_folder({"a.mp4": FIRST})
        archive.receipt_of = lambda sha256: b"no receipt"
        async with running(world):
            while "receipt-refused" not in await world.alarms():
                await asyncio.sleep(0.01)
            while await world.journal.ask(queries.unsent_count):  # the alarm's own statement is sent: rounds went by
                await asyncio.sleep(0.01)
        assert len([request for request in archive.requests if request.startswith("receipt")]) == 1
        assert not (await world.clear(bay)).cleared


async def test_split_view_seen_by_the_log_loop_halts_clearing(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        bay = await world.dock_folder({"a.mp4": FIRST})
        async with running(world):
            await until(world, ClipState.RECEIPTED, 1)
        archive.county.log.entries[0] = b"another beginning"
        async with running(world):
            while "split-view" not in await world.alarms():
                await asyncio.sleep(0.01)
        outcome = await world.clear(bay)
        assert (outcome.cleared, outcome.code) == (False, "halted")
        assert (bay / "a.mp4").exists()


async def test_renewed_certificate_is_used_and_an_offered_policy_is_an_alarm(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        paths = store.Paths(world.data_dir)
        before = certificate.read_certificate(paths.client.read_bytes())
        end = certificate.lifetime(before).ends
        archive.policy = f"log {archive.county.log.vkey}\nquorum none\n"

        def now() -> datetime:
            return NOW if paths.offered_policy.exists() else end

        async with running(world, now=now) as sync:
            while "policy-offered" not in await world.alarms():
                sync.wake()
                await asyncio.sleep(0.01)
            await world.dock_folder({"a.mp4": FIRST})
            await until(world, ClipState.RECEIPTED, 1)
        assert certificate.read_certificate(paths.client.read_bytes()) != before


async def test_dock_whose_clock_is_years_ahead_renews_once_and_does_its_work(tmp_path: Path) -> None:
    """To such a clock the new certificate looks as old as the one before."""
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST})
        async with running(world, replace(QUICK, daily=3600.0), now=lambda: NOW.replace(year=2099)):
            while "renewal" not in archive.requests:
                await asyncio.sleep(0.01)
            await until(world, ClipState.RECEIPTED, 1)
        assert archive.requests.count("renewal") == 1


async def test_screens_are_told_whether_the_archive_answers_and_what_it_has_taken(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, archive):
        await world.dock_folder({"a.mp4": FIRST})
        archive.cut_after = 300_000
        answered: list[bool] = []
        taken: dict[str, int] = {}
        sync = Sync(
            world.journal,
            world.data_dir,
            now=lambda: NOW,
            random=lambda: 0.5,
            pace=QUICK,
            moved=taken.__setitem__,
            reached=answered.append,
        )
        task = asyncio.create_task(sync.run())
        await until(world, ClipState.RECEIPTED, 1)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert False in answered, "the line was cut"
    assert answered[-1] and taken == {digest_of(FIRST).sha256: len(FIRST)}
