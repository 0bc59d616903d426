"""The power is cut under the archive's database, store, incoming uploads and log while a dock sends clips.

The archive is a process on the disk, spoken to over TLS. What its dock was answered stands among the changes: an entry's
index, a stored clip, a receipt, a checkpoint. Whatever the moment of the cut, all of it must hold when the archive starts again.
"""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from faults.powercutfs import Cut, Mounted, Outcome, power_cut_disk, tell
from liuhen_protocol.checkpoint import Checkpoint
from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.merkle import root_of
from liuhen_protocol.note import Note
from liuhen_protocol.statement import read_statement
from liuhen_protocol.tiles import TileNodes, decode_bundle, tiles_of_size
from liuhen_server.log.reading import LogReader
from liuhen_server.operations.opening import opened
from liuhen_server.operations.verify import verify_archive
from support.archive import publish_all
from support.archive_process import archive_process
from support.device import TestDock, archive_config, running_archive

# one archive works on one disk for all of them
pytestmark = pytest.mark.xdist_group("power cut archive")

CLIPS = (b"a clip " * 30_000, b"", b"another " * 500)
STARTS = 6  # so many of the cuts are followed by a start of the archive and uploads that go on


@dataclass(frozen=True)
class Worked:
    """The disk of an archive that worked, and the dock as it was before it spoke."""

    disk: Mounted
    dock: TestDock
    lines: tuple[bytes, ...]


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    tmp_path = tmp_path_factory.mktemp("power")
    return asyncio.run(work(tmp_path))


async def work(tmp_path: Path) -> Worked:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
    lines = tuple(dock.collected(clip, f"CLIP{number}.MP4") for number, clip in enumerate(CLIPS))
    with power_cut_disk(tmp_path, tmp_path / "archive") as disk:
        async with archive_process(disk.folder) as archive, dock.connected(archive.url):
            answer = await dock.send(*lines)
            for line, result in zip(lines, answer["results"], strict=True):
                tell(disk.folder, f"entry {result['index']} {hashlib.sha256(line).hexdigest()}")
            for clip in CLIPS:
                await upload_in_two(dock, clip)
                tell(disk.folder, f"stored {digest_of(clip).sha256}")
            for clip in CLIPS:
                assert await dock.receipt(digest_of(clip).sha256)
                assert dock.session is not None
                async with dock.session.get("/log/checkpoint") as found:
                    checkpoint = Checkpoint.parse(Note.parse(await found.read()).text)
                tell(disk.folder, f"published {checkpoint.size} {checkpoint.root.hex()}")
    return Worked(disk, dock, lines)


async def upload_in_two(dock: TestDock, clip: bytes) -> None:
    path, half = await dock.create(clip), len(clip) // 2
    if clip:
        for offset, body in ((0, clip[:half]), (half, clip[half:])):
            status, found = await dock.patch(path, offset, body)
            assert status == 204, found


async def upload_again(dock: TestDock, clip: bytes) -> None:
    """From the beginning, unless it is stored; a busy archive (it finishes a complete upload by itself) is asked again."""
    sha256 = digest_of(clip).sha256
    while not await dock.is_stored(sha256):
        status, found = await dock.try_create(sha256, len(clip))
        if status == 201 and clip:
            status, found = await dock.patch(str(found["Location"]), 0, clip)
        assert status in (201, 204, 423) or found.get("code") == "already-stored", found


def check_what_was_answered(cut: Cut, folder: Path) -> None:
    """From the files alone, as they lie there after the cut."""
    with closing(sqlite3.connect(folder / "archive.db")) as db:
        rows = db.execute("SELECT log_index, envelope, kind FROM entries ORDER BY log_index").fetchall()
        [signed] = db.execute("SELECT signed_size FROM sequencer_state").fetchone()
    envelopes = [row[1] for row in rows]
    assert [row[0] for row in rows] == list(range(len(rows))), cut
    stored = {read_statement(Envelope.parse(row[1]).payload).subject.sha256 for row in rows if row[2] == "clip.stored"}
    for sha256 in stored:
        kept = folder / "store" / "sha256" / sha256[:2] / sha256[2:4] / sha256
        assert kept.is_file(), f"{cut}: clip.stored without its bytes"
        assert hashlib.sha256(kept.read_bytes()).hexdigest() == sha256, f"{cut}: clip.stored with other bytes"
    published = LogReader(folder / "log").published()
    if published is not None:
        check_log(cut, folder, published[0], envelopes)
    for said in cut.told:
        match said.split():
            case ["entry", index, digest]:
                assert hashlib.sha256(envelopes[int(index)]).hexdigest() == digest, f"{cut}: a logged entry is gone"
            case ["stored", sha256]:
                assert sha256 in stored, f"{cut}: a stored clip is forgotten"
            case ["published", size, root]:
                assert published is not None and int(size) <= signed, (
                    f"{cut}: a checkpoint that was seen is unsigned again"
                )
                leaves = [hashlib.sha256(b"\0" + envelope).digest() for envelope in envelopes[: int(size)]]
                assert root_of(leaves).hex() == root, f"{cut}: the log says something else than before"


def check_log(cut: Cut, folder: Path, checkpoint: Checkpoint, envelopes: list[bytes]) -> None:
    """The published checkpoint is never ahead of what can be served."""
    reader = LogReader(folder / "log")
    served: list[bytes] = []
    for tile in tiles_of_size(checkpoint.size):
        data = reader.tile(tile)
        if tile.level == "entries":
            served += decode_bundle(data, tile.width)
    assert served == envelopes[: checkpoint.size], f"{cut}: the bundles are not the entries"
    nodes = TileNodes(checkpoint.size, reader.tile)
    leaves = [nodes(0, index) for index in range(checkpoint.size)]
    assert root_of(leaves) == checkpoint.root, f"{cut}: the tiles do not give the published root"


@pytest.mark.parametrize("outcome", Outcome)
def test_what_the_archive_has_answered_holds_after_a_power_cut(
    worked: Worked, tmp_path: Path, outcome: Outcome
) -> None:
    cuts = worked.disk.cuts(outcome)
    assert len(cuts) > 60 and len(cuts[-1].told) == 3 * len(CLIPS)
    for number, cut in enumerate(cuts):
        check_what_was_answered(cut, cut.rebuild(tmp_path / str(number)))


@pytest.mark.parametrize("outcome", Outcome)
async def test_archive_goes_on_after_a_power_cut(worked: Worked, tmp_path: Path, outcome: Outcome) -> None:
    cuts = worked.disk.cuts(outcome)
    for number, cut in enumerate(cuts[:: max(1, len(cuts) // STARTS)]):
        folder = cut.rebuild(tmp_path / str(number) / "archive").parent
        async with running_archive(folder) as world:
            dock = replace(worked.dock, ca=folder / "archive" / "ca" / "ca.pem")
            async with dock.connected(world.url):
                answer = await dock.send(*worked.lines)
                assert all("index" in result for result in answer["results"]), cut
                for clip in CLIPS:
                    await upload_again(dock, clip)
                    assert await dock.receipt(digest_of(clip).sha256), cut
        async with opened(archive_config(folder / "archive")) as archive:
            await publish_all(archive)
            report = await verify_archive(archive)
            assert report.holds, f"{cut}: {report.text()}"
        check_what_was_answered(cut, folder / "archive")
