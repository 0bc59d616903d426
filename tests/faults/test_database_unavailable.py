"""A database that is locked or cannot be reached: the dock is told to come again, people read a page, and nothing is lost."""

from __future__ import annotations

import asyncio
import sqlite3
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from liuhen_agent.sync.answers import Later
from liuhen_agent.sync.archive import Archive, Logged
from liuhen_protocol.digest import digest_of
from liuhen_server.database import Database, DatabaseUnavailable
from liuhen_server.operations.opening import found
from liuhen_server.people.sessions import COOKIE
from support.device import TUS, World, archive_config, problem_of, running_archive


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("liuhen_server.database.engine.BUSY_TIMEOUT_MS", 100)


@asynccontextmanager
async def locked(world: World) -> AsyncIterator[None]:
    """Another program writes and does not come to its end. Waited for in a thread: the archive runs in this one."""
    path = world.config.folder / "archive.db"
    with closing(sqlite3.connect(path, timeout=30, check_same_thread=False)) as other:
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        yield
        other.rollback()


async def test_a_locked_database_lets_the_dock_try_again(tmp_path: Path) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        lines = [*dock.heads(3), dock.collected(b"a clip")]
        async with dock.connected() as session:
            archive = Archive(session, world.url, dock.name)
            async with locked(world):
                with pytest.raises(Later) as later:
                    await archive.send_entries(lines)
                assert (later.value.code, later.value.retry_after) == ("database-unavailable", 10.0)
                assert "locked" in later.value.why
            assert await archive.send_entries(lines) == [Logged(index) for index in (2, 3, 4, 5)]
            async with locked(world):
                with pytest.raises(Later, match="database-unavailable"):
                    await archive.create_upload(digest_of(b"a clip").sha256, "a clip", 6)
            await dock.upload(b"a clip")


@pytest.fixture
async def without_its_database(tmp_path: Path, postgresql: Any) -> AsyncIterator[tuple[World, aiohttp.ClientSession]]:
    """An archive on PostgreSQL whose database is no more since a moment ago, and a session of its dock."""
    url = postgresql.new_database()
    config = archive_config(tmp_path / "archive", url)
    await found(config)
    async with running_archive(tmp_path, url) as world:
        dock = await world.dock()
        async with dock.connected() as session:
            assert (await dock.send(*dock.heads(1)))["results"] == [{"index": 2}]
            postgresql.drop_database(url)
            yield world, session


async def test_a_database_that_is_gone_is_503_on_every_way_of_the_device_api(
    without_its_database: tuple[World, aiohttp.ClientSession],
) -> None:
    _, session = without_its_database
    digest = "ab" * 32
    for method, path in (
        ("GET", "/v1/head"),
        ("GET", f"/v1/receipts/{digest}"),
        ("POST", "/v1/entries"),
        ("POST", "/v1/uploads"),
        ("PATCH", "/v1/uploads/abc"),
        ("GET", "/log/tile/entries/000"),
    ):
        headers = TUS | {"Authorization": "Bearer lht_x"}
        async with session.request(method, path, headers=headers) as answer:
            assert answer.status == 503, (path, await answer.text())
            assert answer.headers["Retry-After"] == "10"
            problem = await problem_of(answer)
            assert problem["code"] == "database-unavailable"
            assert "does not exist" not in str(problem), "what the driver says is for the log"


async def test_a_database_that_is_gone_is_a_page_for_people(
    without_its_database: tuple[World, aiohttp.ClientSession], caplog: pytest.LogCaptureFixture
) -> None:
    world, _ = without_its_database
    tls = ssl.create_default_context(cafile=str(world.config.ca_folder / "ca.pem"))
    url = f"https://127.0.0.1:{world.ports.people.port}/clips"
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=tls)) as session,
        session.get(url, headers={"Cookie": f"{COOKIE}=some-token"}) as answer,
    ):
        assert answer.status == 503
        assert answer.content_type == "text/html"
        text = await answer.text()
        assert "数据库" in text
    assert not [record for record in caplog.records if record.exc_info and record.name == "liuhen.people"]


async def test_writers_of_one_process_do_not_wait_for_ever(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'archive.db'}")
    async with database.write():
        with pytest.raises(DatabaseUnavailable):
            async with database.write():
                pass
    async with database.write():
        pass
    await database.close()


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/archive.db", "postgresql://x@/x?host=/no/such/folder"])
async def test_a_database_that_cannot_be_reached_says_so(url: str) -> None:
    database = Database(url)
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        async with database.read():
            pass
    await database.close()
