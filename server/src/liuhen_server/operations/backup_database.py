"""The database at one moment, into a file and back: SQLite by VACUUM INTO, PostgreSQL by pg_dump on an exported snapshot.

Writers are not held up by either. PostgreSQL's programs get address and password in their environment, never as arguments, where
every user of the machine could read them.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import delete, text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

from liuhen_protocol.errors import Refused
from liuhen_server.config import ConfigError
from liuhen_server.database import Connection, Database
from liuhen_server.ingest.schema import uploads
from liuhen_server.operations.backup_format import POSTGRESQL_FILE, SQLITE_FILE
from liuhen_server.people.schema import people_sessions


def file_of(database: Database) -> str:
    """The name its copy has in a backup."""
    return SQLITE_FILE if database.is_sqlite else POSTGRESQL_FILE


@asynccontextmanager
async def frozen(database: Database, file: Path) -> AsyncIterator[Connection]:
    """Writes the database of one moment to `file` (durable when the block begins) and lets the block read that same moment.

    Raises ConfigError when PostgreSQL's programs are not installed, Refused when they fail, OSError when there is no room.
    """
    if database.is_sqlite:
        await asyncio.to_thread(_vacuum_into, Path(database.url.database or ""), file)
        async with _reading(file) as conn:
            yield conn
        return
    async with database.snapshot() as conn:
        name = (await conn.execute(text("SELECT pg_export_snapshot()"))).scalar_one()
        options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={name}", f"--file={file}")
        await _run("pg_dump", options, database.url)
        _settle(file)
        yield conn


async def put_back(file: Path, database: Database) -> None:
    """Fills an empty database from `file`. Raises Refused when it is not empty, ConfigError, OSError."""
    if database.is_sqlite:
        return  # the file itself is the database
    async with database.read() as conn:
        query = "SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema()"
        if (await conn.execute(text(query))).scalar_one():
            raise Refused(
                "database-not-empty", "数据库须为空 / the database to restore into must be empty: give a new one"
            )
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    await _run("pg_restore", (*options, f"--dbname={database.url.database}", str(file)), database.url)


async def forget_the_passing(conn: Connection) -> None:
    """Drops what a backup cannot bring back: uploads whose bytes it has not (their docks begin again) and people's sessions."""
    await conn.execute(delete(uploads))
    await conn.execute(delete(people_sessions))


def _vacuum_into(source: Path, file: Path) -> None:
    connection = sqlite3.connect(f"file:{quote(str(source))}?mode=ro", uri=True, isolation_level=None)
    try:
        connection.execute("VACUUM INTO ?", (str(file),))
    except sqlite3.OperationalError as error:
        if "full" in str(error):
            raise OSError(28, "No space left on device", str(file)) from error
        raise
    finally:
        connection.close()
    _settle(file)


def _settle(file: Path) -> None:
    file.chmod(0o600)
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@asynccontextmanager
async def _reading(file: Path) -> AsyncIterator[Connection]:
    """The copy, without changing a byte of it."""
    engine = create_async_engine(f"sqlite+aiosqlite:///file:{quote(str(file))}?mode=ro&immutable=1&uri=true")
    try:
        async with engine.connect() as conn:
            yield conn
    finally:
        await engine.dispose()


async def _run(program: str, options: tuple[str, ...], url: URL) -> None:
    query = {key: value for key, value in url.query.items() if isinstance(value, str)}
    wanted = {
        "PGHOST": url.host or query.get("host"),
        "PGPORT": str(url.port) if url.port else query.get("port"),
        "PGUSER": url.username,
        "PGPASSWORD": str(url.password) if url.password else None,
        "PGDATABASE": url.database,
        "PGSSLMODE": query.get("sslmode"),
    }
    environ = {**os.environ, **{key: value for key, value in wanted.items() if value}}
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "--no-password",
            *options,
            env=environ,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError as error:
        raise ConfigError(
            f"缺少 {program} / {program} is missing: apt-get install postgresql-client, of the server's version or newer"
        ) from error
    _, said = await process.communicate()
    if process.returncode:
        raise Refused("database-program", f"{program}: {said.decode(errors='replace').strip()[-1000:]}")
