"""A real dock without its archive: real journal, spool, volumes and stays.

At the seam to the archive (`dock.Archiving`) stands `Obliging`: it takes every statement and every clip at once and puts
receipts nobody checks into the journal. So nothing here says anything about receipts or clearing (the wipe helper
refuses such receipts); those are tested against the real archive elsewhere.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from liuhen_agent.config import Config
from liuhen_agent.detect import Bay, WatchSettings
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.identity import store
from liuhen_agent.journal import Journal, changes, queries
from liuhen_agent.progress import BayView
from liuhen_agent.recorders.profile import default_folder
from liuhen_files import durable, keys
from liuhen_protocol.note import ED25519, VerifierKey
from liuhen_protocol.signer import Ed25519Signer

QUICK = WatchSettings(poll_seconds=0.02, settle_seconds=0.02)
LOG_KEY = VerifierKey("archive.example/log", ED25519, Ed25519Signer.from_seed(bytes(32)).public)


class Obliging:
    """See above. With `patience` it logs and receives nothing until it is set."""

    def __init__(self, journal: Journal, patience: asyncio.Event | None = None) -> None:
        self._journal = journal
        self._patience = patience

    def wake(self) -> None:
        pass

    async def run(self) -> None:
        while True:
            changed = self._journal.next_change()
            if self._patience is not None:
                await self._patience.wait()
            rows = await self._journal.ask(queries.unsent)
            if rows:
                await self._journal.change(changes.EntriesLogged(tuple((row.seq, 1000 + row.seq) for row in rows)))
            for clip in await self._journal.ask(queries.clips_to_upload):
                await self._journal.change(
                    changes.Uploaded(clip.sha256),
                    changes.Receipted(clip.sha256, b"nobody checked this", "2026-11-22T10:00:00.000Z"),
                )
            if not rows:
                await changed.wait()


def enrol(data_dir: Path) -> None:
    """The files an enrolment leaves, as far as a dock without archive reads them."""
    durable.mkdirs(data_dir / "keys")
    keys.load_or_create(store.Paths(data_dir).signing_key)
    identity = store.Identity("https://127.0.0.1:1", "dock-1", "朝阳县市场监督管理局", LOG_KEY, bytes(32), None)
    store.Paths(data_dir).identity.write_bytes(identity.encode())


def config(data_dir: Path, *bays: Bay, readers: int = 2, proxies: bool = False) -> Config:
    return Config(
        bays=bays,
        zone=ZoneInfo("Asia/Shanghai"),
        parallel_readers=readers,
        parallel_uploads=2,
        sm3=False,
        spool_term=timedelta(days=30),
        set_clocks=True,
        proxies=proxies,
        head_every=timedelta(hours=1),
        profiles=default_folder(),
        credentials=data_dir / "recorders.toml",
    )


async def run_until_idle(
    data_dir: Path, *bays: Bay, proxies: bool = False, proxy_socket: Path | None = None
) -> list[BayView]:
    """The dock at work until every bay is done."""
    settings = replace(config(data_dir, *bays, proxies=proxies), proxy_socket=proxy_socket)
    return await Dock(data_dir, settings, Wishes(once_idle=True, watch=QUICK, sync=Obliging)).run()


def journal_of(data_dir: Path) -> Path:
    return data_dir / "journal.db"
