"""Templates of commands, and how clocks are written: text with holes, hex bytes with holes, moments as text or bytes.

Text: `BC+LOGIN={role}:{secret}`, `@Sdt;8;{time:%Y%m%d};#`. Bytes: `A1 {opcode} 00 {opcode} {payload}`. Holes are a closed
set; what is filled in is checked by who fills it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

HOLE = re.compile(r"\{([a-z-]+)(?::([^{}]*))?\}")
FRAME_HOLES = frozenset({"opcode", "length", "length-be", "payload"})
CLOCK_PARTS = {"year-be": 2, "year-le": 2, "year-2000": 1, "month": 1, "day": 1, "hour": 1, "minute": 1, "second": 1}


def holes(template: str) -> set[str]:
    return {found.group(1) for found in HOLE.finditer(template)}


def fill(template: str, values: dict[str, str], moment: datetime | None = None, clock: str = "") -> str:
    """`values` by name; `{time}` is the moment as `clock` says, `{time:%Y}` as it says itself. Raises KeyError for a hole without a value."""

    def one(found: re.Match[str]) -> str:
        name, form = found.groups()
        if name == "time":
            if moment is None:
                raise KeyError("time")
            return moment.strftime(form or clock)
        return values[name]

    return HOLE.sub(one, template)


def wrong_frame(template: str) -> str | None:
    """Why it is no template of bytes, or None."""
    for part in template.split():
        if (hole := HOLE.fullmatch(part)) and hole.group(1) in FRAME_HOLES and hole.group(2) is None:
            continue
        if not re.fullmatch(r"[0-9A-Fa-f]{2}", part):
            return f"{part!r} is neither two hex digits nor one of {', '.join(f'{{{hole}}}' for hole in sorted(FRAME_HOLES))}"
    if holes(template) >= {"opcode"}:
        return None
    return "has no {opcode}"


def frame(template: str, opcode: int, payload: bytes, announced: int | None = None) -> bytes:
    """`announced`: the length to state where it is not that of the payload (how much is to be read)."""
    length = len(payload) if announced is None else announced
    filled = {
        "opcode": bytes([opcode]),
        "length": bytes([min(length, 255)]),
        "length-be": length.to_bytes(2, "big"),
        "payload": payload,
    }
    out = bytearray()
    for part in template.split():
        hole = HOLE.fullmatch(part)
        out += filled[hole.group(1)] if hole else bytes.fromhex(part)
    return bytes(out)


def payload_of(template: str, data: bytes) -> bytes | None:
    """What stands in `data` where the template has its payload: empty where it has none; None where it has several or `data` is too
    short. That everything else is as the template says is for the caller to see (`frame`)."""
    parts = template.split()
    if "{payload}" not in parts:
        return b""
    at = parts.index("{payload}")
    before, behind = (sum(2 if part == "{length-be}" else 1 for part in some) for some in (parts[:at], parts[at + 1 :]))
    if "{payload}" in parts[at + 1 :] or len(data) < before + behind:
        return None
    return data[before : len(data) - behind]


def read_clock_bytes(data: bytes, parts: Sequence[str]) -> datetime:
    """Raises ValueError if it is no date."""
    if len(data) < sum(CLOCK_PARTS[part] for part in parts):
        raise ValueError("too short for a clock")
    at, found = 0, {"year": 1, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
    for part in parts:
        piece = data[at : at + CLOCK_PARTS[part]]
        at += len(piece)
        value = int.from_bytes(piece, "little" if part == "year-le" else "big")
        found[part.partition("-")[0]] = value + (2000 if part == "year-2000" else 0)
    return datetime(found["year"], found["month"], found["day"], found["hour"], found["minute"], found["second"])


def write_clock_bytes(moment: datetime, parts: Sequence[str]) -> bytes:
    out = bytearray()
    for part in parts:
        if part.startswith("year"):
            value = moment.year - (2000 if part == "year-2000" else 0)
            out += value.to_bytes(CLOCK_PARTS[part], "little" if part == "year-le" else "big")
        else:
            out.append(int(getattr(moment, part)))
    return bytes(out)
