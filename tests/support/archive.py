"""A real archive in a folder, with real witnesses on loopback and statements of docks that need no certificate here."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
from aiohttp import web

from liuhen_protocol.chain import ChainHead, after, envelope_hash, next_link
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import DockEnrolled, DockHead, Event
from liuhen_protocol.note import COSIGNATURE_V1, ED25519, VerifierKey
from liuhen_protocol.policy import Endpoint
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Statement, Subject, place_in_chain, write_statement
from liuhen_server import log
from liuhen_server.config import Config
from liuhen_server.database import Connection
from liuhen_server.database.schema import docks
from liuhen_server.log.sequencer import Sequencer
from liuhen_server.operations.opening import Archive, found, opened
from liuhen_server.registry.docks import ENROLLED
from liuhen_server.witness.cosigner import Cosigner
from liuhen_server.witness.service import Service
from liuhen_server.witness.state import WitnessState

ORIGIN = "archive.example/log"
NOW = "2026-11-22T10:00:00.000Z"


class RunningWitness:
    """Our own witness served on a loopback port; `knows` adds the log's key as its administrator would."""

    def __init__(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.name, self.signer = name, Ed25519Signer.from_seed(name.encode().ljust(32, b".")[:32])
        self.state = WitnessState(folder / "witness.db")
        self._runner = web.AppRunner(
            Service(Cosigner(name, self.signer, self.state, folder / "evidence", time.time)).application()
        )
        self.url = ""

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(VerifierKey(self.name, COSIGNATURE_V1, self.signer.public), self.url)

    def knows(self, log_key: VerifierKey) -> None:
        assert log_key.key_type == ED25519
        assert self.state.add_log(log_key)

    async def start(self, port: int = 0) -> None:
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()


@dataclass
class Dock:
    """A dock's chain: seals statements, keeps its head."""

    name: str
    signer: Ed25519Signer = field(default_factory=lambda: Ed25519Signer.from_seed(b"d" * 32))
    head: ChainHead | None = None

    def seal(self, event: Event, time: str = NOW, subject: Subject | None = None) -> log.NewEntry:
        link = next_link(self.head, self.name, time, Clock("ntp", 10))
        statement = Statement(link, event, subject or place_in_chain(link, self.signer.public))
        envelope = seal(write_statement(statement), self.signer).encode()
        self.head = after(link, envelope_hash(envelope))
        return log.NewEntry(envelope, self.name, link.seq, statement.kind, link.time)

    def heads(self, count: int) -> list[log.NewEntry]:
        return [self.seal(DockHead(clips=n, waiting=0)) for n in range(count)]


async def enrol(archive: Archive, dock: Dock) -> None:
    """States and registers the dock's key without a certificate: one entry of the archive."""
    event = DockEnrolled(dock.name, "market-supervision", dock.signer.public.hex(), "00" * 32, None)
    async with archive.database.write() as conn:
        stated = await archive.chain.append(conn, event)
        row = docks.insert().values(
            name=dock.name,
            agency=event.agency,
            public_key=event.public_key,
            state=ENROLLED,
            enrolled_index=stated.index,
            enrolled_time=stated.time,
        )
        await conn.execute(row)


async def append(archive: Archive, items: list[log.NewEntry]) -> list[int]:
    async with archive.database.write() as conn:
        return await log.append(conn, items)


@asynccontextmanager
async def sequencing(archive: Archive, holder: str = "test") -> AsyncIterator[Sequencer]:
    async with aiohttp.ClientSession() as session:
        yield archive.sequencer(session, holder)


async def publish_all(archive: Archive, holder: str = "test") -> Sequencer:
    """Ticks until nothing is left, as one process would."""
    async with sequencing(archive, holder) as sequencer:
        while (await sequencer.tick()).outcome.name == "PUBLISHED":
            pass
        await sequencer.close()
        return sequencer


async def execute(conn: Connection, sql: str) -> None:
    await conn.exec_driver_sql(sql)


def config_for(folder: Path, database_url: str, witnesses: tuple[RunningWitness, ...] = (), quorum: int = 0) -> Config:
    return Config(
        folder=folder,
        origin=ORIGIN,
        database=database_url,
        witnesses={witness.name: witness.endpoint for witness in witnesses},
        quorum=quorum,
    )


@asynccontextmanager
async def new_archive(
    folder: Path, database_url: str, witnesses: tuple[RunningWitness, ...] = (), quorum: int = 0
) -> AsyncIterator[Archive]:
    """A founded, opened archive; its witnesses (already started) know its log."""
    config = config_for(folder, database_url, witnesses, quorum)
    key = await found(config)
    for witness in witnesses:
        witness.knows(key)
    async with opened(config) as archive:
        yield archive
