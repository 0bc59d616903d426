"""The journal's tables, made with sqlite-utils so that an administrator can read them with the same tool.

`PRAGMA user_version` is the version of this schema; an unknown version is refused, never guessed at.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database
    from sqlite_utils.db import Table

VERSION = 1


def create(connection: sqlite3.Connection) -> None:
    """Make all tables in an empty file. The caller holds the transaction."""
    # here: it brings much with it, and every command and the wipe helper would load all of that to make no table
    from sqlite_utils import Database

    db = Database(connection)
    table(db, "envelopes").create(
        {"seq": int, "data": bytes, "hash": str, "kind": str, "time": str, "log_index": int, "refused": str},
        pk="seq",
        not_null={"data", "hash", "kind", "time"},
        strict=True,
    )
    table(db, "sessions").create(
        {
            "id": str,
            "bay": str,
            "recorder": str,
            "recorder_key": str,
            "officer": str,
            "profile": str,
            "state": str,
            "quarantined": int,
            "plugged": str,
            "ended": str,
        },
        pk="id",
        not_null={"bay", "recorder", "recorder_key", "officer", "profile", "state", "quarantined", "plugged"},
        strict=True,
    )
    table(db, "files").create(
        {
            "session": str,
            "number": int,
            "path": str,
            "raw": bytes,
            "size": int,
            "modified": str,
            "kind": str,
            "important": int,
            "state": str,
            "sha256": str,
            "failure": str,
        },
        pk=("session", "number"),
        not_null={"path", "raw", "size", "kind", "important", "state"},
        foreign_keys=[("session", "sessions", "id")],
        strict=True,
    )
    table(db, "clips").create(
        {
            "sha256": str,
            "size": int,
            "chunk_root": str,
            "sm3": str,
            "name": str,
            "recorder": str,
            "kind": str,
            "original": str,
            "role": str,
            "collected_seq": int,
            "spool": str,
            "important": int,
            "state": str,
            "upload_url": str,
            "receipt": bytes,
            "receipted": str,
        },
        pk="sha256",
        not_null={"size", "chunk_root", "name", "recorder", "kind", "collected_seq", "spool", "important", "state"},
        foreign_keys=[("collected_seq", "envelopes", "seq")],
        strict=True,
    )
    table(db, "alarms").create({"code": str, "detail": str, "since": str}, pk="code", strict=True)
    table(db, "notes").create({"name": str, "value": bytes}, pk="name", not_null={"value"}, strict=True)
    for statement in (
        "CREATE INDEX envelopes_unsent ON envelopes(seq) WHERE log_index IS NULL",
        "CREATE INDEX files_by_digest ON files(sha256) WHERE sha256 IS NOT NULL",
        "CREATE INDEX clips_by_state ON clips(state)",
        "CREATE INDEX clips_by_seq ON clips(collected_seq)",
        "CREATE INDEX clips_by_original ON clips(original) WHERE original IS NOT NULL",
        f"PRAGMA user_version = {VERSION}",
    ):
        connection.execute(statement)


def table(db: Database, name: str) -> Table:
    """A table, never a view."""
    from sqlite_utils.db import Table

    found = db[name]
    assert isinstance(found, Table)
    return found
