"""`liuhen-server backup`: a copy of an archive that runs meanwhile, whole or not there.

In this order, each durable before the next: the database of one moment, the log as that moment has it, every clip that moment has
stored (read from the store, hashed on the way, kept under its digest), settings, the list of digests; then the folder gets its name.
Whatever ends it earlier leaves the backups before it as they were. Nothing of the archive is changed.

What was disposed of is in no new backup. Its bytes leave the folder of backups with the last backup that names them: taking them
earlier would leave that backup no longer whole.
"""

from __future__ import annotations

import asyncio
import errno
import fcntl
import hashlib
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select, union

from liuhen_files import durable
from liuhen_protocol.errors import Refused
from liuhen_protocol.moment import format_time
from liuhen_server import __version__
from liuhen_server.cases.schema import case_documents
from liuhen_server.config import FILE, Config, ConfigError
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips
from liuhen_server.log import signed_state
from liuhen_server.log.signed_state import SignedState
from liuhen_server.operations import backup_database
from liuhen_server.operations.backup_copy import check_owner, digest_of, write_hashed
from liuhen_server.operations.backup_format import (
    ABOUT,
    SECRETS,
    SUMS,
    UNFINISHED,
    About,
    Sum,
    clip_path,
    clip_sum,
    complete_backups,
    name_of,
    read_sums,
    write_sums,
)
from liuhen_server.operations.backup_log import write_log
from liuhen_server.operations.opening import Archive
from liuhen_server.retention.schema import disposals
from liuhen_server.store.folder import READ_ONLY
from liuhen_server.store.interface import NotStored

Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""

FULL = (errno.ENOSPC, errno.EDQUOT)
PAGE = 1_000


@dataclass(frozen=True, slots=True)
class Taken:
    """A finished backup. `fresh`: clips that were copied this time; the others were there."""

    folder: Path
    about: About
    fresh: int
    removed: tuple[str, ...]


@dataclass(slots=True)
class _Under:
    """A backup under way: where it is written, the one before it, what it holds so far."""

    to: Path
    folder: Path
    previous: Path | None
    sums: list[Sum] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    fresh: int = 0
    clip_bytes: int = 0

    def keep(self, path: str, data: bytes) -> None:
        """A small file. One that the last backup has with the same bytes is linked to it where the disk can do that."""
        target = self.folder / path
        durable.mkdirs(target.parent)
        if not self._linked(path, data):
            durable.replace(target, data)
        self.sums.append(Sum(hashlib.sha256(data).hexdigest(), path))

    def _linked(self, path: str, data: bytes) -> bool:
        if self.previous is None:
            return False
        try:
            old = self.previous / path
            if old.is_symlink() or old.read_bytes() != data:
                return False
            os.link(old, self.folder / path)
        except OSError:
            return False
        durable.fsync_folder((self.folder / path).parent)
        return True


async def take(
    archive: Archive,
    to: Path,
    *,
    with_keys: bool = False,
    most: int | None = None,
    progress: Progress = lambda *_: None,
) -> Taken:
    """Backs up into the folder `to`, which must be there: a disk that is not mounted must not be filled below its mount point.

    `most` finished backups are left, older ones go once the new one has its name. Raises ConfigError, Refused (another backup runs,
    the database is not what was signed, no room), OSError.
    """
    _check_outside(archive.config.folder, to)
    check_owner(to, os.geteuid())
    with _alone(to):
        try:
            return await _take(archive, to, with_keys, most, progress)
        except OSError as error:
            if error.errno in FULL:
                raise Refused(
                    "backup-disk-full",
                    f"备份盘已满，以前的备份不变 / no room left in {to}; earlier backups are untouched. Make room, or keep fewer (--keep)",
                ) from error
            raise
        finally:
            await asyncio.to_thread(shutil.rmtree, to / UNFINISHED, ignore_errors=True)


async def _take(archive: Archive, to: Path, with_keys: bool, most: int | None, progress: Progress) -> Taken:
    moment = archive.chain.now()
    final = to / name_of(moment)
    if final.exists():
        raise Refused("backup-there", f"{final} 已存在 / a backup of this second is there already")
    shutil.rmtree(to / UNFINISHED, ignore_errors=True)  # of one that was interrupted
    durable.mkdirs(to / UNFINISHED)
    under = _Under(to, to / UNFINISHED, next(reversed(complete_backups(to)), None))
    database = backup_database.file_of(archive.database)
    async with backup_database.frozen(archive.database, under.folder / database) as conn:
        state = await signed_state.read(conn)
        await write_log(conn, state, lambda path, data: under.keep(f"log/{path}", data))
        stored = await _stored(conn)
        gone = await _gone(conn)
    under.sums.append(Sum(await asyncio.to_thread(digest_of, under.folder / database), database))
    for done, (sha256, size) in enumerate(stored, 1):
        await asyncio.to_thread(_clip, archive, under, sha256, size)
        progress(done, len(stored))
    _settings(archive, under, with_keys)
    about = _about(archive, under, state, format_time(moment), database, with_keys)
    under.keep(ABOUT, about.encode())
    durable.replace(under.folder / SUMS, write_sums(under.sums))
    durable.publish(under.folder, final)
    removed = () if most is None else tuple(_drop(to, most))
    await asyncio.to_thread(_forget, to, gone - {sha256 for sha256, _ in stored})
    return Taken(final, about, under.fresh, removed)


async def _stored(conn: Connection) -> list[tuple[str, int]]:
    """(SHA-256, bytes) of everything whose bytes the archive keeps: clips that were not disposed of, and the documents of cases."""
    stored = select(clips.c.sha256, clips.c.size).where(
        clips.c.stored_index.is_not(None), clips.c.disposed_index.is_(None)
    )
    each = union(stored, select(case_documents.c.sha256, case_documents.c.size)).subquery()
    found: list[tuple[str, int]] = []
    while True:
        query = select(each).where(each.c.sha256 > (found[-1][0] if found else ""))
        query = query.order_by(each.c.sha256).limit(PAGE)
        page = [(row.sha256, row.size) for row in await conn.execute(query)]
        if not page:
            return found
        found += page


async def _gone(conn: Connection) -> set[str]:
    """What was disposed of, its bytes removed from the store."""
    return set((await conn.execute(select(disposals.c.sha256).where(disposals.c.removed_time.is_not(None)))).scalars())


def _forget(to: Path, gone: set[str]) -> None:
    """Takes away what was disposed of and is named by no backup that is left."""
    lying = {sha256 for sha256 in gone if (to / clip_path(sha256)).exists()}
    if not lying:
        return
    for backup in complete_backups(to):
        lying -= {each.sha256 for each in read_sums((backup / SUMS).read_bytes()) if each.is_clip}
    for sha256 in sorted(lying):
        durable.remove(to / clip_path(sha256))


def _clip(archive: Archive, under: _Under, sha256: str, size: int) -> None:
    """One clip into the folder's store, if it is not there. A clip the archive has lost or that is damaged is named, and the rest goes on."""
    target = under.to / clip_path(sha256)
    if not (target.is_file() and target.stat().st_size == size):
        part = under.folder / "clip.part"
        part.unlink(missing_ok=True)
        try:
            found = write_hashed(archive.store.read(sha256), part, READ_ONLY)
        except NotStored:
            found = ""
        except OSError as error:
            if error.errno != errno.EIO:  # else a disk that gives some clips no more: save the others
                raise
            found = ""
        if found != sha256:
            part.unlink(missing_ok=True)
            under.missing.append(sha256)
            return
        durable.mkdirs(target.parent)
        durable.publish(part, target)
        under.fresh += 1
    under.clip_bytes += size
    under.sums.append(clip_sum(sha256))


def _settings(archive: Archive, under: _Under, with_keys: bool) -> None:
    config = archive.config
    text = (config.folder / FILE).read_text("utf-8")
    if not archive.database.is_sqlite:  # without its password
        url = archive.database.url._replace(drivername="postgresql", password=None)
        text = with_database(text, url.render_as_string())
    under.keep(FILE, text.encode())
    under.keep("ca/ca.pem", archive.authority.pem)
    if with_keys:
        for path in SECRETS:
            under.keep(path, (config.folder / path).read_bytes())


def with_database(text: str, url: str | None) -> str:
    """A config.toml with another database address; None: the file in the archive's own folder."""
    without = re.sub(r"(?m)^database\s*=.*\n", "", text)
    if url is None:
        return without
    line = Config(Path(), "x", database=url).text().splitlines()[2]
    return re.sub(r"(?m)^(origin\s*=.*\n)", lambda found: f"{found[1]}{line}\n", without, count=1)


def _about(archive: Archive, under: _Under, state: SignedState, taken: str, database: str, with_keys: bool) -> About:
    return About(
        taken=taken,
        version=__version__,
        origin=archive.config.origin,
        log_key=str(archive.log_key),
        database=database,
        entries=state.next_index,
        signed=state.signed_size,
        published=state.published_size,
        clips=sum(each.is_clip for each in under.sums),
        clip_bytes=under.clip_bytes,
        keys=with_keys,
        missing=tuple(under.missing),
    )


def _drop(to: Path, most: int) -> Iterator[str]:
    """Removes the oldest finished backups. Their clips stay: newer ones need them. First the name goes, so that no half of one looks whole."""
    for old in complete_backups(to)[: -max(most, 1)]:
        durable.publish(old, to / UNFINISHED)
        shutil.rmtree(to / UNFINISHED)
        yield old.name


def _check_outside(data: Path, to: Path) -> None:
    if to.resolve().is_relative_to(data.resolve()):
        raise ConfigError(f"{to} 在证据库目录内 / {to} is inside the archive's folder: choose another disk")


@contextmanager
def _alone(to: Path) -> Iterator[None]:
    """One backup at a time in a folder. Raises Refused."""
    with open(to / ".lock", "ab", opener=lambda path, flags: os.open(path, flags, 0o600)) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused("backup-runs", f"另一备份正在进行 / another backup into {to} is running") from error
        yield
