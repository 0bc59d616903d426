"""Kill -9 of the archive on both sides of every durable step between a promise and its clip.stored.

Afterwards an archive on the same folder and a dock that simply goes on come to the same end each time: the bytes are stored once,
one clip.stored speaks of them, and nothing else is left lying about.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import func, select

from liuhen_protocol.digest import digest_of
from liuhen_server.database import Database
from liuhen_server.database.schema import entries
from support.archive_process import archive_process
from support.device import TestDock, running_archive

DATA = bytes(range(256)) * 1200
SHA256 = digest_of(DATA).sha256

INCOMING = "liuhen_server.store.incoming:Incoming"
RECORDS = "liuhen_server.ingest.upload_records"
UPLOADS = "liuhen_server.ingest.uploads:Uploads"
UPLOAD_STEPS = {
    "the incoming file is made": f"{INCOMING}.create",
    "the upload has a row": f"{RECORDS}:create",
    "bytes are written": f"{INCOMING}.write",
    "bytes are durable": f"{INCOMING}.sync",
    "durable bytes are counted": f"{RECORDS}:note_durable",
    "the count is committed": f"{UPLOADS}._note_durable",
    "bytes are read back": f"{INCOMING}.read_back",
    "all bytes are read back": f"{INCOMING}.finish",
    "the clip has its name in the store": "liuhen_files.durable:publish incoming",
    "the store has the clip": "liuhen_server.store.folder:FolderStore.keep",
    "clip.stored is stated": "liuhen_server.log.archive_chain:ArchiveChain.append",
    "the upload is finished": f"{RECORDS}:note_finished",
    "clip.stored is committed": f"{UPLOADS}._state_stored",
}
ENTRY_STEPS = {
    "entries are appended": "liuhen_server.log:append",
    "promises are kept": "liuhen_server.ingest.promises:keep",
    "entries are committed": "liuhen_server.ingest.entries:take",
}


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TestDock]:
    """An archive with one enrolled dock, copied for every case."""
    folder = tmp_path_factory.mktemp("founded")

    async def found() -> TestDock:
        async with running_archive(folder) as world:
            return await world.dock()

    return folder, asyncio.run(found())


@pytest.fixture
async def dock(founded: tuple[Path, TestDock], tmp_path: Path) -> AsyncIterator[TestDock]:
    folder, dock = founded
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    yield replace(dock, folder=tmp_path / dock.name, ca=tmp_path / "archive" / "ca" / "ca.pem")


async def upload_from_where_it_stands(dock: TestDock, path: str | None) -> None:
    """What a dock does after any failure: ask, go on, or begin anew."""
    offset = None if path is None else await dock.offset(path)
    if path is None or offset is None:
        status, found = await dock.try_create(SHA256, len(DATA))
        if found.get("code") == "already-stored":
            return
        assert status == 201, found
        path, offset = str(found["Location"]), 0
    while True:
        status, found = await dock.patch(path, offset, DATA[offset:])
        if status != 423:  # the archive is finishing it by itself
            assert status == 204, found
            return


async def check_end(dock: TestDock, folder: Path) -> None:
    assert await dock.is_stored(SHA256)
    stored = [path for path in (folder / "archive" / "store").rglob("*") if path.is_file()]
    assert [path.read_bytes() for path in stored] == [DATA]
    database = Database(f"sqlite:///{folder / 'archive' / 'archive.db'}")
    async with database.read() as conn:
        count = select(func.count()).where(entries.c.kind == "clip.stored")
        assert (await conn.execute(count)).scalar_one() == 1
    await database.close()


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("step", UPLOAD_STEPS)
async def test_nothing_is_lost_when_the_archive_is_killed_while(
    dock: TestDock, tmp_path: Path, step: str, side: str
) -> None:
    path: str | None = None
    name, _, part = UPLOAD_STEPS[step].partition(" ")
    async with archive_process(tmp_path / "archive", name, side, *([part] if part else [])) as archive:
        async with dock.connected(archive.url):
            await dock.send(dock.collected(DATA))
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                path = await dock.create(DATA)
                status, _ = await dock.patch(path, 0, DATA[: len(DATA) // 2])
                assert status == 204
                await dock.patch(path, len(DATA) // 2, DATA[len(DATA) // 2 :])
        assert await archive.killed_itself()
    async with running_archive(tmp_path) as world, dock.connected(world.url):
        await upload_from_where_it_stands(dock, path)
        await check_end(dock, tmp_path)


async def test_upload_left_complete_is_finished_by_the_next_start_alone(dock: TestDock, tmp_path: Path) -> None:
    async with archive_process(tmp_path / "archive", f"{UPLOADS}._state_stored", "before") as archive:
        async with dock.connected(archive.url):
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await dock.patch(path, 0, DATA)
        assert await archive.killed_itself()
    async with running_archive(tmp_path) as world, dock.connected(world.url):
        while not await dock.is_stored(SHA256):
            await asyncio.sleep(0.02)
        await check_end(dock, tmp_path)
        assert await dock.offset(path) == len(DATA)


@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("step", ENTRY_STEPS)
async def test_no_entry_is_lost_or_doubled_when_the_archive_is_killed_while(
    dock: TestDock, tmp_path: Path, step: str, side: str
) -> None:
    lines = [*dock.heads(3), dock.collected(DATA)]
    async with archive_process(tmp_path / "archive", ENTRY_STEPS[step], side) as archive:
        async with dock.connected(archive.url):
            with pytest.raises((aiohttp.ClientError, ConnectionError)):
                await dock.send(*lines)
        assert await archive.killed_itself()
    async with running_archive(tmp_path) as world, dock.connected(world.url):
        answer = await dock.send(*lines)
        assert all("index" in result for result in answer["results"])
        assert answer["head"]["seq"] == 3
        await dock.upload(DATA)
        await check_end(dock, tmp_path)
