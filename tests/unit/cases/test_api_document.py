"""The API's document is what the API is: foreign readers take it, each route stands in it, and requests are judged by its schemas."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator, validate

from liuhen_server.cases.api import Unfit, matches, read_body
from liuhen_server.cases.api_document import OPERATIONS, SCHEMAS, document
from liuhen_server.web.app import ROUTES


def test_a_foreign_reader_takes_the_document() -> None:
    validate(json.loads(json.dumps(document("0.1.0"))), cls=OpenAPIV31SpecValidator)
    for schema in SCHEMAS.values():
        Draft202012Validator.check_schema(schema)


def test_every_route_of_the_api_stands_in_the_document_with_its_action() -> None:
    routes = {
        (route.method, re.sub(r"\{(\w+):[^/]*\}", r"{\1}", route.path)): route.action
        for route in ROUTES
        if route.path.startswith("/api/")
    }
    assert routes == {(each.method, each.path): each.action for each in OPERATIONS}
    assert len({each.name for each in OPERATIONS}) == len(OPERATIONS)


NEW = {"class": "penalty", "title": "甲", "handlers": ["21132100", "21132101"]}


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ({**NEW, "class": "reward"}, "/class"),
        ({**NEW, "handlers": ["21132100"]}, "/handlers"),
        ({**NEW, "title": 7}, "/title"),
        ({**NEW, "agency": "jtys"}, ""),
        ({"class": "penalty"}, ""),
        ({**NEW, "parties": [{"kind": "person"}]}, "/parties/0"),
        ({**NEW, "title": "a\x00b"}, "/title"),
        ({**NEW, "title": "\ud800"}, "/title"),
        ([], ""),
        ("x", ""),
    ],
    ids=["class", "handlers", "type", "agency", "missing", "party", "nul", "surrogate", "list", "text"],
)
def test_what_does_not_fit_is_refused_by_its_place(given: object, pointer: str) -> None:
    with pytest.raises(Unfit) as error:
        read_body(json.dumps(given).encode(), "NewCase")
    assert error.value.pointer == pointer


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff\xfe", b'{"class": NaN}', b"[" * 100_000, b'{"a":' * 5_000, b"1" * 10_000],
    ids=["empty", "cut off", "no utf-8", "nan", "deep list", "deep object", "long number"],
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(Unfit):
        read_body(data, "NewCase")


def test_a_version_is_met_by_its_own_tag_alone() -> None:
    assert matches('"3.2"', '"3.2"') and matches('"1.1", "3.2"', '"3.2"') and matches("*", '"3.2"')
    assert not matches('W/"3.2"', '"3.2"') and not matches('"3.1"', '"3.2"') and not matches("3.2", '"3.2"')
