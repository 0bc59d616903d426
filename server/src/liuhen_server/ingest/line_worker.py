"""A helper process that opens lines: `python -I -m liuhen_server.ingest.line_worker`.

On stdin, again and again: u32 length and the dock's name, u32 how many lines, each as u32 length and bytes; on stdout
u32 length and one JSON list with an item a line: the fields of `Opened`, or code and reason of the refusal. It ends with
its input. It imports the protocol alone, so that it stays small.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import BinaryIO

from liuhen_protocol.errors import Refused
from liuhen_server.ingest.lines import open_line


def main(asked: BinaryIO, answers: BinaryIO) -> None:
    gc.freeze()
    gc.set_threshold(50_000)
    while len(head := asked.read(4)) == 4:
        dock = asked.read(int.from_bytes(head, "big")).decode()
        lines = [_framed(asked) for _ in range(int.from_bytes(asked.read(4), "big"))]
        opened = (open_line(line, dock) for line in lines)
        answer = json.dumps([(one.code, one.why) if isinstance(one, Refused) else one for one in opened]).encode()
        answers.write(len(answer).to_bytes(4, "big") + answer)
        answers.flush()


def _framed(asked: BinaryIO) -> bytes:
    return asked.read(int.from_bytes(asked.read(4), "big"))


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
