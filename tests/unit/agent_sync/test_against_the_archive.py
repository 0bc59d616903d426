"""The dock's side against the real archive, over TLS, and the wipe helper as the process it is."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from liuhen_agent.clear import call, order
from liuhen_agent.clear.rule import Method
from liuhen_agent.identity import certificate, store
from liuhen_agent.identity.code import EnrolmentFailed
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.identity.renewal import policy_is_offered, renew_if_due
from liuhen_agent.journal import ClipState, Said, changes, queries
from liuhen_agent.sync import head
from liuhen_agent.sync.answers import Refusal
from liuhen_agent.sync.service import Pace, Sync
from liuhen_agent.sync.uploads import pieces_of
from liuhen_protocol.events import DockStarted, Resumed
from support import device
from unit.agent_sync.world import NOW, SESSION, World, opened

CLIPS = {"DCIM/a.mp4": b"first " * 200_000, "DCIM/b.mp4": os.urandom(3_000_000), "ID.txt": b""}
QUICK = Pace(idle=0.05, receipts=0.05, log=0.1)


@contextlib.asynccontextmanager
async def at_the_archive(folder: Path) -> AsyncIterator[tuple[World, device.World]]:
    async with device.running_archive(folder) as archive:
        data_dir, bay = folder / "dock", folder / "bay"
        bay.mkdir()
        await enroll(archive.url, await device.enrolment_code(archive.config, "dock-03"), data_dir)
        async with opened(data_dir, bay) as world:
            await world.journal.append(DockStarted("0.1.0", None))
            yield world, archive


async def everything_receipted(world: World) -> None:
    """Runs the dock's loops until every clip has its receipt."""
    sync = Sync(world.journal, world.data_dir, now=lambda: NOW, random=lambda: 0.5, pace=QUICK)
    running = asyncio.create_task(sync.run())
    try:
        while True:
            counts = await world.journal.ask(queries.clip_counts)
            if counts[ClipState.RECEIPTED] == sum(counts.values()):
                return
            assert not running.done(), running.exception()
            await asyncio.sleep(0.05)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_recorder_is_cleared_after_everything_is_in_the_archive_and_receipted(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, _archive):
        bay = await world.dock_folder(CLIPS)
        await everything_receipted(world)
        assert await world.alarms() == set()
        outcome = await call.clear(
            world.journal, world.data_dir, order.Order(SESSION, "directory", bay, bay, Method.DELETE)
        )
        assert outcome.cleared, outcome
        assert (outcome.removed, len(outcome.files)) == (3, 3)
        assert not [path for path in bay.rglob("*") if path.is_file()]
        await world.journal.append_all([Said(event) for event in call.statements(outcome, "0000127")])
        await world.send_entries()
        assert await world.journal.ask(queries.unsent_count) == 0
        assert isinstance(await head.check(world.archive, world.journal, NOW), head.Agrees)


async def test_helper_run_as_a_process_says_why_it_does_not_clear(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, _archive):
        bay = await world.dock_folder(CLIPS)
        await world.send_entries()
        outcome = await call.clear(
            world.journal, world.data_dir, order.Order(SESSION, "directory", bay, bay, Method.DELETE)
        )
        assert (outcome.cleared, outcome.code) == (False, "no-receipt")
        assert all((bay / name).read_bytes() == data for name, data in CLIPS.items())


async def test_upload_is_resumed_where_the_archive_stands(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, _archive):
        data = CLIPS["DCIM/b.mp4"]
        await world.dock_folder({"b.mp4": data})
        await world.send_entries()
        clip = await world.clip(data)
        url = await world.archive.create_upload(clip.sha256, clip.name, clip.size)
        half = clip.size // 2
        part = pieces_of(world.data_dir / clip.spool, 0, half, lambda sent: None)
        assert await world.archive.send_bytes(url, 0, half, clip.size, part) == half
        await world.journal.change(changes.UploadStarted(clip.sha256, url))
        await world.uploader().upload(await world.clip(data))
        assert (await world.clip(data)).state is ClipState.UPLOADED
        assert world.sent[clip.sha256] == clip.size


async def test_bytes_that_were_not_promised_are_not_taken(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, _archive):
        with pytest.raises(Refusal) as refused:
            await world.archive.create_upload("ab" * 32, "a.mp4", 1)
        assert refused.value.status == 409


async def test_revoked_dock_is_refused_and_clears_nothing(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, archive):
        bay = await world.dock_folder(CLIPS)
        await device.revoke(archive.config, "dock-03")
        await world.send_entries()
        assert await world.alarms() == {"entry-refused"}
        outcome = await world.clear(bay)
        assert (outcome.cleared, outcome.code) == (False, "no-receipt")


async def test_certificate_is_renewed_by_the_archive(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, _archive):
        life = certificate.lifetime(certificate.read_certificate(store.Paths(world.data_dir).client.read_bytes()))
        renewed = await renew_if_due(life.begins + (life.ends - life.begins) * 0.7, world.session, world.data_dir)
        assert renewed is not None and not policy_is_offered(world.data_dir)
        async with opened(world.data_dir, world.bay, "renewed.db") as again:
            await again.archive.head()


async def test_code_serves_once_and_the_same_dock_may_repeat_it(tmp_path: Path) -> None:
    async with device.running_archive(tmp_path) as archive:
        code = await device.enrolment_code(archive.config, "dock-03")
        first = await enroll(archive.url, code, tmp_path / "dock")
        assert (await enroll(archive.url, code, tmp_path / "dock")).dock == first.dock
        with pytest.raises(EnrolmentFailed):
            await enroll(archive.url, code, tmp_path / "thief")


async def test_dock_that_lost_its_card_goes_on_behind_the_archives_head(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, archive):
        await world.send_entries()
        lost = world.journal.head
        assert lost is not None
        fresh = tmp_path / "fresh"
        identity = await enroll(archive.url, await device.enrolment_code(archive.config, "dock-03"), fresh)
        assert identity.head is not None
        assert (identity.head.seq, identity.head.hash) == (lost.seq, lost.hash)
        async with opened(fresh, tmp_path / "bay") as again:
            await again.journal.resume_from(identity.head)
            await again.journal.append(
                DockStarted("0.1.0", Resumed(identity.head.seq, identity.head.hash, "card lost"))
            )
            await again.send_entries()
            assert await again.journal.ask(queries.unsent_count) == 0
            assert await again.alarms() == set()


async def test_clip_the_archive_had_before_the_card_was_lost_is_receipted_and_not_refused(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, archive):
        await world.dock_folder(CLIPS)
        await everything_receipted(world)
        fresh = tmp_path / "fresh"
        identity = await enroll(archive.url, await device.enrolment_code(archive.config, "dock-03"), fresh)
        assert identity.head is not None
        async with opened(fresh, world.bay) as again:
            await again.journal.resume_from(identity.head)
            lost = Resumed(identity.head.seq, identity.head.hash, "card lost")
            await again.journal.append(DockStarted("0.1.0", lost))
            await again.dock_folder({}, "s2")
            await everything_receipted(again)
            assert await again.alarms() == set()
