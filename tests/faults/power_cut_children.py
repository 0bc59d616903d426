"""The programs that work on a disk whose power is cut (`powercutfs`), each in a process of its own."""

from __future__ import annotations

import asyncio
import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

from faults.powercutfs import tell
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.journal import EnvelopeRow, changes, queries
from liuhen_files import durable, keys
from liuhen_protocol import merkle
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.witnessing import AddCheckpoint
from liuhen_server.witness.cosigner import Cosigner
from liuhen_server.witness.state import WitnessState
from support import dock_alone
from support.memory_log import MemoryLog


class Remembering(dock_alone.Obliging):
    """The archive's stand-in, which remembers each entry it was sent: a dock that forgets one of them forks its chain."""

    async def run(self) -> None:
        while True:
            changed = self._journal.next_change()
            rows: list[EnvelopeRow] = await self._journal.ask(queries.unsent)
            for row in rows:
                tell(self._journal.path.parent, f"{row.seq} {hashlib.sha256(row.data).hexdigest()}")
            if rows:
                await self._journal.change(changes.EntriesLogged(tuple((row.seq, 1000 + row.seq) for row in rows)))
            for clip in await self._journal.ask(queries.clips_to_upload):
                await self._journal.change(
                    changes.Uploaded(clip.sha256),
                    changes.Receipted(clip.sha256, b"nobody checked this", "2026-11-22T10:00:00.000Z"),
                )
            if not rows:
                await changed.wait()


def run_dock(data_dir: Path, folder: Path) -> None:
    """The real dock, from its first start until a folder's files are collected."""
    config = dock_alone.config(data_dir, Bay("1", "directory", folder))
    asyncio.run(Dock(data_dir, config, Wishes(once_idle=True, watch=dock_alone.QUICK, sync=Remembering)).run())


def enroll_dock(url: str, code: str, data_dir: Path) -> None:
    asyncio.run(enroll(url, code, data_dir))
    tell(data_dir, "enrolled")


DATA = b"x" * 5000


def write_in_four_ways(folder: Path) -> None:
    durable.mkdirs(folder / "made")
    durable.write_new(folder / "made" / "well", DATA)
    (folder / "no-sync").write_bytes(DATA)
    (folder / "no-sync").rename(folder / "renamed")
    with (folder / "no-folder-sync").open("wb") as file:
        file.write(DATA)
        file.flush()
        os.fsync(file.fileno())
    durable.remove(folder / "old")  # syncs the folder, and the names of the two above with it
    with (folder / "late").open("wb") as file:
        file.write(DATA)
        file.flush()
        os.fsync(file.fileno())
    tell(folder, "all of it")


def count_rows(folder: Path) -> None:
    for mode in ("FULL", "OFF"):
        with closing(sqlite3.connect(folder / f"{mode}.db", isolation_level=None)) as db:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute(f"PRAGMA synchronous={mode}")
            db.execute("CREATE TABLE t (x)")
            for number in range(5):
                db.execute("INSERT INTO t VALUES (?)", (number,))
                tell(folder, f"{mode} {number + 1}")
            if mode == "OFF":
                os._exit(0)  # the power goes before it is closed


LOG = MemoryLog("archive.example/x", Ed25519Signer.from_seed(b"L" * 32), (b"%d" % n for n in range(20)))
FORK_OF_LOG = MemoryLog("archive.example/x", Ed25519Signer.from_seed(b"L" * 32), (b"fork %d" % n for n in range(20)))
SIZES = (3, 10, 10, 14)  # of the checkpoints a witness is asked for, one after the other


def cosign_sizes(data: Path) -> None:
    """A witness from its first start: it is shown a growing log, and then another root of the last size."""
    signer = keys.load_or_create(data / "witness.key")
    state = WitnessState(data / "witness.db")
    state.add_log(LOG.vkey)
    cosigner = Cosigner("witness.example/w", signer, state, data / "evidence", lambda: 1.0)
    old = 0
    for size in SIZES:
        proof = tuple(merkle.consistency_proof(old, size, LOG.node))
        if cosigner.add_checkpoint(AddCheckpoint(old, proof, LOG.note(size=size)).encode()).status == 200:
            tell(data, f"cosigned {size}")
        old = size
    if cosigner.add_checkpoint(AddCheckpoint(old, (), FORK_OF_LOG.note(size=old)).encode()).status == 422:
        tell(data, "refused a fork")
    state.close()
