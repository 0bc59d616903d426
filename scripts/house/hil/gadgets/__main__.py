"""Plays one recorder: plugged in, spoken to, gone, and back on the same port as a disk. See the package."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

from house.hil.gadgets import acm, bulk, bulk_only, control
from house.hil.gadgets.device import FunctionFs, Gadget, card_gadget
from house.hil.gadgets.scsi_disk import ScsiDisk
from liuhen_agent.simulate.machine import Character
from liuhen_agent.simulate.p_a1 import ControlRecorder
from liuhen_agent.simulate.p_bc import LineRecorder
from liuhen_agent.simulate.p_jl import ScsiRecorder

# dummy_hcd takes up to 64 bytes off the device and calls them sent before the host has asked for them: a recorder that left at once would
# take its last answer along
LAST_ANSWER_SECONDS = 0.5


def main() -> None:
    kind, serial, disk = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that what is plugged in is pulled
    for module in (["dummy_hcd", "num=1", "is_super_speed=0"], ["libcomposite"]):
        subprocess.run(["modprobe", *module], check=True)
    name = f"{kind}{os.getpid()}"  # what an earlier one left behind in configfs is not in the way
    character, now = Character(serial=serial), datetime.now()
    if kind == "scsi":
        disk_all_along(name, ScsiRecorder(character, now), Path(disk))
    elif kind == "acm":
        line = Gadget(name, f"acm.{name}", acm.IDS, serial)
        another_device(line, partial(acm.talk, line, LineRecorder(character, now)), disk)
    elif kind == "bulk":
        pair = Gadget(name, f"ffs.{name}", bulk.IDS, serial)
        another_device(pair, partial(bulk.talk, FunctionFs(name, bulk.INTERFACE), LineRecorder(character, now)), disk)
    else:
        device = Gadget(name, f"ffs.{name}", control.IDS, serial)
        function = FunctionFs(name, control.INTERFACE)
        another_device(device, partial(control.talk, function, ControlRecorder(character, now)), disk)


def another_device(vendor: Gadget, talk: Callable[[], float], disk: str) -> None:
    """It is spoken to on an interface of its own, and comes back as mass storage."""
    card = card_gadget(f"{vendor.folder.name}card", vendor.ids, vendor.serial, disk)
    try:
        vendor.bind()
        print("plugged", flush=True)
        seconds = talk()
        time.sleep(LAST_ANSWER_SECONDS)
        vendor.unbind()
        time.sleep(seconds)  # the recorder's own pace
        card.bind()
        print("disk mode", flush=True)
        while True:
            signal.pause()
    finally:
        vendor.unbind()
        card.unbind()


def disk_all_along(name: str, recorder: ScsiRecorder, disk: Path) -> None:
    """It is a disk from the beginning that takes vendor commands; it keeps its card to itself until one of them tells it to show it, for
    which it leaves and comes back."""
    device = Gadget(name, f"ffs.{name}", bulk_only.IDS, recorder.character.serial)
    with disk.open("r+b") as card:
        shown = ScsiDisk(recorder, card)
        transport = bulk_only.BulkOnly(
            FunctionFs(name, bulk_only.INTERFACE), shown, lambda line: print(line, flush=True)
        )
        try:
            device.bind()
            print("plugged", flush=True)
            while True:
                seconds = transport.serve()
                time.sleep(LAST_ANSWER_SECONDS)
                device.unbind()
                time.sleep(seconds)  # the recorder's own pace
                shown.shown = True
                device.bind()
                print("disk mode", flush=True)
        finally:
            device.unbind()


if __name__ == "__main__":
    main()
