"""Attacks on the real archive, or with a dock's own key, while a recorder waits for its receipt: it is not cleared."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from liuhen_agent.identity import store
from liuhen_agent.journal import queries
from liuhen_agent.sync.answers import Later, Refusal
from liuhen_agent.sync.archive import Archive, EntryNo
from liuhen_agent.sync.log_view import LogView
from liuhen_agent.sync.uploads import BytesRejected, SpoolDamaged, pieces_of
from liuhen_files import keys
from liuhen_protocol import chain
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import DockHead
from liuhen_protocol.statement import Clock, Link, Statement, place_in_chain, write_statement
from liuhen_server.log.reading import LogReader
from support import device
from unit.agent_sync.test_against_the_archive import at_the_archive
from unit.agent_sync.world import World, opened

CLIP = b"what the recorder saw " * 50_000


async def kept(world: World, bay: Path) -> None:
    """The wipe helper refuses for want of a receipt, and the recorder has its clip."""
    outcome = await world.clear(bay)
    assert (outcome.cleared, outcome.code) == (False, "no-receipt"), outcome
    assert (bay / "clip.mp4").read_bytes() == CLIP


def altered(db: sqlite3.Connection) -> None:
    [[envelope]] = db.execute("SELECT envelope FROM entries WHERE kind = 'clip.collected'")
    changed = bytearray(envelope)
    changed[len(changed) // 2] ^= 1
    db.execute("UPDATE entries SET envelope = ? WHERE kind = 'clip.collected'", (bytes(changed),))


def removed(db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM entries WHERE kind = 'clip.collected'")


def reordered(db: sqlite3.Connection) -> None:
    [[last]] = db.execute("SELECT max(log_index) FROM entries")
    for old, new in ((last, -1), (last - 1, last), (-1, last - 1)):
        db.execute("UPDATE entries SET log_index = ? WHERE log_index = ?", (new, old))


def added(db: sqlite3.Connection) -> None:
    db.execute(
        "INSERT INTO entries SELECT log_index + 1, envelope, leaf_hash, envelope_hash, 'dock-99', 0, kind, time "
        "FROM entries ORDER BY log_index DESC LIMIT 1"
    )


@contextlib.asynccontextmanager
async def waiting_dock(folder: Path, attack: Callable[[sqlite3.Connection], None]) -> AsyncIterator[tuple[World, Path]]:
    """A dock whose clip is promised to an archive that was then attacked on its disk and started again."""
    async with at_the_archive(folder) as (world, _archive):
        bay = await world.dock_folder({"clip.mp4": CLIP})
        await world.send_entries()
        data_dir = world.data_dir
        while (
            published(folder) < 6
        ):  # founding, enrolment, dock.started, recorder.docked, its inventory, clip.collected
            await asyncio.sleep(0.02)
    with contextlib.closing(sqlite3.connect(folder / "archive" / "archive.db")) as db, db:
        attack(db)
    async with device.running_archive(folder) as archive, opened(data_dir, bay) as world:
        world.archive = Archive(world.session, archive.url, "dock-03")
        world.view = LogView(world.journal, world.trust.policy, world.archive.tile)
        yield world, bay


@pytest.mark.parametrize("attack", [altered, removed, reordered, added])
async def test_recorder_is_kept_when_an_entry_of_the_database_is(
    tmp_path: Path, attack: Callable[[sqlite3.Connection], None]
) -> None:
    """The log stops before it signs what was tampered with, so no receipt ever comes."""
    async with waiting_dock(tmp_path, attack) as (world, bay):
        with contextlib.suppress(Refusal, Later):
            await world.upload_all()
        while not (why := await asyncio.to_thread(stopped, tmp_path)):
            await asyncio.sleep(0.02)
        assert why in ("entry-altered", "entry-missing", "entry-added"), why
        assert await world.journal.ask(queries.receipt, (await world.clip(CLIP)).sha256) is None
        with contextlib.suppress(Refusal, Later):
            await world.fetch_receipts()
        await kept(world, bay)


def published(folder: Path) -> int:
    found = LogReader(folder / "archive" / "log").published()
    return found[0].size if found else 0


def stopped(folder: Path) -> str | None:
    with contextlib.closing(sqlite3.connect(folder / "archive" / "archive.db")) as db:
        [[why]] = db.execute("SELECT alarm_code FROM sequencer_state")
    return None if why is None else str(why)


async def test_recorder_is_kept_when_somebody_with_the_docks_key_took_its_place_in_the_chain(tmp_path: Path) -> None:
    """A replayed (source, seq): the archive has another statement there, so the promise of the clip is refused."""
    async with at_the_archive(tmp_path) as (world, _archive):
        await world.send_entries()
        signer = keys.load(store.Paths(world.data_dir).signing_key)
        assert world.journal.head is not None
        link = chain.next_link(world.journal.head, "dock-03", "2026-11-22T18:00:30.000Z", Clock("ntp", 10))
        other = Statement(link, DockHead(7, 7), place_in_chain(link, signer.public))
        [taken] = await world.archive.send_entries([seal(write_statement(other), signer).encode()])
        assert not isinstance(taken, EntryNo)
        bay = await world.dock_folder({"clip.mp4": CLIP})
        await world.send_entries()
        assert "entry-refused" in await world.alarms()
        with pytest.raises(Refusal):
            await world.archive.create_upload((await world.clip(CLIP)).sha256, "clip.mp4", len(CLIP))
        await world.fetch_receipts()
        await kept(world, bay)


async def test_recorder_is_kept_while_what_was_said_of_the_stay_is_not_in_the_log(tmp_path: Path) -> None:
    """The receipts are all there, from an earlier stay; but nobody outside the dock can see yet that the recorder came again."""
    async with at_the_archive(tmp_path) as (world, _archive):
        await world.dock_folder({"clip.mp4": CLIP}, "s0", world.bay.parent / "bay-0")
        await world.send_entries()
        await world.upload_all()
        while await world.journal.ask(queries.clips_awaiting_receipt):
            await world.fetch_receipts()
            await asyncio.sleep(0.02)
        bay = await world.dock_folder({"clip.mp4": CLIP})
        assert await world.journal.ask(queries.outstanding, "s1") > 0, "the dock waits; it does not even ask the helper"
        outcome = await world.clear(bay)
        assert (outcome.cleared, outcome.code) == (False, "not-logged"), outcome
        assert "recorder.docked" in outcome.why
        assert (bay / "clip.mp4").read_bytes() == CLIP
        await world.send_entries()
        assert await world.journal.ask(queries.outstanding, "s1") == 0
        outcome = await world.clear(bay)
        assert outcome.cleared, outcome


async def test_recorder_is_kept_when_an_entry_is_back_dated_before_its_predecessor(tmp_path: Path) -> None:
    """The dock's own key says that the clip was collected a day before what stands before it in the chain."""
    async with at_the_archive(tmp_path) as (world, _archive):
        await world.send_entries()
        assert world.journal.head is not None
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(chain, "next_link", back_dated)
            bay = await world.dock_folder({"clip.mp4": CLIP})
        await world.send_entries()
        refused = await world.journal.ask(queries.first_refused)
        assert refused is not None and refused.kind == "recorder.docked"
        assert (refused.refused or "").startswith("back-dated")
        assert "entry-refused" in await world.alarms()
        with pytest.raises(Refusal) as not_promised:
            await world.archive.create_upload((await world.clip(CLIP)).sha256, "clip.mp4", len(CLIP))
        assert not_promised.value.code == "not-promised"
        await world.fetch_receipts()
        await kept(world, bay)


def back_dated(head: chain.ChainHead, source: str, time: str, clock: Clock) -> Link:
    """A link that follows in every way but its time."""
    return Link(source, head.seq + 1, head.hash, "2026-11-21T18:00:00.000Z", clock)


async def test_recorder_is_kept_when_the_docks_copy_is_not_what_it_promised(tmp_path: Path) -> None:
    async with at_the_archive(tmp_path) as (world, _archive):
        bay = await world.dock_folder({"clip.mp4": CLIP})
        await world.send_entries()
        copy = world.data_dir / (await world.clip(CLIP)).spool
        copy.write_bytes(CLIP[:-1] + b"!")
        with pytest.raises((SpoolDamaged, BytesRejected)):
            await world.upload_all()
        await world.fetch_receipts()
        await kept(world, bay)


async def test_recorder_is_kept_when_a_byte_changes_on_the_archives_disk_before_it_is_stored(tmp_path: Path) -> None:
    """What came is read back from the disk before anything is said of it."""
    async with at_the_archive(tmp_path) as (world, _archive):
        bay = await world.dock_folder({"clip.mp4": CLIP})
        await world.send_entries()
        clip = await world.clip(CLIP)
        url, half = await world.archive.create_upload(clip.sha256, clip.name, clip.size), clip.size // 2
        copy = world.data_dir / clip.spool
        await world.archive.send_bytes(url, 0, half, clip.size, pieces_of(copy, 0, half, lambda sent: None))
    [incoming] = [path for path in (tmp_path / "archive" / "incoming").iterdir() if path.stat().st_size >= half]
    with incoming.open("r+b") as file:
        file.seek(1000)
        file.write(b"!")
    async with device.running_archive(tmp_path) as archive, opened(tmp_path / "dock", bay) as world:
        world.archive = Archive(world.session, archive.url, "dock-03")
        rest = pieces_of(copy, half, clip.size - half, lambda sent: None)
        with pytest.raises(Refusal) as refused:
            await world.archive.send_bytes(
                f"{archive.url}/v1/{url.partition('/v1/')[2]}", half, clip.size - half, clip.size, rest
            )
        assert refused.value.status == 460
        assert await world.archive.receipt(clip.sha256) is None
        await kept(world, bay)
