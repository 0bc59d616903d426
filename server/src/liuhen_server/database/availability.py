"""A database that is locked or cannot be reached: no fault of a request, and no defect of ours. It is asked again later."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoFreeConnection

_SQLITE = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PROTOCOL})
_POSTGRESQL = ("08", "57P", "53300", "55P03", "40P01", "40001", "57014")
"""Beginnings of SQLSTATE: connection, shutdown, too many connections, lock not available, deadlock, serialization, cancelled."""


class DatabaseUnavailable(SQLAlchemyError):
    """Locked for too long, or not to be reached. Whether a commit that was under way took place is not known: whoever
    repeats a request is answered the same for what was kept.
    """


def unavailable(error: BaseException) -> DatabaseUnavailable:
    """What to raise for an error that kept us from the database. It names no value and no password."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return DatabaseUnavailable(
        f"数据库忙或无法访问 / the database is locked or cannot be reached ({type(cause).__name__}: {str(cause)[:200]})"
    )


def is_unavailable(error: BaseException) -> bool:
    """Whether an error inside a transaction says that the database is locked or gone."""
    if isinstance(error, NoFreeConnection):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if isinstance(code, int):
        return code & 0xFF in _SQLITE
    state = getattr(error.orig, "sqlstate", None)
    return isinstance(state, str) and state.startswith(_POSTGRESQL)
