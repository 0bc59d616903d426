"""A recorder changes over: it leaves its port and is expected back there as a disk. Line and disk are joined by the bay alone."""

from __future__ import annotations

import asyncio

from liuhen_agent.detect import Port
from liuhen_agent.recorders import RecorderError, RecorderIdentity
from liuhen_agent.recorders.names import assigned
from liuhen_agent.recorders.profile import Profile


def shows_files(port: Port) -> bool:
    """Whether what is plugged in can be read as it is."""
    return port.disk is not None or port.directory is not None or (port.usb is not None and port.usb.mtp)


class Changeover:
    """What a stay expects of its port while `begin` has been said and the disk has not come."""

    def __init__(self) -> None:
        self._disk: asyncio.Future[Port] | None = None
        self._other = False  # what is in the port now came meanwhile and shows no files

    def begin(self) -> None:
        self._disk = asyncio.get_running_loop().create_future()
        self._other = False

    def give_up(self) -> None:
        self._disk = None

    def comes_back(self, port: Port | None) -> bool:
        """The port went (None) or came. True if that belongs to the changeover."""
        if self._disk is None or self._disk.done():
            return False
        self._other = port is not None
        if port is not None and shows_files(port):
            self._disk.set_result(port)
        return True

    async def disk(self, before: Port, seconds: float) -> Port:
        """The port as the disk it came back as; as it was, if nothing was begun or its disk never left. Raises no-answer."""
        if self._disk is None:
            return before
        try:
            async with asyncio.timeout(seconds):
                return await self._disk
        except TimeoutError:
            if before.disk is not None:
                return before
            other = "; something else is in the bay: take it out and plug it in again" if self._other else ""
            raise RecorderError("no-answer", f"it did not come back as a disk within {seconds:.0f} s{other}") from None
        finally:
            self._disk = None


def another_disk(profile: Profile, said: RecorderIdentity, label: str) -> str | None:
    """Why the disk that came is not that of the recorder that was spoken to; None if nothing speaks against it. Where labels are
    serials, a disk with another label, or none, is another recorder's."""
    found, serial = assigned(label) or "", said.serial
    if not profile.protocol.disk.label_is_serial or not serial or found.upper() == serial.upper():
        return None
    return f"the recorder called itself {serial}, the disk that came is labelled {found!r}: another recorder? It is not cleared."
