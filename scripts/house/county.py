"""A county in one folder: witness, archive and docks as the processes that an administrator would start, through their commands.

Everything is on this machine and in this folder; stopping ends every process. Demo, benchmarks and end-to-end tests use it.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

BIN = Path(sys.executable).parent
ORIGIN = "chaoyang.example/liuhen"
WITNESS = "justice.example/witness"


class CountyError(RuntimeError):
    """A command failed or a process did not become ready; the text has its last lines."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(
    name: str, *arguments: str | Path, given: str | None = None, allow: Sequence[int] = (0,)
) -> subprocess.CompletedProcess[str]:
    """Runs one of our commands to its end. Raises CountyError when it leaves with another code than allowed."""
    result = subprocess.run(
        [str(BIN / name), *map(str, arguments)],
        input=given,
        capture_output=True,
        text=True,
        env=environment(),
        timeout=600,
    )
    if result.returncode not in allow:
        said = (result.stdout + result.stderr)[-2000:]
        raise CountyError(f"{name} {' '.join(map(str, arguments))} left with {result.returncode}:\n{said}")
    return result


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONUNBUFFERED": "1", "NO_COLOR": "1", "LC_ALL": "C.UTF-8"}


class Server:
    """A process that says on stdout when it is ready and goes on until it is stopped."""

    def __init__(self, log: Path, name: str, *arguments: str | Path, ready: str) -> None:
        self.log, self._ready = log, re.compile(ready)
        self._lines: queue.Queue[str | None] = queue.Queue()
        with log.open("ab") as errors:
            self.process = subprocess.Popen(
                [str(BIN / name), *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                env=environment(),
            )
        threading.Thread(target=self._read, daemon=True).start()
        self.ready_line = self._wait(60)

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.log.open("a") as out:
            for line in self.process.stdout:
                out.write(line)
                out.flush()
                self._lines.put(line.rstrip("\n"))
        self._lines.put(None)

    def _wait(self, seconds: float) -> str:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                line = self._lines.get(timeout=left)
                if line is None:
                    break
                if self._ready.search(line):
                    return line
        self.stop()
        raise CountyError(f"{self.log.stem} did not become ready:\n{self.log.read_text()[-2000:]}")

    def stop(self, kill: bool = False) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


@dataclass
class County:
    """`folder` holds everything. Start in the order witness, archive, docks."""

    folder: Path
    database: str | None = None
    devices_port: int = field(default_factory=free_port)
    people_port: int = field(default_factory=free_port)
    witness_port: int = field(default_factory=free_port)
    servers: dict[str, Server] = field(default_factory=dict)
    server_names: tuple[str, ...] = ()  # by which docks on other machines reach the archive

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    @property
    def witness(self) -> Path:
        return self.folder / "witness"

    @property
    def devices_url(self) -> str:
        return f"https://127.0.0.1:{self.devices_port}"

    @property
    def people_url(self) -> str:
        return f"https://127.0.0.1:{self.people_port}"

    def dock(self, name: str) -> Path:
        return self.folder / name

    def make(self) -> None:
        """Witness and archive, each knowing the other's key. Nothing runs yet."""
        self.folder.mkdir(parents=True, exist_ok=True)
        witness_key = command("liuhen-witness", "init", "--data", self.witness, "--name", WITNESS).stdout.strip()
        found: list[str | Path] = ["init", "--data", self.archive, "--origin", ORIGIN, "--json"]
        found += ["--witness", f"{WITNESS} {witness_key} http://127.0.0.1:{self.witness_port}", "--quorum", "1"]
        found += ["--devices", f"127.0.0.1:{self.devices_port}", "--people", f"127.0.0.1:{self.people_port}"]
        for server_name in self.server_names:
            found += ["--server-name", server_name]
        if self.database:
            found += ["--database", self.database]
        log_key = json.loads(command("liuhen-server", *found).stdout)["log_key"]
        config = self.archive / "config.toml"
        config.write_text(re.sub(r"(?m)^sequence_seconds = \S+", "sequence_seconds = 0.2", config.read_text()))
        command("liuhen-witness", "log", "add", "--data", self.witness, log_key)

    def start(self) -> None:
        self.start_witness()
        self.start_archive()

    def start_witness(self) -> None:
        listen = f"127.0.0.1:{self.witness_port}"
        log = self.folder / "witness.log"
        self.servers["witness"] = Server(
            log, "liuhen-witness", "serve", "--data", self.witness, "--listen", listen, ready="^ready "
        )

    def start_archive(self) -> None:
        log = self.folder / "archive.log"
        self.servers["archive"] = Server(log, "liuhen-server", "serve", "--data", self.archive, ready="^ready ")

    def stop(self, name: str, kill: bool = False) -> int:
        return self.servers.pop(name).stop(kill)

    def add_dock(self, name: str, agency: str) -> str:
        """A one-time code for a dock of this name."""
        out = command("liuhen-server", "dock", "add", name, "--agency", agency, "--data", self.archive, "--json").stdout
        return str(json.loads(out)["code"])

    def enroll(self, name: str, agency: str) -> None:
        code = self.add_dock(name, agency)
        command("liuhen-agent", "--data", self.dock(name), "enroll", self.devices_url, given=code + "\n")

    def close(self) -> None:
        for name in reversed(list(self.servers)):
            self.stop(name)


@contextlib.contextmanager
def running(folder: Path, database: str | None = None) -> Iterator[County]:
    """A county whose witness and archive run; all of it is stopped at the end."""
    county = County(folder, database)
    county.make()
    try:
        county.start()
        yield county
    finally:
        county.close()
