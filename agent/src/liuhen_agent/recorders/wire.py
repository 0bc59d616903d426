"""The wire to a recorder: bytes out, bytes in, whatever carries them. Blocking, for the recorder's own thread.

One `Wire` stands for a serial port, a pair of bulk endpoints, vendor control transfers (a write is one OUT transfer, a read
one IN transfer) and SCSI commands (a write is a command block with its data; a block that reads is carried out by the
read). So one simulator, one recorded trace and one stand-in serve all families.
"""

from __future__ import annotations

from typing import Protocol

from liuhen_agent.recorders import RecorderError

MOST_DRAINED = 64 * 1024


class Wire(Protocol):
    """Every method may raise RecorderError: gone, no-answer (it takes nothing in), refused (a request it does not know)."""

    @property
    def keeps_late_answers(self) -> bool:
        """Whether an answer that came too late is still there for the next read."""
        ...

    def write(self, data: bytes) -> None: ...

    def read(self, most: int, seconds: float) -> bytes:
        """What came, at most `most` bytes; empty when nothing came in time."""
        ...

    def close(self) -> None: ...


def drain(wire: Wire, seconds: float) -> None:
    """Throw away what belongs to an earlier command: until nothing came for `seconds`. Raises garbled when it does not end."""
    if not wire.keeps_late_answers:
        return
    drained = 0
    while piece := wire.read(4096, seconds):
        drained += len(piece)
        if drained > MOST_DRAINED:
            raise RecorderError("garbled", f"the recorder sends without being asked: more than {MOST_DRAINED} bytes")
