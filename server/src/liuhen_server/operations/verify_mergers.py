"""Mergers of agencies, held against what the log says of them; and whose a case was at a place of the log (docs/adr/0027)."""

from __future__ import annotations

from sqlalchemy import select

from liuhen_protocol.case_events import CaseChanged
from liuhen_protocol.events import Event
from liuhen_protocol.oversight_events import AgencyMerged
from liuhen_protocol.report import StepName
from liuhen_server.database import Connection
from liuhen_server.operations.findings import Findings
from liuhen_server.registry.schema import agency_mergers

__all__ = ["Mergers"]


class Mergers:
    """What the log says of mergers: feed the statements that `wants` names in their order."""

    def __init__(self) -> None:
        self._stated: dict[int, AgencyMerged] = {}
        self._last: AgencyMerged | None = None
        self._moves: dict[str, list[tuple[int, AgencyMerged]]] = {}  # by case

    def wants(self, kind: str) -> bool:
        """Cases change hands after a merger alone: an archive without one reads nothing more."""
        return kind == "agency.merged" or (kind == "case.changed" and self._last is not None)

    def add(self, index: int, event: Event) -> None:
        match event:
            case AgencyMerged():
                self._stated[index] = self._last = event
            case CaseChanged(case=case, what="agency") if self._last is not None:
                self._moves.setdefault(case, []).append((index, self._last))

    def agency_of(self, case_id: int, index: int, now: str | None) -> str | None:
        """Whose the case was at that place of the log, which has it with `now` today."""
        later = [merged for at, merged in self._moves.get(f"case-{case_id}", ()) if at > index]
        return later[0].agency if later else now

    async def check(self, conn: Connection, findings: Findings) -> int:
        """No row says anything else than the log, and none is gone. Returns how many agencies were merged."""
        heirs: dict[str, str] = {}
        for merged in self._stated.values():
            heirs = {code: merged.into if heir == merged.agency else heir for code, heir in heirs.items()}
            heirs[merged.agency] = merged.into
        seen: set[int | None] = set()
        for row in await conn.execute(select(agency_mergers).where(agency_mergers.c.state == "confirmed")):
            seen.add(row.log_index)
            said = self._stated.get(row.log_index)
            kept = (row.agency, row.into, row.day, row.proposed_by, row.decided_by)
            if (
                said is None
                or kept != (said.agency, said.into, said.day, said.proposed_by, said.by)
                or row.heir != heirs[row.agency]
            ):
                why = f"merger-{row.id} says something else than the log"
                findings.add(StepName.STATEMENT, "merger-altered", why, index=row.log_index)
        for index, merged in self._stated.items():
            if index not in seen:
                why = f"{merged.agency} was merged into {merged.into}, and no row says so"
                findings.add(StepName.STATEMENT, "merger-altered", why, index=index)
        return len(self._stated)
