"""Kill -9 of the wipe helper and of an enrolment before and after every durable step: doing it again completes it."""

from __future__ import annotations

import asyncio
import fcntl
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from faults.dock_room_children import enroll_and_die, wipe_and_die
from faults.killpoint import KillPoint
from liuhen_agent.clear.rule import Method
from liuhen_agent.clear.wipe import wipe
from liuhen_agent.identity import store
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.journal import changes
from liuhen_agent.sync import alarms
from support import device
from support.forked import forked
from unit.agent_sync.test_clear_disk import CARDS, fsck, listed, make_card
from unit.agent_sync.world import SESSION, enrolled, opened

BOTH = (False, True)
FORMAT = [
    *(KillPoint("liuhen_agent.clear.format:keep", after) for after in BOTH),
    *(KillPoint("liuhen_agent.clear.format:_write_all", after, nth) for nth in (1, 2, 3) for after in BOTH),
    *(KillPoint("liuhen_agent.clear.format:drop", after) for after in BOTH),
]
DELETE = [KillPoint("liuhen_agent.clear.delete:_remove", after, nth) for nth in (1, 2, 3) for after in BOTH]
ENROLMENT = [
    *(KillPoint("liuhen_files.durable:write_new", after, nth) for nth in (1, 2) for after in BOTH),
    *(KillPoint("liuhen_files.durable:replace", after, nth) for nth in (1, 2, 3, 4) for after in BOTH),
    *(KillPoint("liuhen_files.durable:remove", after) for after in BOTH),
]


async def _dies(process: BaseProcess) -> None:
    process.start()
    await asyncio.to_thread(process.join, 60)
    assert process.exitcode == -signal.SIGKILL, "this point of the table is never reached"


@pytest.mark.parametrize("card", ["fat32_in_a_partition", "exfat"])
@pytest.mark.parametrize("point", FORMAT, ids=str)
async def test_wipe_helper_killed_while_it_makes_a_card_anew_completes_it_the_next_time(
    tmp_path: Path, point: KillPoint, card: str
) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        image = await world.dock_image(make_card(tmp_path / "made.img", CARDS[card]))
        await world.sync()
        before, _files = await listed(image)
        await world.order(image, Method.FORMAT)
        await _dies(forked(wipe_and_die, world.data_dir, SESSION, point))
        outcome = await wipe(world.data_dir, SESSION)
        assert outcome.cleared, outcome
        after, left = await listed(image)
        assert (left, after.label, after.volume_id) == ([], before.label, before.volume_id)
        fsck(image, CARDS[card], tmp_path)
        assert not list((world.data_dir / "clear").glob("*.plan"))


@pytest.mark.parametrize("point", DELETE, ids=str)
async def test_wipe_helper_killed_while_it_deletes_completes_it_the_next_time(tmp_path: Path, point: KillPoint) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder({"a.mp4": b"a", "DCIM/b.mp4": b"b", "DCIM/c.mp4": b"c"})
        await world.sync()
        await world.order(bay, Method.DELETE)
        await _dies(forked(wipe_and_die, world.data_dir, SESSION, point))
        outcome = await wipe(world.data_dir, SESSION)
        assert outcome.cleared, outcome
        assert len(outcome.files) == 3
        assert not [path for path in bay.rglob("*") if path.is_file()]


async def test_wipe_helper_waits_for_the_one_that_a_killed_dock_left_at_work(tmp_path: Path) -> None:
    """The other helper is a lock held elsewhere: what a real one writes meanwhile is the matter of the tests above."""
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder({"a.mp4": b"a"})
        await world.sync()
        await world.order(bay, Method.DELETE)
        with lock_of(world.data_dir):
            waiting = asyncio.create_task(wipe(world.data_dir, SESSION))
            await asyncio.sleep(0.3)
            assert not waiting.done() and (bay / "a.mp4").exists()
        outcome = await waiting
        assert outcome.cleared, outcome


@pytest.mark.parametrize("card", ["fat32_in_a_partition", "exfat"])
async def test_wipe_helper_that_comes_after_another_has_cleared_writes_nothing_and_says_the_same(
    tmp_path: Path, card: str
) -> None:
    """The helper a killed dock left behind gets its turn before the new dock has noted what its own helper said."""
    async with enrolled(tmp_path) as (world, _archive):
        image = await world.dock_image(make_card(tmp_path / "made.img", CARDS[card]))
        await world.sync()
        await world.order(image, Method.FORMAT)
        first = await wipe(world.data_dir, SESSION)
        assert first.cleared and first.removed == 2, first
        written = image.stat().st_mtime_ns
        late = await wipe(world.data_dir, SESSION)
        assert (late.cleared, late.files, late.removed) == (True, first.files, 0), late
        assert image.stat().st_mtime_ns == written


async def test_wipe_helper_decides_on_what_holds_when_it_has_waited_and_not_on_what_held_before(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder({"a.mp4": b"a"})
        await world.sync()
        await world.order(bay, Method.DELETE)
        with lock_of(world.data_dir):
            waiting = asyncio.create_task(wipe(world.data_dir, SESSION))
            # by then it has read the journal; if it had not, it would see the alarm all the same
            await asyncio.sleep(0.3)
            await world.journal.change(changes.AlarmRaised(alarms.ROLLED_BACK, "meanwhile", "2026-11-22T18:00:00.000Z"))
        outcome = await waiting
        assert (outcome.cleared, outcome.code) == (False, "halted"), outcome
        assert (bay / "a.mp4").exists()


async def test_wipe_helper_does_not_wait_for_ever_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liuhen_agent.clear.wipe.OTHER_HELPER_SECONDS", 0.2)
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder({"a.mp4": b"a"})
        await world.sync()
        await world.order(bay, Method.DELETE)
        with lock_of(world.data_dir):
            outcome = await wipe(world.data_dir, SESSION)
    assert (outcome.cleared, outcome.code) == (False, "failed")
    assert "another wipe helper" in outcome.why
    assert (bay / "a.mp4").exists()


@contextmanager
def lock_of(data_dir: Path) -> Iterator[None]:
    (data_dir / "clear").mkdir()
    with (data_dir / "clear" / f"{SESSION}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize("point", ENROLMENT, ids=str)
async def test_enrolment_killed_at_a_durable_step_is_completed_by_the_same_code(
    tmp_path: Path, point: KillPoint
) -> None:
    async with device.running_archive(tmp_path) as archive:
        code = await device.enrolment_code(archive.config, "dock-03")
        data_dir = tmp_path / "dock"
        await _dies(forked(enroll_and_die, archive.url, code, data_dir, point))
        identity = await enroll(archive.url, code, data_dir)
        assert identity == store.load(data_dir)
        async with opened(data_dir, tmp_path / "bay") as world:
            assert await world.archive.head() is None
