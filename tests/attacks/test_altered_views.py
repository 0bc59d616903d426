"""What the archive's tables say beside the log (whose clip, which dock, where its chain ends) is held against the log:
`verify` names each row that an attacker with the database altered, added or removed.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlalchemy import text

from liuhen_server.operations.opening import opened
from liuhen_server.operations.verify import verify_archive
from support.device import running_archive

STORED, PROMISED = os.urandom(2000), os.urandom(3000)

ATTACKS = {
    "clip of another officer": ("UPDATE clips SET officer = '999999'", "clip-row-altered"),
    "clip of another recorder": ("UPDATE clips SET recorder = 'DSJ9999'", "clip-row-altered"),
    "clip of another name": ("UPDATE clips SET name = 'other.mp4'", "clip-row-altered"),
    "clip of another time": ("UPDATE clips SET collected_time = '2020-01-01T00:00:00.000Z'", "clip-row-altered"),
    "clip shown as a derivative": ("UPDATE clips SET kind = 'derivative'", "clip-row-altered"),
    "important clip": ("UPDATE clips SET important = NOT important", "clip-row-altered"),
    "promise that waits, removed": ("DELETE FROM clips WHERE stored_index IS NULL", "clip-row-missing"),
    "promise that waits, of another size": (
        "UPDATE clips SET size = 1 WHERE stored_index IS NULL",
        "clip-row-altered",
    ),
    "head of a chain, removed": ("DELETE FROM heads WHERE source = 'dock-1'", "tail-cut"),
    "head of the archive's chain, removed": ("DELETE FROM heads WHERE source = 'archive'", "tail-cut"),
    "dock of another agency": ("UPDATE docks SET agency = 'another'", "registry-altered"),
    "dock enrolled elsewhere": ("UPDATE docks SET enrolled_index = enrolled_index + 1", "registry-altered"),
}


async def test_every_altered_row_beside_the_log_is_named(tmp_path: Path, database_url: str) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(STORED), dock.collected(PROMISED, "DSJ_000002.MP4"))
            await dock.upload(STORED)
        config = world.config
    missed = []
    async with opened(config) as archive:
        honest = await verify_archive(archive)
        assert honest.holds, honest.text()
        for name, (sql, code) in ATTACKS.items():
            table = sql.split()[1] if sql.startswith("UPDATE") else sql.split()[2]
            async with archive.database.write() as conn:
                rows = [dict(row) for row in (await conn.execute(text(f"SELECT * FROM {table}"))).mappings()]
                await conn.execute(text(sql))
            report = await verify_archive(archive)
            if code not in {finding.code for finding in report.findings}:
                missed.append(name)
            async with archive.database.write() as conn:  # as it was
                if archive.database.is_sqlite:
                    await conn.execute(text("PRAGMA defer_foreign_keys = ON"))
                else:
                    await conn.execute(text("SET session_replication_role = replica"))
                await conn.execute(text(f"DELETE FROM {table}"))
                for row in rows:
                    places = ", ".join(f":{column}" for column in row)
                    await conn.execute(text(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"), row)
                if not archive.database.is_sqlite:
                    await conn.execute(text("SET session_replication_role = DEFAULT"))
        assert not missed, f"verify says nothing of: {', '.join(missed)}"
        assert (await verify_archive(archive)).holds
