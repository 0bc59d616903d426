"""A P-BC recorder at the other end of an emulated USB serial adapter: the simulated recorder of the dock's own tests, on a socket.

After the disk-mode command the line goes away, and after a while the recorder's disk is in the same port.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from datetime import datetime
from pathlib import Path

from liuhen_agent.simulate.machine import Character
from liuhen_agent.simulate.p_bc import LineRecorder


class SerialLine:
    """Listens on `path` from the start. `disk_mode` is set once the dock has asked for the disk and the answer is written."""

    def __init__(self, path: Path, character: Character) -> None:
        self.path = path
        self.device = LineRecorder(character, datetime.now())
        self.disk_mode = threading.Event()
        path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(1)
        self._thread = threading.Thread(target=self._serve, daemon=True, name=f"recorder on {path.name}")
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                self._answer_all(connection)

    def _answer_all(self, connection: socket.socket) -> None:
        while received := connection.recv(4096):
            step = self.device.step(received, datetime.now())
            for piece in step.pieces:
                connection.sendall(piece)
            if step.leaves is not None:
                self.disk_mode.set()

    def close(self) -> None:
        self._listener.close()
        self.path.unlink(missing_ok=True)
