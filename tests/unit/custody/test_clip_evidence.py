"""What the archive says of a clip, on SQLite and PostgreSQL, whole and under attack."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import RecorderDocked, RecorderIdentity
from liuhen_protocol.proof import split_proofs
from liuhen_protocol.report import StepName, Verdict
from liuhen_protocol.verify_clip import read_evidence, verify_clip
from liuhen_server import log
from liuhen_server.custody.checking import Checker
from liuhen_server.custody.evidence import Clip, Evidence, find_clip
from liuhen_server.custody.timeline import timeline
from liuhen_server.custody.viewing import ONE_VIEW_S, Views
from liuhen_server.database.schema import entries
from liuhen_server.log import signed_state
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.operations.opening import Archive, opened
from support.device import World, running_archive

DATA, NEIGHBOUR = os.urandom(1_500_000), os.urandom(10_000)
SHA256 = digest_of(DATA).sha256


@dataclass
class Stored:
    """An archive that stores one clip after another of the same session."""

    world: World
    archive: Archive
    clip: Clip

    @property
    def evidence(self) -> Evidence:
        return Evidence(self.archive.database, self.archive.reader)

    @property
    def checker(self) -> Checker:
        return Checker(
            self.archive.database, self.archive.store, self.evidence, self.archive.policy, self.archive.chain.now
        )

    @property
    def file(self) -> Path:
        return self.archive.store.path_of(SHA256)


@asynccontextmanager
async def stored_clip(folder: Path, database_url: str) -> AsyncIterator[Stored]:
    async with running_archive(folder, database_url) as world:
        dock = await world.dock()
        recorder = RecorderIdentity("DSJ0001", "010101", None, None, None, None)
        async with dock.connected():
            docked = RecorderDocked("s1", "1", recorder, "generic", "C", "directory", None, None, None, False)
            await dock.send(dock.seal(docked), dock.collected(NEIGHBOUR, "DSJ_000000.MP4"))
            await dock.upload(NEIGHBOUR)
            await dock.send(dock.collected(DATA))
            await dock.upload(DATA)
            assert await dock.receipt(SHA256)
        async with opened(world.config) as archive:
            async with archive.database.read() as conn:
                clip = await find_clip(conn, "dock-1", SHA256)
            assert clip is not None
            yield Stored(world, archive, clip)


async def test_stored_clip_holds_in_all_nine_steps(tmp_path: Path, database_url: str) -> None:
    async with stored_clip(tmp_path, database_url) as stored:
        checked = await stored.checker.check(stored.clip)
        assert [step.verdict for step in checked.report.steps] == [Verdict.HOLDS] * 9, checked.report.sentence()


async def test_exported_bundle_stands_alone(tmp_path: Path, database_url: str) -> None:
    async with stored_clip(tmp_path, database_url) as stored:
        gathered = await stored.evidence.gather(stored.clip, for_export=True)
        assert gathered.bare == ()
        evidence = read_evidence(digest_of(DATA), split_proofs(gathered.bundle()))
        assert verify_clip(evidence, stored.archive.policy).verdict is Verdict.HOLDS


async def test_changed_byte_is_seen_without_being_asked_and_only_the_bytes_are_blamed(
    tmp_path: Path, database_url: str
) -> None:
    async with stored_clip(tmp_path, database_url) as stored:
        first = await stored.checker.check(stored.clip)
        again = await stored.checker.check(stored.clip)
        assert again.read_time == first.read_time, "the same file is not read twice"
        stored.file.chmod(0o600)
        stored.file.write_bytes(DATA[:-1] + bytes([DATA[-1] ^ 1]))
        broken = (await stored.checker.check(stored.clip)).report
        assert broken.deciding is not None and broken.deciding.name is StepName.BYTES
        verdicts = {step.name: step.verdict for step in broken.steps}
        assert verdicts[StepName.STATEMENT] is Verdict.HOLDS, "a neighbour's statement is not taken for this clip's"


async def test_lost_file_is_undecided_and_never_holds(tmp_path: Path, database_url: str) -> None:
    async with stored_clip(tmp_path, database_url) as stored:
        await stored.checker.check(stored.clip)
        stored.file.unlink()
        checked = await stored.checker.check(stored.clip)
        assert checked.report.verdict is Verdict.UNDECIDED and checked.read_time is None


async def test_entry_altered_in_the_database_does_not_hold(tmp_path: Path, database_url: str) -> None:
    async with stored_clip(tmp_path, database_url) as stored:
        index = stored.clip.promised_index
        async with stored.archive.database.write() as conn:
            query = select(entries.c.envelope).where(entries.c.log_index == index)
            envelope = (await conn.execute(query)).scalar_one()
            altered = (
                envelope.replace(b'"sig":"A', b'"sig":"B') if b'"sig":"A' in envelope else _other_signature(envelope)
            )
            await conn.execute(update(entries).where(entries.c.log_index == index).values(envelope=altered))
        report = (await stored.checker.check(stored.clip)).report
        assert report.verdict is Verdict.BROKEN
        async with stored.archive.database.write() as conn:
            await conn.execute(update(entries).where(entries.c.log_index == index).values(envelope=b"{not one}"))
        assert (await stored.checker.check(stored.clip)).report.verdict is not Verdict.HOLDS


def _other_signature(envelope: bytes) -> bytes:
    at = envelope.index(b'"sig":"') + 7
    return envelope[:at] + b"A" + envelope[at + 1 :]


async def test_entry_removed_from_the_database_does_not_hold(tmp_path: Path, database_url: str) -> None:
    async with stored_clip(tmp_path, database_url) as stored:
        assert stored.clip.stored_index is not None
        async with stored.archive.database.write() as conn:
            await conn.execute(delete(entries).where(entries.c.log_index == stored.clip.stored_index))
        assert (await stored.checker.check(stored.clip)).report.verdict is Verdict.UNDECIDED


async def test_views_are_in_the_timeline_once_each_quarter_of_an_hour(tmp_path: Path, database_url: str) -> None:
    now = [1_795_000_000]
    async with stored_clip(tmp_path, database_url) as stored:
        views = Views(stored.archive.database, stored.archive.chain, lambda: now[0])
        first = await views.record(stored.clip, "person-7", "reviewer", "play")
        assert await views.record(stored.clip, "person-7", "reviewer", "play") == first
        assert await views.record(stored.clip, "person-8", "reviewer", "play") == first + 1
        now[0] += ONE_VIEW_S
        assert await views.record(stored.clip, "person-7", "reviewer", "play") == first + 2
        async with stored.archive.database.read() as conn:
            told = await timeline(conn, stored.clip)
        kinds = [entry.statement.kind for entry in told if entry.statement is not None]
        assert kinds == ["recorder.docked", "clip.collected", "clip.stored", *["clip.viewed"] * 3]


async def test_a_view_for_which_the_database_has_another_entry_stops_the_log_at_once(
    tmp_path: Path, database_url: str
) -> None:
    """A signed entry, which no tick reads again, now stands where the archive's next statement belongs."""
    async with stored_clip(tmp_path, database_url) as stored:
        archive = stored.archive
        async with archive.database.write() as conn:
            head = await log.head(conn, "archive")
            assert head is not None
            victim = entries.c.log_index == stored.clip.promised_index
            await conn.execute(update(entries).where(victim).values(source="archive", seq=head.seq + 1))
        with pytest.raises(LogStopped, match="entry-added"):
            await Views(archive.database, archive.chain, lambda: 0).record(stored.clip, "person-7", "reviewer", "play")
        async with archive.database.read() as conn:
            alarm = (await signed_state.read(conn)).alarm
        assert alarm is not None
        assert alarm.code == "entry-added"
