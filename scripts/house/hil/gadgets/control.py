"""A recorder that is spoken to by vendor control transfers, as P-A1: an OUT transfer is a command, the next IN transfer fetches its answer."""

from __future__ import annotations

from datetime import datetime

from house.hil.gadgets.device import IN, FunctionFs, Interface
from liuhen_agent.simulate.machine import Machine

IDS = (0x4255, 0x0001)
INTERFACE = Interface((0xFF, 0, 0), all_control=True)
REQUEST, VALUE = 0x55, 0x0080  # the protocol's own


def talk(function: FunctionFs, recorder: Machine) -> float:
    """Answer until the recorder goes over to disk mode; the seconds it then takes to come back."""
    reply = b""
    leaves: float | None = None
    while True:
        if (event := function.event()) is None:
            continue
        kind, request, value, length = event
        ours = (request, value) == (REQUEST, VALUE)
        if kind & IN:
            function.answer(reply[:length] if ours and reply else None)
            if leaves is not None:  # the host has fetched the answer to the disk-mode command
                return leaves
            continue
        data = function.take(length)
        if not ours or not data:
            continue
        step = recorder.step(data, datetime.now())
        reply, leaves = b"".join(step.pieces), step.leaves
        print(f"{data[:4].hex()} -> {reply[:4].hex()}", flush=True)
