"""QEMU's protocol as far as plugging needs it, against a QEMU that is a fake: the real one is tried by scripts/hil itself."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from house.hil.qmp import Qmp, QmpError

GREETING: dict[str, object] = {"QMP": {"version": {}, "capabilities": []}}
DONE: dict[str, object] = {"return": {}}


@contextmanager
def qemu(path: Path, answers: Sequence[Sequence[dict[str, object]]]) -> Iterator[list[dict[str, object]]]:
    """Answers each command with the next lines, then hangs up. Gives the commands it got."""
    got: list[dict[str, object]] = []
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, connection.makefile("rwb") as lines:
            lines.write(json.dumps(GREETING).encode() + b"\n")
            lines.flush()
            for answer in answers:
                if not (line := lines.readline()):
                    return
                got.append(json.loads(line))
                lines.write(b"".join(json.dumps(part).encode() + b"\n" for part in answer))
                lines.flush()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield got
    finally:
        thread.join(10)
        listener.close()


def test_a_command_is_answered_although_events_come_between(tmp_path: Path) -> None:
    event: dict[str, object] = {"event": "RTC_CHANGE", "data": {}}
    with (
        qemu(tmp_path / "q", [[DONE], [event, {"return": {"status": "running"}}]]) as got,
        Qmp(tmp_path / "q", 10) as qmp,
    ):
        assert qmp.run("query-status", {"x": 1}) == {"status": "running"}
        assert qmp.events == [event]
    assert got == [{"execute": "qmp_capabilities"}, {"execute": "query-status", "arguments": {"x": 1}}]


def test_what_qemu_refuses_is_said_in_its_words(tmp_path: Path) -> None:
    refusal: dict[str, object] = {"error": {"class": "GenericError", "desc": "Bus 'xhci.0' not found"}}
    with (
        qemu(tmp_path / "q", [[DONE], [refusal]]),
        Qmp(tmp_path / "q", 10) as qmp,
        pytest.raises(QmpError, match=r"device_add: Bus 'xhci\.0' not found"),
    ):
        qmp.run("device_add")


def test_a_device_is_gone_when_qemu_says_so_of_that_device(tmp_path: Path) -> None:
    other: dict[str, object] = {"event": "DEVICE_DELETED", "data": {"device": "usb1"}}
    ours: dict[str, object] = {"event": "DEVICE_DELETED", "data": {"device": "usb2"}}
    with qemu(tmp_path / "q", [[DONE], [other, DONE, ours]]), Qmp(tmp_path / "q", 10) as qmp:
        qmp.run("device_del", {"id": "usb2"})
        qmp.wait_deleted("usb2")
        assert qmp.events == [other]


def test_a_qemu_that_dies_is_an_error_and_no_hang(tmp_path: Path) -> None:
    with (
        qemu(tmp_path / "q", [[DONE]]),
        Qmp(tmp_path / "q", 10) as qmp,
        pytest.raises(QmpError, match="gone"),
    ):
        qmp.run("query-status")
