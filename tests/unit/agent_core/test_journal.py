"""What the journal promises: all or nothing, a chain that links, and errors instead of silence."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from liuhen_agent.clock import Reading
from liuhen_agent.journal import (
    ChangeError,
    ClipKind,
    ClipState,
    FileRow,
    FileState,
    Journal,
    JournalDamaged,
    JournalInUse,
    Said,
    SessionRow,
    changes,
    queries,
    read_only,
)
from liuhen_protocol import chain, dsse
from liuhen_protocol.chain import ChainHead
from liuhen_protocol.events import ClipCollected, DockHead, DockStarted, Resumed
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Subject, read_statement

SIGNER = Ed25519Signer.from_seed(bytes(32))
DIGEST = "ab" * 32


class Hands:
    """A clock whose hands the test moves."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)

    def __call__(self) -> Reading:
        return Reading(self.time, Clock("ntp", 5))


@pytest.fixture
def hands() -> Hands:
    return Hands()


async def opened(folder: Path, hands: Hands, source: str = "dock-1") -> Journal:
    return await Journal.open(folder / "journal.db", source=source, signer=SIGNER, read_clock=hands)


@pytest.fixture
async def journal(tmp_path: Path, hands: Hands) -> AsyncIterator[Journal]:
    journal = await opened(tmp_path, hands)
    yield journal
    await journal.close()


SESSION = SessionRow(
    id="s1", bay="1", recorder="ABC0001", recorder_key="serial:ABC0001", officer="000123", profile="generic",
    state="identified", quarantined=False, plugged="2026-11-22T10:00:00.000Z", ended=None,
)  # fmt: skip
FILE = FileRow(
    session="s1", number=0, path="DCIM/a.mp4", raw=b"DCIM/a.mp4", size=3, modified=None, kind="clip",
    important=False, state=FileState.LISTED, sha256=None, failure=None,
)  # fmt: skip
EVENT = ClipCollected(
    session="s1", bay="1", recorder="ABC0001", officer="000123", path="DCIM/a.mp4", raw=None, size=3, chunk_root=DIGEST,
    important=False, recorder_time=None, modified=None, began="2026-11-22T10:00:00.000Z",
    finished="2026-11-22T10:00:00.000Z",
)  # fmt: skip
SPOOLED = changes.ClipSpooled(
    sha256=DIGEST, size=3, chunk_root=DIGEST, sm3=None, name="a.mp4", recorder="ABC0001", kind=ClipKind.ORIGINAL,
    spool=f"spool/{DIGEST}", important=False,
)  # fmt: skip


async def with_a_clip(journal: Journal) -> int:
    await journal.change(changes.SessionOpened(SESSION), changes.FilesListed((FILE,)))
    row = await journal.append(
        EVENT, Subject("a.mp4", DIGEST), changes=[SPOOLED, changes.FileCollected("s1", 0, DIGEST)]
    )
    return row.seq


async def test_statements_form_a_signed_chain(journal: Journal, hands: Hands) -> None:
    rows = await journal.append_all([Said(DockStarted("0.1", None)), Said(DockHead(0, 0)), Said(DockHead(1, 0))])
    head = None
    for row in rows:
        envelope = dsse.Envelope.parse(row.data)
        envelope.check_signature()
        statement = read_statement(envelope.payload)
        chain.check_link(head, statement.link)
        head = chain.after(statement.link, chain.envelope_hash(row.data))
    assert journal.head == head
    assert [row.kind for row in rows] == ["dock.started", "dock.head", "dock.head"]


async def test_a_clock_behind_the_chain_does_not_turn_time_back(journal: Journal, hands: Hands) -> None:
    first = await journal.append(DockStarted("0.1", None))
    hands.time = datetime(1970, 1, 1, tzinfo=UTC)
    second = await journal.append(DockHead(0, 0))
    link = read_statement(dsse.Envelope.parse(second.data).payload).link
    assert (link.time, link.clock.source) == (first.time, "behind")
    assert link.clock.uncertainty_ms >= 50 * 365 * 86_400_000
    hands.time = datetime(2099, 1, 1, tzinfo=UTC)
    third = await journal.append(DockHead(0, 0))
    assert third.time == "2099-01-01T00:00:00.000Z"


async def test_a_statement_and_what_it_proves_are_written_together_or_not_at_all(
    journal: Journal, tmp_path: Path
) -> None:
    await journal.change(changes.SessionOpened(SESSION), changes.FilesListed((FILE,)))
    before = journal.head
    with pytest.raises(ChangeError):  # there is no file 7: everything with it is undone
        await journal.append(EVENT, Subject("a.mp4", DIGEST), changes=[SPOOLED, changes.FileCollected("s1", 7, DIGEST)])
    assert journal.head == before
    assert await journal.ask(queries.clip, DIGEST) is None
    assert await journal.ask(queries.unsent) == []
    assert await with_a_second_try(journal) == 0


async def with_a_second_try(journal: Journal) -> int:
    row = await journal.append(
        EVENT, Subject("a.mp4", DIGEST), changes=[SPOOLED, changes.FileCollected("s1", 0, DIGEST)]
    )
    return row.seq


async def test_a_clip_goes_its_way_and_no_step_can_be_left_out(journal: Journal) -> None:
    seq = await with_a_clip(journal)
    for too_early in (
        changes.UploadStarted(DIGEST, "u"),
        changes.Uploaded(DIGEST),
        changes.Receipted(DIGEST, b"r", "t"),
        changes.Released(DIGEST),
    ):
        with pytest.raises(ChangeError):
            await journal.change(too_early)
    await journal.change(changes.EntriesLogged(((seq, 41),)))
    with pytest.raises(ChangeError):
        await journal.change(changes.Released(DIGEST))
    assert [clip.sha256 for clip in await journal.ask(queries.clips_to_upload)] == [DIGEST]
    await journal.change(changes.UploadStarted(DIGEST, "u"))
    await journal.change(changes.Uploaded(DIGEST))
    await journal.change(changes.Receipted(DIGEST, b"r", "2026-11-22T10:00:01.000Z"))
    found = await journal.ask(queries.clip, DIGEST)
    assert found is not None and found.state is ClipState.RECEIPTED
    assert (await journal.ask(queries.progress, "s1")).receipted == 1
    await journal.change(changes.Released(DIGEST))
    assert await journal.ask(queries.receipt, DIGEST) == b"r"


async def test_important_clips_come_first(journal: Journal) -> None:
    seqs = []
    for number, important in enumerate((False, True, False)):
        digest = f"{number:064x}"
        row = await journal.append(
            EVENT, Subject("a", digest), changes=[replace(SPOOLED, sha256=digest, important=important)]
        )
        seqs.append(row.seq)
    await journal.change(changes.EntriesLogged(tuple((seq, seq) for seq in seqs)))
    waiting = await journal.ask(queries.clips_to_upload)
    assert [clip.sha256[-1] for clip in waiting] == ["1", "0", "2"]


async def test_a_second_process_is_turned_away(journal: Journal, tmp_path: Path, hands: Hands) -> None:
    with pytest.raises(JournalInUse):
        await opened(tmp_path, hands)


async def test_others_can_read_and_not_write(journal: Journal, tmp_path: Path) -> None:
    await with_a_clip(journal)
    with read_only(tmp_path / "journal.db") as db:
        assert queries.clip(db, DIGEST) is not None
        with pytest.raises(sqlite3.OperationalError):
            db.execute("DELETE FROM clips")


async def test_a_journal_goes_on_where_it_stopped(tmp_path: Path, hands: Hands) -> None:
    journal = await opened(tmp_path, hands)
    await journal.append_all([Said(DockStarted("0.1", None)), Said(DockHead(0, 0))])
    head = journal.head
    await journal.close()
    journal = await opened(tmp_path, hands)
    assert journal.head == head
    assert (await journal.append(DockHead(0, 0))).seq == 2
    await journal.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE envelopes SET data = CAST(replace(CAST(data AS TEXT), 'e', 'f') AS BLOB) WHERE seq = 1",
        "DELETE FROM envelopes WHERE seq = 1",
        "UPDATE envelopes SET hash = 'ab' WHERE seq = 2",
        "PRAGMA user_version = 99",
    ],
)
async def test_a_journal_whose_chain_does_not_link_is_an_error(tmp_path: Path, hands: Hands, damage: str) -> None:
    journal = await opened(tmp_path, hands)
    await journal.append_all([Said(DockStarted("0.1", None)), Said(DockHead(0, 0)), Said(DockHead(0, 0))])
    await journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as db:
        db.execute(damage)
    db.close()
    with pytest.raises(JournalDamaged):
        await opened(tmp_path, hands)


async def test_a_damaged_file_is_an_error_and_stays_as_it_is(tmp_path: Path, hands: Hands) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(JournalDamaged):
        await opened(tmp_path, hands)
    assert path.read_bytes() == b"not a database" * 1000


async def test_the_journal_of_another_dock_is_an_error(tmp_path: Path, hands: Hands) -> None:
    journal = await opened(tmp_path, hands)
    await journal.append(DockStarted("0.1", None))
    await journal.close()
    with pytest.raises(JournalDamaged, match="dock-1"):
        await opened(tmp_path, hands, source="dock-2")


async def test_a_new_card_continues_the_chain_after_the_archives_head(tmp_path: Path, hands: Hands) -> None:
    journal = await opened(tmp_path, hands)
    head = ChainHead("dock-1", 41, DIGEST, "2026-11-22T09:00:00.000Z")
    await journal.resume_from(head)
    row = await journal.append(DockStarted("0.1", Resumed(41, DIGEST, "new card")))
    link = read_statement(dsse.Envelope.parse(row.data).payload).link
    assert (link.seq, link.prev) == (42, DIGEST)
    with pytest.raises(ChangeError):
        await journal.resume_from(head)
    await journal.close()
    journal = await opened(tmp_path, hands)
    assert journal.head is not None and journal.head.seq == 42
    await journal.close()


async def test_the_same_bytes_of_the_same_recorder_and_name_are_known(journal: Journal) -> None:
    await with_a_clip(journal)
    assert await journal.ask(queries.collected_before, "serial:ABC0001", b"DCIM/a.mp4", DIGEST)
    assert not await journal.ask(queries.collected_before, "serial:ABC0001", b"DCIM/b.mp4", DIGEST)
    assert not await journal.ask(queries.collected_before, "serial:OTHER", b"DCIM/a.mp4", DIGEST)
