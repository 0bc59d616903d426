"""What a program that systemd started says to it (sd_notify): that it is ready, what it does, that it gets on, that it stops.

The protocol is one datagram of `NAME=value` lines to the socket in `$NOTIFY_SOCKET` (sd_notify(3)). Nothing here ever fails the program:
started by hand, or with a socket that does not take it, what is said is lost. `pulse` decides when a program may say that it gets on.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_STATUS = 500


@dataclass(frozen=True)
class Notifier:
    """`address`: the socket, None when nobody listens. `watchdog_seconds`: systemd ends the program when it is silent for so long."""

    address: str | None = None
    watchdog_seconds: float | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Notifier:
        """As systemd.exec(5) hands it over. A watchdog that is meant for another process (`$WATCHDOG_PID`) is not ours."""
        microseconds = environment.get("WATCHDOG_USEC", "")
        ours = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = int(microseconds) / 1e6 if ours and microseconds.isdecimal() and int(microseconds) else None
        return cls(environment.get("NOTIFY_SOCKET") or None, watched)

    def ready(self, status: str) -> None:
        """Started: what comes after this unit may come."""
        self._say("READY=1", f"STATUS={one_status(status)}")

    def status(self, status: str) -> None:
        """One sentence for `systemctl status`."""
        self._say(f"STATUS={one_status(status)}")

    def alive(self, status: str) -> None:
        """It gets on. Said only when that was looked at."""
        self._say("WATCHDOG=1", f"STATUS={one_status(status)}")

    def stopping(self) -> None:
        """It was told to stop and does."""
        self._say("STOPPING=1", "STATUS=正在停止 stopping")

    def _say(self, *lines: str) -> None:
        if self.address is None:
            return
        where = f"\0{self.address[1:]}" if self.address.startswith("@") else self.address
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to:
            to.setblocking(False)
            to.connect(where)
            to.send("\n".join(lines).encode())


NOBODY = Notifier()
"""For a program that was started by hand."""


def one_status(text: str) -> str:
    """As one line of the protocol: a second line would be another word of it."""
    return "".join(char if char.isprintable() else " " for char in text[:LONGEST_STATUS])
