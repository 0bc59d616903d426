"""The emulated dock's bays: which connector of the machine each is, in QEMU's words and in those of the dock's configuration.

1 … 4        four connectors of the controller, each with a USB 2 and a USB 3 side
h1 … h8      eight connectors behind two hubs, one plugged into the other
v            the connector of the gadget inside the guest (dummy_hcd)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

SLOT = "10"  # where on the PCI bus the controller is, hexadecimal
CONTROLLER = f"pci0000:00/0000:00:{SLOT}.0"
HUB, SECOND_HUB = "5", "5.8"
GADGET = "platform/dummy_hcd.0/usb2/1"


@dataclass(frozen=True)
class UsbBay:
    """`port` as QEMU writes it; empty for the gadget, which is not QEMU's. `paths`: the port paths of the configuration."""

    name: str
    port: str
    paths: tuple[str, ...]


def _connector(name: str, port: str) -> UsbBay:
    return UsbBay(name, port, tuple(f"{CONTROLLER}/{side}/{port}" for side in ("usb2", "usb3")))


SINGLE = tuple(_connector(str(number), str(number)) for number in range(1, 5))
BEHIND_HUBS = tuple(
    _connector(f"h{number}", f"{HUB}.{number}" if number <= 4 else f"{SECOND_HUB}.{number - 4}")
    for number in range(1, 9)
)
VENDOR = UsbBay("v", "", (GADGET,))
ALL = (*SINGLE, *BEHIND_HUBS, VENDOR)


def config(bays: Sequence[UsbBay] = ALL) -> str:
    """The tables of the dock's config.toml that name the bays."""
    lines = []
    for bay in bays:
        ports = ", ".join(f'"{path}"' for path in bay.paths)
        lines += ["", "[[bay]]", f'name = "{bay.name}"', 'backend = "udev"', f"ports = [{ports}]"]
    return "\n".join([*lines, ""])
