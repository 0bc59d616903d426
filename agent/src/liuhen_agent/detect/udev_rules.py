"""The udev rules that tell the system which USB ports are bays: `LIUHEN_BAY` on everything that is plugged in there.

What follows from it (who may open it, what is switched off) says `70-liuhen-dock.rules`, the same on every dock. The name of
this file begins with 59, so that the system's own rules can be kept from probing a stranger's file system.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from liuhen_agent.detect import Bay

FILE = "/etc/udev/rules.d/59-liuhen-bays.rules"
SPEEDS = {"usb2": "1.5|12|480", "usb3": "5000|10000|20000"}  # Mbit/s of a root hub


def bay_rules(bays: Sequence[Bay]) -> str:
    """The whole file, for bays of the backend udev. Names and ports are those the configuration accepts: nothing in them
    has a meaning in a rule."""
    lines = [
        "# 采集站各槽位的 USB 端口，由 liuhen-agent bays learn --rules 生成，请勿改动。",
        f"# The USB ports of this dock's bays: {FILE}, as `liuhen-agent bays learn --rules` prints it. Do not edit.",
        'ACTION=="remove", GOTO="liuhen_bays_end"',
        'SUBSYSTEM!="usb|block|scsi_generic|tty", GOTO="liuhen_bays_end"',
    ]
    lines += [
        f'SUBSYSTEMS=="usb", ATTRS{{devpath}}=="0", ATTRS{{speed}}=="{speeds}", ENV{{.LIUHEN_BUS}}="{kind}"'
        for kind, speeds in SPEEDS.items()
    ]
    lines += [_rule(bay.name, port) for bay in bays for port in bay.ports]
    lines += [
        "# The system does not probe what a stranger wrote on a disk.",
        'SUBSYSTEM=="block", ENV{LIUHEN_BAY}=="?*", ENV{UDEV_DISABLE_PERSISTENT_STORAGE_RULES_FLAG}="1"',
        'LABEL="liuhen_bays_end"',
    ]
    return "\n".join(lines) + "\n"


def _rule(name: str, port: str) -> str:
    controller, kind, ports = port.rsplit("/", 2)
    below = "/devices/" + re.sub(r"\.auto(?=/|$)", ".*.auto", controller)
    return (
        f'ENV{{.LIUHEN_BUS}}=="{kind}", DEVPATH=="{below}/usb*", SUBSYSTEMS=="usb", ATTRS{{devpath}}=="{ports}|{ports}.*", '
        f'ENV{{LIUHEN_BAY}}="{name}"'
    )
