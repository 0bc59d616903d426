"""`liuhen-server scrub`: re-reads every stored clip from the disk, so that damage is found while another copy may
still exist.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from sqlalchemy import distinct, func, select

from liuhen_protocol.report import StepName
from liuhen_server.database.schema import clips
from liuhen_server.operations.findings import ArchiveReport, Findings
from liuhen_server.operations.opening import Archive
from liuhen_server.store.interface import NotStored

Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""


async def scrub_store(archive: Archive, progress: Progress) -> ArchiveReport:
    """Every clip the database says is stored and not disposed of. Damaged or missing ones are findings; nothing is changed."""
    findings = Findings()
    stored = clips.c.stored_index.is_not(None) & clips.c.disposed_index.is_(None)
    async with archive.database.read() as conn:
        total = (await conn.execute(select(func.count(distinct(clips.c.sha256))).where(stored))).scalar_one()
    done = size = 0
    last = ""
    while True:
        async with archive.database.read() as conn:
            query = select(clips.c.sha256).distinct().where(stored, clips.c.sha256 > last).order_by(clips.c.sha256)
            page = list((await conn.execute(query.limit(500))).scalars())
        if not page:
            break
        for sha256 in page:
            try:
                checked = await asyncio.to_thread(archive.store.check, sha256)
            except NotStored:
                findings.add(StepName.BYTES, "clip-missing", "it is not in the store", clip=sha256)
            else:
                size += checked.size
                if checked.why is not None:
                    findings.add(StepName.DIGEST, "clip-altered", checked.why, clip=sha256)
            done += 1
            progress(done, total)
        last = page[-1]
    return ArchiveReport({"clips": done, "bytes": size}, tuple(findings.kept), findings.count)
