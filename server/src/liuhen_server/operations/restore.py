"""`liuhen-server restore`: an archive from a backup, every byte checked on the way, and its log stopped until a person resumes it.

A restored backup is an old log: witnesses and docks may have seen more than it holds. If it went on by itself, it could sign a second
history, and without witnesses nobody would notice. So it comes back stopped, with the code `restored`; `liuhen-server resume` verifies
everything and then asks the witnesses (ADR 0007). `config.toml` is written last: what is interrupted cannot be opened.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from liuhen_files import durable, keys
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.note import ED25519, VerifierKey
from liuhen_server import config as configuration
from liuhen_server.config import FILE, Config, ConfigError
from liuhen_server.database import Database, migrate
from liuhen_server.log import signed_state
from liuhen_server.log.archive_chain import utc_now
from liuhen_server.log.signed_state import LogStopped
from liuhen_server.operations import backup_database
from liuhen_server.operations.backup import Progress, with_database
from liuhen_server.operations.backup_copy import check_owner, digest_of, pieces_of, write_hashed
from liuhen_server.operations.backup_format import (
    ABOUT,
    POSTGRESQL_FILE,
    SECRETS,
    SQLITE_FILE,
    SUMS,
    About,
    Sum,
    read_sums,
)
from liuhen_server.operations.findings import ArchiveReport
from liuhen_server.operations.opening import opened
from liuhen_server.operations.verify import verify_archive
from liuhen_server.store.folder import READ_ONLY

MOST_OF_A_LIST = 1 << 30  # bytes of SHA256SUMS: some ten million clips
OPEN = {"ca/ca.pem": 0o644}


@dataclass(frozen=True, slots=True)
class Restored:
    """`report` is what `liuhen-server verify` says of what was restored."""

    about: About
    report: ArchiveReport


@dataclass(frozen=True, slots=True)
class _Source:
    folder: Path
    about: About
    sums: tuple[Sum, ...]
    secrets: Path
    """The folder that has keys/ and ca/."""
    config: Config
    settings: str


async def restore(
    source: Path,
    data: Path,
    *,
    keys_folder: Path | None = None,
    database: str | None = None,
    progress: Progress = lambda *_: None,
) -> Restored:
    """Raises ConfigError (no backup, a folder that is not empty, keys that are missing or others), Refused (a file is not what its digest says,
    the database is not empty). What raises leaves `data` as empty as it was."""
    given = _examined(source, keys_folder, database)
    _check_empty(data)
    durable.mkdirs(data)
    check_owner(data, os.geteuid())
    try:
        await asyncio.to_thread(_copy, given, data, progress)
        config = replace(given.config, folder=data)
        await _database(given, config)
    except BaseException:
        _empty(data)
        raise
    durable.write_new(data / FILE, given.settings.encode())
    async with opened(config) as archive:
        return Restored(given.about, await verify_archive(archive, with_alarm=False))


def _examined(source: Path, keys_folder: Path | None, database: str | None) -> _Source:
    """Everything that can be known before anything is written."""
    try:
        sums = read_sums(_small(source / SUMS))
        about_data = _small(source / ABOUT)
        settings = _small(source / FILE).decode()
        about = About.parse(about_data)
    except FileNotFoundError as error:
        raise ConfigError(
            f"{source} 不是备份 / {source} is no finished backup: name the folder that has {SUMS} in it"
        ) from error
    except (Malformed, UnicodeDecodeError) as error:
        raise Refused("backup-altered", f"{source}: {error}") from error
    listed = {each.path: each.sha256 for each in sums}
    for path, read in ((ABOUT, about_data), (FILE, settings.encode())):
        if hashlib.sha256(read).hexdigest() != listed[path]:
            raise _altered(path)
    secrets = keys_folder or source
    if keys_folder is None and not about.keys:
        raise ConfigError(
            "该备份不含密钥 / this backup has no keys: give the folder with the offline copy of keys/ and ca/ as --keys"
        )
    _check_keys(secrets, about, listed["ca/ca.pem"])
    if about.database not in listed:
        raise _altered(about.database)
    if about.database == SQLITE_FILE:
        if database is not None:
            raise ConfigError(
                "该备份是 SQLite / this backup is of SQLite: it is restored into the folder, without --database"
            )
        settings = with_database(settings, None)
    elif database is not None:
        settings = with_database(settings, database)
    return _Source(source, about, sums, secrets, configuration.parse(settings, source), settings)


def _check_empty(data: Path) -> None:
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise ConfigError(
            f"{data} 已存在且非空，未作任何改动 / {data} is not empty, nothing was changed: restore into a new folder"
        )


def _empty(data: Path) -> None:
    """Takes away what this restoring has written: the folder was empty before."""
    for path in data.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _check_keys(folder: Path, about: About, ca_digest: str) -> None:
    try:
        log_key = VerifierKey(about.origin, ED25519, keys.load(folder / SECRETS[0]).public)
        keys.load(folder / SECRETS[1])
        same = digest_of(folder / "ca" / "ca.pem") == ca_digest and (folder / SECRETS[2]).is_file()
    except (FileNotFoundError, Malformed) as error:
        raise ConfigError(f"密钥 / keys: {error}; wanted in {folder}: {', '.join(SECRETS)}, ca/ca.pem") from error
    if str(log_key) != about.log_key or not same:
        raise ConfigError(
            f"{folder} 中的密钥属于另一证据库 / the keys in {folder} are of another archive than this backup"
        )


def _copy(given: _Source, data: Path, progress: Progress) -> None:
    """Every listed file but config.toml, which comes last; keys from where they are. Raises Refused."""
    for folder, mode in (
        ("keys", 0o700),
        ("ca", 0o700),
        ("store", 0o700),
        ("staging", 0o700),
        ("incoming", 0o700),
        ("log", 0o755),
    ):
        durable.mkdirs(data / folder, mode)
    wanted = [each for each in given.sums if each.path not in (*SECRETS, FILE, ABOUT)]
    folders = {data}
    for done, each in enumerate(wanted, 1):
        target = data / (each.path.removeprefix("../") if each.is_clip else each.path)
        shown = each.path.startswith("log/")
        durable.mkdirs(target.parent, 0o755 if shown else 0o700)
        mode = READ_ONLY if each.is_clip else 0o644 if shown else OPEN.get(each.path, 0o600)
        try:
            found = write_hashed(pieces_of(given.folder / each.path), target, mode)
        except FileNotFoundError as error:
            raise Refused(
                "backup-altered", f"{each.path} 缺失 / is missing in {given.folder}: this backup is not whole"
            ) from error
        if found != each.sha256:
            raise _altered(each.path)
        folders.add(target.parent)
        progress(done, len(wanted))
    for path in SECRETS:
        write_hashed(pieces_of(given.secrets / path), data / path)
    for written in (*folders, data / "keys", data / "ca"):
        durable.fsync_folder(written)


async def _database(given: _Source, config: Config) -> None:
    """Fills it and stops the log, so that nothing ever opens it running."""
    file = config.folder / given.about.database
    database = Database(config.database_url)
    try:
        await backup_database.put_back(file, database)
        await migrate(database)
        async with database.write() as conn:
            await backup_database.forget_the_passing(conn)
            await signed_state.stop(conn, _alarm(given.about), utc_now())
    finally:
        await database.close()
    if given.about.database == POSTGRESQL_FILE:
        durable.remove(file)


def _alarm(about: About) -> LogStopped:
    return LogStopped(
        "restored",
        f"restored from the backup of {about.taken}, when {about.signed} entries were signed. If a newer database and log exist anywhere, "
        "restore those. Else: liuhen-server resume; it goes on only if no witness has seen more",
    )


def _altered(path: str) -> Refused:
    return Refused(
        "backup-altered",
        f"{path} 与清单不符 / is not what {SUMS} says: it was altered or is damaged. Take another backup",
    )


def _small(path: Path) -> bytes:
    if path.stat().st_size > MOST_OF_A_LIST:
        raise Malformed(f"{path.name}: too large to be one of a backup")
    return b"".join(pieces_of(path))
