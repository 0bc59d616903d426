"""From what is plugged in to a driver that speaks to it: the wire a profile asks for, in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from liuhen_agent.detect import Port
from liuhen_agent.recorders import RecorderError
from liuhen_agent.recorders.driver import ProfileDriver
from liuhen_agent.recorders.profile import Profile
from liuhen_agent.recorders.wire import Wire
from liuhen_agent.recorders.wire_scsi import Disk, ScsiWire, SgNode, generic_node, open_node
from liuhen_agent.recorders.wire_serial import SerialWire
from liuhen_agent.recorders.wire_usb import BulkWire, ControlWire
from liuhen_agent.scsi.call import HelpersDisk

OpenWire = Callable[[Port, Profile], Wire]


def open_wire(port: Port, profile: Profile, scsi_helper: Path | None = None) -> Wire:
    """Blocking. `scsi_helper`: the socket of the SCSI helper's unit; None: this program sends SCSI commands itself, where it may. Raises
    RecorderError: gone, unsupported."""
    link = profile.protocol.link
    if profile.match.transport == "serial" and port.tty is not None:
        return SerialWire(port.tty, link.baud, link.reply_seconds)
    if profile.match.transport == "usb" and port.usb is not None:
        return ControlWire(port.usb, link) if profile.driver == "control" else BulkWire(port.usb, link)
    disk = port.disk or port.empty_disk
    if profile.match.transport == "scsi" and disk is not None and profile.protocol.bytes is not None:
        begins = bytes.fromhex(profile.protocol.bytes.read_frame.split("{")[0])[:2]
        return ScsiWire(_scsi_disk(disk, link.reply_seconds, scsi_helper), begins)
    raise RecorderError("unsupported", f"profile {profile.name} cannot be spoken to in this port")


def _scsi_disk(disk: Path, seconds: float, helper: Path | None) -> Disk:
    generic = generic_node(disk)
    if helper is None:
        return SgNode(open_node(generic or disk), seconds)
    if generic is None:
        raise RecorderError("unsupported", f"{disk} has no generic SCSI node: modprobe sg")
    return HelpersDisk(helper, generic, seconds)


async def open_driver(port: Port, profile: Profile, wire_of: OpenWire = open_wire) -> ProfileDriver:
    """Raises RecorderError."""
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix=f"recorder {port.bay}")
    try:
        wire = await asyncio.get_running_loop().run_in_executor(thread, wire_of, port, profile)
        return ProfileDriver(profile, wire, thread)
    except BaseException:
        thread.shutdown(wait=False)
        raise
