"""The API's own document (OpenAPI 3.1): one table of operations, and the schemas that requests are really checked by."""

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
from liuhen_server.cases.classes import CLASSES, Stage
from liuhen_server.cases.coverage import Method, NeedState
from liuhen_server.cases.fields import LONGEST_REASON, MOST_PARTIES, PARTY_KINDS
from liuhen_server.cases.handling import FEWEST_HANDLERS, MOST_HANDLERS
from liuhen_server.cases.linking import HOW, MOST_AT_ONCE
from liuhen_server.cases.paper_files import MOST_BYTES
from liuhen_server.cases.said import Said
from liuhen_server.decisions.api_schemas import DECISION_OPERATIONS, DECISION_SCHEMAS
from liuhen_server.people.roles import ACCESS, Action

__all__ = ["BASE", "OPERATIONS", "QUERY", "SCHEMAS", "Operation", "document"]

JSON, PROBLEM, FORM = "application/json", "application/problem+json", "multipart/form-data"


_CASE = BASE + "/cases/{case}"

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "GET", BASE + "/openapi.json", "document", Action.ENTER, Said("本文档", "this document"), answers="Document"
    ),
    Operation(
        "GET",
        BASE + "/cases",
        "listCases",
        Action.SEE_CASES,
        Said("案件列表，新的在前", "cases, the newest first"),
        answers="CasePage",
        query=("text", "class", "stage", "whose", "older"),
        refuses=(422,),
    ),
    Operation(
        "POST",
        BASE + "/cases",
        "openCase",
        Action.OPEN_CASES,
        Said(
            "立案；案号已有时为 409 并指出该案，可安全重试",
            "open a case; 409 names the case that has the number, so a retry is safe",
        ),
        asks="NewCase",
        answers="Case",
        status=201,
        refuses=(409, 422),
    ),
    Operation("GET", _CASE, "getCase", Action.SEE_CASES, Said("一件案件", "one case"), answers="Case"),
    Operation(
        "PATCH",
        _CASE,
        "changeCase",
        Action.WORK_CASES,
        Said(
            "修改执法类别、案号、案由、当事人、承办人（须带 If-Match）",
            "change class, number, subject, parties or handlers (with If-Match)",
        ),
        asks="CaseChange",
        answers="Case",
        refuses=(409, 412, 422, 428),
        versioned=True,
    ),
    Operation(
        "POST",
        _CASE + "/stage",
        "moveCase",
        Action.WORK_CASES,
        Said("推进或退回环节；before 不符时为 409", "go to another stage; 409 where the case is not in `before`"),
        asks="StageMove",
        answers="Case",
        refuses=(409, 422),
    ),
    Operation(
        "GET",
        _CASE + "/coverage",
        "getCoverage",
        Action.SEE_CASES,
        Said("各环节应有、已有和缺少的文书与音像", "what each stage asks for, has and lacks"),
        answers="Coverage",
    ),
    Operation(
        "POST",
        _CASE + "/coverage/excuses",
        "excuseMissing",
        Action.WORK_CASES,
        Said("对缺少的一项说明理由", "say why something is missing"),
        asks="Excuse",
        answers="Coverage",
        refuses=(422,),
    ),
    Operation(
        "GET",
        _CASE + "/documents",
        "listDocuments",
        Action.SEE_CASES,
        Said("文书，各版本", "documents, every version"),
        answers="Documents",
    ),
    Operation(
        "POST",
        _CASE + "/documents",
        "addDocument",
        Action.WORK_CASES,
        Said("上传文书；file 须为最后一项", "add a document; `file` is the last part"),
        asks="NewDocument",
        answers="PaperDocument",
        status=201,
        refuses=(413, 422),
    ),
    Operation(
        "GET",
        _CASE + "/documents/{document}",
        "downloadDocument",
        Action.SEE_CASES,
        Said("文书原文件", "the document's bytes"),
        answers="bytes",
        refuses=(410,),
    ),
    Operation(
        "GET",
        _CASE + "/links",
        "listLinks",
        Action.SEE_CASES,
        Said("关联的音像记录，含已解除的", "linked clips, with those that ended"),
        answers="Links",
    ),
    Operation(
        "POST",
        _CASE + "/links",
        "linkClips",
        Action.WORK_CASES,
        Said("关联音像记录，全部或一段也不", "link clips, all or none"),
        asks="NewLinks",
        answers="Links",
        refuses=(422,),
    ),
    Operation(
        "POST",
        _CASE + "/links/{link}/end",
        "unlinkClip",
        Action.WORK_CASES,
        Said("解除关联，经过保留", "unlink a clip; what happened stays"),
        asks="Reason",
        answers="Links",
        refuses=(422,),
    ),
    *DECISION_OPERATIONS,
)


_STAGE: Schema = {"type": "string", "enum": [stage.value for stage in Stage]}
_CLASS: Schema = {"type": "string", "enum": list(CLASSES)}
_REASON = text_of(LONGEST_REASON, 1)
_HANDLERS: Schema = {
    "type": "array",
    "description": "执法证号 / certificate numbers",
    "items": text_of(32, 4),
    "minItems": FEWEST_HANDLERS,
    "maxItems": MOST_HANDLERS,
}
_PARTIES: Schema = {**list_of("Party"), "maxItems": MOST_PARTIES}
_NUMBER: Schema = {**text_of(80, 1), "description": "案号，如 朝县市监罚〔2019〕12号"}
_SUMMARY: dict[str, Schema] = {
    "id": ID,
    "href": {"type": "string"},
    "number": {"type": "string"},
    "class": _CLASS,
    "title": {"type": "string"},
    "agency": {"type": "string"},
    "stage": _STAGE,
    "opened_day": DAY,
    "opened_time": TIME,
    "archived_time": or_null("string"),
}

SCHEMAS: dict[str, Schema] = {
    "Document": {"type": "object", "required": ["openapi", "info", "paths"]},
    "Party": object_of(
        {
            "kind": {"type": "string", "enum": list(PARTY_KINDS)},
            "name": text_of(120, 1),
            "code": text_of(32),
            "representative": text_of(64),
            "contact": text_of(64),
        },
        "kind",
        "name",
    ),
    "NewCase": object_of(
        {"class": _CLASS, "number": _NUMBER, "title": text_of(200, 1), "parties": _PARTIES, "handlers": _HANDLERS},
        "class",
        "title",
        "handlers",
    ),
    "CaseChange": {
        **object_of(
            {"class": _CLASS, "number": _NUMBER, "title": text_of(200, 1), "parties": _PARTIES, "handlers": _HANDLERS}
        ),
        "required": [],
        "minProperties": 1,
    },
    "CaseSummary": object_of(_SUMMARY),
    "CasePage": object_of(
        {"cases": list_of("CaseSummary"), "next": {**or_null("string"), "description": "href of what is older"}}
    ),
    "Case": object_of(
        {
            **_SUMMARY,
            "parties": list_of("Party"),
            "handlers": {
                "type": "array",
                "items": object_of({"certificate": {"type": "string"}, "name": {"type": "string"}}),
            },
            "then": {"type": "array", "items": _STAGE, "description": "之后可到的环节 / stages that may follow"},
        }
    ),
    "StageMove": object_of({"before": _STAGE, "after": _STAGE, "reason": text_of(LONGEST_REASON)}, "before", "after"),
    "Coverage": object_of(
        {
            "complete": {"type": "boolean", "description": "没有缺项，可以归档 / nothing keeps it from being archived"},
            "missing": {"type": "integer", "minimum": 0},
            "needs": {
                "type": "array",
                "items": object_of(
                    {
                        "stage": _STAGE,
                        "item": {"type": "string"},
                        "name": {"type": "string"},
                        "method": {"type": "string", "enum": [*(each.value for each in Method), "document"]},
                        "method_name": {"type": "string"},
                        "required": {"type": "boolean"},
                        "count": {"type": "integer", "minimum": 0},
                        "state": {"type": "string", "enum": [each.value for each in NeedState]},
                        "sentence": or_null("string"),
                    }
                ),
            },
        }
    ),
    "Excuse": object_of({"stage": _STAGE, "item": text_of(40, 1), "reason": _REASON}),
    "PaperDocument": object_of(
        {
            "id": ID,
            "href": {"type": "string"},
            "stage": _STAGE,
            "kind": {"type": "string"},
            "kind_name": {"type": "string"},
            "version": ID,
            "replaces": or_null("integer"),
            "current": {"type": "boolean"},
            "name": {"type": "string"},
            "media_type": {"type": "string"},
            "size": {"type": "integer", "minimum": 1},
            "sha256": SHA256,
            "dated": DAY,
            "began_time": or_null("string"),
            "ended_time": or_null("string"),
            "place": {"type": "string"},
            "by": {"type": "string"},
            "added_time": TIME,
            "log_index": {"type": "integer", "minimum": 0},
        }
    ),
    "Documents": object_of({"documents": list_of("PaperDocument")}),
    "NewDocument": object_of(
        {
            "what": {
                "type": "string",
                "pattern": "^[a-z]+:[a-z-]+$",
                "description": "环节和文书种类，以冒号相连 / stage:kind, investigation:interview",
            },
            "dated": {**DAY, "description": "文书上的日期 / the day that stands on it"},
            "replaces": {"type": "string", "description": "旧版本的 id / id of the version it replaces"},
            "began": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
            "ended": {"type": "string", "pattern": "^[0-2][0-9]:[0-5][0-9]$"},
            "place": text_of(120),
            "file": {
                "type": "string",
                "contentMediaType": "application/octet-stream",
                "description": f"PDF、DOCX、JPEG、PNG，最大 {MOST_BYTES >> 20} MB",
            },
        },
        "what",
        "dated",
        "file",
    ),
    "Link": object_of(
        {
            "id": ID,
            "dock": {"type": "string"},
            "sha256": SHA256,
            "stage": _STAGE,
            "item": or_null("string"),
            "method": or_null("string"),
            "how": {"type": "string", "enum": list(HOW)},
            "linked_time": TIME,
            "linked_by": {"type": "string"},
            "log_index": {"type": "integer", "minimum": 0},
            "unlinked_time": or_null("string"),
        }
    ),
    "Links": object_of({"links": list_of("Link")}),
    "NewLinks": object_of(
        {
            "stage": _STAGE,
            "item": {
                **text_of(40),
                "description": "清单序号，空为只到环节 / row of the recording list; empty: the stage alone",
            },
            "clips": {
                "type": "array",
                "items": object_of({"dock": text_of(255, 1), "sha256": SHA256}),
                "minItems": 1,
                "maxItems": MOST_AT_ONCE,
            },
        },
        "stage",
        "clips",
    ),
    "Reason": object_of({"reason": _REASON}),
    "Problem": {
        "type": "object",
        "description": "RFC 9457",
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "field": {"type": "string"},
            "pointer": {"type": "string"},
            "case": object_of({"id": ID, "number": {"type": "string"}, "href": {"type": "string"}}),
            "etag": {"type": "string"},
            "reasons": {"type": "array", "items": {"type": "object"}},
        },
        "required": ["type", "title", "status", "detail", "code"],
    },
    **DECISION_SCHEMAS,
}

QUERY: dict[str, tuple[str, Schema]] = {
    "text": ("案号、案由或当事人 / number, subject or party", text_of(80)),
    "class": ("执法类别 / class", _CLASS),
    "stage": ("环节 / stage", _STAGE),
    "whose": ("mine：本人承办的 / those the account's officer handles", {"type": "string", "enum": ["mine"]}),
    "older": (
        "上一页给出的位置 / a place that a page before gave in `next`",
        {**text_of(60), "pattern": "^[0-9TZ:.-]{1,32}~[0-9]{1,18}$"},
    ),
}
_REFUSALS = {
    400: Said("请求不能读懂", "the request cannot be read"),
    401: Said("没有有效令牌", "no living token"),
    403: Said("该账号不可以", "the account may not"),
    404: Said("没有", "there is none"),
    409: Said("与现状冲突", "in conflict with how things are"),
    410: Said("字节已不在", "the bytes are gone"),
    412: Said("已被他人修改", "somebody changed it meanwhile"),
    413: Said("过大", "too large"),
    415: Said("不是 JSON", "not JSON"),
    422: Said("内容不能收", "what was given cannot be taken"),
    428: Said("须带 If-Match", "If-Match is required"),
    503: Said("稍后再试", "ask again later"),
}


def document(version: str) -> Schema:
    """The whole document. `version`: of the archive's software."""
    paths: dict[str, Schema] = {}
    for operation in OPERATIONS:
        item = paths.setdefault(operation.path, _shared(operation.path))
        item[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "留痕案件接口 / Liuhen cases",
            "version": version,
            "description": (
                "供本机关自己的案件系统使用。令牌由安全管理员在账号页签发，放在 Authorization: Bearer 中；账号能做什么，令牌就能做什么。"
                "时间为 UTC。\n\nFor the agency's own case system. The security administrator gives a token on the account's page; "
                "it may what the account may. Times are UTC."
            ),
        },
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": SCHEMAS,
        },
    }


def _shared(path: str) -> Schema:
    names = [name for name in ("case", "document", "link", "decision") if "{" + name + "}" in path]
    if not names:
        return {}
    return {"parameters": [{"name": name, "in": "path", "required": True, "schema": ID} for name in names]}


def _operation(operation: Operation) -> Schema:
    is_open = operation.action not in ACCESS
    refuses = {*operation.refuses, *(() if is_open else (401, 403)), *((404,) if "{" in operation.path else ()), 503}
    if operation.asks is not None:
        refuses |= {400, 413, 415}
    found: Schema = {
        "operationId": operation.name,
        "summary": str(operation.said),
        "x-action": operation.action.value,
        "responses": {
            str(operation.status): _answer(operation),
            **{str(status): _problem(status) for status in sorted(refuses)},
        },
    }
    if is_open:
        found["security"] = []
    parameters: list[Schema] = [
        {"name": name, "in": "query", "description": QUERY[name][0], "schema": QUERY[name][1]}
        for name in operation.query
    ]
    if operation.versioned:
        said = "读取时所得的 ETag / the ETag that was read"
        parameters.append(
            {"name": "If-Match", "in": "header", "required": True, "description": said, "schema": {"type": "string"}}
        )
    if parameters:
        found["parameters"] = parameters
    if operation.asks is not None:
        media = FORM if operation.asks == "NewDocument" else JSON
        schema = {"$ref": f"#/components/schemas/{operation.asks}"}
        found["requestBody"] = {"required": True, "content": {media: {"schema": schema}}}
    return found


def _answer(operation: Operation) -> Schema:
    if operation.answers == "bytes":
        return {"description": str(operation.said), "content": {"application/octet-stream": {}}}
    found: Schema = {
        "description": str(operation.said),
        "content": {JSON: {"schema": {"$ref": f"#/components/schemas/{operation.answers}"}}},
    }
    if operation.answers == "Case":
        found["headers"] = {"ETag": {"schema": {"type": "string"}}}
    return found


def _problem(status: int) -> Schema:
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": str(_REFUSALS[status]), "content": content}
