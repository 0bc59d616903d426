"""GET /v1/receipts/{sha256}: the tlog-proof of the clip.stored that the archive stated to this very dock.

200 with the proof, its extra being the envelope; 202 with Retry-After while the checkpoint that covers it is not
published yet; 404 where this dock has no stored clip of that digest. A receipt never leaves before a quorum of
witnesses has cosigned what it rests on, since only published checkpoints are read here.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import select

from liuhen_server.database import Database
from liuhen_server.database.schema import entries
from liuhen_server.ingest import promises
from liuhen_server.ingest.problems import problem
from liuhen_server.log.reading import LogReader


@dataclass(frozen=True, slots=True)
class Receipts:
    """Reads the clip's row, the envelope, and the published log. `publishing_seconds`: from one publishing to the next; who comes too
    early is told to ask again after that."""

    database: Database
    log: LogReader
    publishing_seconds: float

    async def answer(self, dock: str, sha256: str) -> web.Response:
        async with self.database.read() as conn:
            clip = await promises.find(conn, sha256, dock)
            stored = None if clip is None else clip.stored_index
            envelope = None
            if stored is not None:
                envelope = (
                    await conn.execute(select(entries.c.envelope).where(entries.c.log_index == stored))
                ).scalar_one()
        if stored is None or envelope is None:
            return problem(404, "no-receipt", f"no clip {sha256[:64]!r} of dock {dock} is stored")
        proof = await asyncio.to_thread(self.log.inclusion, stored, bytes(envelope))
        if proof is None:
            wait = f"{self.publishing_seconds:.0f}"  # whole seconds (RFC 9110); a dock waits a while of its own besides
            return web.Response(status=202, headers={"Retry-After": wait, "Cache-Control": "no-store"})
        return web.Response(
            body=proof.encode(), content_type="text/plain", charset="utf-8", headers={"Cache-Control": "no-store"}
        )
