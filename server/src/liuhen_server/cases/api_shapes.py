"""What the pieces of the API's document are made of: an operation, and the shapes that schemas share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from liuhen_server.cases.said import Said
from liuhen_server.people.roles import Action

__all__ = ["BASE", "DAY", "ID", "SHA256", "TIME", "Operation", "Schema", "list_of", "object_of", "or_null", "text_of"]

BASE = "/api/v1"
Schema = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a program can ask for. `asks`, `answers`: names of schemas; `answers` "bytes": the file itself, None: nothing.
    `refuses`: statuses beside those that every operation has.
    """

    method: str
    path: str
    name: str
    action: Action
    said: Said
    asks: str | None = None
    answers: str | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    refuses: tuple[int, ...] = ()
    versioned: bool = False


def object_of(properties: Mapping[str, Schema], *required: str) -> Schema:
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required or properties),
        "additionalProperties": False,
    }


def text_of(most: int, least: int = 0) -> Schema:
    return {"type": "string", "minLength": least, "maxLength": most}


def list_of(schema: str) -> Schema:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{schema}"}}


def or_null(kind: str) -> Schema:
    return {"type": [kind, "null"]}


ID: Schema = {"type": "integer", "minimum": 1}
TIME: Schema = {"type": "string", "format": "date-time"}
DAY: Schema = {"type": "string", "format": "date"}
SHA256: Schema = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
