"""Which SCSI commands an installed dock may send to a recorder's disk: those its profile names, and no other. Pure.

A command must have a vendor's operation code (SPC-4, 4.2.5.1: groups 6 and 7, C0 to FF): reading, writing and formatting lie elsewhere. It
must be, byte for byte, what a command of a profile becomes whose `inquiry` fits the disk; only what the profile itself leaves open (a time, a
role, a password) may differ. How much is read and how long is waited say the profiles as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Literal

from liuhen_agent.recorders.profile import Profile
from liuhen_agent.recorders.protocol import MAX_FRAME, VENDOR_CODES, ByteFraming, ClockForm, Command
from liuhen_agent.recorders.templates import HOLE, frame, payload_of, read_clock_bytes, write_clock_bytes
from liuhen_agent.recorders.wire_scsi import BLOCK

Refusal = Literal["no-disk-of-a-bay", "no-profile", "not-a-vendor-command", "no-such-command", "too-long"]
FILLED = r"[\x20-\x7e]{0,32}"  # what may stand in a hole of a text


class Refused(Exception):
    """It is not sent. `code`: one of Refusal; `why`: a sentence."""

    def __init__(self, code: Refusal, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


@dataclass(frozen=True)
class Allowed:
    """What is sent, then: `block` with `data` behind it, or up to `most` bytes back, within `seconds`. `name`: profile and command."""

    name: str
    block: bytes
    data: bytes
    most: int
    seconds: float


def speaking(profiles: Iterable[Profile], calls_itself: str) -> list[Profile]:
    """Profiles of vendor SCSI commands that fit a disk by its INQUIRY text. Raises Refused: no-profile."""
    found = [
        profile
        for profile in profiles
        if profile.driver == "scsi"
        and profile.match.inquiry is not None
        and fnmatchcase(calls_itself, profile.match.inquiry)
    ]
    if not found:
        raise Refused(
            "no-profile", f"no installed profile has SCSI commands for a disk that calls itself {calls_itself!r}"
        )
    return found


def allow(profiles: Sequence[Profile], block: bytes, data: bytes) -> Allowed:
    """The command as it is to be sent. Raises Refused."""
    if len(block) > BLOCK or len(data) > MAX_FRAME:
        raise Refused(
            "too-long", f"a block of {len(block)} and data of {len(data)} bytes: at most {BLOCK} and {MAX_FRAME}"
        )
    if not block or block[0] not in VENDOR_CODES:
        raise Refused("not-a-vendor-command", f"operation code {block[:1].hex() or 'missing'}: a vendor's are C0 to FF")
    for profile in profiles:
        framing = profile.protocol.bytes
        if framing is None:
            continue
        for name, command in profile.protocol.commands.items():
            most = framing.reply_size if framing.reads(command) else 0
            if (most and data) or not _is(framing, profile.protocol.clock, command, block + data):
                continue
            return Allowed(f"{profile.name}: {name}", block, data, most, profile.protocol.link.reply_seconds)
    names = ", ".join(profile.name for profile in profiles)
    raise Refused("no-such-command", f"{block.hex()} with {len(data)} bytes is no command of {names}")


def _is(framing: ByteFraming, clock: ClockForm, command: Command, whole: bytes) -> bool:
    template = framing.template(command)
    payload = payload_of(template, whole)
    if payload is None or not _may_carry(command, clock, payload):
        return False
    return frame(template, command.opcode, payload, framing.reply_size if framing.reads(command) else None) == whole


def _may_carry(command: Command, clock: ClockForm, payload: bytes) -> bool:
    if command.payload == "{time}" and clock.parts:
        try:
            return write_clock_bytes(read_clock_bytes(payload, clock.parts), clock.parts) == payload
        except ValueError:
            return False
    if not command.payload:
        return payload == command.payload_hex
    pieces = re.split(r"(\{[^{}]*\})", command.payload)
    pattern = "".join(FILLED if HOLE.fullmatch(piece) else re.escape(piece) for piece in pieces)
    return re.fullmatch(pattern.encode("ascii"), payload) is not None
