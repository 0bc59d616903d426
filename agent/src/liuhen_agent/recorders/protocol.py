"""How a family of recorders is spoken to, as data: link, framing, commands, clock, disk mode. Read from its profile.

The operations are a closed set. There is none that writes an officer's data, formats a card or changes a password: a
profile that asks for one has an unknown key. A probe can only be a command that reads, and a command that reads can
neither carry the password nor look like one that logs in, sets or switches: logging in as a probe cannot be written down.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, get_args

from liuhen_agent.recorders.templates import CLOCK_PARTS, holes, wrong_frame
from liuhen_agent.recorders.toml_table import Table

Driver = Literal["none", "line-protocol", "framed-ascii", "control", "bulk-binary", "scsi", "mtp"]
Transport = Literal["disk", "serial", "usb", "scsi", "mtp", "directory"]
Read = Literal["unit_id", "id_code", "info", "firmware", "battery", "time_get", "storage"]
Write = Literal["start", "login", "logout", "time_set", "disk_mode", "led_busy", "led_ready"]
Operation = Read | Write
Answered = Literal["serial", "officer", "unit", "model", "firmware", "battery", "time", "storage", "other"]

READS: tuple[str, ...] = get_args(Read)
WRITES: tuple[str, ...] = get_args(Write)
TEXT_DRIVERS = ("line-protocol", "framed-ascii")
BYTE_DRIVERS = ("control", "bulk-binary", "scsi")
TRANSPORTS: dict[str, tuple[str, ...]] = {
    "none": ("disk", "directory"),
    "line-protocol": ("serial", "usb"),
    "framed-ascii": ("serial", "usb"),
    "control": ("usb",),
    "bulk-binary": ("usb", "serial"),
    "scsi": ("scsi",),
    "mtp": ("mtp",),
}
MAX_FRAME = 4096
VENDOR_CODES = range(
    0xC0, 0x100
)  # operation codes of vendors (SPC-4, 4.2.5.1): the standard reads, writes and formats elsewhere
LOOKS_LIKE_LOGIN = re.compile(r"login|passw|pwd", re.IGNORECASE)


@dataclass(frozen=True)
class Link:
    """Seconds: for a whole answer, how long after a value an end may still come, how long a late answer is waited for."""

    baud: int
    interface: int | None  # None: the first one with the endpoints that are needed
    request: int  # control transfers: bRequest, wValue, wIndex
    value: int
    index: int
    reply_seconds: float
    quiet_seconds: float
    late_seconds: float


@dataclass(frozen=True)
class TextFraming:
    """`whole`: an answer is lines up to `ok` or `error`, or one message that ends with silence."""

    whole: Literal["lines", "message"]
    end: str
    ok: re.Pattern[str]
    error: re.Pattern[str]
    locked: re.Pattern[str]
    encoding: str


@dataclass(frozen=True)
class ByteFraming:
    """`frame` with holes; padded with zeros to `size` (0: not padded). Positions count from 0 in the answer."""

    frame: str
    read_frame: str  # SCSI: the command block of a request that reads; else as `frame`
    size: int
    reply_size: int
    payload_at: int
    ok_at: int | None
    ok_is: int
    echo_at: int | None  # where the answer repeats the opcode

    def reads(self, command: Command) -> bool:
        """Whether a command goes out as `read_frame`, and its answer comes with it."""
        return bool(command.fields) and self.read_frame != self.frame

    def template(self, command: Command) -> str:
        return self.read_frame if self.reads(command) else self.frame


@dataclass(frozen=True)
class Field:
    """A piece of an answer's payload. `number`: a big-endian number, else text."""

    at: int
    length: int
    number: bool


@dataclass(frozen=True)
class Command:
    """One operation on the wire: `send` (text, in this order) or `opcode` with its payload."""

    send: tuple[str, ...]
    reply: re.Pattern[str] | None
    refused: re.Pattern[str] | None  # an answer that says no without an error
    opcode: int
    payload: str
    payload_hex: bytes
    fields: dict[str, Field]


@dataclass(frozen=True)
class ClockForm:
    """How the recorder writes its local time: as text (strftime) or as bytes."""

    text: str
    parts: tuple[str, ...]


@dataclass(frozen=True)
class DiskMode:
    """`again`: the recorder leaves the port and comes back as a disk within `seconds`; else its disk is there already."""

    again: bool
    seconds: float
    label_is_serial: bool


@dataclass(frozen=True)
class Protocol:
    link: Link
    text: TextFraming | None
    bytes: ByteFraming | None
    commands: dict[str, Command]
    probes: tuple[str, ...]
    clock: ClockForm
    disk: DiskMode


def read_protocol(table: Table, driver: str, probes: tuple[str, ...]) -> Protocol:
    """Everything about talking. Complains about what does not fit; for a driver that does not talk all of it is unknown."""
    talks = driver in TEXT_DRIVERS or driver in BYTE_DRIVERS
    framing = table.table("framing") if talks else None
    text = _text_framing(framing, driver) if framing and driver in TEXT_DRIVERS else None
    binary = _byte_framing(framing, driver) if framing and driver in BYTE_DRIVERS else None
    if framing:
        framing.refuse_unknown()
    link = _link(table.maybe_table("link") if talks else None, driver)
    clock = _clock(table.maybe_table("clock") if talks else None)
    disk = _disk(table.maybe_table("disk") if talks else None)
    commands = _commands(table.table("commands"), driver, clock, probes) if talks else {}
    return Protocol(link, text, binary, commands, probes, clock, disk)


def _link(table: Table | None, driver: str) -> Link:
    if table is None:
        return Link(115_200, None, 0, 0, 0, 3.0, 0.15, 1.0)
    control = driver == "control"
    link = Link(
        baud=table.number("baud", 115_200, 300, 4_000_000) if driver != "control" else 115_200,
        interface=table.maybe_number("interface", 0, 31),
        request=table.number("request", None, 0, 255) if control else 0,
        value=table.number("value", None, 0, 0xFFFF) if control else 0,
        index=table.number("index", 0, 0, 0xFFFF) if control else 0,
        reply_seconds=table.seconds("reply_seconds", 3.0, 30),
        quiet_seconds=table.seconds("quiet_seconds", 0.15, 5),
        late_seconds=table.seconds("late_seconds", 1.0, 30),
    )
    table.refuse_unknown()
    return link


def _text_framing(table: Table, driver: str) -> TextFraming:
    lines = driver == "line-protocol"
    nothing = re.compile(r"(?!)")
    encoding = table.one_of("encoding", ("gbk", "utf-8", "ascii"), "gbk")
    return TextFraming(
        whole="lines" if lines else "message",
        end=_ascii(table, "end", "\r\n" if lines else ""),
        ok=(table.pattern("ok", "OK") if lines else nothing) or nothing,
        error=table.pattern("error") or nothing,
        locked=table.pattern("locked") or nothing,
        encoding=encoding,
    )


def _ascii(table: Table, key: str, default: str) -> str:
    text = table.text(key, default)
    if not text.isascii():
        table.complain(key, "must be ASCII")
    return text


def _byte_framing(table: Table, driver: str) -> ByteFraming:
    scsi = driver == "scsi"
    names = ("write_frame", "read_frame") if scsi else ("frame",)
    frames = [table.text(name) for name in names]
    for name, template in zip(names, frames, strict=True):
        if template and (why := wrong_frame(template)):
            table.complain(name, why)
    if scsi and (frames[0].split()[:2] == frames[1].split()[:2] or "{" in "".join(frames[1].split()[:2])):
        table.complain("read_frame", "must begin with two bytes of its own: they tell a command that reads")
    for name, template in zip(names, frames, strict=True):
        if scsi and template and not _is_a_vendors(template.split()[0]):
            table.complain(
                name, "must begin with a vendor's operation code, C0 to FF: no other command is sent to a disk"
            )
    return ByteFraming(
        frame=frames[0],
        read_frame=frames[-1],
        size=table.number("size", 0, 0, MAX_FRAME) if not scsi else 0,
        reply_size=table.number("reply_size", None, 1, MAX_FRAME),
        payload_at=table.number("payload_at", 0 if scsi else None, 0, MAX_FRAME),
        ok_at=table.maybe_number("ok_at", 0, MAX_FRAME),
        ok_is=table.number("ok_is", 1, 0, 255),
        echo_at=table.maybe_number("echo_at", 0, MAX_FRAME),
    )


def _is_a_vendors(first: str) -> bool:
    return re.fullmatch(r"[0-9A-Fa-f]{2}", first) is not None and int(first, 16) in VENDOR_CODES


def _clock(table: Table | None) -> ClockForm:
    if table is None:
        return ClockForm("", ())
    form = ClockForm(table.text("text", ""), table.texts("bytes", ()))
    if bool(form.text) == bool(form.parts):
        table.complain("text", "say either text (such as %Y%m%d%H%M%S) or bytes (a list)")
    for part in form.parts:
        if part not in CLOCK_PARTS:
            table.complain("bytes", f"{part!r} is none of {', '.join(CLOCK_PARTS)}")
    table.refuse_unknown()
    return form


def _disk(table: Table | None) -> DiskMode:
    if table is None:
        return DiskMode(True, 30.0, False)
    mode = DiskMode(
        again=table.one_of("comes", ("again", "at-once"), "again") == "again",
        seconds=table.seconds("seconds", 30.0, 300),
        label_is_serial=table.truth("label_is_serial", False),
    )
    table.refuse_unknown()
    return mode


def _commands(table: Table, driver: str, clock: ClockForm, probes: tuple[str, ...]) -> dict[str, Command]:
    commands: dict[str, Command] = {}
    for name in (*READS, *WRITES):
        if (below := table.maybe_table(name)) is not None:
            commands[name] = _command(below, driver)
            _check_command(below, name, commands[name], clock)
            below.refuse_unknown()
    for probe in probes:
        if probe not in READS:
            table.complain(probe, f"a probe must only read: one of {', '.join(READS)}")
        elif probe not in commands:
            table.complain(probe, "is a probe and no command")
    _check_reads_are_harmless(table, commands)
    table.refuse_unknown()
    return commands


def _command(table: Table, driver: str) -> Command:
    if driver in TEXT_DRIVERS:
        send = (table.text("send"),) if not table.has("sends") else table.texts("sends")
        return Command(send, table.pattern("reply"), table.pattern("refused"), -1, "", b"", {})
    payload_hex = b""
    try:
        payload_hex = bytes.fromhex(table.text("payload_hex", ""))
    except ValueError:
        table.complain("payload_hex", "must be pairs of hex digits")
    fields: dict[str, Field] = {}
    if (reply := table.maybe_table("reply")) is not None:
        for name in get_args(Answered):
            if reply.has(name):
                fields[name] = _field(reply, name)
        reply.refuse_unknown()
    return Command((), None, None, table.number("opcode", None, 0, 255), table.text("payload", ""), payload_hex, fields)


def _field(table: Table, name: str) -> Field:
    found = re.fullmatch(r"(\d{1,4}):(\d{1,3})( number)?", table.text(name))
    if found is None or not 1 <= int(found.group(2)) <= 64:
        table.complain(name, 'must be "offset:length" or "offset:length number", at most 64 bytes')
        return Field(0, 1, False)
    return Field(int(found.group(1)), int(found.group(2)), found.group(3) is not None)


def _check_command(table: Table, name: str, command: Command, clock: ClockForm) -> None:
    given = set().union(*(holes(text) for text in (*command.send, command.payload)))
    allowed = {"login": {"role", "secret"}, "time_set": {"time"}}.get(name, set())
    key = ("sends" if table.has("sends") else "send") if _is_text(command) else "payload"
    if not all(text.isascii() for text in (*command.send, command.payload)):
        table.complain(key, "must be ASCII")
    if _is_text(command) and not command.send:
        table.complain(key, "says nothing")
    if clock.parts and "time" in holes(command.payload) and command.payload != "{time}":
        table.complain(key, "a clock of bytes is a payload of its own: {time}")
    for hole in sorted(given - allowed):
        table.complain(key, f"{{{hole}}} cannot stand in {name}")
    if name == "login" and "secret" not in given:
        table.complain(key, "has no {secret}: a password never stands in a profile")
    if name == "time_set" and "time" not in given:
        table.complain(key, "has no {time}")
    if name in ("time_get", "time_set") and not (clock.text or clock.parts):
        table.complain(key, "how the clock is written is missing: [clock]")
    groups = set(command.reply.groupindex) if command.reply else set(command.fields)
    for group in sorted(groups - set(get_args(Answered))):
        table.complain("reply", f"{group!r} is none of {', '.join(get_args(Answered))}")
    if name in READS and not groups:
        table.complain("reply", f"{name} must say where its answer lies")
    if name == "time_get" and groups and "time" not in groups:
        table.complain("reply", "must have 'time'")


def _is_text(command: Command) -> bool:
    return command.opcode < 0


def _check_reads_are_harmless(table: Table, commands: dict[str, Command]) -> None:
    writing = {command.opcode: name for name, command in commands.items() if name in WRITES and command.opcode >= 0}
    sent = [(_filled(text), name) for name in WRITES if name in commands for text in commands[name].send]
    login = commands.get("login")
    beginnings = [text.partition("{")[0] for text in login.send] if login else []
    for name, command in commands.items():
        if name not in READS:
            continue
        if command.opcode in writing:
            table.complain(name, f"has the opcode of {writing[command.opcode]}: a command that reads must be harmless")
        for text in command.send:
            if LOOKS_LIKE_LOGIN.search(text) or any(start and text.startswith(start) for start in beginnings):
                table.complain(name, "looks like logging in: a command that reads must be harmless")
            for says, write in sent:
                if says.fullmatch(text):
                    table.complain(name, f"sends what {write} sends: a command that reads must be harmless")


def _filled(template: str) -> re.Pattern[str]:
    """Whatever a template can become once its holes are filled."""
    between = [re.escape(piece) for piece in re.split(r"\{[^{}]*\}", template)]
    return re.compile("[0-9A-Za-z]*".join(between))
