"""A reader's side of its talk with the dock: on the socket a 4-byte length and JSON, both ways; a pipe comes with a request to read.

A reader is a process of its own that parses what a stranger wrote, within limits. First it says `info` or `error`. Then every request is
answered; of a clip the bytes go into the pipe, and `read` or `error` on the socket says how it ended: never the pipe alone.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any  # JSON has no types

from liuhen_agent.recorders.volume_facts import Bad

Obey = Callable[[dict[str, Any], int | None], dict[str, Any] | None]
"""Does what a request asks for, with the pipe that came with it; gives the answer, or None where it has been said. Raises Bad, OSError."""

MEMORY = Bad("memory", "the reader's memory limit was reached")


def limit(memory: int) -> None:
    """Before anything is parsed. `memory`: bytes."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (3600, 3600))  # ends even a reader whose parent is gone


class Line:
    """The parent's end of the talk."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock

    def say(self, kind: str, **fields: Any) -> None:
        body = json.dumps({"kind": kind, **fields}).encode()
        self.sock.sendall(struct.pack(">I", len(body)) + body)

    def complain(self, bad: Bad) -> None:
        self.say("error", code=bad.code, why=bad.why)

    def hear(self) -> tuple[dict[str, Any], int | None] | None:
        head, fds, _, _ = socket.recv_fds(self.sock, 4, 1)
        if not head:
            return None
        (length,) = struct.unpack(">I", head + self._exactly(4 - len(head)))
        request = json.loads(self._exactly(length))
        return request, (fds[0] if fds else None)

    def _exactly(self, count: int) -> bytes:
        got = b""
        while len(got) < count:
            piece = self.sock.recv(count - len(got))
            if not piece:
                raise EOFError
            got += piece
        return got


@contextmanager
def talking(sock: int) -> Iterator[Line]:
    """Whatever ends the talk is said, unless nobody listens any more."""
    line = Line(socket.socket(fileno=sock))
    try:
        yield line
    except Bad as bad:
        line.complain(bad)
    except MemoryError:
        line.complain(MEMORY)
    except OSError as error:
        line.complain(Bad("damaged", str(error)))
    except EOFError:
        pass


def serve(line: Line, obey: Obey) -> None:
    """Until the parent says no more."""
    while (heard := line.hear()) is not None:
        request, pipe = heard
        try:
            answer = obey(request, pipe)
        except BrokenPipeError:
            answer = {"kind": "stopped"}
        except Bad as bad:
            answer = {"kind": "error", "code": bad.code, "why": bad.why}
        except MemoryError:
            answer = {"kind": "error", "code": MEMORY.code, "why": MEMORY.why}
        except OSError as error:
            answer = {"kind": "error", "code": "read-error", "why": str(error)}
        finally:
            if pipe is not None:
                os.close(pipe)
        if answer is not None:
            line.say(**answer)
