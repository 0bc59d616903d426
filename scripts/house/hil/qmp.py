"""QEMU's machine protocol (QMP), as far as plugging and pulling needs it: one request, one answer, events in between are kept.

Our own forty lines: the well-kept library (qemu.qmp) is asynchronous, and its blocking half is marked as legacy and GPL-2.0 only.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any


class QmpError(RuntimeError):
    """QEMU refused a command (its own words), or is gone."""


class Qmp:
    """A connection to a QMP socket. Raises QmpError when nothing answers within `seconds`."""

    def __init__(self, path: Path, seconds: float = 60.0) -> None:
        self.events: list[dict[str, Any]] = []
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(seconds)
        end = time.monotonic() + seconds
        while True:  # QEMU makes the socket a moment after it starts
            try:
                self._socket.connect(str(path))
                break
            except OSError as error:
                if time.monotonic() > end:
                    raise QmpError(f"{path}: {error}") from error
                time.sleep(0.05)
        self._lines = self._socket.makefile("rwb")
        if "QMP" not in self._next():
            raise QmpError(f"{path}: no greeting")
        self.run("qmp_capabilities")

    def run(self, command: str, arguments: Mapping[str, object] | None = None) -> Any:
        """The command's answer. Raises QmpError with QEMU's words when it refuses."""
        request = {"execute": command, **({"arguments": dict(arguments)} if arguments else {})}
        try:
            self._lines.write(json.dumps(request).encode() + b"\n")
            self._lines.flush()
        except OSError as error:
            raise QmpError(f"{command}: QEMU is gone: {error}") from error
        while True:
            said = self._next()
            if "event" in said:
                self.events.append(said)
            elif "error" in said:
                raise QmpError(f"{command}: {said['error'].get('desc')}")
            else:
                return said["return"]

    def wait_deleted(self, device: str) -> None:
        """Until the guest has let go of a device whose removal was asked for. Raises QmpError after the connection's time limit."""
        while not any(_is_deletion(event, device) for event in self.events):
            said = self._next()
            if "event" in said:
                self.events.append(said)
        self.events = [event for event in self.events if not _is_deletion(event, device)]

    def _next(self) -> dict[str, Any]:
        try:
            line = self._lines.readline()
        except OSError as error:
            raise QmpError(f"no answer, or QEMU is gone: {error}") from error
        if not line:
            raise QmpError("QEMU is gone")
        found = json.loads(line)
        assert isinstance(found, dict)
        return found

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what could not be sent to a QEMU that is gone
            self._lines.close()
        self._socket.close()

    def __enter__(self) -> Qmp:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_deletion(event: Mapping[str, Any], device: str) -> bool:
    return bool(event["event"] == "DEVICE_DELETED" and event.get("data", {}).get("device") == device)
