"""`verify` and `scrub` name the clip whose bytes, row or statement is not what was stored."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from liuhen_protocol.digest import Digest, Digester
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import ClipStored
from liuhen_protocol.merkle import leaf_hash
from liuhen_protocol.report import StepName
from liuhen_protocol.statement import Subject, read_statement
from liuhen_server.ingest.promise import promise_of
from liuhen_server.ingest.promises import keep
from liuhen_server.operations.findings import ArchiveReport
from liuhen_server.operations.opening import Archive
from liuhen_server.operations.scrub import scrub_store
from liuhen_server.operations.verify import verify_archive
from support.archive import NOW, Dock, append, enrol, new_archive, publish_all
from support.custody import County

CLIP = b"what the recorder saw " * 1000


@dataclass
class Kept:
    archive: Archive
    digest: Digest

    @property
    def path(self) -> Path:
        return self.archive.store.path_of(self.digest.sha256)


@pytest.fixture
async def kept(tmp_path: Path, database_url: str) -> AsyncIterator[Kept]:
    """One clip, promised by dock-03, in the store, stated as stored, published."""
    digester = Digester()
    digester.update(CLIP)
    digest = digester.finish()
    async with new_archive(tmp_path / "archive", database_url) as archive:
        dock = Dock("dock-03")
        await enrol(archive, dock)
        promised = dock.seal(County().collected(digest, "0001.MP4"), subject=Subject("0001.MP4", digest.sha256))
        (index,) = await append(archive, [promised])
        path = archive.store.path_of(digest.sha256)
        path.parent.mkdir(parents=True)
        path.write_bytes(CLIP)
        stored = ClipStored(
            kind="original",
            original=None,
            size=digest.size,
            chunk_root=digest.chunk_root,
            dock="dock-03",
            promised_index=index,
            promised_leaf=leaf_hash(promised.envelope).hex(),
            store="folder",
            read_back=NOW,
        )
        async with archive.database.write() as conn:
            promise = promise_of(read_statement(Envelope.parse(promised.envelope).payload))
            assert promise is not None
            await keep(conn, [promise._replace(promised_index=index)])
            stated = await archive.chain.append(conn, stored, Subject("0001.MP4", digest.sha256))
            await conn.execute(text("UPDATE clips SET stored_index = :i, store_key = 'k'"), {"i": stated.index})
        await publish_all(archive)
        yield Kept(archive, digest)


async def scrub(archive: Archive) -> ArchiveReport:
    seen: list[tuple[int, int]] = []
    report = await scrub_store(archive, lambda done, total: seen.append((done, total)))
    assert seen == [(1, 1)]
    return report


async def test_an_untouched_clip_holds(kept: Kept) -> None:
    report = await verify_archive(kept.archive, with_bytes=True)
    assert report.holds, report.text()
    assert report.checked["re-read"] == 1
    assert (await scrub(kept.archive)).holds


async def test_one_changed_byte_of_a_stored_clip_is_named(kept: Kept) -> None:
    data = bytearray(CLIP)
    data[10_000] ^= 1
    kept.path.write_bytes(data)
    assert (await verify_archive(kept.archive)).holds, "without --bytes only sizes are compared"
    for report in (await verify_archive(kept.archive, with_bytes=True), await scrub(kept.archive)):
        (finding,) = report.findings
        assert (finding.step, finding.code, finding.clip) == (StepName.DIGEST, "clip-altered", kept.digest.sha256)


@pytest.mark.parametrize("data", [CLIP[:-1], None], ids=["cut", "gone"])
async def test_a_cut_or_missing_clip_is_named_without_reading_it(kept: Kept, data: bytes | None) -> None:
    kept.path.unlink()
    if data is not None:
        kept.path.write_bytes(data)
    report = await verify_archive(kept.archive)
    assert [(f.step, f.clip) for f in report.findings] == [(StepName.BYTES, kept.digest.sha256)]
    assert not (await scrub(kept.archive)).holds


async def test_a_clip_row_that_says_something_else_than_the_log_is_named(kept: Kept) -> None:
    async with kept.archive.database.write() as conn:
        await conn.execute(text("UPDATE clips SET size = size + 1"))
    report = await verify_archive(kept.archive)
    assert [f.code for f in report.findings] == ["clip-row-altered"]


async def test_a_removed_clip_row_is_named(kept: Kept) -> None:
    async with kept.archive.database.write() as conn:
        await conn.execute(text("DELETE FROM clips"))
    report = await verify_archive(kept.archive)
    assert [f.code for f in report.findings] == ["clip-row-missing"]
