"""The network between a dock and its archive: a TCP relay that can be cut in the middle of what is sent, and mended."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Self


class Relay:
    """Listens on `port`, passes everything on to the archive's port. `cut_after(n)`: n bytes towards the archive later
    every connection is dropped, and new ones too until `mend`. `was_cut` is set then.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._left: int | None = None
        self._down = False
        self.passed = 0  # bytes towards the archive
        self.was_cut = threading.Event()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def cut_after(self, count: int) -> None:
        with self._lock:
            self._left = count

    def mend(self) -> None:
        with self._lock:
            self._down, self._left = False, None

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()
        self._drop()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            try:
                if self._down:
                    raise OSError("the network is down")
                far = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                near.close()
                continue
            self._open |= {near, far}
            threading.Thread(target=self._pass, args=(near, far, True), daemon=True).start()
            threading.Thread(target=self._pass, args=(far, near, False), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, counted: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if counted and not self._may_pass(len(data)):
                    break
                target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _may_pass(self, count: int) -> bool:
        with self._lock:
            self.passed += count
            if self._left is None:
                return True
            self._left -= count
            if self._left > 0:
                return True
            self._down, self._left = True, None
        self._drop()
        self.was_cut.set()
        return False

    def _drop(self) -> None:
        for each in list(self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._open.clear()
