"""What every test can ask for: a real database of each kind, and ports nobody listens on."""

from __future__ import annotations

import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

import hypothesis  # noqa: F401  first, before any thread: CPython 3.11 can fail to parse it after threads have parsed (gh-106905)
import pytest

from support.made_tables import found_on_copies, make_tables, sqlite_with_tables

POSTGRESQL = Path("/usr/lib/postgresql/15/bin")
_database_numbers = itertools.count()


class PostgreSQL:
    """A server of Debian's package on a Unix socket, in a folder of its own, run as the user postgres when we are
    root.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        root = os.getuid() == 0
        # the server ends with us, however we end
        self._as = ["setpriv", "--pdeathsig=INT"]
        if root:
            self._as += ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
            folder.chmod(0o711)
            shutil.chown(folder, "postgres", "postgres")
        data = folder / "data"
        self._run(
            POSTGRESQL / "initdb",
            "--auth=trust",
            "--username=liuhen",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
            data,
        )
        options = ["-k", folder, "-c", "listen_addresses=", "-c", "max_connections=60", "-c", "fsync=off"]
        with (folder / "server.log").open("wb") as log:
            self._server = subprocess.Popen(
                [str(word) for word in (*self._as, POSTGRESQL / "postgres", "-D", data, *options)],
                stdout=log,
                stderr=log,
                cwd=folder,
            )
        self._wait()

    def _run(self, *command: object) -> None:
        done = subprocess.run([*self._as, *map(str, command)], capture_output=True, text=True, cwd=self.folder)
        assert done.returncode == 0, done.stdout + done.stderr

    def _wait(self) -> None:
        asking = (*self._as, POSTGRESQL / "pg_isready", "-q", "-h", self.folder, "-U", "liuhen", "-d", "postgres")
        ready = [str(word) for word in asking]
        deadline = time.monotonic() + 60
        while subprocess.run(ready, cwd=self.folder).returncode != 0:
            assert self._server.poll() is None, (self.folder / "server.log").read_text()
            assert time.monotonic() < deadline, "PostgreSQL did not start: " + (self.folder / "server.log").read_text()
            time.sleep(0.05)

    def new_database(self, template: str = "template1") -> str:
        name = f"t{next(_database_numbers)}"
        self._execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url(name)

    @cached_property
    def with_tables(self) -> str:
        """The name of a database with the archive's tables, for copies."""
        self._execute("CREATE DATABASE tables")
        make_tables(self._url("tables"))
        return "tables"

    def _url(self, name: str) -> str:
        return f"postgresql://liuhen@/{name}?host={self.folder}"

    def drop_database(self, url: str) -> None:
        self._execute(f"DROP DATABASE {url.partition('@/')[2].partition('?')[0]} WITH (FORCE)")

    def _execute(self, sql: str) -> None:
        self._run(POSTGRESQL / "psql", "-q", "-h", self.folder, "-U", "liuhen", "-d", "postgres", "-c", sql)

    def stop(self) -> None:
        self._server.send_signal(2)  # fast shutdown
        self._server.wait(30)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """Never skipped: an archive that was not tried on PostgreSQL is not tested."""
    folder = Path(tempfile.mkdtemp(prefix="liuhen-pg-", dir="/tmp"))
    server = PostgreSQL(folder)
    try:
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session", autouse=True)
def _quick_founding() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        found_on_copies(patch)
        yield


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database of its own for each test, with tables and nothing in them, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        yield sqlite_with_tables(tmp_path / "archive.db")
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.new_database(server.with_tables)
    yield url
    server.drop_database(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """As `database_url`, without tables: for the migrations themselves."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'archive.db'}"
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.new_database()
    yield url
    server.drop_database(url)


@pytest.fixture
def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listened on a moment ago."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()
