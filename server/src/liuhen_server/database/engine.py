"""Opening the database so that a commit is durable and a writer is alone, on SQLite as on PostgreSQL.

SQLite: WAL with synchronous=FULL (a committed row survives a power cut; NORMAL loses the last commits), foreign keys
on, and
`BEGIN IMMEDIATE` for writers, since a transaction that first reads and then writes would fail with "database is
locked" in the middle of its work. Writers of one process queue fairly in an asyncio lock; those of other processes
wait in `busy_timeout`. PostgreSQL: READ COMMITTED; whoever appends to the log takes its row lock first (`log.append`),
so indexes follow commit order. A database that stays locked, or that cannot be reached, is `DatabaseUnavailable`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine import Connection as SyncConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from liuhen_server.database.availability import DatabaseUnavailable, is_unavailable, unavailable

Connection = AsyncConnection
"""A transaction of `Database.read` or `Database.write`; every room takes it as its first argument."""

BUSY_TIMEOUT_MS = 20_000
"""How long a lock is waited for: below the minute after which a dock asks anew."""

CONNECT_SECONDS = 10.0
POSTGRESQL_POOL = 8
SQLITE = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "cache_size=-4000",  # KiB a connection: a thousand statements stay in memory until they are committed
    "wal_autocheckpoint=4000",  # pages of 4 KiB: pages that many commits touch are copied into the file once
)
_WRITER = "liuhen_writer"


class Database:
    """The archive's database. Open one per process; `await close()` when done.

    Errors, which go to the log file, never carry what was being written: password hashes, digests of tokens, names.
    """

    def __init__(self, url: str) -> None:
        self.url = async_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite_engine(self.url) if self.is_sqlite else _postgresql_engine(self.url)
        self._one_writer = asyncio.Lock() if self.is_sqlite else None

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Connection]:
        """A transaction that only reads."""
        async with self._connected() as conn, conn.begin():
            yield conn

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Connection]:
        """A long transaction that only reads and sees one moment, whatever is committed meanwhile."""
        async with self._connected() as conn:
            if not self.is_sqlite:
                await conn.execution_options(isolation_level="REPEATABLE READ")
            async with conn.begin():
                yield conn

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Connection]:
        """A transaction that commits when the block ends well and rolls back when it raises. Never open one inside
        another.
        """
        if self._one_writer is None:
            async with self._connected() as conn, conn.begin():
                yield conn
            return
        async with _alone(self._one_writer), self._connected() as conn:
            await conn.execution_options(**{_WRITER: True})
            async with conn.begin():
                yield conn

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Connection]:
        """A connection of the pool. Raises DatabaseUnavailable where there is none, or where it says so later."""
        async with AsyncExitStack() as stack:
            try:
                conn = await stack.enter_async_context(self.engine.connect())
            except Exception as error:  # a driver raises its own errors here, and those of the system
                raise unavailable(error) from error
            try:
                yield conn
            except SQLAlchemyError as error:
                if is_unavailable(error):
                    raise unavailable(error) from error
                raise

    async def close(self) -> None:
        await self.engine.dispose()


@asynccontextmanager
async def _alone(one_writer: asyncio.Lock) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(BUSY_TIMEOUT_MS / 1000):
            await one_writer.acquire()
    except TimeoutError as error:
        raise DatabaseUnavailable(
            "数据库忙 / the database is locked: another writer does not come to its end"
        ) from error
    try:
        yield
    finally:
        one_writer.release()


def async_url(url: str) -> URL:
    """`sqlite:///path`, `postgresql://…` or a URL that already names its asyncio driver. Raises ValueError for other
    databases.
    """
    parsed = make_url(url)
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise ValueError("数据库须为文件 / the database must be a file: sqlite:///path/to/archive.db")
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+asyncpg")
    raise ValueError(f"不支持的数据库 / unknown database {backend!r}: use sqlite:///FILE or postgresql://…")


class _LockFreeing(aiosqlite.Connection):
    """Rolls back before it closes. A transaction whose task was cancelled is closed in the middle of a statement; SQLite
    keeps such a connection and its lock until the last cursor is collected, and every other writer waits.
    """

    async def close(self) -> None:
        with suppress(ValueError, sqlite3.Error):  # already closed, or broken: it is closed all the same
            await self.rollback()
        await super().close()


def _connect(database: str, **options: Any) -> _LockFreeing:
    connection = _LockFreeing(lambda: sqlite3.connect(database, **options), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy has it: a process that ends does not wait for its connections
    return connection


def _sqlite_engine(url: URL) -> AsyncEngine:
    options = {"timeout": BUSY_TIMEOUT_MS / 1000, "async_creator_fn": _connect}
    engine = create_async_engine(url, connect_args=options, hide_parameters=True, pool_use_lifo=True)

    @event.listens_for(engine.sync_engine, "connect")
    def prepare(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = None  # the driver must not begin transactions on its own
        cursor = dbapi_connection.cursor()
        for pragma in (*SQLITE, f"busy_timeout={BUSY_TIMEOUT_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def begin(conn: SyncConnection) -> None:
        conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get(_WRITER) else "BEGIN")

    return engine


def _postgresql_engine(url: URL) -> AsyncEngine:
    # no compiling of plans: it takes longer than the query of any page, and is begun wherever a guess of the cost is high
    settings = {"lock_timeout": str(BUSY_TIMEOUT_MS), "jit": "off"}
    options = {"timeout": CONNECT_SECONDS, "server_settings": settings}
    return create_async_engine(
        url, pool_size=POSTGRESQL_POOL, pool_pre_ping=True, hide_parameters=True, connect_args=options
    )
