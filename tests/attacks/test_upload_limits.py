"""Many uploads at once take neither all places nor the room that others were promised."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from liuhen_protocol.digest import digest_of
from liuhen_server.ingest import upload_limits, uploads
from liuhen_server.ingest import upload_records as records
from liuhen_server.ingest.schema import uploads as rows
from liuhen_server.ingest.tus import TusProblem
from liuhen_server.ingest.upload_limits import ROOM_LEFT, Places
from liuhen_server.operations.opening import opened
from support.device import TUS, TestDock, World, problem_of, revoke, running_archive

CLIPS = [os.urandom(50_000) for _ in range(8)]


@pytest.fixture
async def world(tmp_path: Path, database_url: str) -> AsyncIterator[World]:
    async with running_archive(tmp_path, database_url) as running:
        yield running


async def promised(dock: TestDock, clips: list[bytes]) -> None:
    await dock.send(*[dock.collected(clip, f"{number}.MP4") for number, clip in enumerate(clips)])


async def test_eight_uploads_cannot_all_be_promised_the_same_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for three clips: whoever comes at the same time, three are taken, and the others when there is room."""
    monkeypatch.setattr(uploads, "free_bytes", lambda _folder: ROOM_LEFT + 3 * 50_000 + 10)
    dock = await world.dock()
    async with dock.connected():
        await promised(dock, CLIPS)
        answers = await asyncio.gather(*[dock.try_create(digest_of(clip).sha256, len(clip)) for clip in CLIPS])
        assert sorted(status for status, _ in answers) == [201] * 3 + [507] * 5
        assert {found["code"] for status, found in answers if status == 507} == {"storage-full"}
        assert len(list(world.config.incoming_folder.iterdir())) == 3, "nothing is left of those that were refused"
        for clip, (status, found) in zip(CLIPS, answers, strict=True):
            if status == 201:
                assert (await dock.patch(str(found["Location"]), 0, clip))[0] == 204
        again = [await dock.try_create(digest_of(clip).sha256, len(clip)) for clip in CLIPS]
        assert [status for status, found in again if found.get("code") != "already-stored"].count(201) == 3


async def test_an_upload_begun_anew_does_not_stand_in_its_own_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "free_bytes", lambda _folder: ROOM_LEFT + 60_000)
    dock = await world.dock()
    async with dock.connected():
        await promised(dock, CLIPS[:1])
        await dock.create(CLIPS[0])
        await dock.upload(CLIPS[0])


async def test_an_upload_that_stands_still_gives_its_room_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "free_bytes", lambda _folder: ROOM_LEFT + 60_000)
    dock = await world.dock()
    async with dock.connected():
        await promised(dock, CLIPS[:2])
        await dock.create(CLIPS[0])
        assert (await dock.try_create(digest_of(CLIPS[1]).sha256, 50_000))[0] == 507
        monkeypatch.setattr(uploads, "RESERVED_FOR", timedelta(seconds=-1))
        assert (await dock.try_create(digest_of(CLIPS[1]).sha256, 50_000))[0] == 201


async def refused(world: World, dock: TestDock, path: str) -> None:
    assert (await dock.patch(path, 0, os.urandom(50_000)))[1]["code"] == "not-what-was-promised"


async def terminated(world: World, dock: TestDock, path: str) -> None:
    assert dock.session is not None
    async with dock.session.delete(path, headers=TUS) as answer:
        assert answer.status == 204


async def finished(world: World, dock: TestDock, path: str) -> None:
    assert (await dock.patch(path, 0, CLIPS[0]))[0] == 204


async def lost(world: World, dock: TestDock, path: str) -> None:
    next(world.config.incoming_folder.iterdir()).unlink()
    assert (await dock.patch(path, 0, CLIPS[0]))[1]["code"] == "lost-upload"


async def expired(world: World, dock: TestDock, path: str) -> None:
    """Its term is over, and the round that comes every minute has not been there yet."""
    async with opened(world.config) as archive, archive.database.write() as conn:
        await conn.execute(update(rows).values(expires_time="2020-01-01T00:00:00.000Z"))


async def revoked(world: World, dock: TestDock, path: str) -> None:
    await revoke(world.config, dock.name)


@pytest.mark.parametrize("end", [refused, terminated, finished, lost, expired, revoked])
async def test_however_an_upload_ends_another_dock_gets_its_room(
    world: World, monkeypatch: pytest.MonkeyPatch, end: Callable[[World, TestDock, str], Awaitable[None]]
) -> None:
    monkeypatch.setattr(uploads, "free_bytes", lambda _folder: ROOM_LEFT + 60_000)
    first, second = await world.dock("dock-1"), await world.dock("dock-2")
    async with first.connected(), second.connected():
        await promised(first, CLIPS[:1])
        await promised(second, CLIPS[1:2])
        path = await first.create(CLIPS[0])
        assert (await second.try_create(digest_of(CLIPS[1]).sha256, 50_000))[0] == 507
        await end(world, first, path)
        assert (await second.try_create(digest_of(CLIPS[1]).sha256, 50_000))[0] == 201


async def test_the_room_of_an_upload_is_kept_over_a_restart_of_the_archive(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "free_bytes", lambda _folder: ROOM_LEFT + 60_000)
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            await promised(dock, CLIPS[:2])
            path = await dock.create(CLIPS[0])
    async with running_archive(tmp_path, database_url) as world, dock.connected(world.url):
        assert (await dock.try_create(digest_of(CLIPS[1]).sha256, 50_000))[0] == 507
        assert (await dock.patch(path, 0, CLIPS[0]))[0] == 204
        assert (await dock.try_create(digest_of(CLIPS[1]).sha256, 50_000))[0] == 201


async def test_a_creation_that_finds_no_place_for_its_bytes_keeps_no_room(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upload_limits, "MOST_OF_A_DOCK", 0)
    dock = await world.dock()
    async with dock.connected() as session:
        await promised(dock, CLIPS[:1])
        sha256 = base64.b64encode(digest_of(CLIPS[0]).sha256.encode()).decode()
        headers = TUS | {"Upload-Length": "50000", "Upload-Metadata": f"sha256 {sha256}"}
        headers["Content-Type"] = "application/offset+octet-stream"
        async with session.post("/v1/uploads", data=CLIPS[0], headers=headers) as answer:
            assert (answer.status, (await problem_of(answer))["code"]) == (503, "too-many-uploads")
    assert not list(world.config.incoming_folder.iterdir())
    async with opened(world.config) as archive, archive.database.read() as conn:
        assert (await conn.execute(select(rows))).all() == []


async def test_the_bytes_of_a_revoked_docks_upload_are_not_read_again_and_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They could not be stated; they lie until their term is over."""
    dock = await world.dock()
    async with dock.connected():
        await promised(dock, CLIPS[:1])
        await dock.create(CLIPS[0])
    await revoke(world.config, dock.name)
    async with opened(world.config) as archive, archive.database.write() as conn:
        await conn.execute(update(rows).values(durable=50_000))
        assert await records.complete_but_unfinished(conn) == []
        assert len(await records.ids(conn)) == 1


def watch_places(monkeypatch: pytest.MonkeyPatch, count: int) -> asyncio.Event:
    """Set as soon as `count` requests have taken a place, one after the other or at once."""
    reached, taken, real = asyncio.Event(), 0, Places.taken

    @contextmanager
    def counted(places: Places, dock: str) -> Iterator[None]:
        nonlocal taken
        with real(places, dock):
            taken += 1
            if taken == count:
                reached.set()
            yield

    monkeypatch.setattr(Places, "taken", counted)
    return reached


async def test_a_dock_with_too_many_uploads_under_way_is_told_to_come_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two senders that say nothing hold its two places; the third is asked to come again, and nothing of it is lost."""
    monkeypatch.setattr(upload_limits, "MOST_OF_A_DOCK", 2)
    both_taken = watch_places(monkeypatch, 2)
    dock = await world.dock()
    async with dock.connected() as session:
        await promised(dock, CLIPS[:3])
        paths = [await dock.create(clip) for clip in CLIPS[:3]]
        going_on = asyncio.Event()

        async def slow(number: int) -> int:
            async def body() -> AsyncIterator[bytes]:
                yield CLIPS[number][:10]
                await going_on.wait()
                yield CLIPS[number][10:]

            headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
            async with session.patch(paths[number], data=body(), headers=headers) as answer:
                return answer.status

        sending = [asyncio.create_task(slow(number)) for number in (0, 1)]
        await both_taken.wait()  # who asks earlier takes a place for a moment, and one of the two is told to come again
        headers = TUS | {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        async with session.patch(paths[2], data=b"", headers=headers) as answer:
            assert answer.status == 503
            assert answer.headers["Retry-After"] == "5"
            assert (await problem_of(answer))["code"] == "too-many-uploads"
        going_on.set()
        assert await asyncio.gather(*sending) == [204, 204]
        assert await dock.offset(paths[2]) == 0
        assert (await dock.patch(paths[2], 0, CLIPS[2]))[0] == 204


def test_places_are_shared_by_all_docks_and_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_limits, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(upload_limits, "MOST_OF_A_DOCK", 2)
    places = Places()
    with places.taken("dock-1"), places.taken("dock-1"):
        with pytest.raises(TusProblem), places.taken("dock-1"):
            pass
        with places.taken("dock-2"), pytest.raises(TusProblem), places.taken("dock-3"):
            pass
        with places.taken("dock-3"):
            pass
    with places.taken("dock-1"), places.taken("dock-1"):
        pass
