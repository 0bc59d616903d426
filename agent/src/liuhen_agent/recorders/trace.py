r"""Traces: what was said between a dock and a recorder, as plain text; and what lies on the disk of one that need not be spoken to.

    liuhen-trace 1
    profile p-bc
    made by the simulator, not by hardware
    do probe                          an operation of the driver; `do login USER 6`: role, and how long the masked password is
    > "BC+UID?\r\n"                   what the dock sent, as quoted text or as hex (00*120: 120 zeros)
    < "+UID:3210001\r\nOK\r\n"        what came; `! refused` a request it does not know, `! left` it left the port
    = serial DSJ7A01                  what the profile must have read out of it

    usb 4255:0001 · label DSJ7A01 · inquiry …                          of a disk: what is known before its files are
    file DCIM/A.MP4 => clip device=DSJ7A01 time=2026-11-22T09:30:14    what a file is, and what its name says

A trace is read by a replay that plays the recorder: it answers only what the trace says, to exactly what the trace says.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from liuhen_agent.recorders import Credential, RecorderError, RecorderIdentity
from liuhen_agent.recorders.driver import Driver, ProfileDriver
from liuhen_agent.recorders.names import NOTHING_KNOWN, ClipName, parse_name
from liuhen_agent.recorders.profile import Profile, file_kind
from liuhen_agent.recorders.wire import Wire

HEAD = "liuhen-trace 1"
SIMULATED = "made by the simulator, not by hardware"
REAL = "made while speaking to a real recorder"

Kind = Literal["do", ">", "<", "!", "=", "file", "label", "inquiry", "usb"]
KINDS = ("do", ">", "<", "!", "=", "file", "label", "inquiry", "usb")


class TraceDiffers(Exception):
    """Profile and trace part: the line of the trace, and how."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(f"line {line}: {why}")
        self.line, self.why = line, why


@dataclass(frozen=True)
class Event:
    line: int
    kind: str
    text: str

    @property
    def data(self) -> bytes:
        return read_bytes(self.text)


@dataclass
class Trace:
    """`maker`: who made it, as a sentence."""

    profile: str
    maker: str
    events: list[Event] = field(default_factory=list)

    def say(self, kind: Kind, text: str) -> None:
        self.events.append(Event(len(self.events) + 4, kind, text))

    def text(self) -> str:
        lines = [HEAD, f"profile {self.profile}", self.maker, *(f"{event.kind} {event.text}" for event in self.events)]
        return "\n".join(lines) + "\n"


def parse_trace(text: str) -> Trace:
    """Raises TraceDiffers for what is no trace."""
    lines = text.splitlines()
    if len(lines) < 3 or lines[0] != HEAD or not lines[1].startswith("profile "):
        raise TraceDiffers(1, f"must begin with {HEAD!r}, a line 'profile NAME' and a line that says who made it")
    trace = Trace(lines[1].removeprefix("profile ").strip(), lines[2])
    for number, line in enumerate(lines[3:], 4):
        kind, _, rest = line.strip().partition(" ")
        if not kind or kind.startswith("#"):
            continue
        if kind not in KINDS:
            raise TraceDiffers(number, f"{kind!r} is none of {', '.join(KINDS)}")
        try:
            if kind in "<>":
                read_bytes(rest)
        except ValueError as error:
            raise TraceDiffers(number, str(error)) from error
        trace.events.append(Event(number, kind, rest.strip()))
    return trace


def write_bytes(data: bytes) -> str:
    """As quoted text where all of it is ASCII that can be shown, else as hex with long runs of zeros put together."""
    if data and all(0x20 <= byte < 0x7F or byte in b"\r\n" for byte in data):
        return json.dumps(data.decode("ascii"))
    parts = []
    for run in re.finditer(rb"\0{4,}|[^\0]|\0", data):
        piece = run.group()
        parts.append(f"00*{len(piece)}" if len(piece) > 1 else piece.hex())
    return " ".join(parts)


def read_bytes(text: str) -> bytes:
    """Raises ValueError."""
    if text.startswith('"'):
        found = json.loads(text)
        if not isinstance(found, str):
            raise ValueError("is no quoted text")
        return found.encode("ascii")
    out = bytearray()
    for part in text.split():
        byte, _, times = part.partition("*")
        out += bytes.fromhex(byte) * (int(times) if times else 1)
    return bytes(out)


class RecordingWire:
    """A wire that writes down what goes over it. `secret` is masked wherever it goes out or comes back."""

    def __init__(self, wire: Wire, trace: Trace) -> None:
        self._wire, self._trace = wire, trace
        self.secret = b""

    @property
    def keeps_late_answers(self) -> bool:
        return self._wire.keeps_late_answers

    def write(self, data: bytes) -> None:
        self._trace.say(">", write_bytes(self._masked(data)))
        try:
            self._wire.write(data)
        except RecorderError as error:
            self._failed(error)
            raise

    def read(self, most: int, seconds: float) -> bytes:
        try:
            data = self._wire.read(most, seconds)
        except RecorderError as error:
            self._failed(error)
            raise
        if data:
            self._trace.say("<", write_bytes(self._masked(data)))
        return data

    def _failed(self, error: RecorderError) -> None:
        if error.code in ("refused", "gone"):
            self._trace.say("!", "refused" if error.code == "refused" else "left")

    def _masked(self, data: bytes) -> bytes:
        return data.replace(self.secret, b"*" * len(self.secret)) if self.secret else data

    def close(self) -> None:
        self._wire.close()


class ReplayWire:
    """The recorder of a trace. Time passes only in reads that find nothing."""

    def __init__(self, events: list[Event], stream: bool) -> None:
        self._events = [event for event in events if event.kind in "<>!"]
        self._stream = stream
        self._rest = b""
        self._time = 0.0
        self.differs: TraceDiffers | None = None

    @property
    def keeps_late_answers(self) -> bool:
        return self._stream

    def seconds(self) -> float:
        return self._time

    def write(self, data: bytes) -> None:
        self._rest = b""
        while self._events and self._events[0].kind == "<":
            self._events.pop(0)  # a simulated recorder says more than anybody listens to
        if not self._events or self._events[0].kind != ">":
            self._differ(0, f"the profile sends {write_bytes(data)}, the trace is at its end")
        expected = self._events.pop(0)
        if expected.data != data:
            self._differ(expected.line, f"the profile sends {write_bytes(data)}, the trace has {expected.text}")
        self._interrupted()

    def read(self, most: int, seconds: float) -> bytes:
        if not self._rest and self._events and self._events[0].kind == "<":
            self._rest = self._events.pop(0).data
        elif not self._rest:
            self._interrupted()
            self._time += seconds
        piece, self._rest = self._rest[:most], self._rest[most:]
        return piece

    def _interrupted(self) -> None:
        if self._events and self._events[0].kind == "!":
            left = self._events.pop(0).text == "left"
            raise RecorderError("gone" if left else "refused", "so says the trace")

    def _differ(self, line: int, why: str) -> None:
        self.differs = TraceDiffers(line, why)
        raise RecorderError("gone", why)

    def close(self) -> None:
        pass


STEPS = ("probe", "login", "info", "time_get", "time_set", "battery", "firmware", "storage", "disk_mode")


async def perform(driver: Driver, step: str, credential: Credential | None) -> dict[str, str]:
    """One step of a conversation, `do …` without its mark, and what was read in it. Raises RecorderError, ValueError."""
    name, *arguments = step.split()
    if name in ("probe", "info"):
        identity = await (driver.probe() if name == "probe" else driver.info())
        return _told(identity)
    if name == "login":
        await driver.login(credential)
    elif name == "time_set":
        await driver.time_set(datetime.fromisoformat(arguments[0]))
    elif name == "disk_mode":
        await driver.enter_disk_mode()
    elif name == "time_get":
        return _known("time", await driver.time_get())
    elif name == "battery":
        percent = await driver.battery()
        return _known("battery", None if percent is None else str(percent))
    elif name in ("firmware", "storage"):
        return _known(name, await (driver.firmware() if name == "firmware" else driver.storage_state()))
    else:
        raise ValueError(f"{name!r} is none of {', '.join(STEPS)}")
    return {}


def _told(identity: RecorderIdentity) -> dict[str, str]:
    names = ("serial", "officer", "unit", "model", "firmware")
    return {name: value for name in names if (value := getattr(identity, name)) is not None}


def _known(name: str, value: str | None) -> dict[str, str]:
    return {} if value is None else {name: value}


async def converse(driver: Driver, wire: RecordingWire, trace: Trace, steps: list[str], credential: Credential) -> None:
    """Go through the steps and write down what was said and read. Raises RecorderError."""
    for step in steps:
        login = step == "login"
        wire.secret = credential.secret.encode() if login else b""
        trace.say("do", f"login {credential.role or '-'} {len(credential.secret)}" if login else step)
        for name, value in (await perform(driver, step, credential)).items():
            trace.say("=", f"{name} {value}")


async def replay(profile: Profile, trace: Trace) -> None:
    """Talk to the recorder of a trace as its profile says. Raises TraceDiffers where they part."""
    framing = profile.driver not in ("control", "scsi")
    wire = ReplayWire(trace.events, framing)
    driver = ProfileDriver(profile, wire, ThreadPoolExecutor(1), wire.seconds)
    try:
        for begin, expected in _steps(trace):
            credential, step = None, begin.text
            try:
                if step.startswith("login "):
                    _, role, length = step.split()
                    credential, step = Credential("" if role == "-" else role, "*" * int(length)), "login"
                found = await perform(driver, step, credential)
            except (RecorderError, ValueError, IndexError) as error:
                raise wire.differs or TraceDiffers(begin.line, f"do {begin.text}: {error}") from error
            if wire.differs:
                raise wire.differs
            for line, name, value in expected:
                if found.pop(name, None) != value:
                    raise TraceDiffers(line, f"the profile does not read {name} {value}")
            if found:
                raise TraceDiffers(begin.line, f"the profile reads what the trace does not have: {found}")
    finally:
        await driver.close()


def _steps(trace: Trace) -> Iterator[tuple[Event, list[tuple[int, str, str]]]]:
    begin: Event | None = None
    expected: list[tuple[int, str, str]] = []
    for event in trace.events:
        if event.kind == "do":
            if begin is not None:
                yield begin, expected
            begin, expected = event, []
        elif event.kind == "=":
            name, _, value = event.text.partition(" ")
            expected.append((event.line, name, value))
    if begin is not None:
        yield begin, expected


def check_files(profile: Profile, trace: Trace) -> None:
    """What each file of a disk's trace is. Raises TraceDiffers."""
    for event in trace.events:
        if event.kind == "file":
            path, _, expected = event.text.partition(" => ")
            if expected and (found := describe(profile, path)) != expected:
                raise TraceDiffers(event.line, f"{path}: the profile reads {found!r}, the trace has {expected!r}")


def describe(profile: Profile, path: str) -> str:
    """`clip device=… officer=… time=… seq=… important`: what a file is, and what its name says."""
    name: ClipName = parse_name(path, profile.files.patterns) or NOTHING_KNOWN
    values = {"device": name.device, "officer": name.officer, "time": name.time, "seq": name.seq}
    said = [f"{key}={value}" for key, value in values.items() if value is not None]
    return " ".join([file_kind(profile, path), *said, *(["important"] if name.important else [])])


def paths_of(trace: Trace) -> list[str]:
    return [event.text.partition(" => ")[0] for event in trace.events if event.kind == "file"]


def fact_of(trace: Trace, kind: str) -> str:
    """The last line of this kind (label, inquiry, usb); empty where there is none."""
    return next((event.text for event in reversed(trace.events) if event.kind == kind), "")
