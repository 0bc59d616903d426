"""What the agent and the SCSI helper say to each other: one datagram a message on a Unix socket (SOCK_SEQPACKET), JSON, bounded. Pure.

    agent   {"disk": "sg3"}                                 first: whose commands follow
    helper  {"speaks": ["p-jl"]}                            the profiles whose commands it will send there
    agent   {"send": {"block": hex, "data": hex}}           a command block and what goes out with it; one after the other
    helper  {"said": hex}                                   what the recorder answered, empty for a command that reads nothing
    helper  {"failed": {"code": word, "why": sentence}}     in place of either answer

Neither side believes the other: whatever is not of this form is `Unintelligible`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from liuhen_agent.plain_text import MOST_CODE, one_line

LONGEST = 16 * 1024  # bytes of a message: a block and 4,096 bytes as hex, and room
MOST_WHY = 300
_CODE = re.compile(r"[a-z][a-z-]{0,39}")


class Unintelligible(ValueError):
    """A message that is not of the form that was agreed."""


@dataclass(frozen=True)
class Failed:
    """No answer of the recorder, and why. `code`: one of `rule.Refusal`, or of a RecorderError."""

    code: str
    why: str


def encode_disk(name: str) -> bytes:
    return _dumped({"disk": name})


def decode_disk(message: bytes) -> str:
    return _text(_only(message, "disk"))


def encode_speaks(profiles: list[str]) -> bytes:
    return _dumped({"speaks": profiles})


def encode_send(block: bytes, data: bytes) -> bytes:
    return _dumped({"send": {"block": block.hex(), "data": data.hex()}})


def decode_send(message: bytes) -> tuple[bytes, bytes]:
    fields = _only(message, "send")
    if not isinstance(fields, dict) or set(fields) != {"block", "data"}:
        raise Unintelligible("a command is a block and its data")
    return _bytes(fields["block"]), _bytes(fields["data"])


def encode_said(answer: bytes) -> bytes:
    return _dumped({"said": answer.hex()})


def encode_failed(code: str, why: str) -> bytes:
    return _dumped({"failed": {"code": one_line(code, MOST_CODE), "why": one_line(why, MOST_WHY)}})


def decode_speaks(message: bytes) -> tuple[str, ...] | Failed:
    names = _answer(message, "speaks")
    if isinstance(names, Failed):
        return names
    if not isinstance(names, list) or not names:
        raise Unintelligible("a list of profiles was expected")
    return tuple(one_line(_text(name), MOST_CODE) for name in names)


def decode_said(message: bytes) -> bytes | Failed:
    said = _answer(message, "said")
    return said if isinstance(said, Failed) else _bytes(said)


def _answer(message: bytes, name: str) -> object:
    found = _loaded(message)
    if set(found) == {"failed"}:
        fields = found["failed"]
        if not isinstance(fields, dict) or set(fields) != {"code", "why"} or not _CODE.fullmatch(_text(fields["code"])):
            raise Unintelligible("a failure is a code and a sentence")
        return Failed(_text(fields["code"]), one_line(_text(fields["why"]), MOST_WHY))
    return _only(message, name)


def _only(message: bytes, name: str) -> object:
    found = _loaded(message)
    if set(found) != {name}:
        raise Unintelligible(f"a message is not of the form {name}")
    return found[name]


def _loaded(message: bytes) -> dict[str, object]:
    if len(message) > LONGEST:
        raise Unintelligible(f"a message has more than {LONGEST} bytes")
    try:
        found = json.loads(message)
    except (ValueError, RecursionError) as error:
        raise Unintelligible("a message is not JSON") from error
    if not isinstance(found, dict):
        raise Unintelligible("a message is no object")
    return found


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unintelligible("a text was expected")
    return value


def _bytes(value: object) -> bytes:
    try:
        return bytes.fromhex(_text(value))
    except ValueError as error:
        raise Unintelligible("hex digits were expected") from error


def _dumped(message: dict[str, object]) -> bytes:
    return json.dumps(message).encode()
