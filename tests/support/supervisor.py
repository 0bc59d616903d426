"""systemd's end of sd_notify: a real datagram socket, on a path or abstract. Reads block, within the test's time limit."""

from __future__ import annotations

import asyncio
import socket


class Supervisor:
    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{address[1:]}" if address.startswith("@") else address)

    def heard(self) -> dict[str, str]:
        """The next datagram."""
        return dict(line.split("=", 1) for line in self._socket.recv(4096).decode().split("\n"))

    async def next(self) -> dict[str, str]:
        return await asyncio.to_thread(self.heard)

    async def until(self, word: str) -> dict[str, str]:
        """The next datagram that says `word`."""
        while word not in (heard := await self.next()):
            pass
        return heard

    def close(self) -> None:
        self._socket.close()
