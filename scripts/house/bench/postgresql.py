"""A PostgreSQL server of Debian's package for one run, on a Unix socket in a folder of its own, as it is installed: nothing tuned."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """Yields the address of an empty database. Raises RuntimeError where the server does not start."""
    folder.mkdir()
    as_owner = ["setpriv", "--pdeathsig=INT"]
    if os.getuid() == 0:
        as_owner += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
        for each in (folder, *folder.parents):  # the server's user must be able to come here
            if each.owner() == "root" and not each.stat().st_mode & 0o001:
                each.chmod(each.stat().st_mode | 0o001)
        shutil.chown(folder, "postgres", "postgres")

    def run(program: str, *arguments: object) -> None:
        command = [*as_owner, str(PROGRAMS / program), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
        if done.returncode:
            raise RuntimeError(done.stderr)

    data = folder / "data"
    run("initdb", "--auth=trust", "--username=liuhen", "--encoding=UTF8", "--locale=C", data)
    command = [*as_owner, str(PROGRAMS / "postgres"), "-D", str(data), "-k", str(folder), "-c", "listen_addresses="]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(RuntimeError):
                run("psql", "-q", "-h", folder, "-U", "liuhen", "-d", "postgres", "-c", "CREATE DATABASE liuhen")
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((folder / "server.log").read_text())
            time.sleep(0.1)
        yield f"postgresql://liuhen@/liuhen?host={folder}"
    finally:
        process.send_signal(2)  # fast shutdown
        process.wait(60)
