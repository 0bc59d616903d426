"""Dock, archive and witness as systemd sees them: ready when they are, alive while they get on, silent when they do not, stopping when told."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path

import aiohttp
import pytest
from click.testing import CliRunner

from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.journal import queries
from liuhen_files.notify import Notifier
from liuhen_server.operations import alive
from liuhen_server.operations.opening import found
from liuhen_server.serve import serve
from liuhen_server.witness.command import main as witness
from support import device, dock_alone
from support.supervisor import Supervisor

OFTEN = 0.9  # seconds of the watchdog: it is looked three times as often, and a look has as long


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with closing(Supervisor(str(tmp_path / "notify"))) as made:
        yield made


async def test_witness_as_a_unit_answers_its_own_question_and_says_so(tmp_path: Path, supervisor: Supervisor) -> None:
    data = tmp_path / "witness"
    made = CliRunner().invoke(witness, ["init", "--data", str(data), "--name", "justice.example/witness"])
    assert made.exit_code == 0, made.output
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "liuhen_server.witness", "serve", "--data", str(data), "--listen", "127.0.0.1:0"),
        env=os.environ | {"NOTIFY_SOCKET": supervisor.address, "WATCHDOG_USEC": str(int(OFTEN * 1e6))},
        stdout=asyncio.subprocess.DEVNULL,
    )
    try:
        assert "READY" in await supervisor.next()
        await supervisor.until("WATCHDOG")
        process.send_signal(signal.SIGTERM)
        await supervisor.until("STOPPING")
        assert await process.wait() == 0
    finally:
        with suppress(ProcessLookupError):
            process.kill()


@asynccontextmanager
async def archive(folder: Path, supervisor: Supervisor) -> AsyncIterator[None]:
    config = device.archive_config(folder / "archive")
    await found(config)
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(config, lambda line: None, stop, Notifier(supervisor.address, OFTEN)))
    try:
        yield
    finally:
        stop.set()
        await serving


async def test_archive_says_that_it_is_ready_gets_on_and_stops(
    tmp_path: Path, supervisor: Supervisor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "aiohttp.access")
    async with archive(tmp_path, supervisor):
        heard: set[str] = set()
        while not {"READY", "WATCHDOG"} <= heard:
            heard |= set(await supervisor.next())
    await supervisor.until("STOPPING")
    assert not caplog.records, "its own questions are not requests of anybody"


async def test_archive_whose_sequencer_stands_still_gets_no_ping(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tick that never ends stands for whatever may hold the sequencer up."""
    monkeypatch.setattr("liuhen_server.log.sequencer.TICK_SECONDS", 0.2)
    monkeypatch.setattr("liuhen_server.log.sequencer.STOP_SECONDS", 0.1)

    async def never(_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("liuhen_server.log.sequencer.Sequencer.tick", never)
    async with archive(tmp_path, supervisor):
        while "sequencer" not in (heard := await supervisor.next())["STATUS"]:
            pass
        for _ in range(3):
            assert "WATCHDOG" not in heard
            heard = await supervisor.next()


async def test_a_listener_that_accepts_and_never_answers_is_no_listener(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alive, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with aiohttp.ClientSession() as session:
            url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            assert "does not answer" in str(await alive.problem(session, url))


async def test_dock_is_ready_after_it_has_looked_and_gets_on(tmp_path: Path, supervisor: Supervisor) -> None:
    async with dock(tmp_path, supervisor):
        first = await supervisor.until("READY")
        assert first["STATUS"].startswith("槽位 bays")
        await supervisor.until("WATCHDOG")
    await supervisor.until("STOPPING")


async def test_dock_whose_journal_stands_still_gets_no_ping(
    tmp_path: Path, supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with dock(tmp_path, supervisor) as hold:
        await supervisor.until("WATCHDOG")
        hold.set()
        while "WATCHDOG" in (heard := await supervisor.next()):
            pass
        for _ in range(3):
            assert "WATCHDOG" not in heard
            heard = await supervisor.next()


@asynccontextmanager
async def dock(folder: Path, supervisor: Supervisor) -> AsyncIterator[asyncio.Event]:
    """A dock at work; the event, once set, keeps the journal from answering what the watchdog asks it."""
    dock_alone.enrol(folder / "dock")
    (folder / "bay").mkdir()
    hold = asyncio.Event()
    config = dock_alone.config(folder / "dock", Bay("1", "directory", folder / "bay"))
    wishes = Wishes(watch=dock_alone.QUICK, sync=dock_alone.Obliging, notifier=Notifier(supervisor.address, OFTEN))
    with pytest.MonkeyPatch.context() as patch:
        real = queries.last_sequence

        def slow(db: object) -> object:
            if hold.is_set():
                raise TimeoutError("held up")
            return real(db)  # type: ignore[arg-type]

        patch.setattr(queries, "last_sequence", slow)
        running = asyncio.create_task(Dock(folder / "dock", config, wishes).run())
        try:
            yield hold
        finally:
            running.cancel()
            await asyncio.wait([running])
