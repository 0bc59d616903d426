"""Commands inside the guest, over ssh with a key made for this run. Every wait has an end and says what it waited for."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from house.hil.machine import Machine

Say = Callable[[str], None]
"""Prints a line of progress."""

BOOT_SECONDS = 300.0
COMMAND_SECONDS = 600.0


class GuestError(RuntimeError):
    """A command in the guest failed, or what was waited for did not happen: what, and the last lines."""


class GuestHangs(GuestError):
    """The guest answers nothing any more, while QEMU runs."""


@dataclass(frozen=True)
class Guest:
    """The inside of a machine. `folder` holds the key pair and the control socket of ssh."""

    machine: Machine
    folder: Path

    def _ssh(self) -> list[str]:
        options = {
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
            "ConnectTimeout": "10",
            "ServerAliveInterval": "15",
            "ServerAliveCountMax": "8",
            "BatchMode": "yes",
            "ControlMaster": "auto",
            "ControlPersist": "yes",
            "ControlPath": f"{self.folder}/ssh-{self.machine.boots}",
        }
        said = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return ["ssh", "-i", str(self.folder / "key"), "-p", str(self.machine.ssh_port), *said, "root@127.0.0.1"]

    def run(self, command: str, *, given: str | None = None, allow: Sequence[int] | None = (0,)) -> str:
        """What a shell command in the guest printed. `allow`: codes it may leave with; None for any. Raises GuestError."""
        try:
            done = subprocess.run(
                [*self._ssh(), command], input=given, stdin=None if given is not None else subprocess.DEVNULL,
                capture_output=True, text=True, errors="replace", timeout=COMMAND_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise GuestError(f"{command!r} did not end within {COMMAND_SECONDS:.0f} s") from error
        if allow is not None and done.returncode not in allow:
            raise GuestError(f"{command!r} left with {done.returncode}:\n{(done.stdout + done.stderr)[-3000:]}")
        return done.stdout

    def succeeds(self, command: str) -> bool:
        """Whether it leaves with 0 in time."""
        try:
            done = subprocess.run(
                [*self._ssh(), command], stdin=subprocess.DEVNULL, capture_output=True, timeout=COMMAND_SECONDS
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def put(self, source: Path, target: str) -> None:
        """A file of this machine into the guest. Raises GuestError."""
        line = [*self._ssh(), f"cat > {shlex.quote(target)}"]
        try:
            with source.open("rb") as content:
                done = subprocess.run(line, stdin=content, capture_output=True, timeout=COMMAND_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise GuestError(f"{source} was not copied to {target} within {COMMAND_SECONDS:.0f} s") from error
        if done.returncode:
            raise GuestError(f"{source} could not be copied to {target}: {done.stderr.decode(errors='replace')}")

    def await_boot(self) -> float:
        """Until the machine, just powered on, answers; the seconds that took. Raises GuestError, MachineDied."""
        began = time.monotonic()
        self.wait("the guest answers", lambda: self.succeeds("true"), BOOT_SECONDS)
        return time.monotonic() - began

    def wait(self, what: str, holds: Callable[[], bool], seconds: float, every: float = 1.0) -> None:
        """Until `holds`. Raises GuestError when it does not within `seconds`, MachineDied when QEMU ends meanwhile."""
        end = time.monotonic() + seconds
        while not holds():
            self.machine.check()
            if time.monotonic() > end:
                raise GuestError(f"waited {seconds:.0f} s for this, in vain: {what}")
            time.sleep(every)

    def journal(self, unit: str, lines: int = 60) -> str:
        """The last lines of a unit's journal."""
        return self.run(f"journalctl --no-pager -n {lines} -u {shlex.quote(unit)}", allow=None)


def make_key(folder: Path) -> str:
    """A key pair for one run in `folder`; the public half."""
    key = folder / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "hil", "-f", str(key)], check=True)
    return key.with_suffix(".pub").read_text().strip()
