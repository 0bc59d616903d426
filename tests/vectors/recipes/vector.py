"""What a vector is: one question to a verifier and the answer that it must give (spec: docs/spec/vectors.md)."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

Json = Any  # what stands in a vector file


@dataclass(frozen=True, slots=True)
class Vector:
    """`check` is the folder and says how `input` is read; `name` is the file's; `answer` what must come of it."""

    check: str
    name: str
    about: str
    input: dict[str, Json]
    answer: dict[str, Json]

    @property
    def path(self) -> str:
        return f"{self.check}/{self.name}.json"


def valid(check: str, name: str, about: str, given: dict[str, Json], value: dict[str, Json] | None = None) -> Vector:
    return Vector(check, f"valid-{name}", about, given, {"answer": "holds", **({"value": value} if value else {})})


def refused(check: str, code: str, about: str, given: dict[str, Json], variant: str = "") -> Vector:
    name = f"{code}-{variant}" if variant else code
    return Vector(check, name, about, given, {"answer": "refused", "code": code})


def malformed(check: str, reason: str, about: str, given: dict[str, Json]) -> Vector:
    return Vector(check, f"malformed-{reason}", about, given, {"answer": "malformed"})


def octets(data: bytes) -> Json:
    """Bytes in a vector file: a text where they are UTF-8 and do not end a line oddly, else base64."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(data).decode()}
    return text


def read_octets(value: Json) -> bytes:
    """The bytes that `octets` wrote, or those of a recipe: {"repeat": text, "times": n} or {"counting": size}."""
    if isinstance(value, str):
        return value.encode()
    match value:
        case {"base64": text}:
            return base64.b64decode(str(text))
        case {"join": parts}:
            return b"".join(read_octets(part) for part in parts)
        case {"repeat": text, "times": times}:
            return str(text).encode() * int(times)
        case {"counting": size}:
            return (bytes(range(251)) * (int(size) // 251 + 1))[: int(size)]
    raise ValueError(f"not bytes of a vector: {value!r}")


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
