"""Cases as programs see them: the JSON of each thing, and what a program's JSON asks for. The shapes are those of `api_document`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

from liuhen_server.cases.api_document import OPERATIONS, QUERY, SCHEMAS
from liuhen_server.cases.coverage import METHOD_NAMES, Need, NeedState, blockers
from liuhen_server.cases.reading import Case, Document, Link, Party, WholeCase
from liuhen_server.registry.officers import Officer

__all__ = [
    "Unfit",
    "case_json",
    "check_query",
    "coverage_json",
    "document_json",
    "etag_of",
    "link_json",
    "matches",
    "parties_from",
    "read_body",
    "summary_json",
]

Json = dict[str, object]
DEEPEST = 20


class Unfit(ValueError):
    """What a program sent does not fit the document; `pointer` (RFC 6901) says where, empty: as a whole."""

    def __init__(self, pointer: str, what: str) -> None:
        super().__init__(f"{pointer or '/'}: {what}")
        self.pointer, self.what = pointer, what


def read_body(data: bytes, schema: str) -> Json:
    """The JSON of a request, as the schema of this name has it. Raises Unfit."""
    try:
        value = json.loads(data.decode("utf-8"), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unfit("", f"this is no JSON in UTF-8: {str(error)[:100]}") from error
    _check_text(value, "", 0)
    unfit = best_match(_validator(schema).iter_errors(value))
    if unfit is not None:
        pointer = "".join(f"/{each}" for each in unfit.absolute_path)
        raise Unfit(pointer[:200], unfit.message[:300])
    assert isinstance(value, dict), "every schema of a request is an object"
    return value


def check_query(query: Mapping[str, str], operation: str) -> None:
    """Raises Unfit for a parameter that this operation does not have, or not with this value: a filter with a slip in it must not
    look like one that finds everything.
    """
    known = next(each.query for each in OPERATIONS if each.name == operation)
    for name, value in query.items():
        if name not in known:
            raise Unfit(f"/{name[:100]}", f"there is no such parameter; there are {', '.join(known)}")
        unfit = best_match(Draft202012Validator(QUERY[name][1]).iter_errors(value))
        if unfit is not None:
            raise Unfit(f"/{name}", unfit.message[:300])


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


def _check_text(value: object, pointer: str, depth: int) -> None:
    """No database takes a NUL or half a surrogate pair."""
    if depth > DEEPEST:
        raise Unfit(pointer[:200], "nested too deep")
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= sign <= "\udfff" for sign in value):
            raise Unfit(pointer[:200], "there is a NUL or half a surrogate pair in the text")
    elif isinstance(value, dict):
        for key, each in value.items():
            _check_text(key, pointer, depth + 1)
            _check_text(each, f"{pointer}/{key}", depth + 1)
    elif isinstance(value, list):
        for place, each in enumerate(value):
            _check_text(each, f"{pointer}/{place}", depth + 1)


def _validator(schema: str) -> Draft202012Validator:
    if schema not in _VALIDATORS:
        whole = {"$ref": f"#/components/schemas/{schema}", "components": {"schemas": SCHEMAS}}
        _VALIDATORS[schema] = Draft202012Validator(whole)
    return _VALIDATORS[schema]


_VALIDATORS: dict[str, Draft202012Validator] = {}


def etag_of(whole: WholeCase) -> str:
    """Changes with everything that `case_json` shows: what was edited, and how often the case came into a stage."""
    return f'"{whole.case.version}.{len(whole.stages)}"'


def matches(if_match: str, etag: str) -> bool:
    """Whether an If-Match header (RFC 9110, 13.1.1) is of this version. A weak tag never is."""
    return if_match.strip() == "*" or etag in [each.strip() for each in if_match.split(",")]


def summary_json(case: Case) -> Json:
    return {
        "id": case.id,
        "href": f"/api/v1/cases/{case.id}",
        "number": case.number,
        "class": case.enforcement,
        "title": case.title,
        "agency": case.agency,
        "stage": case.stage.value,
        "opened_day": case.opened_day,
        "opened_time": case.opened_time,
        "archived_time": case.archived_time,
    }


def case_json(whole: WholeCase, officers: Mapping[int, Officer]) -> Json:
    """`officers`: those who handle it, by id."""
    handlers = [officers[each] for each in sorted(whole.officers)]
    return {
        **summary_json(whole.case),
        "parties": [asdict(party) for party in whole.parties],
        "handlers": [{"certificate": each.certificate, "name": each.name} for each in handlers],
        "then": [stage.value for stage in whole.case.rules.then(whole.case.stage)],
    }


def document_json(document: Document, whole: WholeCase) -> Json:
    rules = whole.case.rules.rules(document.stage)
    kinds = rules.documents if rules is not None else ()
    name = next((kind.name.zh for kind in kinds if kind.key == document.kind), document.kind)
    kept = asdict(document)
    case_id = kept.pop("case_id")
    return {**kept, "kind_name": name, "href": f"/api/v1/cases/{case_id}/documents/{document.id}"}


def link_json(link: Link) -> Json:
    return {
        "id": link.id,
        "dock": link.dock,
        "sha256": link.sha256,
        "stage": link.stage.value,
        "item": link.item or None,
        "method": link.method.value if link.method is not None else None,
        "how": link.how,
        "linked_time": link.linked_time,
        "linked_by": link.linked_by,
        "log_index": link.linked_index,
        "unlinked_time": link.unlinked_time,
    }


def coverage_json(needs: Iterable[Need]) -> Json:
    listed = tuple(needs)
    return {
        "complete": not blockers(listed),
        "missing": sum(need.state is NeedState.MISSING for need in listed),
        "needs": [
            {
                "stage": need.stage.value,
                "item": need.item,
                "name": need.name.zh,
                "method": need.method.value if need.method is not None else "document",
                "method_name": METHOD_NAMES[need.method].zh if need.method is not None else "文书",
                "required": need.required,
                "count": need.count,
                "state": need.state.value,
                "sentence": need.sentence.zh if need.state is NeedState.MISSING else None,
            }
            for need in listed
        ],
    }


def parties_from(body: Mapping[str, object]) -> tuple[Party, ...] | None:
    """The parties that a request gives; None where it says nothing of them."""
    given = body.get("parties")
    if not isinstance(given, list):
        return None
    return tuple(Party(**{key: str(value) for key, value in party.items()}) for party in given)
