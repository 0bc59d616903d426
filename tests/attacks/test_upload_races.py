"""Two hands on one upload at the same time, in one archive process or in two: what is stored stays whole, and nothing
is stated that this upload did not bring.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from liuhen_protocol.digest import digest_of
from liuhen_server.ingest import tus
from liuhen_server.ingest import upload_records as records
from liuhen_server.ingest.uploads import Uploads
from liuhen_server.operations.opening import Archive, opened
from liuhen_server.store.incoming import Busy, Incoming
from support.device import running_archive

DATA = os.urandom(300_000)
SHA256 = digest_of(DATA).sha256


def uploads_of(archive: Archive, threads: ThreadPoolExecutor) -> Uploads:
    """As another process of the same archive would have them."""
    folder = archive.config.incoming_folder
    return Uploads(archive.database, archive.store, archive.chain, folder, threads, archive.chain.now)


def test_a_clip_that_was_stored_while_its_upload_was_being_opened_is_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between opening and locking the file, the process that held it gives it its name in the store."""
    path, stored = tmp_path / "upload", tmp_path / "stored"
    path.write_bytes(DATA)
    real = fcntl.flock

    def late(handle: int, operation: int) -> None:
        path.rename(stored)
        real(handle, operation)

    monkeypatch.setattr("fcntl.flock", late)
    with pytest.raises((Busy, FileNotFoundError)):
        Incoming.open_at(path, 0)
    assert stored.read_bytes() == DATA


@pytest.mark.skipif(
    os.getuid() != 0, reason="only root can become another user; for others the files say it themselves"
)
def test_an_upload_that_was_made_read_only_before_a_crash_is_taken_up_by_a_service_that_is_not_root() -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        path = Path(folder) / "upload"
        path.write_bytes(DATA)
        path.chmod(0o400)
        os.chown(folder, 65534, 65534)
        os.chown(path, 65534, 65534)
        os.seteuid(65534)
        try:
            Incoming.open_at(path, len(DATA)).close()
        finally:
            os.seteuid(0)


async def test_an_upload_refused_for_its_bytes_gives_no_receipt_for_another_docks_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """dock-2 promises what dock-1 has stored and sends other bytes, which are being refused when another hand (a
    second process, or the round that finishes what was left) has already read that they are all there.
    """
    async with running_archive(tmp_path) as world:
        honest, other = await world.dock("dock-1"), await world.dock("dock-2")
        async with honest.connected(), other.connected():
            await honest.send(honest.collected(DATA))
            await honest.upload(DATA)
            await other.send(other.collected(DATA))
            path = await other.create(DATA)
            upload_id = path.rpartition("/")[2]
            async with opened(world.config) as archive:
                with ThreadPoolExecutor(2) as threads:
                    second = uploads_of(archive, threads)
                    async with archive.database.write() as conn:
                        await records.note_durable(conn, upload_id, len(DATA), "2999-01-01T00:00:00.000Z")
                    async with archive.database.read() as conn:
                        complete = await records.find(conn, upload_id)
                    assert complete is not None
                    async with archive.database.write() as conn:  # the first hand refuses the bytes
                        await records.forget(conn, upload_id)
                    (archive.config.incoming_folder / upload_id).unlink()
                    with pytest.raises(tus.TusProblem):
                        await second._append(complete, tus.Append(len(DATA), 0, None), None)
            assert not await other.is_stored(SHA256)


async def test_an_upload_cannot_be_ended_while_another_request_begins_to_write_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ending waits for the database; a PATCH that comes meanwhile must not find its file closed under its threads."""
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            ending, go_on = asyncio.Event(), asyncio.Event()
            forget = records.forget

            async def slow(*arguments: Any) -> None:
                ending.set()
                await go_on.wait()
                await forget(*arguments)

            monkeypatch.setattr(records, "forget", slow)
            again = asyncio.create_task(dock.try_create(SHA256, len(DATA)))
            await asyncio.wait_for(ending.wait(), 20)
            status, problem = await dock.patch(path, 0, DATA)
            go_on.set()
            assert (status, problem.get("code")) == (423, "busy")
            status, created = await again
            assert status == 201
            assert (await dock.patch(str(created["Location"]), 0, DATA))[0] == 204
            assert await dock.receipt(SHA256) is not None


async def test_an_upload_that_was_interrupted_goes_on_at_another_process_of_the_archive(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected() as first:
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            assert (await dock.patch(path, 0, DATA[:1000]))[0] == 204
            async with running_archive(tmp_path) as another, dock.connected(another.url):
                status, problem = await dock.patch(path, 1000, DATA[1000:2000])
                assert status == 204, problem
                dock.session = first
                status, problem = await dock.patch(path, 2000, DATA[2000:])
                assert status == 204, problem
                assert await dock.receipt(SHA256) is not None


async def test_an_upload_whose_file_was_lost_says_so_and_is_made_anew(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            (world.config.incoming_folder / path.rpartition("/")[2]).unlink()
            status, problem = await dock.patch(path, 0, DATA)
            assert (status, problem["code"]) == (404, "lost-upload")
            await dock.upload(DATA)
            assert await dock.receipt(SHA256) is not None
