"""A sequencer that was suspended and wakes when another one leads: it changes nothing any more, and the log goes on."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import text

from liuhen_server.log import signed_state
from liuhen_server.log.sequencer import Outcome, Sequencer
from liuhen_server.operations.opening import Archive
from liuhen_server.operations.verify import verify_archive
from support.archive import Dock, RunningWitness, append, enrol, new_archive

LATER = signed_state.LEASE * 2


@contextlib.asynccontextmanager
async def two_sequencers(archive: Archive) -> AsyncIterator[tuple[Sequencer, Sequencer]]:
    """The second one's clock is a lease ahead: for it the first one's lease has ended."""
    async with aiohttp.ClientSession() as session:
        first = archive.sequencer(session, "first-host-1-aa")
        second = archive.sequencer(session, "second-host-2-bb")
        second._now = lambda: archive.chain.now() + LATER
        yield first, second


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[RunningWitness]:
    running = RunningWitness("witness.example/a", tmp_path / "witness-a")
    await running.start()
    yield running
    await running.stop()


def suspended(real: Callable[..., Any], meanwhile: Callable[[], Any]) -> Callable[..., Any]:
    """`real`, before which this process stands still while `meanwhile` happens elsewhere, once."""
    done = False

    async def step(*arguments: Any) -> Any:
        nonlocal done
        if not done:
            done = True
            await meanwhile()
        return await real(*arguments)

    return step


@pytest.mark.parametrize("step", ["cosign", "publish"])
async def test_a_sequencer_that_lost_its_lease_neither_stops_the_log_nor_takes_its_checkpoint_back(
    tmp_path: Path, database_url: str, witness: RunningWitness, step: str
) -> None:
    async with new_archive(tmp_path / "archive", database_url, (witness,), 1) as archive:
        dock = Dock("dock-03")
        await enrol(archive, dock)
        async with two_sequencers(archive) as (first, second):

            async def others_go_on() -> None:
                await append(archive, dock.heads(3))
                while (await second.tick()).outcome is Outcome.PUBLISHED:
                    pass
                assert second.last is not None and second.last.size == 5

            setattr(first, step, suspended(getattr(first, step), others_go_on))
            woken = await first.tick()
            assert woken.outcome is not Outcome.STOPPED, woken.why
            published = archive.reader.published()
            assert published is not None and published[0].size == 5, "what was published is never taken back"
            await append(archive, dock.heads(1))
            while (last := await second.tick()).outcome is Outcome.PUBLISHED:
                pass
            assert (last.outcome, last.size) == (Outcome.IDLE, 6), last.why
        assert (await verify_archive(archive)).holds


async def test_a_sequencer_that_lost_its_lease_does_not_drop_what_another_one_staged(
    tmp_path: Path, database_url: str
) -> None:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        dock = Dock("dock-03")
        await enrol(archive, dock)
        async with two_sequencers(archive) as (first, second):
            assert (await first.tick()).outcome is Outcome.PUBLISHED
            await append(archive, dock.heads(300))
            swap = second.swap

            async def others_drop(*arguments: Any) -> bool:
                swapped = await swap(*arguments)
                await first._drop()  # wakes only now, in the middle of its round
                return swapped

            second.swap = others_drop  # type: ignore[method-assign, assignment]
            while (last := await second.tick()).outcome is Outcome.PUBLISHED:
                pass
            assert (last.outcome, last.size) == (Outcome.IDLE, 302), last.why
        assert (await verify_archive(archive)).holds


async def test_a_lease_dated_by_a_clock_that_ran_far_ahead_is_not_waited_for(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "archive", database_url) as archive, two_sequencers(archive) as (first, second):
        first._now = lambda: archive.chain.now() + timedelta(days=70 * 365)
        assert (await first.tick()).outcome is Outcome.PUBLISHED
        await append(archive, Dock("dock-03").heads(1))
        assert (await second.tick()).outcome is Outcome.PUBLISHED


async def test_the_sequencer_goes_on_after_the_database_refused_connections(tmp_path: Path, postgresql: Any) -> None:
    """A PostgreSQL that starts, stops or is full answers connections with errors of the driver's own."""
    url = postgresql.new_database()
    name = url.partition("@/")[2].partition("?")[0]
    try:
        async with new_archive(tmp_path / "archive", url) as archive, aiohttp.ClientSession() as session:
            sequencer = archive.sequencer(session, "first-host-1-aa")
            failed = asyncio.Event()
            tick = sequencer.tick

            async def watched() -> Any:
                try:
                    return await tick()
                except BaseException:
                    failed.set()
                    raise

            sequencer.tick = watched  # type: ignore[method-assign]
            postgresql._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
            await archive.database.engine.dispose()
            running = asyncio.create_task(sequencer.run(0.05))
            await asyncio.wait_for(failed.wait(), 20)
            postgresql._execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
            while archive.reader.checkpoint() is None and not running.done():
                await asyncio.sleep(0.02)
            assert not running.done(), "the sequencer ended with the first refused connection"
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            async with archive.database.read() as conn:
                assert (await conn.execute(text("SELECT lease_holder FROM sequencer_state"))).scalar() is None
    finally:
        postgresql.drop_database(url)
