"""Recorders that speak ASCII lines on a serial port ("P-BC"): `BC+…` commands, `+KEY:value`, `OK` and `Error:` replies.

Source: the command table of one implementer (grade B). Flow: probe → login → info → clock read → (clock set) → disk
mode, after which the recorder leaves the port and comes back as a disk. Text is GBK. A probe never logs in. A
password that was refused once is not sent again by this object: recorders lock after a few wrong ones, so only a
person may try another. P-BC has no logout: the session ends with `close` or disk mode.

pyserial blocks, so every port has its one thread; all methods are coroutines that run there.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import termios
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import serial

from liuhen_agent.recorders import RecorderError, RecorderIdentity
from liuhen_agent.recorders.names import assigned

MAX_LINE = 512
MAX_REPLY = 8 * 1024
MAX_VALUE = 64  # characters; the longest field of ZFY_INFO has 32 bytes
ENCODING = "gbk"

Result = TypeVar("Result")


@dataclass(frozen=True)
class LineTimes:
    """Seconds: for a whole reply, and how long after a value an `OK` may still come."""

    reply: float = 3.0
    quiet: float = 0.15


@dataclass(frozen=True)
class Probe:
    """What the recorder says of itself without login; None where it does not answer."""

    unit_id: str | None
    device_id: str | None


@dataclass(frozen=True, repr=False)
class Credential:
    """From the dock's configuration file. Never shown."""

    role: str
    secret: str

    def __repr__(self) -> str:
        return f"Credential(role={self.role!r}, secret=…)"


async def open_line(tty: Path, times: LineTimes = LineTimes(), baud: int = 115_200) -> LineRecorder:
    """Opens the port for this process alone. Raises RecorderError("gone")."""
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"serial {tty.name}")
    try:
        port = await asyncio.get_running_loop().run_in_executor(thread, _open_port, tty, times, baud)
    except BaseException:
        thread.shutdown(wait=False)
        raise
    return LineRecorder(LinePort(port, times), thread)


def _open_port(tty: Path, times: LineTimes, baud: int) -> serial.Serial:
    try:
        return serial.Serial(str(tty), baud, timeout=0.05, write_timeout=times.reply, exclusive=True)
    except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
        raise RecorderError("gone", f"{tty} cannot be opened: {error}") from error


@dataclass(frozen=True)
class Reply:
    """`values`: what came as `+KEY:value` (the key in capitals). `error`: the text after `Error:`."""

    values: dict[str, str]
    ok: bool
    error: str | None


class LinePort:
    """One command, one reply. Blocking; for the port's own thread."""

    def __init__(self, port: serial.Serial, times: LineTimes) -> None:
        self._port = port
        self._times = times

    def exchange(self, command: str, key: str | None = None) -> Reply:
        """Sends `command`; reads until `OK`, `Error:` or the value of `key`. Other lines are noise and are skipped.

        Raises RecorderError: no-answer, garbled (too much, or lines without end), gone.
        """
        try:
            self._port.reset_input_buffer()  # what is still under way belongs to an earlier command
            self._port.write(command.encode("ascii") + b"\r\n")
            return self._read_reply(command, key)
        except serial.SerialTimeoutException as error:
            raise RecorderError("no-answer", f"{_shown(command)}: the recorder takes nothing in") from error
        except (OSError, TypeError, termios.error) as error:  # TypeError: pyserial's port was closed meanwhile
            raise RecorderError("gone", f"{_shown(command)}: the recorder left the port") from error

    def _read_reply(self, command: str, key: str | None) -> Reply:
        deadline = time.monotonic() + self._times.reply
        values: dict[str, str] = {}
        pending, total = bytearray(), 0
        while time.monotonic() < deadline:
            piece = self._port.read(min(max(self._port.in_waiting, 1), 4096))
            total += len(piece)
            if total > MAX_REPLY:
                raise RecorderError("garbled", f"{_shown(command)}: more than {MAX_REPLY} bytes without an end")
            pending += piece
            while (end := pending.find(b"\n")) >= 0:
                line = bytes(pending[:end]).strip(b"\r\n\0 ")
                del pending[: end + 1]
                if line == b"OK":
                    return Reply(values, True, None)
                if line.lower().startswith(b"error"):
                    return Reply(values, False, clean_text(line[5:].lstrip(b": ")))
                if found := re.fullmatch(rb"\+([A-Z0-9_]{1,16}):(.{0,400})", line, re.DOTALL):
                    values.setdefault(found.group(1).decode("ascii"), clean_text(found.group(2)))
                    if key is not None and key in values:
                        deadline = min(deadline, time.monotonic() + self._times.quiet)
            if len(pending) > MAX_LINE:
                pending.clear()  # noise without a line end
        if key is not None and key in values:
            return Reply(values, False, None)
        raise RecorderError("no-answer", f"{_shown(command)}: no answer in {self._times.reply:g} s")

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._port.close()


class LineRecorder:
    """The operations of P-BC. Every method may raise RecorderError."""

    def __init__(self, port: LinePort, thread: ThreadPoolExecutor) -> None:
        self._port = port
        self._thread = thread
        self._refused: RecorderError | None = None

    async def _run(self, work: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except RuntimeError as error:  # the thread was ended by close()
            raise RecorderError("gone", "the port was closed") from error

    async def probe(self) -> Probe:
        """Harmless questions only. Raises RecorderError("no-answer") if neither is answered: not such a recorder."""

        def ask() -> Probe:
            unit, device = self._ask_or_none("UID"), self._ask_or_none("DID")
            if unit is None and device is None:
                raise RecorderError("no-answer", "neither BC+UID? nor BC+DID? is answered: not a P-BC recorder")
            return Probe(unit, device)

        return await self._run(ask)

    async def login(self, credential: Credential) -> None:
        """Raises wrong-password or locked, and then again at once without asking the recorder."""

        def ask() -> None:
            if self._refused:
                raise self._refused
            if not re.fullmatch(r"[\x21-\x7e]{1,32}", credential.secret) or not credential.role.isalnum():
                raise RecorderError("refused", "role or secret has characters the protocol cannot carry")
            # Until the recorder has answered, this attempt counts as spent.
            self._refused = RecorderError("wrong-password", "an earlier login was not answered; plug in again")
            reply = self._port.exchange(f"BC+LOGIN={credential.role}:{credential.secret}", "LOGIN")
            answer = (reply.error or reply.values.get("LOGIN", "")).lower()
            if reply.error is None and answer in ("sucess", "success"):  # "Sucess" is how recorders spell it
                self._refused = None
                return
            if "lock" in answer:
                self._refused = RecorderError("locked", "the recorder is locked after wrong passwords")
            else:
                self._refused = RecorderError(
                    "wrong-password", f"the recorder refused the password of {credential.role}"
                )
            raise self._refused

        await self._run(ask)

    async def info(self) -> RecorderIdentity:
        """Serial, officer and unit. `BC+USER?` answers officer,name,unit,unit name; names are not kept (chain.md)."""

        def ask() -> RecorderIdentity:
            user = [part.strip() for part in (self._ask_or_none("USER") or "").split(",")]
            return RecorderIdentity(
                serial=self._ask_or_none("DID"),
                officer=assigned(user[0]),
                unit=assigned(user[2]) if len(user) > 2 else None,
                model=None,
                firmware=self._ask_or_none("VER"),
            )

        return await self._run(ask)

    async def time_get(self) -> str:
        """The recorder's clock, "2026-11-22T10:00:00", local. Raises garbled if it is no date."""

        def ask() -> str:
            digits = self._ask("SYSTIME")
            try:
                if not re.fullmatch(r"[0-9]{14}", digits):
                    raise ValueError
                return datetime.strptime(digits, "%Y%m%d%H%M%S").isoformat()
            except ValueError:
                raise RecorderError("garbled", f"the recorder's clock says {digits[:20]!r}") from None

        return await self._run(ask)

    async def time_set(self, local: datetime) -> None:
        """`local`: the time to set, in the recorder's zone, whole seconds. Read it again to be sure."""
        await self._run(lambda: self._do(f"BC+SYSTIME={local:%Y%m%d%H%M%S}"))

    async def battery(self) -> int | None:
        """Percent, None if the recorder does not say."""

        def ask() -> int | None:
            text = (self._ask_or_none("BATVAL") or "").rstrip("% ")
            return int(text) if re.fullmatch(r"[0-9]{1,3}", text) and int(text) <= 100 else None

        return await self._run(ask)

    async def enter_disk_mode(self) -> None:
        """The recorder leaves the port (here at once, or after `OK`) and comes back as a disk on the same port."""

        def ask() -> None:
            try:
                self._do("BC+UDISKEN=1")
            except RecorderError as error:
                if error.code != "gone":
                    raise

        await self._run(ask)

    async def close(self) -> None:
        """Ends the session. Also after the recorder has gone."""
        with contextlib.suppress(RecorderError):
            await self._run(self._port.close)
        self._thread.shutdown(wait=False)

    def _ask(self, key: str) -> str:
        reply = self._port.exchange(f"BC+{key}?", key)
        if key not in reply.values:
            raise RecorderError("refused", f"BC+{key}?: {reply.error or 'no value'}")
        return reply.values[key][:MAX_VALUE]

    def _ask_or_none(self, key: str) -> str | None:
        try:
            return assigned(self._ask(key))
        except RecorderError as error:
            if error.code in ("refused", "no-answer"):
                return None
            raise

    def _do(self, command: str) -> None:
        reply = self._port.exchange(command)
        if not reply.ok:
            raise RecorderError("refused", f"{_shown(command)}: {reply.error or 'no OK'}")


def clean_text(raw: bytes) -> str:
    """GBK text with everything unprintable left out: an answer can be shown and stored."""
    return "".join(char for char in raw.decode(ENCODING, "replace") if char.isprintable()).strip()


def _shown(command: str) -> str:
    return re.sub(r"(BC\+LOGIN=).*", r"\1…", command)
