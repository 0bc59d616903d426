"""A helper process that checks signatures of envelopes: `python -I -m liuhen_server.ingest.signature_worker`.

On stdin: u32 how many, then each as u32 length and bytes; on stdout one byte each: 1 where the envelope's signature is
good. It ends with its input. It imports the protocol alone, so that it stays small.
"""

from __future__ import annotations

import gc
import sys
from typing import BinaryIO

from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Malformed, Refused


def main(asked: BinaryIO, answers: BinaryIO) -> None:
    gc.freeze()
    while len(head := asked.read(4)) == 4:
        envelopes = [asked.read(int.from_bytes(asked.read(4), "big")) for _ in range(int.from_bytes(head, "big"))]
        answers.write(bytes(map(_is_good, envelopes)))
        answers.flush()


def _is_good(envelope: bytes) -> bool:
    try:
        Envelope.parse(envelope).check_signature()
    except (Malformed, Refused):
        return False
    return True


if __name__ == "__main__":
    main(sys.stdin.buffer, sys.stdout.buffer)
