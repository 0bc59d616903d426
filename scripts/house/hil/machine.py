"""One QEMU process in software emulation: started, stopped in order, or cut from its power with the disk as it was.

`-accel tcg` on purpose: hardware virtualisation is missing on most machines that run the suite, and a test that behaves
differently there is worth less than a slow one.
"""

from __future__ import annotations

import base64
import contextlib
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from house.county import free_port
from house.hil import bays
from house.hil.image import Image
from house.hil.qmp import Qmp, QmpError

MEMORY_MIB = 1536
# highres=off: dummy_hcd, on which the gadgets are, looks every 125 µs whether the device has answered. Emulated, that takes a whole processor for
# as long as a transfer waits: 4000 timer interrupts a second were counted, and 300 without
KERNEL = "root=/dev/vda rw console=ttyS0 quiet mitigations=off systemd.show_status=yes highres=off"
STOP_SECONDS = 120


class MachineDied(RuntimeError):
    """QEMU ended by itself: its last lines."""


@dataclass
class Machine:
    """`folder` keeps the disk, the serial console of every boot and QEMU's own words; the guest's ssh port is on loopback."""

    image: Image
    disk: Path
    folder: Path
    public_key: str
    ssh_port: int = field(default_factory=free_port)
    boots: int = 0
    _process: subprocess.Popen[bytes] | None = None
    _qmp: Qmp | None = None

    @property
    def qmp(self) -> Qmp:
        assert self._qmp is not None, "the machine does not run"
        return self._qmp

    def start(self) -> None:
        """Power on. What was plugged in before is not plugged in now. Raises MachineDied."""
        self.boots += 1
        socket = self.folder / "qmp.sock"
        socket.unlink(missing_ok=True)
        with (self.folder / "qemu.log").open("ab") as log:
            self._process = subprocess.Popen(self._command(socket), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            self._qmp = Qmp(socket)
        except QmpError as error:
            self.cut()
            raise MachineDied(f"{error}\n{(self.folder / 'qemu.log').read_text()[-2000:]}") from error

    def _command(self, socket: Path) -> list[str]:
        nice = ["nice", "-n", "10"] if shutil.which("nice") else []
        key = base64.b64encode(self.public_key.encode()).decode()
        console = self.folder / f"console-{self.boots:03d}.log"
        return [
            *nice,
            *("qemu-system-x86_64", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", str(MEMORY_MIB)),
            *("-nodefaults", "-no-user-config", "-display", "none", "-serial", f"file:{console}"),
            *("-kernel", str(self.image.kernel), "-initrd", str(self.image.initrd)),
            *("-append", KERNEL),
            *("-drive", f"file={self.disk},if=virtio,format=qcow2,cache=writeback"),
            *("-netdev", f"user,id=net0,hostfwd=tcp:127.0.0.1:{self.ssh_port}-:22", "-device", "virtio-net-pci,netdev=net0"),
            *("-device", "virtio-rng-pci", "-device", f"qemu-xhci,id=xhci,addr={bays.SLOT},p2=8,p3=8"),
            *("-smbios", f"type=11,value=io.systemd.credential.binary:ssh.authorized_keys.root={key}"),
            *("-qmp", f"unix:{socket},server=on,wait=off"),
        ]  # fmt: skip

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def check(self) -> None:
        """Raises MachineDied when QEMU is gone without having been told so."""
        if not self.running:
            raise MachineDied(f"QEMU ended by itself:\n{(self.folder / 'qemu.log').read_text()[-2000:]}")

    def cut(self) -> None:
        """Pull the plug: what the guest had not flushed to its disk is lost, as is everything in its memory."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._forget()

    def stop(self) -> None:
        """Shut down in order, as with the power button; cut when the guest does not end in time."""
        if self.running:
            with contextlib.suppress(QmpError):
                self.qmp.run("system_powerdown")
            assert self._process is not None
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_SECONDS)
        self.cut()

    def _forget(self) -> None:
        if self._qmp is not None:
            with contextlib.suppress(OSError):
                self._qmp.close()
        self._process = self._qmp = None
