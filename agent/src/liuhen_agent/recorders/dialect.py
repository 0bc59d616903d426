"""One command and its checked answer, in the words of a profile: the two ways recorders speak, text and framed bytes.

Every answer is limited in length and time, and is checked before anything of it is used. What came after a timeout is
thrown away before the next command; where the protocol repeats the opcode, an answer to something else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from liuhen_agent.recorders import RecorderError
from liuhen_agent.recorders.protocol import ByteFraming, ClockForm, Command, Link, TextFraming
from liuhen_agent.recorders.templates import fill, frame, read_clock_bytes, write_clock_bytes
from liuhen_agent.recorders.wire import Wire, drain

Seconds = Callable[[], float]  # monotonic
MAX_REPLY = 8 * 1024
MAX_LINE = 512
MAX_VALUE = 64  # characters; the longest field of ZFY_INFO has 32 bytes
STALE_SECONDS = 0.01  # before each command: what lies there already


@dataclass(frozen=True)
class Answer:
    """`values` by the names of `protocol.Answered`, as clean text; `clock` where the answer held one that is a date."""

    values: dict[str, str]
    clock: datetime | None


class Dialect(Protocol):
    """Raises RecorderError: no-answer · refused · locked · garbled · gone."""

    patience: float

    def perform(
        self, name: str, command: Command, given: Mapping[str, str], moment: datetime | None = None
    ) -> Answer: ...


class _Paced:
    """What both have in common: after a timeout the next command first waits for the late answer and throws it away."""

    def __init__(self, wire: Wire, link: Link, seconds: Seconds) -> None:
        self._wire = wire
        self._link = link
        self._seconds = seconds
        self._owes = False  # an answer did not come: it may still
        self.patience = (
            link.reply_seconds
        )  # for one answer; a driver asks with less while it does not know whom it asks

    def _begin(self) -> None:
        if self._owes:
            drain(self._wire, self._link.late_seconds)
            self._owes = False
        drain(self._wire, STALE_SECONDS)

    def _late(self, name: str) -> RecorderError:
        self._owes = True
        return RecorderError("no-answer", f"{name}: no answer in {self.patience:g} s")


class TextDialect(_Paced):
    """ASCII lines (`+KEY:value`, `OK`, `Error:…`) or framed ASCII (one message, ended by silence)."""

    def __init__(self, wire: Wire, link: Link, framing: TextFraming, clock: ClockForm, seconds: Seconds) -> None:
        super().__init__(wire, link, seconds)
        self._framing = framing
        self._clock = clock

    def perform(self, name: str, command: Command, given: Mapping[str, str], moment: datetime | None = None) -> Answer:
        found = Answer({}, None)
        for template in command.send:
            self._begin()
            text = fill(template, dict(given), moment, self._clock.text)
            self._wire.write(text.encode("ascii") + self._framing.end.encode("ascii"))
            found = self._answer(name, command)
        return found

    def _answer(self, name: str, command: Command) -> Answer:
        deadline = self._seconds() + self.patience
        found: Answer | None = None
        pending, total = bytearray(), 0
        while (left := deadline - self._seconds()) > 0:
            piece = self._wire.read(4096, min(left, self._link.quiet_seconds))
            total += len(piece)
            if total > MAX_REPLY:
                raise RecorderError("garbled", f"{name}: more than {MAX_REPLY} bytes without an end")
            pending += piece
            for line in self._whole(pending, silence=not piece):
                text = self._decode(line)
                if self._framing.ok.fullmatch(text):
                    if found is not None or command.reply is None:
                        return found or Answer({}, None)
                    continue
                match = command.reply.fullmatch(text) if command.reply else None
                if match is None and self._says_no(command, text):
                    raise self._refusal(name, text)
                if match is not None and found is None:
                    found = self._read(match)
                    if self._framing.whole == "message":
                        return found
                    deadline = min(deadline, self._seconds() + self._link.quiet_seconds)
            if len(pending) > MAX_LINE and self._framing.whole == "lines":
                pending.clear()  # noise without a line end
        if found is not None:
            return found  # the value came, its OK did not
        raise self._late(name)

    def _whole(self, pending: bytearray, silence: bool) -> list[bytes]:
        """Takes the whole lines out of what came, or the message when silence ended it."""
        if self._framing.whole == "message":
            if not silence or not pending:
                return []
            lines = [bytes(pending)]
            pending.clear()
            return lines
        *lines, rest = bytes(pending).split(b"\n")
        pending[:] = rest
        return lines

    def _decode(self, line: bytes) -> str:
        return clean_text(line[:MAX_LINE].strip(b"\r\n\0 "), self._framing.encoding)

    def _says_no(self, command: Command, text: str) -> bool:
        return bool(self._framing.error.match(text) or (command.refused and command.refused.fullmatch(text)))

    def _refusal(self, name: str, text: str) -> RecorderError:
        if self._framing.locked.search(text):
            return RecorderError("locked", "the recorder is locked after wrong passwords")
        return RecorderError("refused", f"{name}: {text[:MAX_VALUE]}")

    def _read(self, match: re.Match[str]) -> Answer:
        values = {name: value[:MAX_VALUE] for name, value in match.groupdict().items() if value is not None}
        return Answer(values, _text_clock(values.get("time"), self._clock))


class ByteDialect(_Paced):
    """Frames of bytes with an opcode: over control transfers, bulk endpoints or SCSI command blocks."""

    def __init__(self, wire: Wire, link: Link, framing: ByteFraming, clock: ClockForm, seconds: Seconds) -> None:
        super().__init__(wire, link, seconds)
        self._framing = framing
        self._clock = clock

    def perform(self, name: str, command: Command, given: Mapping[str, str], moment: datetime | None = None) -> Answer:
        self._begin()
        self._wire.write(self._frame(command, given, moment))
        return self._read(name, command, self._reply(name, command))

    def _frame(self, command: Command, given: Mapping[str, str], moment: datetime | None) -> bytes:
        payload = command.payload_hex
        if command.payload == "{time}" and self._clock.parts and moment is not None:
            payload = write_clock_bytes(moment, self._clock.parts)
        elif command.payload:
            payload = fill(command.payload, dict(given), moment, self._clock.text).encode("ascii")
        announced = self._framing.reply_size if self._framing.reads(command) else None
        data = frame(self._framing.template(command), command.opcode, payload, announced)
        return data.ljust(self._framing.size, b"\0")

    def _reply(self, name: str, command: Command) -> bytes:
        """Whole: pieces are put together until it is complete or time is up."""
        framing, reply = self._framing, b""
        wanted = self._wanted(command)
        deadline = self._seconds() + self.patience
        while len(reply) < max(wanted, 1) and (left := deadline - self._seconds()) > 0:
            piece = self._wire.read(framing.reply_size - len(reply), left)
            if not piece and (reply or not self._wire.keeps_late_answers):
                break
            reply += piece
        if not reply and wanted:
            raise self._late(name)
        if len(reply) < wanted:
            self._owes = True
            raise RecorderError("garbled", f"{name}: an answer of {len(reply)} bytes, {wanted} are needed")
        return reply

    def _wanted(self, command: Command) -> int:
        framing = self._framing
        ends = [framing.payload_at + field.at + field.length for field in command.fields.values()]
        places = [place + 1 for place in (framing.ok_at, framing.echo_at) if place is not None]
        return max([*ends, *places], default=0)

    def _read(self, name: str, command: Command, reply: bytes) -> Answer:
        framing = self._framing
        if framing.echo_at is not None and reply[framing.echo_at] != command.opcode:
            raise RecorderError("garbled", f"{name}: the answer is to another command")
        if framing.ok_at is not None and (said := reply[framing.ok_at]) != framing.ok_is:
            raise RecorderError("refused", f"{name}: the recorder answers {said:#04x}")
        payload = reply[framing.payload_at :]
        values: dict[str, str] = {}
        clock: datetime | None = None
        for key, field in command.fields.items():
            piece = payload[field.at : field.at + field.length]
            if key == "time" and self._clock.parts:
                try:
                    clock = read_clock_bytes(piece, self._clock.parts)
                except ValueError:
                    clock = None
                values[key] = piece.hex()
            elif field.number:
                values[key] = str(int.from_bytes(piece, "big"))
            else:
                values[key] = clean_text(piece.split(b"\0")[0], "gbk")[:MAX_VALUE]
        return Answer(values, clock or _text_clock(values.get("time"), self._clock))


def _text_clock(digits: str | None, clock: ClockForm) -> datetime | None:
    if digits is None or not clock.text:
        return None
    try:
        return datetime.strptime(digits, clock.text)  # the recorder's clock has no zone
    except ValueError:
        return None


def clean_text(raw: bytes, encoding: str) -> str:
    """Text with everything unprintable left out: an answer can be shown and stored."""
    return "".join(char for char in raw.decode(encoding, "replace") if char.isprintable()).strip()
