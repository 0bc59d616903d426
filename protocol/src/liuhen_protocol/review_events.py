"""What happens in a legal review (法制审核), as the archive states it (spec: docs/spec/statement.md).

A round is `review-3`; it is of one draft, and ends with one opinion or is withdrawn. The words are in the archive's database, `said`
commits to them; how many problems an opinion names stands here, so that none can be taken out of it later.
"""

from __future__ import annotations

from dataclasses import dataclass

from liuhen_protocol.shape import Hex


@dataclass(frozen=True, slots=True)
class ReviewSubmitted:
    """Round `round` of the case: `draft_sha256` is that of the draft, `parts` that of the list of what was submitted with it,
    `said` commits to the report.
    """

    review: str
    case: str
    round: int
    draft: str
    draft_sha256: Hex
    parts: Hex
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class ReviewTaken:
    """`by` reviews it from here on; who took it before no longer does."""

    review: str
    case: str
    by: str


@dataclass(frozen=True, slots=True)
class ReviewOpinion:
    """`outcome` is agree or problems, `problems` how many there are; `sha256` is that of checklist and problems, `said` commits to
    the opinion's own words, `day` is the one it bears.
    """

    review: str
    case: str
    draft: str
    outcome: str
    problems: int
    sha256: Hex
    by: str
    day: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class ReviewAnswered:
    """Problem `problem` of the opinion has its answer, to which `said` commits."""

    review: str
    case: str
    problem: int
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class ReviewConsulted:
    """`kind` is prereview, counsel or coordination; `step` is asked or answered; `said` commits to the question or the answer."""

    consultation: str
    review: str
    case: str
    kind: str
    step: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class ReviewExtended:
    """The head `by` allowed the longer term, for the reason that `said` commits to."""

    review: str
    case: str
    by: str
    said: Hex | None


@dataclass(frozen=True, slots=True)
class ReviewWithdrawn:
    """The handlers took the round back before its opinion."""

    review: str
    case: str
    by: str
    said: Hex | None


ReviewEvent = (
    ReviewSubmitted | ReviewTaken | ReviewOpinion | ReviewAnswered | ReviewConsulted | ReviewExtended | ReviewWithdrawn
)
REVIEW_EVENTS: dict[str, type[ReviewEvent]] = {
    "review.submitted": ReviewSubmitted,
    "review.taken": ReviewTaken,
    "review.opinion": ReviewOpinion,
    "review.answered": ReviewAnswered,
    "review.consulted": ReviewConsulted,
    "review.extended": ReviewExtended,
    "review.withdrawn": ReviewWithdrawn,
}
