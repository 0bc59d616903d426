"""The agent's side of the SCSI helper: a disk whose commands the helper sends, as far as it lets them through. Blocking, for the recorder's
own thread.

One connection is one recorder that is spoken to; the helper ends with it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from liuhen_agent.recorders import RecorderError
from liuhen_agent.scsi.message import (
    LONGEST,
    Failed,
    Unintelligible,
    decode_said,
    decode_speaks,
    encode_disk,
    encode_send,
)

START_SECONDS = 30.0  # the helper is started for each recorder, and reads the profiles
GRACE_SECONDS = 5.0  # beyond the recorder's own time
OF_RECORDERS = ("refused", "no-answer", "gone", "unsupported")


class HelpersDisk:
    """See `wire_scsi.Disk`. `node`: the disk's generic node. Raises RecorderError: unsupported where the helper sends nothing there."""

    def __init__(self, helper: Path, node: Path, seconds: float) -> None:
        self._seconds = seconds
        self._channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with _as_recorder_errors():
                _connect(self._channel, helper)
                said = decode_speaks(_asked(self._channel, encode_disk(node.name)))
            if isinstance(said, Failed):
                raise _as_recorder_error(said)
        except BaseException:
            self._channel.close()
            raise

    def execute(self, block: bytes, data: bytes, most: int) -> bytes:
        with _as_recorder_errors():
            self._channel.settimeout(self._seconds + GRACE_SECONDS)
            said = decode_said(_asked(self._channel, encode_send(block, data)))
        if isinstance(said, Failed):
            raise _as_recorder_error(said)
        return said[:most]

    def close(self) -> None:
        self._channel.close()


def greet(helper: Path) -> None:
    """Asks the helper for no disk at all, which it must refuse: so it is seen that it answers. Raises OSError, ValueError."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as channel:
        _connect(channel, helper)
        said = decode_speaks(_asked(channel, encode_disk("")))
    if not isinstance(said, Failed) or said.code != "no-disk-of-a-bay":
        raise ValueError(f"{helper} answers {said!r} to a question about no disk")


def _connect(channel: socket.socket, helper: Path) -> None:
    channel.settimeout(START_SECONDS)
    try:
        channel.connect(str(helper))
    except OSError as error:
        why = f"the SCSI helper cannot be reached ({helper}: {error.strerror}); is liuhen-scsi.socket running?"
        raise type(error)(error.errno, why) from error


def _asked(channel: socket.socket, message: bytes) -> bytes:
    """One question, one answer. Raises OSError."""
    channel.send(message)
    answer = channel.recv(LONGEST + 1)
    if not answer:
        raise ConnectionResetError("the SCSI helper ended without an answer")
    return answer


@contextmanager
def _as_recorder_errors() -> Iterator[None]:
    try:
        yield
    except TimeoutError as error:
        raise RecorderError("no-answer", "the SCSI helper does not answer") from error
    except OSError as error:
        raise RecorderError("unsupported", error.strerror or str(error)) from error
    except Unintelligible as error:
        raise RecorderError("unsupported", f"the SCSI helper is not to be understood: {error}") from error


def _as_recorder_error(said: Failed) -> RecorderError:
    """What the helper does not let through is no command of an installed dock; what the recorder said is its own."""
    code = said.code if said.code in OF_RECORDERS else "unsupported"
    return RecorderError(code, said.why if said.code in OF_RECORDERS else f"not sent: {said.code}: {said.why}")
