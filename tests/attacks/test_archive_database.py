"""Whoever can write to the archive's database changes what it says, not what was said: `verify` names the entry and
the step.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from liuhen_protocol.chain import ChainHead, envelope_hash
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import DockHead
from liuhen_protocol.merkle import leaf_hash
from liuhen_protocol.signer import Ed25519Signer
from liuhen_server.log.sequencer import Outcome
from liuhen_server.operations.findings import ArchiveReport
from liuhen_server.operations.opening import Archive
from liuhen_server.operations.verify import verify_archive
from support.archive import Dock, append, enrol, new_archive, publish_all, sequencing


@dataclass
class Victim:
    """An archive with 300 published entries of dock-03; its attacker has the database, not the keys."""

    archive: Archive
    dock: Dock
    items: list[Any]

    async def sql(self, statement: str, **values: object) -> None:
        async with self.archive.database.write() as conn:
            await conn.execute(text(statement), values)

    async def put(self, index: int, envelope: bytes, *, thorough: bool) -> None:
        """Writes another envelope into a row; a thorough attacker also corrects its hashes."""
        await self.sql("UPDATE entries SET envelope = :e WHERE log_index = :i", e=envelope, i=index)
        if thorough:
            await self.sql(
                "UPDATE entries SET leaf_hash = :l, envelope_hash = :h WHERE log_index = :i",
                l=leaf_hash(envelope),
                h=envelope_hash(envelope),
                i=index,
            )

    async def verify(self) -> ArchiveReport:
        return await verify_archive(self.archive)


@pytest.fixture
async def victim(tmp_path: Path, database_url: str) -> AsyncIterator[Victim]:
    async with new_archive(tmp_path / "archive", database_url) as archive:
        dock = Dock("dock-03")
        await enrol(archive, dock)
        items = dock.heads(300)
        await append(archive, items)
        await publish_all(archive)
        victim = Victim(archive, dock, items)
        assert (await victim.verify()).holds, (await victim.verify()).text()
        yield victim


def found(report: ArchiveReport, code: str) -> list[int | None]:
    return [finding.index for finding in report.findings if finding.code == code]


@pytest.mark.parametrize("thorough", [False, True], ids=["row", "row-and-its-hashes"])
async def test_an_altered_entry_is_named(victim: Victim, thorough: bool) -> None:
    other = Dock("dock-03", head=None)
    other.head = victim.dock.head
    altered = other.seal(DockHead(clips=0, waiting=0)).envelope
    await victim.put(100, altered, thorough=thorough)
    report = await victim.verify()
    assert not report.holds
    assert 100 in found(report, "entry-altered")
    assert {finding.index for finding in report.findings} == {100}, "one altered row is one finding"


async def test_an_altered_column_beside_an_entry_is_named(victim: Victim) -> None:
    await victim.sql("UPDATE entries SET time = '2020-01-01T00:00:00.000Z' WHERE log_index = 100")
    report = await victim.verify()
    assert found(report, "row-altered") == [100]


async def test_a_removed_entry_is_named(victim: Victim) -> None:
    await victim.sql("DELETE FROM entries WHERE log_index = 100")
    report = await victim.verify()
    assert found(report, "entry-missing") == [100]


async def test_reordered_entries_are_named(victim: Victim) -> None:
    await victim.sql("UPDATE entries SET log_index = 100000 WHERE log_index = 100")
    await victim.sql("UPDATE entries SET log_index = 100 WHERE log_index = 101")
    await victim.sql("UPDATE entries SET log_index = 101 WHERE log_index = 100000")
    report = await victim.verify()
    assert found(report, "entry-altered") == [100, 101]


async def test_an_added_entry_is_named_and_never_signed(victim: Victim) -> None:
    forged = Dock("dock-03", Ed25519Signer.from_seed(b"f" * 32), victim.dock.head).seal(DockHead(0, 0))
    await victim.sql(
        "INSERT INTO entries (log_index, envelope, leaf_hash, envelope_hash, source, seq, kind, time)"
        " VALUES (302, :e, :l, :h, :source, :seq, :kind, :time)",
        e=forged.envelope,
        l=leaf_hash(forged.envelope),
        h=envelope_hash(forged.envelope),
        source=forged.source,
        seq=forged.seq,
        kind=forged.kind,
        time=forged.time,
    )
    report = await victim.verify()
    assert found(report, "entry-added") == [302]
    assert found(report, "other-key") == [302]
    async with sequencing(victim.archive) as sequencer:
        tick = await sequencer.tick()
        assert tick.outcome is Outcome.STOPPED
        assert "entry-added" in tick.why


async def test_an_entry_added_through_the_log_but_signed_by_another_key_is_named(victim: Victim) -> None:
    forged = Dock("dock-03", Ed25519Signer.from_seed(b"f" * 32), victim.dock.head).seal(DockHead(0, 0))
    await append(victim.archive, [forged])
    await publish_all(victim.archive)
    assert found(await victim.verify(), "other-key") == [302]


async def test_a_cut_tail_of_a_docks_chain_is_named_when_it_was_signed(victim: Victim) -> None:
    await victim.sql("DELETE FROM entries WHERE log_index >= 292")
    await victim.sql("UPDATE log_state SET next_index = 292")
    await victim.sql(
        "UPDATE heads SET seq = 289, hash = :h WHERE source = 'dock-03'", h=envelope_hash(victim.items[289].envelope)
    )
    report = await victim.verify()
    assert found(report, "entry-missing")[:10] == list(range(292, 302))
    assert found(report, "tail-cut") == [None]
    async with sequencing(victim.archive) as sequencer:
        tick = await sequencer.tick()
        assert tick.outcome is Outcome.STOPPED
        assert "database-rolled-back" in tick.why


async def test_a_cut_tail_that_was_not_signed_yet_is_named(victim: Victim) -> None:
    await append(victim.archive, victim.dock.heads(10))
    await victim.sql("DELETE FROM entries WHERE log_index >= 305")
    report = await victim.verify()
    assert found(report, "entry-missing") == [305]
    assert found(report, "tail-cut") == [None]


async def test_an_entry_altered_before_it_was_signed_is_never_signed(victim: Victim) -> None:
    await append(victim.archive, victim.dock.heads(3))
    await victim.put(303, victim.items[5].envelope, thorough=False)
    async with sequencing(victim.archive) as sequencer:
        tick = await sequencer.tick()
    assert tick.outcome is Outcome.STOPPED
    assert "entry 303" in tick.why
    assert "entry-altered" in tick.why
    published = victim.archive.reader.published()
    assert published is not None
    assert published[0].size == 302


async def refused_to_sign(victim: Victim, code: str, size: int = 302) -> str:
    async with sequencing(victim.archive) as sequencer:
        tick = await sequencer.tick()
        assert tick.outcome is Outcome.STOPPED
        assert code in tick.why
        assert (await sequencer.tick()).outcome is Outcome.STOPPED, "it stays stopped"
    published = victim.archive.reader.published()
    assert published is not None
    assert published[0].size == size
    return tick.why


async def test_entries_reordered_before_they_were_signed_are_never_signed(victim: Victim) -> None:
    await append(victim.archive, victim.dock.heads(4))
    for index, other in ((303, 900), (304, 303), (900, 304)):
        await victim.sql("UPDATE entries SET log_index = :o WHERE log_index = :i", i=index, o=other)
    assert "entry 303" in await refused_to_sign(victim, "chain-broken")


async def test_an_entry_removed_with_its_index_before_it_was_signed_stops_the_log(victim: Victim) -> None:
    """The rows behind it move up, so that no index is missing; the chain shows it."""
    await append(victim.archive, victim.dock.heads(4))
    await victim.sql("DELETE FROM entries WHERE log_index = 303")
    for index in (304, 305):
        await victim.sql("UPDATE entries SET log_index = :o WHERE log_index = :i", i=index, o=index - 1)
    await victim.sql("UPDATE log_state SET next_index = 305")
    assert "entry 303" in await refused_to_sign(victim, "chain-broken")


async def test_an_entry_altered_with_all_its_columns_before_it_was_signed_stops_the_log(victim: Victim) -> None:
    items = victim.dock.heads(4)
    await append(victim.archive, items)
    altered = Dock("dock-03", Ed25519Signer.from_seed(b"f" * 32), None)
    altered.head = ChainHead("dock-03", items[1].seq - 1, envelope_hash(items[0].envelope), items[0].time)
    await victim.put(303, altered.seal(DockHead(99, 99)).envelope, thorough=True)
    assert "entry 304" in await refused_to_sign(victim, "chain-broken")


async def test_the_last_entry_altered_with_all_its_columns_before_it_was_signed_stops_the_log(victim: Victim) -> None:
    """Nothing follows that would name its hash: its own signature shows it."""
    items = victim.dock.heads(2)
    await append(victim.archive, items)
    payload = Envelope.parse(items[1].envelope)
    forged = Envelope(payload.payload.replace(b'"clips":1', b'"clips":9'), payload.public, payload.signature)
    assert forged.payload != payload.payload
    await victim.put(303, forged.encode(), thorough=True)
    assert "entry 303" in await refused_to_sign(victim, "entry-altered")


@pytest.mark.parametrize("altered", ["source = 'dock-09'", "seq = 7000", "envelope = 'text'", "seq = 'text'"])
async def test_columns_altered_before_an_entry_was_signed_stop_the_log(victim: Victim, altered: str) -> None:
    await append(victim.archive, victim.dock.heads(3))
    change = f"UPDATE entries SET {altered} WHERE log_index = 303"
    if "seq = 'text'" in altered and not victim.archive.database.is_sqlite:
        with pytest.raises(DBAPIError):  # PostgreSQL keeps the types of its columns
            await victim.sql(change)
        return
    await victim.sql(change)
    assert "entry 303" in await refused_to_sign(victim, "entry-altered" if "text" in altered else "chain-broken")


async def test_a_place_below_all_numbers_stops_the_log_too(victim: Victim) -> None:
    """The place before it cannot even be asked for: the log says what is wrong instead of failing at every tick."""
    await append(victim.archive, victim.dock.heads(1))
    await victim.sql("UPDATE entries SET seq = -9223372036854775807 - 1 WHERE log_index = 302")
    assert "entry 302" in await refused_to_sign(victim, "entry-altered")


@pytest.mark.parametrize("place", ["tile/0/000", "tile/0/001.p/46", "tile/1/000.p/1", "tile/entries/000"])
async def test_an_altered_file_of_the_log_is_named(victim: Victim, place: str) -> None:
    path = victim.archive.config.log_folder / place
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    report = await victim.verify()
    assert not report.holds
    assert {finding.code for finding in report.findings} <= {"bundle-altered", "tile-altered"}


async def test_a_dock_put_back_into_the_registry_is_named(victim: Victim) -> None:
    async with victim.archive.database.write() as conn:
        await victim.archive.registry.revoke(conn, "dock-03", "stolen")
    assert (await victim.verify()).holds
    await victim.sql("UPDATE docks SET state = 'enrolled', revoked_index = NULL")
    assert found(await victim.verify(), "registry-altered") == [None]


async def test_another_key_in_the_registry_is_named(victim: Victim) -> None:
    await victim.sql("UPDATE docks SET public_key = :key", key="ab" * 32)
    assert found(await victim.verify(), "registry-altered") == [None]


async def test_a_clip_claimed_as_stored_without_a_statement_is_named(victim: Victim) -> None:
    await victim.sql(
        "INSERT INTO clips (sha256, dock, kind, size, chunk_root, name, important, collected_time, promised_index,"
        " stored_index, store_key) VALUES (:s, 'dock-03', 'original', 1, :s, 'a.mp4', FALSE, '2026', 5, 6, 'x')",
        s="cd" * 32,
    )
    report = await victim.verify()
    assert found(report, "clip-row-altered") == [6]
    assert report.findings[0].clip == "cd" * 32
