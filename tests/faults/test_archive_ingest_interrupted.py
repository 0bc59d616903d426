"""Full disk, cut network, restart: an upload goes on where its durable bytes end, and nothing is stored that is not whole."""

from __future__ import annotations

import asyncio
import os
import resource
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest

from liuhen_protocol.digest import digest_of
from liuhen_server.ingest import receiving, uploads
from support.archive_process import archive_process
from support.device import TUS, TestDock, running_archive

MIB = 1 << 20
DATA = os.urandom(MIB) * 12
SHA256 = digest_of(DATA).sha256


async def enrolled(tmp_path: Path) -> TestDock:
    async with running_archive(tmp_path) as world:
        return await world.dock()


async def test_full_disk_is_a_clear_507_and_the_upload_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """A file size limit stands for the full disk: the kernel refuses the write in the same place."""
    dock = await enrolled(tmp_path)
    async with archive_process(tmp_path / "archive") as archive, dock.connected(archive.url):
        await dock.send(dock.collected(DATA))
        path = await dock.create(DATA)
        resource.prlimit(archive.pid, resource.RLIMIT_FSIZE, (8 * MIB + 5, resource.RLIM_INFINITY))
        status, problem = await dock.patch(path, 0, DATA)
        assert (status, problem["code"]) == (507, "storage-full")
        offset = await dock.offset(path)
        assert offset == 8 * MIB + 5
        status, problem = await dock.patch(path, offset, DATA[offset:])
        assert (status, problem["code"]) == (507, "storage-full")
        assert not await dock.is_stored(SHA256)
        resource.prlimit(archive.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        status, _ = await dock.patch(path, offset, DATA[offset:])
        assert status == 204
        assert await dock.receipt(SHA256) is not None


async def test_clip_larger_than_the_free_room_is_refused_before_it_is_sent(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA, size=1 << 41))
            status, problem = await dock.try_create(SHA256, 1 << 41)
            assert (status, problem["code"]) == (507, "storage-full")


async def test_network_cut_in_the_middle_of_an_upload_keeps_what_came(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            sent = asyncio.Event()

            async def half() -> AsyncIterator[bytes]:
                yield DATA[: 5 * MIB]
                sent.set()
                await asyncio.Event().wait()

            headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            async with dock.connected() as doomed:
                sending = asyncio.create_task(_send(doomed, path, half(), headers))
                await sent.wait()
                sending.cancel()
                await asyncio.gather(sending, return_exceptions=True)
        async with dock.connected():
            while not (offset := await dock.offset(path)):
                await asyncio.sleep(0.01)
            while (status := (await dock.patch(path, offset, DATA[offset:]))[0]) in (409, 423):
                offset = await dock.offset(path) or 0
            assert status == 204
            assert await dock.receipt(SHA256) is not None


async def _send(session: aiohttp.ClientSession, path: str, body: AsyncIterator[bytes], headers: dict[str, str]) -> None:
    async with session.patch(path, data=body, headers=headers):
        pass


async def test_upload_goes_on_over_restarts_of_the_archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "SETTLE", 2 * MIB)
    path = None
    dock = await enrolled(tmp_path)
    for begin in range(0, 12, 3):
        async with running_archive(tmp_path) as world, dock.connected(world.url):
            if path is None:
                await dock.send(dock.collected(DATA))
                path = await dock.create(DATA)
            offset = begin * MIB + (1 if begin else 0)
            assert await dock.offset(path) == offset
            end = (begin + 3) * MIB + 1
            status, _ = await dock.patch(path, offset, DATA[offset:end])
            assert status == 204
            if begin == 9:
                assert await dock.receipt(SHA256) is not None


async def test_body_that_stops_coming_is_given_up_and_its_beginning_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "IDLE_SECONDS", 0.2)
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected() as session:
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)

            async def stuck() -> AsyncIterator[bytes]:
                yield DATA[:1000]
                await asyncio.Event().wait()

            headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            async with session.patch(path, data=stuck(), headers=headers) as answer:
                assert answer.status == 400
            assert await dock.offset(path) == 1000
            status, _ = await dock.patch(path, 1000, DATA[1000:])
            assert status == 204


async def test_upload_past_its_term_is_gone_with_its_bytes_and_can_be_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dock = await enrolled(tmp_path)
    monkeypatch.setattr(uploads, "TERM", timedelta(seconds=-1))
    async with running_archive(tmp_path) as world, dock.connected(world.url):
        await dock.send(dock.collected(DATA))
        path = await dock.create(DATA)
        assert (await dock.patch(path, 0, DATA[:10]))[0] == 410
    monkeypatch.undo()
    async with running_archive(tmp_path) as world, dock.connected(world.url):
        while any(world.config.incoming_folder.iterdir()):  # the round that every start begins with
            await asyncio.sleep(0.02)
        assert await dock.offset(path) is None
        await dock.upload(DATA)
        assert await dock.receipt(SHA256) is not None


async def test_unfinished_upload_can_be_terminated_and_a_stored_one_cannot(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected() as session:
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            assert (await dock.patch(path, 0, DATA[:10]))[0] == 204
            async with session.delete(path, headers=TUS) as answer:
                assert answer.status == 204
            assert await dock.offset(path) is None
            assert not any(world.config.incoming_folder.iterdir())
            path = await dock.create(DATA)
            assert (await dock.patch(path, 0, DATA))[0] == 204
            async with session.delete(path, headers=TUS) as answer:
                assert answer.status == 403
            assert (await dock.try_create(SHA256, len(DATA)))[1]["code"] == "already-stored"
            assert await dock.receipt(SHA256) is not None
