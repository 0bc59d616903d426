"""Founding an archive in a new folder, and opening it again: the parts that commands, the server and tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

import aiohttp

from liuhen_files import durable, keys
from liuhen_protocol.errors import Malformed
from liuhen_protocol.events import ArchiveStarted
from liuhen_protocol.note import ED25519, VerifierKey
from liuhen_protocol.policy import Policy
from liuhen_protocol.signer import Signer
from liuhen_server import __version__, log
from liuhen_server.config import FILE, Config, ConfigError
from liuhen_server.database import Database, migrate
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.log.cosigning import Cosigner
from liuhen_server.log.reading import LogReader
from liuhen_server.log.sequencer import Sequencer
from liuhen_server.registry.authority import Authority
from liuhen_server.registry.enrolment import Registry
from liuhen_server.store.folder import FolderStore


@dataclass(frozen=True, slots=True)
class Archive:
    """An opened archive. `policy` is what docks and verifiers get."""

    config: Config
    database: Database
    log_signer: Signer
    chain: log.ArchiveChain
    authority: Authority
    registry: Registry
    policy: Policy
    reader: LogReader
    store: FolderStore

    @property
    def log_key(self) -> VerifierKey:
        return VerifierKey(self.config.origin, ED25519, self.log_signer.public)

    def sequencer(self, session: aiohttp.ClientSession, holder: str) -> Sequencer:
        """The sequencer of this process; `holder` is unique to it (host, process, something random)."""
        return Sequencer(
            self.database,
            self.config.log_folder,
            self.config.staging_folder,
            self.config.origin,
            self.log_signer,
            Cosigner(session, self.policy),
            holder,
            self.chain.now,
        )


async def found(config: Config, now: Callable[[], datetime] = utc_now) -> VerifierKey:
    """Makes the folder, the keys, the CA, the database and leaf 0. `config.toml` comes last: without it nothing opens.

    Raises ConfigError when the folder holds anything, or the database already belongs to an archive.
    """
    folder = config.folder
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError(
            f"{folder} 已存在且非空 / {folder} exists and is not empty: an archive is founded in a new folder, nothing was changed"
        )
    if folder.exists():
        folder.chmod(0o700)  # made by somebody else, maybe open; the database below it is not
    for each in (folder, config.ca_folder, config.log_key_file.parent, config.staging_folder, config.incoming_folder):
        durable.mkdirs(each)
    durable.mkdirs(config.store_folder)
    durable.mkdirs(config.log_folder, 0o755)
    log_signer = keys.load_or_create(config.log_key_file)
    statement_signer = keys.load_or_create(config.statement_key_file)
    Authority.create(config.ca_folder, config.origin, config.server_names, now())
    database = Database(config.database_url)
    try:
        await migrate(database)
        async with database.write() as conn:
            if await log.lock(conn):
                raise ConfigError(
                    "该数据库已属于一个证据库 / this database already belongs to an archive: give a new one"
                )
            event = ArchiveStarted(__version__, config.origin, statement_signer.public.hex())
            await log.ArchiveChain(statement_signer, now).append(conn, event)
    finally:
        await database.close()
    durable.write_new(folder / FILE, config.text().encode())
    return VerifierKey(config.origin, ED25519, log_signer.public)


@asynccontextmanager
async def opened(config: Config, now: Callable[[], datetime] = utc_now) -> AsyncIterator[Archive]:
    """Opens the keys and the database (and brings its tables up to date). Raises ConfigError for a missing or open
    key.
    """
    try:
        log_signer = keys.load(config.log_key_file)
        statement_signer = keys.load(config.statement_key_file)
        authority = Authority.load(config.ca_folder)
    except (FileNotFoundError, Malformed) as error:
        raise ConfigError(f"证据库密钥 / the archive's keys: {error}") from error
    policy = config.policy(log_signer.public)
    chain = log.ArchiveChain(statement_signer, now)
    database = Database(config.database_url)
    try:
        await migrate(database)
        yield Archive(
            config=config,
            database=database,
            log_signer=log_signer,
            chain=chain,
            authority=authority,
            registry=Registry(authority, chain, str(policy.logs[0].key), policy.text()),
            policy=policy,
            reader=LogReader(config.log_folder),
            store=FolderStore(config.store_folder),
        )
    finally:
        await database.close()
