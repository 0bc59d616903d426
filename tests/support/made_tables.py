"""Databases that have the archive's tables already: the migrations run once for each kind of database, what they made is copied.

They take most of a second, and a thousand tests begin with a database. That the migrations themselves hold is tried on empty ones
(tests/unit/archive_log/test_database.py).
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path

import pytest

from liuhen_server.database import Database
from liuhen_server.database.migrate import migrate
from liuhen_server.operations import opening

__all__ = ["found_on_copies", "make_tables", "sqlite_with_tables"]


def found_on_copies(patch: pytest.MonkeyPatch) -> None:
    """Archives that tests found within their own process, on SQLite, begin with a copy too; `migrate` then finds nothing to do."""

    async def migrated(database: Database) -> None:
        path = Path(database.url.database or "")
        if database.is_sqlite and path.parent.is_dir() and not path.exists():
            sqlite_with_tables(path)
        await migrate(database)

    patch.setattr(opening, "migrate", migrated)


def make_tables(url: str) -> None:
    """Runs the migrations, wherever the caller stands: in a loop of its own."""
    failed: list[BaseException] = []
    thread = threading.Thread(target=_migrated, args=(url, failed))
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def sqlite_with_tables(path: Path) -> str:
    """A new database at `path`, as its URL."""
    shutil.copyfile(_template(), path)
    return f"sqlite:///{path}"


@cache
def _template() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="liuhen-tables-")
    _kept.append(folder)
    path = Path(folder.name) / "archive.db"
    make_tables(f"sqlite:///{path}")
    return path


_kept: list[tempfile.TemporaryDirectory[str]] = []
"""Removed when the process ends."""


def _migrated(url: str, failed: list[BaseException]) -> None:
    async def migrated() -> None:
        database = Database(url)
        try:
            await migrate(database)
        finally:
            await database.close()

    try:
        asyncio.run(migrated())
    except BaseException as error:
        failed.append(error)
