"""The log that is published is the log that was appended, on both databases."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from liuhen_files import durable
from liuhen_protocol import merkle
from liuhen_protocol.tiles import ENTRIES, TileId, decode_bundle
from liuhen_server import log
from liuhen_server.log.sequencer import Outcome
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.operations.verify import verify_archive
from support.archive import Dock, RunningWitness, append, execute, new_archive, publish_all, sequencing


@pytest.fixture
async def witnesses(tmp_path: Path) -> AsyncIterator[tuple[RunningWitness, ...]]:
    running = [RunningWitness(f"witness.example/{name}", tmp_path / f"witness-{name}") for name in "abc"]
    for witness in running:
        await witness.start()
    yield tuple(running)
    for witness in running:
        await witness.stop()


async def test_every_appended_entry_is_proven_under_a_checkpoint_that_the_policy_accepts(
    tmp_path: Path, database_url: str, witnesses: tuple[RunningWitness, ...]
) -> None:
    async with new_archive(tmp_path / "archive", database_url, witnesses, 2) as archive:
        items = Dock("dock-03").heads(700)
        indexes = []
        for start in (0, 1, 5, 255, 256, 600):
            end = {0: 1, 1: 5, 5: 255, 255: 256, 256: 600, 600: 700}[start]
            indexes += await append(archive, items[start:end])
            await publish_all(archive)
        assert indexes == list(range(1, 701)), "archive.started is leaf 0"
        for index in (1, 255, 256, 511, 512, 700):
            envelope = items[index - 1].envelope
            proof = archive.reader.inclusion(index, envelope)
            assert proof is not None
            accepted = proof.check(envelope, archive.policy)
            assert accepted.checkpoint.size == 701
            assert len(accepted.cosigned) >= 2
        bundle = decode_bundle(archive.reader.tile(TileId(ENTRIES, 1)), 256)
        assert bundle == [item.envelope for item in items[255:511]]


async def test_checkpoints_of_one_log_are_consistent(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        dock, seen = Dock("dock-03"), []
        for count in (1, 2, 300, 7):
            await append(archive, dock.heads(count))
            await publish_all(archive)
            published = archive.reader.published()
            assert published is not None
            seen.append(published[0])
        last = seen[-1]
        for old in seen:
            proof = archive.reader.consistency(old.size, last.size)
            merkle.check_consistency(old.size, last.size, old.root, last.root, proof)


async def test_indexes_have_no_gaps_when_many_append_at_once(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        docks = [Dock(f"dock-{number:02}").heads(20) for number in range(8)]

        async def send(items: list[log.NewEntry]) -> list[int]:
            return [index for item in items for index in await append(archive, [item])]

        given = await asyncio.gather(*map(send, docks))
        assert sorted(index for indexes in given for index in indexes) == list(range(1, 161))
        assert all(indexes == sorted(indexes) for indexes in given)


async def test_a_second_entry_at_the_same_place_of_a_chain_is_never_taken(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        (item,) = Dock("dock-03").heads(1)
        await append(archive, [item])
        with pytest.raises(LogStopped, match="entry-added"):
            await append(archive, [item])
        assert (await publish_all(archive)).last is not None
        async with archive.database.read() as conn:
            head = await log.head(conn, "dock-03")
        assert head is not None
        assert head.seq == 0
        published = archive.reader.published()
        assert published is not None
        assert published[0].size == 2, "the refused append took no index"


async def test_nothing_is_published_before_the_quorum_has_cosigned(
    tmp_path: Path, database_url: str, witnesses: tuple[RunningWitness, ...]
) -> None:
    first, second, third = witnesses
    async with new_archive(tmp_path / "archive", database_url, witnesses, 2) as archive:
        port = int(first.url.rpartition(":")[2])
        await first.stop()
        await second.stop()
        async with sequencing(archive) as sequencer:
            tick = await sequencer.tick()
            assert tick.outcome is Outcome.WAITING
            assert first.name in tick.why
            assert archive.reader.checkpoint() is None
            await append(archive, Dock("dock-03").heads(3))
            assert (await sequencer.tick()).size == 1, "nothing new is signed while the old is not witnessed"
            again = RunningWitness(first.name, tmp_path / "witness-a-again")
            again.knows(archive.log_key)
            await again.start(port)
            assert (await sequencer.tick()).outcome is Outcome.PUBLISHED
            await again.stop()
        published = archive.reader.checkpoint()
        assert published is not None
        assert set(archive.policy.accept(published).cosigned) == {first.name, third.name}


async def test_only_one_process_sequences_and_another_takes_over(tmp_path: Path, database_url: str) -> None:
    async with (
        new_archive(tmp_path / "archive", database_url) as archive,
        sequencing(archive, "one") as one,
        sequencing(archive, "two") as two,
    ):
        assert (await one.tick()).outcome is Outcome.PUBLISHED
        assert (await two.tick()).outcome is Outcome.STANDBY
        await append(archive, Dock("dock-03").heads(3))
        assert (await two.tick()).outcome is Outcome.STANDBY
        await one.close()
        assert (await two.tick()).outcome is Outcome.PUBLISHED
        assert (await one.tick()).outcome is Outcome.STANDBY


async def test_a_sequencer_that_lost_its_lease_cannot_change_what_is_signed(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        async with sequencing(archive, "one") as one, sequencing(archive, "two") as two:
            await one.tick()
            await append(archive, Dock("dock-03").heads(3))
            swap = one.swap

            async def swap_late(*args: Any) -> bool:
                async with archive.database.write() as conn:
                    await execute(conn, "UPDATE sequencer_state SET lease_until = '2000-01-01T00:00:00.000Z'")
                assert (await two.tick()).outcome is Outcome.PUBLISHED
                return await swap(*args)

            one.swap = swap_late  # type: ignore[method-assign, assignment]
            assert (await one.tick()).outcome is Outcome.STANDBY
        published = archive.reader.published()
        assert published is not None
        assert published[0].size == 4


async def test_a_full_disk_is_said_and_the_next_round_goes_on(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is not really full: the durable step answers as one that is."""
    async with new_archive(tmp_path / "archive", database_url) as archive, sequencing(archive) as sequencer:
        await sequencer.tick()
        await append(archive, Dock("dock-03").heads(300))
        real = durable.NewFiles.add
        calls = 0

        def full(files: durable.NewFiles, name: str, data: bytes) -> None:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise OSError(errno.ENOSPC, "No space left on device", name)
            real(files, name, data)

        monkeypatch.setattr(durable.NewFiles, "add", full)
        with pytest.raises(OSError, match="No space left"):
            await sequencer.tick()
        published = archive.reader.published()
        assert published is not None
        assert published[0].size == 1
        assert (await sequencer.tick()).outcome is Outcome.PUBLISHED
        assert (await verify_archive(archive)).checked["published"] == 301


async def test_partial_tiles_go_when_the_full_one_is_there_and_old_proofs_still_come(
    tmp_path: Path, database_url: str
) -> None:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        dock = Dock("dock-03")
        for count in (5, 100, 300):
            await append(archive, dock.heads(count))
            await publish_all(archive)
        log_folder = archive.config.log_folder
        assert not (log_folder / "tile/0/000.p").exists()
        assert not (log_folder / "tile/entries/000.p").exists()
        assert (log_folder / "tile/0/001.p/150").is_file()
        assert len(archive.reader.tile(TileId(0, 0, 6))) == 6 * 32
        assert len(decode_bundle(archive.reader.tile(TileId(ENTRIES, 0, 106)), 106)) == 106
        assert archive.reader.consistency(6, 106)


async def test_verify_holds_in_the_moment_between_signing_and_applying(tmp_path: Path, database_url: str) -> None:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        await append(archive, Dock("dock-03").heads(300))
        async with sequencing(archive) as sequencer:

            def ended(_folder: Path) -> None:
                raise OSError(errno.EIO, "the process ends here")

            sequencer.apply = ended  # type: ignore[method-assign, assignment]
            with pytest.raises(OSError, match="ends here"):
                await sequencer.tick()
        report = await verify_archive(archive)
        codes = {finding.code for finding in report.findings}
        assert not codes & {"tile-missing", "bundle-missing", "other-root"}, report.text()
