"""Docks that upload what they should not. The archive stores nothing, states nothing, and says why."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from liuhen_protocol.digest import digest_of
from support.device import TUS, TestDock, World, problem_of, revoke, running_archive

DATA = os.urandom(300_000)
SHA256 = digest_of(DATA).sha256


def nothing_is_stored(world: World) -> bool:
    return not any(path.is_file() for path in world.config.store_folder.rglob("*"))


async def test_upload_whose_bytes_are_not_what_was_promised_is_refused_and_gone(
    tmp_path: Path, database_url: str
) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            other = bytearray(DATA)
            other[150_000] ^= 1
            status, problem = await dock.patch(path, 0, bytes(other))
            assert (status, problem["code"]) == (460, "not-what-was-promised")
            assert await dock.offset(path) is None
            assert await dock.receipt(SHA256) is None
            assert nothing_is_stored(world) and not any(world.config.incoming_folder.iterdir())
            await dock.upload(DATA)  # the true bytes are still welcome
            assert await dock.receipt(SHA256) is not None


async def test_promise_whose_digests_speak_of_different_bytes_is_never_fulfilled(tmp_path: Path) -> None:
    other = digest_of(os.urandom(len(DATA)))
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA, chunk_root=other.chunk_root))
            status, problem = await dock.patch(await dock.create(DATA), 0, DATA)
            assert (status, problem["code"]) == (460, "not-what-was-promised")
            await dock.send(dock.collected(other, sha256=SHA256))
            status, problem = await dock.patch(await dock.create(DATA), 0, DATA)
            assert (status, problem["code"]) == (460, "not-what-was-promised")
            assert nothing_is_stored(world)


async def test_dock_cannot_fulfil_another_docks_promise(tmp_path: Path, database_url: str) -> None:
    async with running_archive(tmp_path, database_url) as world:
        honest, other = await world.dock("dock-1"), await world.dock("dock-2")
        async with honest.connected(), other.connected():
            await honest.send(honest.collected(DATA))
            path = await honest.create(DATA)
            status, problem = await other.try_create(SHA256, len(DATA))
            assert (status, problem["code"]) == (409, "not-promised")
            status, problem = await other.patch(path, 0, DATA)
            assert status == 404
            assert await other.offset(path) is None
            assert other.session is not None
            async with other.session.delete(path, headers=TUS) as answer:
                assert answer.status == 404
            await honest.upload(DATA)
            assert await other.receipt(SHA256) is None


async def test_upload_of_another_length_than_promised_is_refused(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            for length in (0, len(DATA) - 1, len(DATA) + 1):
                status, problem = await dock.try_create(SHA256, length)
                assert (status, problem["code"]) == (409, "not-promised")


async def test_body_longer_than_the_upload_is_refused_and_nothing_beyond_it_kept(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)

            async def chunked() -> object:
                yield DATA
                yield b"one byte too many"

            assert dock.session is not None
            headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            async with dock.session.patch(path, data=chunked(), headers=headers) as answer:
                assert answer.status == 400
                assert (await problem_of(answer))["code"] == "too-long"
            assert await dock.offset(path) == 0
            status, _ = await dock.patch(path, 0, DATA)
            assert status == 204


async def test_revoked_dock_is_cut_off_at_its_next_request_on_its_open_connection(
    tmp_path: Path, database_url: str
) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected() as session:
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            status, _ = await dock.patch(path, 0, DATA[:1000])
            assert status == 204
            await revoke(world.config, dock.name)
            status, problem = await dock.patch(path, 1000, DATA[1000:])
            assert (status, problem["code"]) == (403, "revoked")
            async with session.post("/v1/entries", data=dock.heads(1)[0]) as answer:
                assert answer.status == 403
            assert nothing_is_stored(world)


async def test_dock_revoked_while_it_uploads_gets_no_receipt(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            half_sent, revoked = asyncio.Event(), asyncio.Event()

            async def slowly() -> object:
                yield DATA[:1000]
                half_sent.set()
                await revoked.wait()
                yield DATA[1000:]

            assert dock.session is not None
            headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            sending = asyncio.create_task(_status(dock, path, slowly(), headers))
            await half_sent.wait()
            await revoke(world.config, dock.name)
            revoked.set()
            assert await sending == 403
            assert nothing_is_stored(world)


async def _status(dock: TestDock, path: str, body: object, headers: dict[str, str]) -> int:
    assert dock.session is not None
    async with dock.session.patch(path, data=body, headers=headers) as answer:
        return answer.status


async def test_two_patches_at_once_on_one_upload_do_not_mix(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            begun, both = [], asyncio.Event()

            async def slowly() -> object:
                yield DATA[:1000]
                begun.append(1)
                if len(begun) == 2:
                    both.set()
                await both.wait()
                yield DATA[1000:]

            headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            statuses = await asyncio.gather(*(_status(dock, path, slowly(), headers) for _ in range(2)))
            assert statuses.count(204) == 1
            assert {409, 423} & set(statuses)  # 409 where the second is read after the first has ended
            assert await dock.is_stored(SHA256)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
async def test_patch_with_a_wrong_checksum_leaves_nothing(tmp_path: Path, algorithm: str) -> None:
    import base64
    import hashlib

    good = base64.b64encode(hashlib.new(algorithm, DATA).digest()).decode()
    bad = base64.b64encode(hashlib.new(algorithm, b"other").digest()).decode()
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(DATA))
            path = await dock.create(DATA)
            status, problem = await dock.patch(path, 0, DATA, **{"Upload-Checksum": f"{algorithm} {bad}"})
            assert (status, problem["code"]) == (460, "checksum-mismatch")
            assert await dock.offset(path) == 0
            status, _ = await dock.patch(path, 0, DATA, **{"Upload-Checksum": f"{algorithm} {good}"})
            assert status == 204
            assert await dock.receipt(SHA256) is not None
