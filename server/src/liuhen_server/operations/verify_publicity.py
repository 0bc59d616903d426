"""The table of what is public, held against what the log says was published and withdrawn: who edits a published item silently is found."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select

from liuhen_protocol.events import Event
from liuhen_protocol.publicity_events import PublicityPublished, PublicityWithdrawn
from liuhen_protocol.report import StepName
from liuhen_server.database import Connection
from liuhen_server.operations.findings import Findings
from liuhen_server.publicity.content import digest_of_content
from liuhen_server.publicity.rules import State
from liuhen_server.publicity.schema import public_items, public_versions

__all__ = ["Publications"]


class Publications:
    """Feed the statements of `KINDS` in the order of the log, then `check`."""

    KINDS = ("publicity.published", "publicity.withdrawn")

    def __init__(self) -> None:
        self._published: dict[int, PublicityPublished] = {}  # by index
        self._newest: dict[str, int] = {}  # item → index of the version that was public last
        self._withdrawn: dict[tuple[str, int], int] = {}  # item and version → index

    def add(self, index: int, event: Event | None) -> None:
        match event:
            case PublicityPublished():
                self._published[index] = event
                self._newest[event.item] = index
            case PublicityWithdrawn():
                self._withdrawn[event.item, event.version] = index

    async def check(self, conn: Connection, findings: Findings) -> int:
        """Every version that the log says was public is there as it was, and no other is. Returns how many there are."""
        seen: set[int] = set()
        query = (
            select(public_versions, public_items.c.agency, public_items.c.kind)
            .join(public_items, public_items.c.id == public_versions.c.item_id)
            .where(public_versions.c.published_by.is_not(None) | public_versions.c.log_index.is_not(None))
            .execution_options(yield_per=500)
        )
        async with conn.stream(query) as rows:
            async for row in rows:
                name, index = f"item-{row.item_id}", row.log_index
                said = self._published.get(index)
                kept = PublicityPublished(
                    name,
                    row.version,
                    row.agency,
                    row.kind,
                    digest_of_content(row.content),
                    row.collected_by,
                    row.reviewed_by or "",
                    row.published_by or "",
                    row.published_day or "",
                    row.public_until,
                )
                if said != kept:
                    why = f"{name}, version {row.version}: the table and the log's publicity.published differ"
                    findings.add(StepName.STATEMENT, "publication-altered", why, index=index)
                elif row.state != self._state(name, row.version, index):
                    why = f"{name}, version {row.version} is {row.state} in the table, and the log says otherwise"
                    findings.add(StepName.STATEMENT, "publication-altered", why, index=index)
                seen.add(index)
        for index in self._missing(seen):
            why = f"{self._published[index].item}: its row in the table of what is public is gone"
            findings.add(StepName.STATEMENT, "publication-missing", why, index=index)
        return len(self._published)

    def _state(self, item: str, version: int, index: int) -> str:
        if (item, version) in self._withdrawn:
            return State.WITHDRAWN.value
        return (State.PUBLISHED if self._newest[item] == index else State.SUPERSEDED).value

    def _missing(self, seen: set[int]) -> Iterator[int]:
        return (index for index in self._published if index not in seen)
