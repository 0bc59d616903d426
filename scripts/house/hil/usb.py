"""Recorders in the machine's USB ports, through QMP: plugged in and pulled while the guest runs, or there when it starts.

A port is written as QEMU writes it: "3" is a port of the controller, "1.4" the fourth of a hub in port 1.
"""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass, field
from pathlib import Path

from house.hil.machine import Machine
from house.hil.qmp import QmpError

BUS = "xhci.0"


@dataclass
class Ports:
    """What is plugged into the machine. After a power cut nothing is: `forget`."""

    machine: Machine
    _numbers: itertools.count[int] = field(default_factory=itertools.count)
    _plugged: dict[str, tuple[str, str | None]] = field(default_factory=dict)  # port → device, what backs it

    def add_hub(self, port: str) -> None:
        """An eight-port hub; it stays until the power goes."""
        self._device("usb-hub", port, ports=8)

    def plug_disk(self, port: str, image: Path, serial: str) -> None:
        """A recorder as a plain USB disk; what the guest writes goes into the image."""
        node = f"disk{next(self._numbers)}"
        file = {"driver": "file", "filename": str(image)}
        self.machine.qmp.run("blockdev-add", {"driver": "raw", "node-name": node, "file": file})
        self._device("usb-storage", port, backing=f"block:{node}", drive=node, serial=serial, removable=True)

    def plug_line(self, port: str, socket: Path, serial: str) -> None:
        """A USB serial adapter whose other end is a Unix socket that listens on this machine."""
        name = f"line{next(self._numbers)}"
        address = {"type": "unix", "data": {"path": str(socket)}}
        backend = {"type": "socket", "data": {"addr": address, "server": False}}
        self.machine.qmp.run("chardev-add", {"id": name, "backend": backend})
        self._device(
            "usb-serial", port, backing=f"line:{name}", chardev=name, serial=serial, **{"always-plugged": True}
        )

    def plug_mtp(self, port: str, folder: Path, title: str) -> None:
        """A recorder that offers a folder by MTP, read-only."""
        self._device("usb-mtp", port, rootdir=str(folder), desc=title, readonly=True)

    def plug_keyboard(self, port: str) -> None:
        self._device("usb-kbd", port)

    def add_block_device(self, image: Path, serial: str) -> None:
        """A disk that is not on USB: /dev/disk/by-id/virtio-<serial> in the guest. The gadget there has its card on it."""
        node = f"disk{next(self._numbers)}"
        file = {"driver": "file", "filename": str(image)}
        self.machine.qmp.run("blockdev-add", {"driver": "raw", "node-name": node, "file": file})
        device = {"driver": "virtio-blk-pci", "id": node + "dev", "drive": node, "serial": serial}
        self.machine.qmp.run("device_add", device)

    def _device(self, driver: str, port: str, backing: str | None = None, **properties: object) -> None:
        name = f"usb{next(self._numbers)}"
        self.machine.qmp.run("device_add", {"driver": driver, "id": name, "bus": BUS, "port": port, **properties})
        self._plugged[port] = (name, backing)

    def pull(self, port: str) -> None:
        """Taken out at once, as a hand does it: nobody is asked. The image is closed when this returns."""
        name, backing = self._plugged.pop(port)
        self.machine.qmp.run("device_del", {"id": name})
        self.machine.qmp.wait_deleted(name)
        match (backing or "").split(":"):
            case ["block", node]:
                self.machine.qmp.run("blockdev-del", {"node-name": node})
            case ["line", line]:
                with contextlib.suppress(QmpError):  # the other end is gone already
                    self.machine.qmp.run("chardev-remove", {"id": line})

    def pull_all(self) -> None:
        """Whatever is still plugged in, hubs last."""
        for port in sorted(self._plugged, key=len, reverse=True):
            self.pull(port)

    def is_plugged(self, port: str) -> bool:
        return port in self._plugged

    def forget(self) -> None:
        """The power is gone, and with it everything that was plugged in."""
        self._plugged.clear()
