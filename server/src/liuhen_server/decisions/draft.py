"""What is to be decided, as values: a proposal as a person fills it in, and the draft (拟处理意见) that it becomes.

A draft never changes. Its text (`text_of`) is what the log's commitment is about: whoever alters a row alters that text.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from liuhen_server.decisions.outcomes import OUTCOMES, heaviest
from liuhen_server.review import criteria
from liuhen_server.review.criteria import Proposed, Reason
from liuhen_server.review.rules import Drafted

__all__ = ["CONFISCATION", "FINE", "ORDINARY", "SUMMARY", "USUAL_REMEDIES", "Draft", "Proposal", "Result", "text_of"]

SUMMARY, ORDINARY = "summary", "ordinary"
FINE, CONFISCATION = "fine", "confiscation"
USUAL_REMEDIES = "如不服本决定，可以自收到决定书之日起六十日内依法申请行政复议，或者自收到决定书之日起六个月内依法向人民法院提起行政诉讼。"
"""What a form begins with (行政复议法 art. 20, 行政诉讼法 art. 46): text of the decision, whatever language the page has."""


@dataclass(frozen=True, slots=True)
class Result:
    """One result of a decision: `kind` is a key of `outcomes.OUTCOMES`, `fen` its amount, `until_day` the last day of what lasts."""

    kind: str
    content: str
    fen: int = 0
    until_day: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is to be decided. `grounds`: keys of the grounds of 行政处罚法 art. 58 (`criteria.GROUNDS`). `performance` and `remedies`:
    how and until when it is carried out, and where and until when it can be contested (art. 59).
    """

    enforcement: str
    procedure: str
    party_kind: str
    facts: str
    basis: str
    discretion: str
    results: tuple[Result, ...]
    performance: str = ""
    remedies: str = ""
    grounds: frozenset[str] = frozenset()
    collective: bool = False

    @property
    def proposed(self) -> Proposed:
        """What the criteria see of it."""
        results = tuple(criteria.Result(each.kind, each.fen) for each in self.results)
        return Proposed(self.enforcement, self.procedure, self.party_kind, results, self.grounds)

    @property
    def kind(self) -> str:
        """The heaviest of its results: the one that the annual table counts."""
        return heaviest(each.kind for each in self.results).key

    @property
    def fine_fen(self) -> int:
        return sum(each.fen for each in self.results if each.kind == FINE)

    @property
    def confiscated_fen(self) -> int:
        return sum(each.fen for each in self.results if each.kind == CONFISCATION)

    @property
    def adverse(self) -> bool:
        """Whether it takes something from the party."""
        return any(OUTCOMES[each.kind].adverse for each in self.results)


@dataclass(frozen=True, slots=True)
class Draft:
    """A version of a case's draft. `sha256` is the commitment that the log holds; `list_id` the major-decision list that it was measured
    by; `why` what asks for its review, empty where nothing does.
    """

    id: int
    case_id: int
    version: int
    proposal: Proposal
    list_id: int | None
    needs_review: bool
    why: tuple[Reason, ...]
    sha256: str
    by: str
    time: str
    log_index: int

    @property
    def name(self) -> str:
        """How it stands in the log."""
        return f"draft-{self.id}"

    def drafted(self, case_enforcement: str, newest: Draft | None) -> Drafted:
        """What the rules of the review see of it, where the case is of this class now and has this newest draft."""
        return Drafted(
            self.id,
            self.needs_review,
            self.proposal.enforcement,
            case_enforcement,
            newest is None or newest.id == self.id,
        )


def text_of(case: str, version: int, proposal: Proposal, list_id: int | None, why: Sequence[Reason]) -> str:
    """Everything that a draft says, in one writing only: what the log's commitment is about."""
    told = {
        "case": case,
        "version": version,
        "enforcement": proposal.enforcement,
        "procedure": proposal.procedure,
        "party_kind": proposal.party_kind,
        "facts": proposal.facts,
        "basis": proposal.basis,
        "discretion": proposal.discretion,
        "performance": proposal.performance,
        "remedies": proposal.remedies,
        "grounds": sorted(proposal.grounds),
        "collective": proposal.collective,
        "results": [[each.kind, each.content, each.fen, each.until_day] for each in proposal.results],
        "list": list_id,
        "why": criteria.kept_reasons(why),
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
