"""What agent and media worker say to each other: one datagram a message on a Unix socket (SOCK_SEQPACKET), JSON, bounded. Pure.

    agent   {"limits": {…}} | {"track_limits": {…}}           with two open files: the clip (read only), what is to become its proxy, or its track (writable)
    worker  {"progress": 0.5}                                 every few seconds, whether anything moved or not
            {"made": {media_type, recipe, tool, duration_seconds}} | {"shown_as_it_is": media_type} | {"failed": {reason, detail}}     once, last

The worker runs ffmpeg on footage nobody can vouch for, so what it says is as hostile as the footage: everything that is not of this form, or
holds a word that is not in these lists, is refused.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from typing import Literal, cast, get_args

from liuhen_agent.plain_text import one_line
from liuhen_agent.proxy import FailureReason, NoProxyNeeded, ProxyFailed, ProxyLimits, Recipe

LONGEST = 4096  # bytes of a message
MEDIA_TYPES = ("video/mp4", "audio/mp4", "text/csv")
SHOWN = ("image/jpeg", "image/png", "image/bmp")


class Unintelligible(ValueError):
    """A message that is not of the form that was agreed."""


@dataclass(frozen=True)
class Made:
    """A complete proxy is in the file. `tool`: the program and its version."""

    media_type: str
    recipe: Recipe
    tool: str
    duration_seconds: float


@dataclass(frozen=True)
class Moving:
    """The worker is there; `fraction` (0 to 1) of the clip is done."""

    fraction: float


Wanted = Literal["proxy", "track"]
_NAMED: dict[Wanted, str] = {"proxy": "limits", "track": "track_limits"}

Answer = Made | NoProxyNeeded | ProxyFailed | Moving


def encode_request(limits: ProxyLimits, wanted: Wanted = "proxy") -> bytes:
    return json.dumps({_NAMED[wanted]: asdict(limits)}).encode()


def decode_wanted(message: bytes) -> Wanted:
    """What is asked for. Raises Unintelligible."""
    return "track" if set(_loaded(message)) == {_NAMED["track"]} else "proxy"


def decode_request(message: bytes) -> ProxyLimits:
    """Raises Unintelligible."""
    fields = _object(message, _NAMED[decode_wanted(message)])
    if set(fields) != set(asdict(ProxyLimits())):
        raise Unintelligible("these are not the limits")
    numbers = {name: _number(value, 1e15) for name, value in fields.items()}
    if not all(numbers[name] > 0 for name in numbers if name != "threads"):
        raise Unintelligible("a limit is nothing")
    return ProxyLimits(
        hang_seconds=numbers["hang_seconds"],
        total_seconds=numbers["total_seconds"],
        memory_bytes=int(numbers["memory_bytes"]),
        output_bytes=int(numbers["output_bytes"]),
        threads=int(numbers["threads"]),
    )


def encode_answer(answer: Answer) -> bytes:
    match answer:
        case Moving(fraction):
            said: dict[str, object] = {"progress": fraction}
        case Made():
            said = {"made": asdict(answer)}
        case NoProxyNeeded(media_type):
            said = {"shown_as_it_is": media_type}
        case ProxyFailed():
            said = {"failed": {"reason": answer.reason, "detail": one_line(answer.detail, 500)}}
    return json.dumps(said).encode()


def decode_answer(message: bytes) -> Answer:
    """Raises Unintelligible."""
    found = _loaded(message)
    [kind] = found if len(found) == 1 else [""]
    if kind == "progress":
        return Moving(min(_number(found[kind], 1e9), 1.0))
    if kind == "shown_as_it_is":
        return NoProxyNeeded(_one_of(found[kind], SHOWN))
    if kind == "failed":
        fields = _object(message, kind)
        reason = _one_of(fields.get("reason"), get_args(FailureReason))
        return ProxyFailed(reason, one_line(_text(fields.get("detail"), 1000)))
    if kind == "made":
        fields = _object(message, kind)
        if set(fields) != {"media_type", "recipe", "tool", "duration_seconds"}:
            raise Unintelligible("these are not the facts of a proxy")
        _one_of(fields["recipe"], get_args(Recipe))
        return Made(
            media_type=_one_of(fields["media_type"], MEDIA_TYPES),
            recipe=cast(Recipe, fields["recipe"]),
            tool=one_line(_text(fields["tool"], 100)),
            duration_seconds=_number(fields["duration_seconds"], 1e9),
        )
    raise Unintelligible("it is no answer of a worker")


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


def _object(message: bytes, name: str) -> dict[str, object]:
    found = _loaded(message)
    inner = found.get(name)
    if set(found) != {name} or not isinstance(inner, dict):
        raise Unintelligible(f"a message is not of the form {name}")
    return inner


def _number(value: object, most: float) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= most:  # type: ignore[arg-type,operator]
        raise Unintelligible("a number was expected")
    return float(value)  # type: ignore[arg-type]


def _text(value: object, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise Unintelligible("a text was expected")
    return value


def _one_of(value: object, words: tuple[str, ...]) -> str:
    found = next((word for word in words if word == value), None)
    if found is None:
        raise Unintelligible("a word that was not agreed")
    return found
