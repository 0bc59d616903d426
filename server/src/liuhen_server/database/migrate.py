"""Bringing a database to the tables of this version: Alembic, run by `init` and whenever `serve` starts."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection as SyncConnection
from sqlalchemy import MetaData

from liuhen_server.database.engine import Database
from liuhen_server.database.schema import metadata

ROOMS_WITH_TABLES = (
    "liuhen_server.acts",
    "liuhen_server.cases.schema",
    "liuhen_server.custody.schema",
    "liuhen_server.deadlines.schema",
    "liuhen_server.decisions.schema",
    "liuhen_server.handover.schema",
    "liuhen_server.ingest.schema",
    "liuhen_server.papers.schema",
    "liuhen_server.people.schema",
    "liuhen_server.publicity.schema",
    "liuhen_server.registry.schema",
    "liuhen_server.retention.schema",
    "liuhen_server.review.schema",
    "liuhen_server.search.schema",
    "liuhen_server.statistics.schema",
    "liuhen_server.supervision.schema",
)


def all_tables() -> MetaData:
    """The MetaData with every room's tables on it."""
    for name in ROOMS_WITH_TABLES:
        if find_spec(name.rpartition(".")[0]) is not None and find_spec(name) is not None:
            import_module(name)
    return metadata


async def migrate(database: Database) -> None:
    """Runs what is missing; two processes starting together run it once (writers are alone)."""
    all_tables()
    async with database.write() as conn:
        await conn.run_sync(_upgrade)


def _upgrade(conn: SyncConnection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = conn
    command.upgrade(config, "head")
