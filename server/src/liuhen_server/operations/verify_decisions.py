"""The tables of drafts and decisions, held against what the log says was drafted, reviewed and decided.

The database's own keys keep a decision from standing without its review. Whoever has the rights to drop them is seen here: the log then
shows a decision that names no review, or one that did not pass, or a row that says something else than was stated.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from liuhen_protocol.decision_events import (
    DecisionDrafted,
    DecisionEnded,
    DecisionExecuted,
    DecisionMade,
    DecisionServed,
)
from liuhen_protocol.events import Event
from liuhen_protocol.report import StepName
from liuhen_protocol.review_events import ReviewOpinion
from liuhen_server.acts import acts_stated, commitment_of, said
from liuhen_server.cases.schema import cases
from liuhen_server.database import Connection
from liuhen_server.decisions.draft import Draft, Proposal, text_of
from liuhen_server.decisions.reading import draft_from, results_of
from liuhen_server.decisions.schema import decision_ends, decisions, drafts, executions, services
from liuhen_server.operations.findings import Findings
from liuhen_server.operations.verify_mergers import Mergers

__all__ = ["Decided", "check_decisions"]

BATCH = 500


class Decided:
    """What the log says of drafts, opinions and decisions, by the index of each entry: feed the statements of `KINDS` in their order.

    Which decisions stand without their review is found on the way, from the log alone.
    """

    KINDS = (
        "decision.drafted",
        "decision.made",
        "decision.ended",
        "decision.served",
        "decision.executed",
        "review.opinion",
    )

    def __init__(self) -> None:
        self.stated: dict[int, Event] = {}
        self.opinions: dict[str, ReviewOpinion] = {}  # by review
        self._needs: dict[str, bool] = {}  # draft → whether it needs a review

    def add(self, index: int, event: Event, findings: Findings) -> None:
        match event:
            case ReviewOpinion():
                self.opinions[event.review] = event
                return
            case DecisionDrafted():
                self._needs[event.draft] = event.needs_review
            case DecisionMade() if (why := self._without_review(event)) is not None:
                findings.add(StepName.STATEMENT, "decided-without-review", f"{event.decision} {why}", index=index)
        self.stated[index] = event

    def _without_review(self, event: DecisionMade) -> str | None:
        """What is wrong with it, by the entries before it; None: nothing."""
        needs = self._needs.get(event.draft)
        if needs is None:
            return f"is of {event.draft}, which nobody drafted"
        if event.review is None:
            return f"was made without the review that {event.draft} needs" if needs else None
        opinion = self.opinions.get(event.review)
        if opinion is None or opinion.outcome != "agree":
            return f"names {event.review}, which had not passed"
        if opinion.draft != event.draft:
            return f"names {event.review}, which was of {opinion.draft} and not of {event.draft}"
        if opinion.day > event.dated:
            return f"is dated {event.dated}, before the opinion of {event.review} ({opinion.day})"
        if opinion.by == event.by:
            return f"was made by {event.by}, who gave the opinion of {event.review}"
        return None


@dataclass(frozen=True, slots=True)
class _Kept:
    """The text behind a statement's commitment; None where it was disposed of."""

    salt: bytes | None
    text: str | None


async def check_decisions(conn: Connection, decided: Decided, mergers: Mergers, findings: Findings) -> int:
    """No row says anything else than the log, and none is gone. Returns how many decisions there are."""
    seen: set[int] = set()
    by_index = decided.stated
    kept_drafts: dict[int, Draft] = {}
    rows = (await conn.execute(select(drafts).order_by(drafts.c.id))).mappings().all()
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        results = await results_of(conn, [row["id"] for row in some])
        texts = await _texts(conn, [row["log_index"] for row in some])
        for row in some:
            draft = draft_from(row, results.get(row["id"], ()))
            kept_drafts[draft.id] = draft
            seen.add(draft.log_index)
            if not _draft_holds(row, draft, by_index.get(draft.log_index), texts.get(draft.log_index)):
                _altered(findings, draft.name, "decision.drafted", draft.log_index)
    agencies = {row.id: row.agency for row in await conn.execute(select(cases.c.id, cases.c.agency))}
    count, decision_cases = 0, dict[int, int]()
    for row in (await conn.execute(select(decisions).order_by(decisions.c.id))).mappings():
        count, decision_cases[row["id"]] = count + 1, row["case_id"]
        seen.add(row["log_index"])
        made = kept_drafts.get(row["draft_id"])
        said_so = by_index.get(row["log_index"]) == _made(row)
        opinion = decided.opinions.get(f"review-{row['review_id']}")
        bound = opinion is None or (opinion.day, opinion.by) == (row["review_day"], row["review_by"])
        now = agencies.get(row["case_id"])
        agency = row["agency"] == mergers.agency_of(row["case_id"], row["log_index"], now)
        if (
            made is None
            or not said_so
            or not bound
            or not agency
            or not _follows(row, made.proposal, made.needs_review)
        ):
            _altered(findings, f"decision-{row['id']}", "decision.made", row["log_index"])
    seen |= await _check_after(conn, by_index, decision_cases, findings)
    for index in sorted(by_index.keys() - seen):
        event = by_index[index]
        if isinstance(event, DecisionDrafted | DecisionMade | DecisionEnded | DecisionServed | DecisionExecuted):
            why = f"{event.case}: its row in the tables of drafts and decisions is gone"
            findings.add(StepName.STATEMENT, "decision-row-missing", why, index=index)
    return count


def _draft_holds(row: RowMapping, draft: Draft, event: Event | None, kept: _Kept | None) -> bool:
    expected = DecisionDrafted(
        f"case-{draft.case_id}", draft.name, draft.version, draft.needs_review, draft.by, draft.sha256
    )
    if event != expected or draft.needs_review != bool(draft.why):
        return False
    if (row["fine_fen"], row["confiscated_fen"]) != (draft.proposal.fine_fen, draft.proposal.confiscated_fen):
        return False
    if kept is None or kept.salt is None or kept.text is None:  # disposed of: nothing can be said of its words any more
        return kept is not None
    told = text_of(f"case-{draft.case_id}", draft.version, draft.proposal, draft.list_id, draft.why)
    return told == kept.text and commitment_of(kept.salt, kept.text) == draft.sha256


def _made(row: RowMapping) -> DecisionMade:
    return DecisionMade(
        case=f"case-{row['case_id']}",
        decision=f"decision-{row['id']}",
        draft=f"draft-{row['draft_id']}",
        review=None if row["review_id"] is None else f"review-{row['review_id']}",
        number=row["number"],
        dated=row["dated"],
        collective=None if row["collective_document"] is None else f"document-{row['collective_document']}",
        by=row["decided_by"],
    )


def _follows(row: RowMapping, proposal: Proposal, needs_review: bool) -> bool:
    """What a decision's row repeats of its draft."""
    return (row["enforcement"], row["needs_review"], row["kind"], row["fine_fen"], row["confiscated_fen"]) == (
        proposal.enforcement,
        needs_review,
        proposal.kind,
        proposal.fine_fen,
        proposal.confiscated_fen,
    )


async def _check_after(
    conn: Connection, by_index: Mapping[int, Event], decision_cases: Mapping[int, int], findings: Findings
) -> set[int]:
    """Services, executions and ends. Returns the entries that have their row."""
    seen: set[int] = set()
    served = (await conn.execute(select(services))).mappings().all()
    receivers = await _texts(conn, [row["log_index"] for row in served])
    for row in served:
        event, kept = by_index.get(row["log_index"]), receivers.get(row["log_index"])
        seen.add(row["log_index"])
        expected = DecisionServed(
            **_of_decision(row, decision_cases),
            service=f"service-{row['id']}",
            document=_document(row),
            clip=row["clip_sha256"],
            said=event.said if isinstance(event, DecisionServed) else None,
        )
        told = kept is None or kept.text is None or kept.text == row["receiver"]
        if event != expected or not told:
            _altered(findings, f"service-{row['id']}", "decision.served", row["log_index"])
    for row in (await conn.execute(select(executions))).mappings():
        event = by_index.get(row["log_index"])
        seen.add(row["log_index"])
        done = DecisionExecuted(
            **_of_decision(row, decision_cases),
            execution=f"execution-{row['id']}",
            fen=row["fen"],
            document=_document(row),
            said=event.said if isinstance(event, DecisionExecuted) else None,
        )
        if event != done:
            _altered(findings, f"execution-{row['id']}", "decision.executed", row["log_index"])
    for row in (await conn.execute(select(decision_ends))).mappings():
        event = by_index.get(row["log_index"])
        seen.add(row["log_index"])
        ended = DecisionEnded(
            **_of_decision(row, decision_cases),
            replaced_by=None if row["replaced_by"] is None else f"decision-{row['replaced_by']}",
            said=event.said if isinstance(event, DecisionEnded) else None,
        )
        if event != ended:
            _altered(findings, f"the end of decision-{row['decision_id']}", "decision.ended", row["log_index"])
    return seen


def _of_decision(row: RowMapping, decision_cases: Mapping[int, int]) -> dict[str, str]:
    return {
        "case": f"case-{decision_cases.get(row['decision_id'], 0)}",
        "decision": f"decision-{row['decision_id']}",
        "how": row["how"],
        "day": row["day"],
        "by": row["by"],
    }


def _document(row: RowMapping) -> str | None:
    return None if row["document_id"] is None else f"document-{row['document_id']}"


async def _texts(conn: Connection, indexes: list[int]) -> dict[int, _Kept]:
    """The texts behind the commitments of these entries."""
    found: dict[int, _Kept] = {}
    for start in range(0, len(indexes), BATCH):
        query = (
            select(acts_stated.c.log_index, said.c.salt, said.c.text)
            .join(said, said.c.id == acts_stated.c.said_id)
            .where(acts_stated.c.log_index.in_(indexes[start : start + BATCH]))
        )
        for row in await conn.execute(query):
            found[row.log_index] = _Kept(row.salt, row.text)
    return found


def _altered(findings: Findings, what: str, kind: str, index: int) -> None:
    why = f"{what}: its row and the log's {kind} differ"
    findings.add(StepName.STATEMENT, "decision-row-altered", why, index=index)
