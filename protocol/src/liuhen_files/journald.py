"""The program's log: under systemd each record goes to journald with fields of its own, elsewhere as one line to standard error.

Fields let an administrator ask for one bay, recorder, clip or stay: `journalctl LIUHEN_BAY=3`. They are set for everything that is logged
within a block, threads included:

    with about(bay="3", session="…"): ...

What is sent is journald's native protocol: one datagram to /run/systemd/journal/socket, `NAME=value` lines, and for a value with line ends its
length before it, so that no text can pass for a field (systemd.io/JOURNAL_NATIVE_PROTOCOL). Written here because it is thirty lines, and because
this package has no dependency but the one that signs.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import Literal, TextIO, get_args

SOCKET = Path("/run/systemd/journal/socket")
LONGEST_VALUE = 16 * 1024  # bytes: a datagram of a few of them fits any socket buffer
Field = Literal["bay", "recorder", "clip", "session", "dock"]
FIELDS: tuple[str, ...] = get_args(Field)
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_about: ContextVar[Mapping[str, str]] = ContextVar("about", default={})  # noqa: B039  never changed, only replaced


def tell_about(**fields: str) -> None:
    """From now on in this task: what its log records are about. Empty values are left out."""
    assert set(fields) <= set(FIELDS), fields
    _about.set({**_about.get(), **fields})


@contextlib.contextmanager
def about(**fields: str) -> Iterator[None]:
    """The same, for a block."""
    assert set(fields) <= set(FIELDS), fields
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def encode(fields: Mapping[str, str]) -> bytes:
    """One entry of the native protocol. Names are the program's own; values may be anything."""
    entry = bytearray()
    for name, value in fields.items():
        data = value.encode("utf-8", "backslashreplace")[:LONGEST_VALUE]
        if b"\n" in data:
            entry += name.encode() + b"\n" + len(data).to_bytes(8, "little") + data + b"\n"
        else:
            entry += name.encode() + b"=" + data + b"\n"
    return bytes(entry)


class JournalHandler(logging.Handler):
    """Sends records to journald. A record that it does not take goes to standard error, where systemd takes it as a line."""

    def __init__(self, where: Path = SOCKET, otherwise: TextIO | None = None) -> None:
        super().__init__()
        self._where = str(where)
        self._otherwise = logging.StreamHandler(otherwise or sys.stderr)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def setFormatter(self, fmt: logging.Formatter | None) -> None:  # noqa: N802 - logging's name
        super().setFormatter(fmt)
        self._otherwise.setFormatter(fmt)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            self._socket.sendto(encode(self.fields(record)), self._where)
        except OSError:
            self._otherwise.handle(record)
        except Exception:
            self.handleError(record)

    def fields(self, record: logging.LogRecord) -> dict[str, str]:
        """What journald keeps of a record."""
        said = {
            "MESSAGE": self.format(record),
            "PRIORITY": str(next((value for level, value in _PRIORITIES if record.levelno >= level), 7)),
            "SYSLOG_IDENTIFIER": Path(sys.argv[0]).name or "liuhen",
            "LOGGER": record.name,
            "CODE_FILE": record.pathname,
            "CODE_LINE": str(record.lineno),
        }
        if record.exc_info and record.exc_info[0] is not None:
            said["EXCEPTION"] = record.exc_info[0].__qualname__
        return said | {f"LIUHEN_{name.upper()}": value for name, value in _about.get().items() if value}

    def close(self) -> None:
        self._socket.close()
        super().close()


def is_journal(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether `stream` goes to journald: systemd names the device and inode of what it connected (`$JOURNAL_STREAM`)."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return environment.get("JOURNAL_STREAM") == f"{found.st_dev}:{found.st_ino}"


def handler(formatter: type[logging.Formatter], line: str, stream: TextIO | None = None) -> logging.Handler:
    """Where this program logs to: journald, to which the message alone is given (time, level and name are fields there), or `stream`
    (standard error) in the format `line`."""
    stream = stream or sys.stderr
    found: logging.Handler
    if is_journal(stream) and SOCKET.exists():
        found = JournalHandler(otherwise=stream)
        found.setFormatter(formatter("%(message)s"))
    else:
        found = logging.StreamHandler(stream)
        found.setFormatter(formatter(line))
    return found
