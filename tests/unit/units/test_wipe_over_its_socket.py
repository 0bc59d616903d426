"""The wipe helper behind its socket clears what the same program clears as a child process, and nothing it says is believed that cannot be."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from liuhen_agent.clear import call, order
from liuhen_agent.clear.call import Contradicts, read_answer
from liuhen_agent.clear.rule import Method
from liuhen_agent.clear.wipe import Outcome
from liuhen_agent.collect.spool import Spool
from liuhen_agent.journal import queries
from liuhen_agent.recovery import recover
from support.activated import Activated, activated
from unit.agent_sync.world import SESSION, Ticking, World, enrolled

FILES = {"DCIM/a.mp4": b"a" * 3000, "DCIM/b.mp4": b"b" * 5000}
PROGRAM = (sys.executable, "-m", "liuhen_agent.clear")


def ordered(bay: Path) -> order.Order:
    return order.Order(SESSION, "directory", bay, bay, Method.DELETE)


def left(bay: Path) -> int:
    return len([path for path in bay.rglob("*") if path.is_file()])


@asynccontextmanager
async def with_unit(folder: Path) -> AsyncIterator[tuple[World, Path, Activated]]:
    """A dock whose clips are receipted, its bay, and the wipe helper's unit."""
    async with enrolled(folder) as (world, _archive):
        bay = await world.dock_folder(FILES)
        await world.sync()
        async with activated(folder / "wipe.sock", [*PROGRAM, str(world.data_dir), "-"]) as unit:
            yield world, bay, unit


async def test_the_unit_clears_what_is_receipted_and_says_which_files(tmp_path: Path) -> None:
    async with with_unit(tmp_path) as (world, bay, unit):
        outcome = await call.clear(world.journal, world.data_dir, ordered(bay), unit.path)
        assert outcome.cleared, outcome
        assert (outcome.removed, len(outcome.files), left(bay)) == (2, 2, 0)
        assert await unit.started[0].wait() == 0


async def test_the_unit_refuses_as_the_child_process_does(tmp_path: Path) -> None:
    async with with_unit(tmp_path) as (world, bay, unit):
        (bay / "new.mp4").write_bytes(b"not collected")
        over_socket = await call.clear(world.journal, world.data_dir, ordered(bay), unit.path)
        as_child = await call.clear(world.journal, world.data_dir, ordered(bay))
        assert over_socket == as_child
        assert (over_socket.cleared, over_socket.code, left(bay)) == (False, "new-or-changed", 3)


async def test_whatever_is_asked_of_the_unit_nothing_is_cleared_but_a_known_stay(tmp_path: Path) -> None:
    """`s1` is the id of the stay, for which there is no order; the others are no ids or not those of a stay."""
    async with with_unit(tmp_path) as (_world, bay, unit):
        for asked in (b"", b"\n", b"../../x\n", b"s1", b"\xff\n", b"x" * 1000 + b"\n", b"s2\ns1\n"):
            reader, writer = await asyncio.open_unix_connection(unit.path)
            writer.write(asked)
            writer.write_eof()
            answer = json.loads(await reader.read())
            writer.close()
            assert (answer["cleared"], left(bay)) == (False, 2), asked
            assert answer["code"] in ("wrong-use", "cannot-decide"), asked


async def test_no_unit_at_the_socket_is_said_and_nothing_is_cleared(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder(FILES)
        outcome = await call.clear(world.journal, world.data_dir, ordered(bay), tmp_path / "nobody.sock")
        assert (outcome.cleared, outcome.code, left(bay)) == (False, "crashed", 2)
        assert "liuhen-wipe.socket" in outcome.why


@pytest.mark.parametrize("said", ["", '{"session": "s1", "clea'])
async def test_a_helper_that_is_gone_in_the_middle_counts_as_crashed(tmp_path: Path, said: str) -> None:
    """The program is another one that reads the id and is killed before or in the middle of its answer."""
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder(FILES)
        program = f"import os, sys; sys.stdin.readline(); os.write(1, {said.encode()!r}); os.kill(os.getpid(), 9)"
        async with activated(tmp_path / "wipe.sock", [sys.executable, "-c", program]) as unit:
            outcome = await call.clear(world.journal, world.data_dir, ordered(bay), unit.path)
        assert (outcome.cleared, outcome.code) == (False, "crashed")


async def test_an_answer_counts_when_it_is_whole_however_long_its_unit_takes_to_end(tmp_path: Path) -> None:
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder(FILES)
        program = f"import os, time; os.write(1, {answer(REFUSED)!r} + b'\\n'); time.sleep(1000)"
        async with activated(tmp_path / "wipe.sock", [sys.executable, "-c", program]) as unit:
            outcome = await call.clear(world.journal, world.data_dir, ordered(bay), unit.path)
        assert outcome == REFUSED


async def test_a_start_has_the_unit_finish_what_a_killed_dock_had_begun(tmp_path: Path) -> None:
    async with with_unit(tmp_path) as (world, bay, unit):
        await world.journal.change(order.kept(ordered(bay)))
        await recover(world.journal, Spool(world.data_dir), Ticking(), unit.path)
        assert (left(bay), len(unit.started)) == (0, 1)
        stay = await world.journal.ask(queries.session, SESSION)
        assert stay is not None and (stay.state, stay.ended is not None) == ("ready", True)


async def test_an_answer_without_end_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call, "MOST_ANSWER", 1 << 20)
    async with enrolled(tmp_path) as (world, _archive):
        bay = await world.dock_folder(FILES)
        program = "import os\nwhile True: os.write(1, b'[' * 65536)"
        async with activated(tmp_path / "wipe.sock", [sys.executable, "-c", program]) as unit:
            outcome = await call.clear(world.journal, world.data_dir, ordered(bay), unit.path)
        assert (outcome.cleared, outcome.code) == (False, "crashed")
        assert "bytes" in outcome.why


async def test_a_helper_finishes_when_the_dock_is_gone_and_the_next_dock_learns_it(tmp_path: Path) -> None:
    async with with_unit(tmp_path) as (world, bay, unit):
        await world.journal.change(order.kept(ordered(bay)))
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as killed_dock:
            killed_dock.setblocking(False)
            starting = asyncio.create_task(unit.next_started())
            await asyncio.get_running_loop().sock_connect(killed_dock, str(unit.path))
            await asyncio.get_running_loop().sock_sendall(killed_dock, f"{SESSION}\n".encode())
        helper = await starting
        assert await helper.wait() == 0, "it cleared, though nobody waited for its answer"
        assert left(bay) == 0
        outcome = await call.clear(world.journal, world.data_dir, ordered(bay), unit.path)
        assert outcome.cleared and len(outcome.files) == 2


# --- what is believed: a pure rule

ORDER = order.Order(SESSION, "directory", Path("/bays/1"), Path("/bays/1"), Method.DELETE)
DIGESTS = ("aa" * 32, "bb" * 32)
CLEARED = Outcome(SESSION, True, "delete", 2, tuple((sha256, 7) for sha256 in DIGESTS))
REFUSED = Outcome(SESSION, False, "delete", 0, (), "no-receipt", "a.mp4 has none")


def answer(outcome: Outcome, **other: object) -> bytes:
    return json.dumps({**asdict(outcome), **other}).encode()


def test_an_answer_that_agrees_with_the_journal_is_believed() -> None:
    assert read_answer(answer(CLEARED), ORDER, DIGESTS) == CLEARED
    assert read_answer(answer(REFUSED), ORDER, DIGESTS) == REFUSED
    assert read_answer(answer(REFUSED, method=""), ORDER, DIGESTS) == replace(REFUSED, method="")


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        answer(CLEARED, session="s2"),
        answer(CLEARED, method="format"),
        answer(CLEARED, code="failed"),
        answer(CLEARED, why="but not all"),
        answer(CLEARED, cleared=1),
        answer(CLEARED, cleared="yes"),
        answer(CLEARED, removed=-1),
        answer(CLEARED, removed=True),
        answer(CLEARED, more=1),
        answer(CLEARED, files=[]),
        answer(CLEARED, files=[[DIGESTS[0], 7]]),
        answer(CLEARED, files=[[DIGESTS[0], 7], ["cc" * 32, 7]]),
        answer(CLEARED, files=[[DIGESTS[0], 7], [DIGESTS[1], 7], [DIGESTS[1], 8]]),
        answer(CLEARED, files=[[DIGESTS[0], 7], [DIGESTS[1], -7]]),
        answer(CLEARED, files=[[DIGESTS[0], 7], [DIGESTS[1], "7"]]),
        answer(CLEARED, files=[[DIGESTS[0], 7], ["bb", 7]]),
        answer(REFUSED, code=""),
        answer(REFUSED, code="x\nLIUHEN"),
        answer(REFUSED, code=7),
        answer(REFUSED, files=[[DIGESTS[0], 7]]),
    ],
    ids=lambda said: said[:60].decode("ascii", "replace"),
)
def test_an_answer_that_contradicts_itself_or_the_journal_is_not_believed(said: bytes) -> None:
    with pytest.raises(Contradicts):
        read_answer(said, ORDER, DIGESTS)


def test_the_wipe_helper_brings_no_library_of_the_network() -> None:
    """It is started for each clearing, and reaches nobody."""
    program = "import sys, liuhen_agent.clear.__main__; sys.exit('aiohttp' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
