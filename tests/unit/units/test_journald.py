"""A log record reaches journald whole, with the fields by which an administrator asks, and no text passes for a field."""

from __future__ import annotations

import asyncio
import io
import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from liuhen_agent.plain_text import OneLine
from liuhen_files import journald
from liuhen_files.journald import JournalHandler, about, encode, is_journal, tell_about


def decode(entry: bytes) -> dict[str, str]:
    """The protocol as its specification says, written down here a second time."""
    found = {}
    while entry:
        name, separator, rest = entry.partition(b"\n")
        if b"=" in name:
            key, _, value = name.partition(b"=")
            entry = rest
        else:
            assert separator
            key, length = name, int.from_bytes(rest[:8], "little")
            value, entry = rest[8 : 8 + length], rest[8 + length + 1 :]
        found[key.decode()] = value.decode()
    return found


class Journald:
    """journald's end: a real datagram socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def heard(self) -> dict[str, str]:
        return decode(self._socket.recv(1 << 20))


@pytest.fixture
def daemon(tmp_path: Path) -> Journald:
    return Journald(tmp_path / "socket")


@pytest.fixture
def log(daemon: Journald, tmp_path: Path) -> Iterator[logging.Logger]:
    found = logging.Logger(
        "liuhen_test"
    )  # one that the test runner does not read along: it cannot carry half a character
    handler = JournalHandler(tmp_path / "socket")
    handler.setFormatter(OneLine("%(message)s"))
    found.addHandler(handler)
    yield found
    found.removeHandler(handler)
    handler.close()


def test_a_record_carries_bay_recorder_clip_and_session(log: logging.Logger, daemon: Journald) -> None:
    with about(bay="3", recorder="8500123", session="s1"), about(clip="ab" * 32):
        log.warning("采集中断 %s", "broken off")
    heard = daemon.heard()
    assert heard["MESSAGE"] == "采集中断 broken off"
    assert (heard["PRIORITY"], heard["LOGGER"]) == ("4", "liuhen_test")
    assert {name: value for name, value in heard.items() if name.startswith("LIUHEN_")} == {
        "LIUHEN_BAY": "3",
        "LIUHEN_RECORDER": "8500123",
        "LIUHEN_SESSION": "s1",
        "LIUHEN_CLIP": "ab" * 32,
    }
    log.warning("later")
    assert not [name for name in daemon.heard() if name.startswith("LIUHEN_")]


async def test_what_a_task_is_about_follows_into_its_threads_and_not_into_other_tasks(
    log: logging.Logger, daemon: Journald
) -> None:
    async def bay(name: str) -> None:
        tell_about(bay=name)
        await asyncio.to_thread(log.warning, "read")

    for name in ("1", "2"):
        await asyncio.create_task(bay(name))
        assert daemon.heard()["LIUHEN_BAY"] == name
    log.warning("the dock")
    assert "LIUHEN_BAY" not in daemon.heard()


@pytest.mark.parametrize("serial", ["8500\nPRIORITY=0", "8500\nLIUHEN_BAY=9\n", "=", "\ud800", "x" * 100_000, "\0"])
def test_what_a_recorder_is_called_never_passes_for_a_field(log: logging.Logger, daemon: Journald, serial: str) -> None:
    with about(recorder=serial, bay="1"):
        log.warning("%s", serial)
    heard = daemon.heard()
    assert (heard["PRIORITY"], heard["LIUHEN_BAY"]) == ("4", "1")
    assert heard["LIUHEN_RECORDER"] == serial.encode("utf-8", "backslashreplace").decode()[: journald.LONGEST_VALUE]


def test_a_traceback_is_one_entry(log: logging.Logger, daemon: Journald) -> None:
    try:
        raise ValueError("what\nfailed")
    except ValueError:
        log.exception("bay 1")
    heard = daemon.heard()
    assert heard["EXCEPTION"] == "ValueError"
    assert heard["MESSAGE"].startswith("bay 1\nTraceback")


def test_without_journald_nothing_is_lost(tmp_path: Path) -> None:
    lines = io.StringIO()
    handler = JournalHandler(tmp_path / "nobody", lines)
    handler.setFormatter(OneLine("%(message)s"))
    handler.handle(logging.LogRecord("x", logging.ERROR, "f", 1, "said all the same", None, None))
    handler.close()
    assert lines.getvalue() == "said all the same\n"


def test_only_a_stream_that_systemd_connected_counts_as_the_journal() -> None:
    with tempfile.TemporaryFile("w") as stream, tempfile.TemporaryFile("w") as other:
        found = os.fstat(stream.fileno())
        environment = {"JOURNAL_STREAM": f"{found.st_dev}:{found.st_ino}"}
        assert is_journal(stream, environment)
        assert not is_journal(other, environment)
        assert not is_journal(stream, {})
        assert not is_journal(io.StringIO(), environment)


def test_on_a_terminal_a_record_is_a_line() -> None:
    lines = io.StringIO()
    handler = journald.handler(OneLine, "%(levelname)s %(message)s", lines)
    with about(bay="1"):
        handler.handle(logging.LogRecord("x", logging.WARNING, "f", 1, "two\nlines", None, None))
    assert lines.getvalue() == "WARNING two lines\n"


def test_the_encoding_is_that_of_the_specification() -> None:
    assert encode({"MESSAGE": "a", "X": "b\nc"}) == b"MESSAGE=a\nX\n\x03\0\0\0\0\0\0\0b\nc\n"
