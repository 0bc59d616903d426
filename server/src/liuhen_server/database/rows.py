"""Many rows of one table in one statement of the driver: no parameter is handled twice on its way.

SQLAlchemy compiles and binds each row's parameters by name; for a thousand statements at a time that costs more than
SQLite itself. Here the rows are tuples in the order of the columns, with values that the driver takes as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from liuhen_server.database.engine import Connection


class InsertMany:
    """`INSERT INTO table (columns) VALUES (…) and_then`: names and text are the program's own, never a request's."""

    def __init__(self, table: str, columns: Sequence[str], and_then: str = "") -> None:
        self._insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES"
        self._count, self._and_then = len(columns), and_then

    async def run(self, conn: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """In their order. Raises what SQLAlchemy raises for the driver's errors, IntegrityError among them."""
        if rows:
            await conn.exec_driver_sql(self._text(conn.dialect.paramstyle), list(rows))

    def _text(self, paramstyle: str) -> str:
        numbered = paramstyle == "numeric_dollar"  # asyncpg: $1, $2; else aiosqlite: ?
        marks = [f"${number}" if numbered else "?" for number in range(1, self._count + 1)]
        return f"{self._insert} ({', '.join(marks)}) {self._and_then}"
