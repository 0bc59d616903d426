"""One code path for both databases: the same tables, durable commits, one writer."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from liuhen_server import database as database_room
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


def is_table_of_ours(name: str | None, kind: str, _parents: object) -> bool:
    """The index of words is no table of SQLAlchemy's and has one shape per database: tests/unit/search compares its own text."""
    return kind != "table" or not (name or "").startswith("search_words")


async def test_migrations_make_the_tables_that_the_code_asks_for(empty_database_url: str) -> None:
    database = Database(empty_database_url)
    try:
        await asyncio.gather(*(migrate_in_a_process(empty_database_url) for _ in range(2)))
        await migrate(database)
        async with database.read() as conn:
            options = {"include_name": is_table_of_ours}
            difference = await conn.run_sync(
                lambda sync: compare_metadata(MigrationContext.configure(sync, opts=options), all_tables())
            )
        assert difference == []
    finally:
        await database.close()


def index_as_text(index: Mapping[str, object]) -> str:
    """The condition of a partial index is an object of SQLAlchemy that equals no other."""
    options = index.get("dialect_options")
    told = {name: str(value) for name, value in options.items()} if isinstance(options, dict) else {}
    return str({**index, "dialect_options": told})


def shape(sync: Connection) -> dict[str, object]:
    """Everything a database says of its tables: columns, keys, checks, indexes, comments. As text where SQLAlchemy has objects."""
    found = inspect(sync)
    return {
        name: [
            [
                (c["name"], str(c["type"]), c["nullable"], c.get("default"), c.get("comment"))
                for c in found.get_columns(name)
            ],
            found.get_pk_constraint(name),
            sorted(found.get_foreign_keys(name), key=str),
            sorted(found.get_unique_constraints(name), key=str),
            sorted(found.get_check_constraints(name), key=str),
            sorted(map(index_as_text, found.get_indexes(name))),
        ]
        for name in sorted(found.get_table_names())
        if name != "alembic_version"
    }


async def test_a_migrated_database_is_as_one_made_from_the_tables_alone(empty_database_url: str) -> None:
    """compare_metadata does not look at check constraints; the database itself does."""
    database = Database(empty_database_url)
    try:
        await migrate(database)
        async with database.write() as conn:
            migrated = await conn.run_sync(shape)
            await conn.run_sync(all_tables().drop_all)
            await conn.run_sync(all_tables().create_all)
            assert migrated == await conn.run_sync(shape)
    finally:
        await database.close()


def test_no_migration_asks_the_code_for_its_tables() -> None:
    """A founded archive's first tables stay what they were when the code's tables go on."""
    versions = Path(database_room.__file__ or "").parent / "migrations" / "versions"
    for script in versions.glob("*.py"):
        assert "liuhen_server" not in script.read_text(), script.name


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


async def test_sqlite_commits_survive_a_power_cut(tmp_path: Path) -> None:
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


async def test_writer_whose_task_is_cancelled_leaves_no_lock_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive that stops cancels what it was doing at any point; the next one writes at once, whatever the collector does."""
    monkeypatch.setattr("liuhen_server.database.engine.BUSY_TIMEOUT_MS", 500)
    url = f"sqlite:///{tmp_path / 'archive.db'}"

    async def work(database: Database) -> None:
        async with database.write() as conn:
            await conn.execute(text("INSERT INTO said VALUES (1)"))
            await conn.execute(text("SELECT * FROM said"))
            await conn.execute(text("INSERT INTO said VALUES (2)"))

    other = Database(url)
    async with other.write() as conn:
        await conn.execute(text("CREATE TABLE said (word INTEGER)"))
    gc.disable()
    try:
        for number in range(160):
            stopped = Database(url)
            task = asyncio.create_task(work(stopped))
            await asyncio.sleep(number % 80 * 0.0001)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await stopped.close()
            await work(other)
    finally:
        gc.enable()
        await other.close()
