"""Drafts and decisions as programs see them, and what a program's JSON asks for. The shapes are those of `api_schemas`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from liuhen_server.cases.fields import day_of
from liuhen_server.decisions.deciding import Given
from liuhen_server.decisions.draft import Draft, Proposal, Result
from liuhen_server.decisions.reading import Decision
from liuhen_server.decisions.serving import Performed, Served

__all__ = ["decision_json", "draft_json", "given_from", "performed_from", "proposal_from", "served_from"]

Json = dict[str, object]
_TEXTS = ("facts", "basis", "discretion", "performance", "remedies")


def proposal_from(body: Mapping[str, Any], enforcement: str) -> Proposal:
    """`body` fits the schema NewDraft."""
    return Proposal(
        enforcement=enforcement,
        procedure=body["procedure"],
        party_kind=body["party_kind"],
        results=tuple(
            Result(each["kind"], each["content"], each.get("fen", 0), each.get("until_day")) for each in body["results"]
        ),
        grounds=frozenset(body.get("grounds", ())),
        collective=body.get("collective", False),
        **{name: str(body.get(name, "")) for name in _TEXTS},
    )


def given_from(body: Mapping[str, Any]) -> Given:
    """`body` fits NewDecision. Raises Wrong for a day that is none."""
    return Given(body["draft"], body.get("number", ""), day_of(body["dated"], "dated"), body.get("collective_document"))


def served_from(body: Mapping[str, Any]) -> Served:
    clip = body.get("clip")
    pair = None if clip is None else (clip["dock"], clip["sha256"])
    return Served(body["how"], body["receiver"], day_of(body["day"], "day"), body.get("document"), pair)


def performed_from(body: Mapping[str, Any]) -> Performed:
    day = day_of(body["day"], "day")
    return Performed(body["how"], day, body.get("fen", 0), body.get("document"), body.get("note", ""))


def draft_json(draft: Draft) -> Json:
    proposal = draft.proposal
    return {
        "id": draft.id,
        "version": draft.version,
        "class": proposal.enforcement,
        "procedure": proposal.procedure,
        "party_kind": proposal.party_kind,
        **{name: getattr(proposal, name) for name in _TEXTS},
        "grounds": sorted(proposal.grounds),
        "collective": proposal.collective,
        "results": [asdict(each) for each in proposal.results],
        "needs_review": draft.needs_review,
        "why": [{"key": each.key, "sentence": str(each.said)} for each in draft.why],
        "sha256": draft.sha256,
        "by": draft.by,
        "time": draft.time,
        "log_index": draft.log_index,
    }


def decision_json(decision: Decision) -> Json:
    ended = decision.ended
    return {
        "id": decision.id,
        "draft": decision.draft_id,
        "number": decision.number,
        "dated": decision.dated,
        "kind": decision.kind,
        "fine_fen": decision.fine_fen,
        "confiscated_fen": decision.confiscated_fen,
        "needs_review": decision.needs_review,
        "review": decision.review_id,
        "review_day": decision.review_day,
        "collective_document": decision.collective_document,
        "decided_by": decision.decided_by,
        "decided_time": decision.decided_time,
        "log_index": decision.log_index,
        "ended": None if ended is None else {"how": ended.how, "day": ended.day, "replaced_by": ended.replaced_by},
        "services": [
            {
                "how": each.how,
                "receiver": each.receiver,
                "day": each.day,
                "document": each.document_id,
                "clip": each.clip_sha256,
                "log_index": each.log_index,
            }
            for each in decision.services
        ],
        "executions": [
            {
                "how": each.how,
                "day": each.day,
                "fen": each.fen,
                "document": each.document_id,
                "log_index": each.log_index,
            }
            for each in decision.executions
        ],
    }
