"""One code path for both databases: the same tables, durable commits, one writer."""

from __future__ import annotations

import asyncio
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from liuhen_server.database import Database, migrate
from liuhen_server.database.engine import async_url
from liuhen_server.database.migrate import all_tables


async def migrate_in_a_process(url: str) -> None:
    code = (
        "import asyncio, sys; from liuhen_server.database import Database, migrate;"
        " asyncio.run(migrate(Database(sys.argv[1])))"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, url, stderr=asyncio.subprocess.PIPE)
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()


async def test_migrations_make_the_tables_that_the_code_asks_for(database_url: str) -> None:
    database = Database(database_url)
    try:
        await asyncio.gather(*(migrate_in_a_process(database_url) for _ in range(2)))
        await migrate(database)
        async with database.read() as conn:
            difference = await conn.run_sync(
                lambda sync: compare_metadata(MigrationContext.configure(sync), all_tables())
            )
        assert difference == []
    finally:
        await database.close()


async def test_a_writer_that_reads_first_is_not_overtaken(database_url: str) -> None:
    database = Database(database_url)
    other = Database(database_url)
    try:
        await migrate(database)

        async def count_up(each: Database) -> None:
            for _ in range(10):
                async with each.write() as conn:
                    query = text("SELECT next_index FROM log_state WHERE id = 1" + for_update)
                    value = (await conn.execute(query)).scalar_one()
                    await conn.execute(text("UPDATE log_state SET next_index = :v"), {"v": value + 1})

        for_update = "" if database.is_sqlite else " FOR UPDATE"
        await asyncio.gather(*(count_up(each) for each in (database, database, other, other)))
        async with database.read() as conn:
            assert (await conn.execute(text("SELECT next_index FROM log_state"))).scalar_one() == 40
    finally:
        await database.close()
        await other.close()


async def test_a_block_that_raises_leaves_nothing(database_url: str) -> None:
    database = Database(database_url)
    try:
        await migrate(database)
        with pytest.raises(RuntimeError):
            async with database.write() as conn:
                await conn.execute(text("UPDATE log_state SET next_index = 7"))
                raise RuntimeError
        async with database.read() as conn:
            assert (await conn.execute(text("SELECT next_index FROM log_state"))).scalar_one() == 0
    finally:
        await database.close()


async def test_sqlite_commits_survive_a_power_cut(tmp_path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'a.db'}")
    try:
        async with database.write() as conn:
            pragmas = [
                (await conn.execute(text(f"PRAGMA {name}"))).scalar_one() for name in ("journal_mode", "synchronous")
            ]
        assert pragmas == ["wal", 2], "2 is FULL: NORMAL loses the last commits"
    finally:
        await database.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_a_database_that_cannot_keep_evidence_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="database"):
        async_url(url)
