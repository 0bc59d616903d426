"""A recorder that is spoken to by lines on a serial line of its own (CDC ACM), as P-BC: the kernel's function, whose other end is a tty here."""

from __future__ import annotations

import os
import tty
from datetime import datetime
from pathlib import Path

from house.hil.gadgets.bulk import masked
from house.hil.gadgets.device import Gadget
from liuhen_agent.simulate.machine import Machine

IDS = (0x1D70, 0x01D5)


def talk(gadget: Gadget, recorder: Machine) -> float:
    """Answer until the recorder goes over to disk mode; the seconds it then takes to come back."""
    number = int((gadget.function / "port_num").read_text())
    line = os.open(Path(f"/dev/ttyGS{number}"), os.O_RDWR | os.O_NOCTTY)
    try:
        tty.setraw(line)
        while True:
            data = os.read(line, 4096)
            step = recorder.step(data, datetime.now())
            for piece in step.pieces:
                os.write(line, piece)
            print(f"{masked(data)} -> {b''.join(step.pieces)!r}", flush=True)
            if step.leaves is not None:
                return step.leaves
    finally:
        os.close(line)
