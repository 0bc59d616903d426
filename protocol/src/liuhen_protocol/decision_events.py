"""Drafts and decisions of cases, as the archive states them (spec: docs/spec/statement.md).

No decision without a passed review where its draft asks for one (行政处罚法 art. 58): `decision.drafted` says whether it does,
`decision.made` names the review. Days are those of the agency's zone (2026-12-01).
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_protocol.shape import Hex


@dataclass(frozen=True, slots=True)
class DecisionDrafted:
    """Version `version` of what is to be decided in the case (`draft-7`); `said` is the commitment to all of it, and to why it needs
    a review, where it does.
    """

    case: str
    draft: str
    version: int
    needs_review: bool
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class DecisionMade:
    """The draft was decided under `number`, which stands on the document (朝县市监罚〔2026〕12号), on the day `dated`. `review` (`review-3`)
    is the one that passed, null where none was needed; `collective` (`document-9`) the record of the collective discussion.
    """

    case: str
    decision: str
    draft: str
    review: str | None
    number: str
    dated: str
    collective: str | None
    by: str


@dataclass(frozen=True, slots=True)
class DecisionRefused:
    """`by` tried to decide, or to bring the case past its decision, and was refused. `what` is decide, stage, document,
    class or import; `why` is the reason's key. `case` is null for a case that was not there yet.
    """

    case: str | None
    draft: str | None
    what: str
    why: str
    by: str


@dataclass(frozen=True, slots=True)
class DecisionEnded:
    """From the day `day` on the decision is in force no longer: `how` is changed, revoked or void; `said` is the reason."""

    case: str
    decision: str
    how: str
    day: str
    replaced_by: str | None
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class DecisionServed:
    """The decision came to whom `said` commits to, on the day `day`; `document` (`document-9`) and `clip` (a SHA-256) prove it."""

    case: str
    decision: str
    service: str
    how: str
    day: str
    document: str | None
    clip: Hex | None
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class DecisionExecuted:
    """What was carried out of the decision on the day `day`; `fen` were paid. `said` is what was noted with it."""

    case: str
    decision: str
    execution: str
    how: str
    day: str
    fen: int
    document: str | None
    by: str
    said: Hex | None


DecisionEvent = DecisionDrafted | DecisionMade | DecisionRefused | DecisionEnded | DecisionServed | DecisionExecuted
DECISION_EVENTS: dict[str, type[DecisionEvent]] = {
    "decision.drafted": DecisionDrafted,
    "decision.made": DecisionMade,
    "decision.refused": DecisionRefused,
    "decision.ended": DecisionEnded,
    "decision.served": DecisionServed,
    "decision.executed": DecisionExecuted,
}
