"""A recorder on a serial port (or what the kernel shows as one). pyserial, one port for this process alone.

Opening flushes the input and toggles DTR, so no banner is waited for; one read is not one message.
"""

from __future__ import annotations

import contextlib
import termios
from pathlib import Path

import serial

from liuhen_agent.recorders import RecorderError


class SerialWire:
    """See `wire.Wire`. Raises RecorderError("gone") when the port cannot be opened."""

    keeps_late_answers = True

    def __init__(self, tty: Path, baud: int, write_seconds: float) -> None:
        try:
            self._port = serial.Serial(str(tty), baud, timeout=0.05, write_timeout=write_seconds, exclusive=True)
        except (OSError, ValueError, termios.error) as error:  # SerialException is an OSError
            raise RecorderError("gone", f"{tty} cannot be opened: {error}") from error

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
        except serial.SerialTimeoutException as error:
            raise RecorderError("no-answer", "the recorder takes nothing in") from error
        except (OSError, TypeError, termios.error) as error:  # TypeError: pyserial's port was closed meanwhile
            raise RecorderError("gone", "the recorder left the port") from error

    def read(self, most: int, seconds: float) -> bytes:
        try:
            if self._port.timeout != seconds:  # setting it asks the driver anew
                self._port.timeout = seconds
            first = self._port.read(1)
            return bytes(first + self._port.read(min(self._port.in_waiting, most - 1))) if first else b""
        except (OSError, TypeError, termios.error) as error:
            raise RecorderError("gone", "the recorder left the port") from error

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._port.close()
