"""Drafts and decisions in the API's document: what can be asked for, and the schemas that requests are checked by. Money is whole fen."""

from __future__ import annotations

from liuhen_server.cases.api_shapes import (
    BASE,
    DAY,
    ID,
    SHA256,
    TIME,
    Operation,
    Schema,
    list_of,
    object_of,
    or_null,
    text_of,
)
from liuhen_server.cases.said import Said
from liuhen_server.decisions.filling import LONGEST, MOST_RESULTS
from liuhen_server.decisions.outcomes import OUTCOMES
from liuhen_server.decisions.ways import ENDS, EXECUTIONS, SERVICES
from liuhen_server.people.roles import Action
from liuhen_server.review.criteria import GROUNDS, MOST_FEN, PARTY_KINDS, PROCEDURES

__all__ = ["DECISION_OPERATIONS", "DECISION_SCHEMAS"]

_CASE = BASE + "/cases/{case}"
_ONE = _CASE + "/decisions/{decision}"

DECISION_OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET",
        _CASE + "/drafts",
        "listDrafts",
        Action.SEE_CASES,
        Said("拟处理意见，各版本", "drafts of the decision, every version"),
        answers="Drafts",
    ),
    Operation(
        "POST",
        _CASE + "/drafts",
        "writeDraft",
        Action.DRAFT_DECISIONS,
        Said(
            "拟定处理意见；after 为依据的版本（0 为首份），不符时为 409。答复说明是否须经法制审核",
            "write a draft; `after` is the version it follows (0: the first), 409 where it is not. The answer says whether it is reviewed",
        ),
        asks="NewDraft",
        answers="Draft",
        status=201,
        refuses=(409, 422),
    ),
    Operation(
        "GET",
        _CASE + "/decisions",
        "listDecisions",
        Action.SEE_CASES,
        Said("决定及其送达、执行", "decisions with their services and executions"),
        answers="Decisions",
    ),
    Operation(
        "POST",
        _CASE + "/decisions",
        "makeDecision",
        Action.DECIDE,
        Said(
            "就一份拟处理意见作出决定；未经审核或者审核未通过的为 422，并载入日志",
            "decide a draft; without its passed review 422, and an entry of the log",
        ),
        asks="NewDecision",
        answers="Decision",
        status=201,
        refuses=(422,),
    ),
    Operation(
        "POST",
        _ONE + "/services",
        "addService",
        Action.WORK_CASES,
        Said("登记送达及证明", "write down a service with its proof"),
        asks="NewService",
        answers="Decision",
        status=201,
        refuses=(422,),
    ),
    Operation(
        "POST",
        _ONE + "/executions",
        "addExecution",
        Action.WORK_CASES,
        Said("登记执行情况", "write down what was carried out"),
        asks="NewExecution",
        answers="Decision",
        status=201,
        refuses=(422,),
    ),
    Operation(
        "POST",
        _ONE + "/end",
        "endDecision",
        Action.DECIDE,
        Said("变更、撤销或确认无效", "a decision is replaced, revoked or void"),
        asks="DecisionEnd",
        answers="Decision",
        refuses=(422,),
    ),
)

_FEN: Schema = {"type": "integer", "minimum": 0, "maximum": MOST_FEN, "description": "分 / fen, a hundredth of a yuan"}
_RESULT: dict[str, Schema] = {
    "kind": {"type": "string", "enum": list(OUTCOMES)},
    "content": text_of(LONGEST["content"], 1),
    "fen": _FEN,
    "until_day": {"anyOf": [DAY, {"type": "null"}]},
}
_PROPOSAL: dict[str, Schema] = {
    "procedure": {"type": "string", "enum": list(PROCEDURES)},
    "party_kind": {"type": "string", "enum": list(PARTY_KINDS)},
    "facts": text_of(LONGEST["facts"], 1),
    "basis": text_of(LONGEST["basis"], 1),
    "discretion": text_of(LONGEST["discretion"]),
    "performance": text_of(LONGEST["performance"]),
    "remedies": text_of(LONGEST["remedies"]),
    "grounds": {
        "type": "array",
        "items": {"type": "string", "enum": list(GROUNDS)},
        "description": "《行政处罚法》第58条 / Administrative Penalty Law, art. 58",
    },
    "collective": {"type": "boolean", "description": "须集体讨论 / to be discussed collectively"},
    "results": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/Result"},
        "minItems": 1,
        "maxItems": MOST_RESULTS,
    },
}
_INDEX: Schema = {"type": "integer", "minimum": 0}
_DOCUMENT: Schema = {**or_null("integer"), "description": "案卷文书的 id / id of a document of the case"}

DECISION_SCHEMAS: dict[str, Schema] = {
    "Result": object_of(_RESULT, "kind", "content"),
    "NewDraft": object_of(
        {"after": {"type": "integer", "minimum": 0}, **_PROPOSAL},
        "after",
        "procedure",
        "party_kind",
        "facts",
        "basis",
        "results",
    ),
    "Draft": object_of(
        {
            "id": ID,
            "version": ID,
            "class": {"type": "string"},
            **_PROPOSAL,
            "needs_review": {"type": "boolean"},
            "why": {
                "type": "array",
                "items": object_of({"key": {"type": "string"}, "sentence": {"type": "string"}}),
                "description": "须经法制审核的理由 / why it is reviewed",
            },
            "sha256": SHA256,
            "by": {"type": "string"},
            "time": TIME,
            "log_index": _INDEX,
        }
    ),
    "Drafts": object_of({"drafts": list_of("Draft")}),
    "NewDecision": object_of(
        {
            "draft": ID,
            "number": {**text_of(80), "description": "文号，空则顺编 / empty: the next one"},
            "dated": DAY,
            "collective_document": _DOCUMENT,
        },
        "draft",
        "dated",
    ),
    "Decision": object_of(
        {
            "id": ID,
            "draft": ID,
            "number": {"type": "string"},
            "dated": DAY,
            "kind": {"type": "string"},
            "fine_fen": _FEN,
            "confiscated_fen": _FEN,
            "needs_review": {"type": "boolean"},
            "review": or_null("integer"),
            "review_day": or_null("string"),
            "collective_document": _DOCUMENT,
            "decided_by": {"type": "string"},
            "decided_time": TIME,
            "log_index": _INDEX,
            "ended": {
                "anyOf": [
                    object_of(
                        {"how": {"type": "string", "enum": list(ENDS)}, "day": DAY, "replaced_by": or_null("integer")}
                    ),
                    {"type": "null"},
                ]
            },
            "services": {
                "type": "array",
                "items": object_of(
                    {
                        "how": {"type": "string"},
                        "receiver": {"type": "string"},
                        "day": DAY,
                        "document": _DOCUMENT,
                        "clip": or_null("string"),
                        "log_index": _INDEX,
                    }
                ),
            },
            "executions": {
                "type": "array",
                "items": object_of(
                    {"how": {"type": "string"}, "day": DAY, "fen": _FEN, "document": _DOCUMENT, "log_index": _INDEX}
                ),
            },
        }
    ),
    "Decisions": object_of({"decisions": list_of("Decision")}),
    "NewService": object_of(
        {
            "how": {"type": "string", "enum": list(SERVICES)},
            "receiver": text_of(120, 1),
            "day": DAY,
            "document": _DOCUMENT,
            "clip": {
                "anyOf": [object_of({"dock": text_of(255, 1), "sha256": SHA256}), {"type": "null"}],
                "description": "已关联到本案的音像记录 / a clip linked to the case",
            },
        },
        "how",
        "receiver",
        "day",
    ),
    "NewExecution": object_of(
        {
            "how": {"type": "string", "enum": list(EXECUTIONS)},
            "day": DAY,
            "fen": _FEN,
            "document": _DOCUMENT,
            "note": text_of(2_000),
        },
        "how",
        "day",
    ),
    "DecisionEnd": object_of(
        {
            "how": {"type": "string", "enum": list(ENDS)},
            "day": DAY,
            "reason": text_of(2_000, 1),
            "replaced_by": or_null("integer"),
        },
        "how",
        "day",
        "reason",
    ),
}
