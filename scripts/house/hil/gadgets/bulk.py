"""A recorder that is spoken to by lines on a pair of bulk endpoints, as P-BC over USB."""

from __future__ import annotations

import os
from datetime import datetime

from house.hil.gadgets.device import PACKET, FunctionFs, Interface
from liuhen_agent.simulate.machine import Machine

IDS = (0x1D70, 0x01D4)
INTERFACE = Interface((0xFF, 0, 0), bulk=(0x81, 0x02))


def talk(function: FunctionFs, recorder: Machine) -> float:
    """Answer until the recorder goes over to disk mode; the seconds it then takes to come back."""
    function.answer_always({})
    to_host, from_host = function.ends
    while True:
        data = os.read(from_host, PACKET)
        step = recorder.step(data, datetime.now())
        for piece in step.pieces:
            os.write(to_host, piece)
            if len(piece) % PACKET == 0:
                os.write(to_host, b"")  # whole packets alone do not end a transfer
        print(f"{masked(data)} -> {b''.join(step.pieces)!r}", flush=True)
        if step.leaves is not None:
            return step.leaves


def masked(data: bytes) -> str:
    """A command as it may be printed."""
    return repr(data.partition(b":")[0])  # a password stands behind the colon
