"""Drafts and decisions as the database has them. Reads only."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from sqlalchemy import RowMapping, Select, select

from liuhen_server.database import Connection
from liuhen_server.decisions.draft import Draft, Proposal, Result
from liuhen_server.decisions.schema import decision_ends, decisions, draft_results, drafts, executions, services
from liuhen_server.review.criteria import read_reasons

__all__ = [
    "Decision",
    "End",
    "Execution",
    "Service",
    "decision_of",
    "decisions_of",
    "draft_of",
    "drafts_of",
    "newest_draft",
]


@dataclass(frozen=True, slots=True)
class End:
    """`how`: changed, revoked or void. `reason`: its text in `said`."""

    decision_id: int
    how: str
    day: str
    replaced_by: int | None
    reason: int
    by: str
    time: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Service:
    """The decision came to `receiver`: proved by a document of the case, a clip, or both."""

    id: int
    decision_id: int
    how: str
    receiver: str
    day: str
    document_id: int | None
    clip_sha256: str | None
    clip_dock: str | None
    by: str
    time: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Execution:
    """What was carried out of the decision on `day`; `fen` of it was paid."""

    id: int
    decision_id: int
    how: str
    day: str
    fen: int
    document_id: int | None
    note: int | None
    by: str
    time: str
    log_index: int


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision that was made. `ended` None: it is in force. Money in fen; `kind`: the heaviest of its results."""

    id: int
    case_id: int
    agency: str
    enforcement: str
    draft_id: int
    needs_review: bool
    review_id: int | None
    review_passed: bool | None
    review_day: str | None
    review_by: str | None
    number: str
    number_key: str
    kind: str
    fine_fen: int
    confiscated_fen: int
    dated: str
    collective_document: int | None
    decided_by: str
    decided_time: str
    log_index: int
    ended: End | None = None
    services: tuple[Service, ...] = ()
    executions: tuple[Execution, ...] = ()

    @property
    def name(self) -> str:
        """How it stands in the log."""
        return f"decision-{self.id}"

    @property
    def in_force(self) -> bool:
        return self.ended is None


T = TypeVar("T", Service, Execution)


async def draft_of(conn: Connection, draft_id: int) -> Draft | None:
    if not 0 < draft_id < 1 << 63:
        return None
    return next(iter(await _drafts(conn, select(drafts).where(drafts.c.id == draft_id))), None)


async def drafts_of(conn: Connection, case_id: int) -> tuple[Draft, ...]:
    """Every version, the first one first."""
    return await _drafts(conn, select(drafts).where(drafts.c.case_id == case_id).order_by(drafts.c.version))


async def newest_draft(conn: Connection, case_id: int) -> Draft | None:
    query = select(drafts).where(drafts.c.case_id == case_id).order_by(drafts.c.version.desc()).limit(1)
    return next(iter(await _drafts(conn, query)), None)


async def _drafts(conn: Connection, query: Select[Any]) -> tuple[Draft, ...]:
    rows = (await conn.execute(query)).mappings().all()
    results = await results_of(conn, [row["id"] for row in rows])
    return tuple(draft_from(row, results.get(row["id"], ())) for row in rows)


async def results_of(conn: Connection, draft_ids: Collection[int]) -> dict[int, tuple[Result, ...]]:
    """The results of each of these drafts, in their order."""
    found: dict[int, list[Result]] = {}
    query = select(draft_results).where(draft_results.c.draft_id.in_(draft_ids)).order_by(draft_results.c.place)
    for row in await conn.execute(query):
        found.setdefault(row.draft_id, []).append(Result(row.kind, row.content, row.fen, row.until_day))
    return {draft_id: tuple(each) for draft_id, each in found.items()}


def draft_from(row: RowMapping, results: tuple[Result, ...]) -> Draft:
    return Draft(
        id=row["id"],
        case_id=row["case_id"],
        version=row["version"],
        proposal=Proposal(
            enforcement=row["enforcement"],
            procedure=row["procedure"],
            party_kind=row["party_kind"],
            facts=row["facts"],
            basis=row["basis"],
            discretion=row["discretion"],
            results=results,
            performance=row["performance"],
            remedies=row["remedies"],
            grounds=frozenset(row["grounds"].split()),
            collective=row["collective"],
        ),
        list_id=row["list_id"],
        needs_review=row["needs_review"],
        why=read_reasons(row["why"]),
        sha256=row["sha256"],
        by=row["by"],
        time=row["time"],
        log_index=row["log_index"],
    )


async def decision_of(conn: Connection, decision_id: int) -> Decision | None:
    if not 0 < decision_id < 1 << 63:
        return None
    return next(iter(await _decisions(conn, select(decisions).where(decisions.c.id == decision_id))), None)


async def decisions_of(conn: Connection, case_id: int) -> tuple[Decision, ...]:
    """Every decision of the case with its end, services and executions, the first one first."""
    return await _decisions(conn, select(decisions).where(decisions.c.case_id == case_id).order_by(decisions.c.id))


async def _decisions(conn: Connection, query: Select[Any]) -> tuple[Decision, ...]:
    rows = (await conn.execute(query)).mappings().all()
    if not rows:
        return ()
    ids = [row["id"] for row in rows]
    ends = {
        row["decision_id"]: End(**_values(row, End))
        for row in (await conn.execute(select(decision_ends).where(decision_ends.c.decision_id.in_(ids)))).mappings()
    }
    served = (
        await conn.execute(select(services).where(services.c.decision_id.in_(ids)).order_by(services.c.id))
    ).mappings()
    done = (
        await conn.execute(select(executions).where(executions.c.decision_id.in_(ids)).order_by(executions.c.id))
    ).mappings()
    by_service = _by_decision(Service(**_values(row, Service)) for row in served)
    by_execution = _by_decision(Execution(**_values(row, Execution)) for row in done)
    return tuple(
        Decision(
            **{name: row[name] for name in _OWN},
            ended=ends.get(row["id"]),
            services=by_service.get(row["id"], ()),
            executions=by_execution.get(row["id"], ()),
        )
        for row in rows
    )


_OWN = tuple(each.name for each in fields(Decision) if each.name not in ("ended", "services", "executions"))


def _by_decision(found: Iterable[T]) -> dict[int, tuple[T, ...]]:
    sorted_out: dict[int, list[T]] = {}
    for each in found:
        sorted_out.setdefault(each.decision_id, []).append(each)
    return {decision_id: tuple(several) for decision_id, several in sorted_out.items()}


def _values(row: RowMapping, kind: type) -> dict[str, Any]:
    return {each.name: row[each.name] for each in fields(kind)}
