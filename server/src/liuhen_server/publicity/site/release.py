"""One release: the site written, its manifest stated in the log, the proof written beside it, all of it put in place at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from sqlalchemy import insert, select

from liuhen_protocol.proof import TlogProof
from liuhen_protocol.publicity_events import PublicityReleased
from liuhen_protocol.verify_site import PROOF
from liuhen_server.acts import Actor, Acts
from liuhen_server.database import Database
from liuhen_server.database.schema import entries
from liuhen_server.log.reading import LogReader
from liuhen_server.publicity.schema import public_releases
from liuhen_server.publicity.site.folder import SiteFolder, put_in_place
from liuhen_server.publicity.site.writer import NotSigned, as_of, write_site

__all__ = ["NotProven", "Release", "Where", "release"]

LONGEST_WAIT_S = 60


class NotProven(Exception):
    """No checkpoint of the log holds what has to be proven: nobody sequences the log."""


@dataclass(frozen=True, slots=True)
class Where:
    """What a site is called and where it will be read; `address` ends with a slash or is empty."""

    folder: Path
    name: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """`index`: the entry of `publicity.released`; `sha256`: that of the manifest."""

    index: int
    sha256: str
    files: int
    items: int


async def release(
    database: Database,
    reader: LogReader,
    acts: Acts,
    person: Actor,
    origin: str,
    where: Where,
    today: date,
    wait: Callable[[], Awaitable[None]],
) -> Release:
    """`wait` lets a moment pass in which the sequencer may sign; it raises NotProven when it has waited long enough.

    Raises Refused("edited" or "other-folder"), NotProven, LogStopped: the site that was there stays as it is.
    """
    while True:
        try:
            async with database.snapshot() as conn:
                site = await as_of(conn, where.name, where.address, origin)
                folder = SiteFolder(where.folder)
                try:
                    items = await write_site(conn, folder, site, today)
                    sha256 = folder.closed()
                finally:
                    folder.given_up()
            break
        except NotSigned:
            await wait()
    async with acts.of(person) as act:
        stated = await act.state(PublicityReleased(sha256, folder.files, items, site.as_of, act.by))
        row = {"log_index": stated.index, "sha256": sha256, "files": folder.files, "items": items, "by": act.by}
        row |= {"as_of": -1 if site.as_of is None else site.as_of, "size": site.size, "time": stated.time}
        await act.conn.execute(insert(public_releases).values(**row))
    async with database.read() as conn:
        first = bytes((await conn.execute(select(entries.c.envelope).where(entries.c.log_index == 0))).scalar_one())
    proofs = [
        await _proof(reader, index, entry, wait) for index, entry in ((0, first), (stated.index, stated.envelope))
    ]
    folder.beside([(PROOF, b"".join(each.encode() for each in proofs))])
    await asyncio.to_thread(put_in_place, folder)
    return Release(stated.index, sha256, folder.files, items)


async def _proof(reader: LogReader, index: int, entry: bytes, wait: Callable[[], Awaitable[None]]) -> TlogProof:
    while (proof := await asyncio.to_thread(reader.inclusion, index, entry)) is None:
        await wait()
    return proof
