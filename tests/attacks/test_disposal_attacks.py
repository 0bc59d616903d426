"""An administrator who disposes of footage alone, early, backwards in time or without a word is found by whoever checks the log."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from liuhen_protocol.chain import next_link
from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import Event
from liuhen_protocol.report import StepName
from liuhen_protocol.retention_events import CaseHeld, ClipDisposed, ClipHeld, DisposalApproved, DisposalDrawn
from liuhen_protocol.statement import ARCHIVE_SOURCE, Statement, Subject, write_statement
from liuhen_server import log
from liuhen_server.custody.evidence import Clip
from liuhen_server.log import NewEntry
from liuhen_server.operations.verify import verify_archive
from liuhen_verify.check_log import check_log
from liuhen_verify.source import source_of
from support.footage import Cabinet, cabinet_in

ONE, PROXY = b"first " * 1000, b"proxy " * 300
TOMBSTONE = ClipDisposed("disposal-1", "dock-03", None, "person-9", "person-4", "2026-07-04", len(ONE))
DRAWN = DisposalDrawn("disposal-1", "market-supervision", "2026-07-20", 1, "00" * 32, "person-9")
APPROVED = DisposalApproved("disposal-1", 1, "00" * 32, "person-4")


@pytest.fixture
async def cabinet(tmp_path: Path) -> AsyncIterator[Cabinet]:
    async with cabinet_in(tmp_path / "archive", f"sqlite:///{tmp_path / 'archive.db'}") as cabinet:
        yield cabinet


async def kept(cabinet: Cabinet) -> Clip:
    clip = await cabinet.clip(ONE)
    cabinet.clock.days_pass(200)
    return clip


async def state(cabinet: Cabinet, clip: Clip, *events: Event) -> None:
    """Whoever has the archive's keys states what he likes; the bytes are gone by then."""
    async with cabinet.archive.database.write() as conn:
        for event in events:
            about = Subject(clip.name, clip.sha256) if isinstance(event, ClipDisposed | ClipHeld) else None
            await cabinet.archive.chain.append(conn, event, about)
    cabinet.archive.store.remove(clip.sha256)
    await cabinet.published()


async def codes(cabinet: Cabinet) -> set[tuple[StepName, str]]:
    return {(finding.step, finding.code) for finding in (await verify_archive(cabinet.archive)).findings}


async def codes_of_the_log(cabinet: Cabinet) -> set[str]:
    """As anybody finds it who is given the log, without the archive."""
    source = source_of(str(cabinet.archive.config.log_folder), None, None)
    result = check_log(source, cabinet.archive.policy, jobs=1)
    return {finding.code for finding in result.report.findings}


async def test_bytes_that_are_gone_without_a_tombstone_are_missed(cabinet: Cabinet) -> None:
    clip = await kept(cabinet)
    await cabinet.published()
    cabinet.archive.store.remove(clip.sha256)
    assert await codes(cabinet) == {(StepName.BYTES, "clip-missing")}


FORGED = {
    "no list": ((TOMBSTONE,), "unknown-list"),
    "nobody approved": ((DRAWN, TOMBSTONE), "not-approved"),
    "one person": ((DRAWN, replace(APPROVED, by="person-9"), replace(TOMBSTONE, second="person-9")), "one-person"),
    "others named": ((DRAWN, APPROVED, replace(TOMBSTONE, second="person-5")), "other-people"),
    "more than listed": ((DRAWN, replace(APPROVED, clips=0), TOMBSTONE), "more-than-listed"),
    "approved with more": ((DRAWN, replace(APPROVED, clips=9), TOMBSTONE), "more-than-listed"),
    "drawn twice": ((DRAWN, DRAWN, APPROVED, TOMBSTONE), "list-again"),
    "before its term": ((DRAWN, APPROVED, replace(TOMBSTONE, term="2026-12-31")), "disposed-early"),
    "while held": (
        (ClipHeld("hold-1", "evidence", None, "person-7", None), DRAWN, APPROVED, TOMBSTONE),
        "disposed-while-held",
    ),
}


@pytest.mark.parametrize("name", FORGED)
async def test_a_forged_tombstone_is_found_by_the_archive_and_by_whoever_has_the_log(
    name: str, cabinet: Cabinet
) -> None:
    events, code = FORGED[name]
    clip = await kept(cabinet)
    await state(cabinet, clip, *events)
    assert code in {found for _, found in await codes(cabinet)}
    assert code in await codes_of_the_log(cabinet)


async def test_a_tombstone_below_the_floor_is_found_by_the_archive(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    cabinet.clock.days_pass(20)
    await state(cabinet, clip, DRAWN, APPROVED, replace(TOMBSTONE, term="2026-01-10"))
    assert (StepName.TIME, "disposed-early") in await codes(cabinet)


async def test_what_belonged_to_a_held_case_is_found_disposed_of(cabinet: Cabinet) -> None:
    clip = await cabinet.clip(ONE)
    await cabinet.linked(clip, await cabinet.case())
    cabinet.clock.days_pass(200)
    held = CaseHeld("hold-1", "case-1", "litigation", None, "person-7", None)
    await state(cabinet, clip, held, DRAWN, APPROVED, TOMBSTONE)
    assert (StepName.STATEMENT, "disposed-while-held") in await codes(cabinet)


async def test_a_tombstone_dated_back_breaks_the_archives_own_chain(cabinet: Cabinet) -> None:
    clip = await kept(cabinet)
    archive = cabinet.archive
    await cabinet.published()
    assert (await verify_archive(archive)).holds
    async with archive.database.write() as conn:
        await archive.chain.append(conn, DRAWN)
        await archive.chain.append(conn, APPROVED)
        head = await log.head(conn, ARCHIVE_SOURCE)
        link = next_link(head, ARCHIVE_SOURCE, "2026-07-21T00:00:00.000Z", archive.chain.clock)
        link = replace(link, time="2026-07-21T00:00:00.000Z")
        statement = Statement(link, TOMBSTONE, Subject(clip.name, clip.sha256))
        envelope = seal(write_statement(statement), archive.chain.signer).encode()
        await log.append(conn, [NewEntry(envelope, ARCHIVE_SOURCE, link.seq, "clip.disposed", link.time)])
    found = {(finding.step, finding.code) for finding in (await verify_archive(archive)).findings}
    assert (StepName.TIME, "back-dated") in found


async def test_rows_that_say_disposed_without_a_tombstone_are_named_and_nothing_is_removed(cabinet: Cabinet) -> None:
    clip = await kept(cabinet)
    drawn = await cabinet.drawn()
    async with cabinet.archive.database.write() as conn:
        await conn.execute(text("UPDATE clips SET disposed_index = stored_index"))
        await conn.execute(
            text(
                "INSERT INTO disposals (sha256, dock, list_id, log_index, freed) "
                "SELECT sha256, dock, 1, stored_index, size FROM clips"
            )
        )
        await conn.execute(
            text("UPDATE disposal_lists SET state = 'approved', ended_by = 'person-9', ended_index = drawn_index")
        )
    await cabinet.published()
    assert drawn.id == 1
    assert await cabinet.removal.sweep() == 0, "what the log does not prove is not removed"
    assert cabinet.archive.store.size(clip.sha256) == len(ONE)
    assert (StepName.STATEMENT, "disposal-altered") in await codes(cabinet)


async def test_a_disposal_by_one_person_in_the_archives_own_name_removes_nothing(cabinet: Cabinet) -> None:
    """Whoever writes the tables and signs the statements, but leaves out the second person: the archive's own check stops at it."""
    clip = await kept(cabinet)
    await cabinet.disposed()
    async with cabinet.archive.database.write() as conn:
        stated = await cabinet.archive.chain.append(
            conn, replace(TOMBSTONE, second="person-9"), Subject(clip.name, clip.sha256)
        )
        await conn.execute(text("UPDATE disposals SET log_index = :i"), {"i": stated.index})
    await cabinet.published()
    assert await cabinet.removal.sweep() == 0
    assert cabinet.archive.store.size(clip.sha256) == len(ONE)
    assert {"one-person", "disposed-again"} <= {code for _, code in await codes(cabinet)}


async def test_bytes_that_come_back_after_their_disposal_are_named(cabinet: Cabinet) -> None:
    clip = await kept(cabinet)
    await cabinet.disposed()
    await cabinet.published()
    assert await cabinet.removal.sweep() == 1
    assert await codes(cabinet) == set()
    cabinet.archive.store.path_of(clip.sha256).write_bytes(ONE)
    assert await codes(cabinet) == {(StepName.BYTES, "bytes-still-there")}


async def test_a_tombstone_of_what_was_never_stored_is_named(cabinet: Cabinet) -> None:
    clip = await kept(cabinet)
    await state(cabinet, replace(clip, sha256=digest_of(PROXY).sha256), DRAWN, APPROVED, TOMBSTONE)
    assert (StepName.STATEMENT, "disposed-unknown") in await codes(cabinet)
