"""What was handed over and received, held against what the log says of both: the packages' bytes too."""

from __future__ import annotations

import asyncio

from sqlalchemy import select

from liuhen_protocol.events import Event
from liuhen_protocol.oversight_events import HandoverReceived, HandoverSent
from liuhen_protocol.report import StepName
from liuhen_server.database import Connection
from liuhen_server.handover.acts import body_of, find_handover, received_as, sent_as
from liuhen_server.handover.package import digest_of
from liuhen_server.handover.schema import handovers
from liuhen_server.operations.findings import Findings

__all__ = ["Handovers"]


class Handovers:
    """Feed the statements of `KINDS` in the order of the log, then `check`."""

    KINDS = ("handover.sent", "handover.received")

    def __init__(self) -> None:
        self._sent: dict[int, HandoverSent] = {}  # by index
        self._received: dict[str, tuple[int, HandoverReceived]] = {}  # by hand-over

    def add(self, index: int, event: Event) -> None:
        match event:
            case HandoverSent():
                self._sent[index] = event
            case HandoverReceived():
                self._received[event.handover] = (index, event)

    async def check(self, conn: Connection, findings: Findings) -> int:
        """Every hand-over that the log has is there as it was handed over and received, and no other is. One package is in memory at a
        time. Returns how many there are.
        """
        seen: set[int] = set()
        for handover_id in (await conn.execute(select(handovers.c.id).order_by(handovers.c.id))).scalars().all():
            held = await find_handover(conn, handover_id)
            assert held is not None
            body = await body_of(conn, handover_id)
            digest = await asyncio.to_thread(digest_of, body)
            seen.add(held.log_index)
            if digest != held.sha256 or self._sent.get(held.log_index) != sent_as(held, digest):
                why = f"{held.number}: its row or its package is not what the log's handover.sent says"
                findings.add(StepName.STATEMENT, "handover-altered", why, index=held.log_index)
            kept = None if held.received_by is None else (held.received_index, received_as(held, held.received_by))
            if self._received.get(held.number) != kept:
                why = f"{held.number}: its receipt in the table and the log's handover.received differ"
                findings.add(StepName.STATEMENT, "handover-altered", why, index=held.received_index)
        for index in sorted(self._sent.keys() - seen):
            why = f"{self._sent[index].handover}: its row in the table of hand-overs is gone"
            findings.add(StepName.STATEMENT, "handover-missing", why, index=index)
        return len(self._sent)
