"""tlog-witness over real HTTP: every status is a row, and what the witness remembers changes only with 200."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from liuhen_protocol import merkle
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.cosignature import check_cosignature
from liuhen_protocol.note import Note, VerifierKey, parse_signature_line
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.witnessing import MAX_REQUEST, AddCheckpoint
from liuhen_server.witness.cosigner import Cosigner
from liuhen_server.witness.service import Service, serve
from liuhen_server.witness.state import WitnessState
from support.memory_log import MemoryLog

NOW = 1_795_000_000
ORIGIN = "archive.example/chaoyang"


def a_log(entries: int, *, word: bytes = b"entry", seed: bytes = b"L") -> MemoryLog:
    return MemoryLog(ORIGIN, Ed25519Signer.from_seed(seed * 32), (word + b" %d" % n for n in range(entries)))


def request(log: MemoryLog, old: int, size: int | None = None, proof: tuple[bytes, ...] | None = None) -> bytes:
    size = len(log.entries) if size is None else size
    if proof is None:
        proof = tuple(merkle.consistency_proof(old, size, log.node)) if old <= size else ()
    return AddCheckpoint(old, proof, log.note(size=size)).encode()


@dataclass
class Running:
    address: str
    http: aiohttp.ClientSession
    folder: Path
    key: VerifierKey

    async def post(self, body: bytes) -> tuple[int, str, str]:
        async with self.http.post(f"{self.address}/add-checkpoint", data=body) as answer:
            return answer.status, await answer.text(), answer.headers["Content-Type"]

    async def latest(self, origin: str = ORIGIN) -> tuple[int, bytes]:
        async with self.http.get(f"{self.address}/{hashlib.sha256(origin.encode()).hexdigest()}/checkpoint") as answer:
            return answer.status, await answer.read()


@asynccontextmanager
async def running(folder: Path, *logs: MemoryLog, body_seconds: float = 10) -> AsyncIterator[Running]:
    state = WitnessState(folder / "witness.db")
    for log in logs:
        assert state.add_log(log.vkey)
    signer = Ed25519Signer.from_seed(b"W" * 32)
    cosigner = Cosigner("witness.example/w", signer, state, folder / "evidence", lambda: NOW + 0.7)
    stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
    service = Service(cosigner, body_seconds=body_seconds)
    task = asyncio.create_task(serve(service, "127.0.0.1", 0, stop, ready.set_result))
    await asyncio.wait([task, ready], return_when=asyncio.FIRST_COMPLETED)
    async with aiohttp.ClientSession() as http:
        yield Running(ready.result(), http, folder, cosigner.key)
    stop.set()
    await task
    state.close()


@pytest.fixture
async def witness(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, a_log(0)) as one:
        yield one


def cosigned_at(witness: Running, log: MemoryLog, line: str, size: int | None = None) -> int | None:
    signed = Note.parse(log.note(size=size)).with_signatures(parse_signature_line(line.removesuffix("\n")))
    return check_cosignature(signed, witness.key)


async def test_first_checkpoint_and_its_successor_are_cosigned(witness: Running) -> None:
    log = a_log(10)
    for old, size in [(0, 4), (4, 4), (4, 10)]:
        status, body, kind = await witness.post(request(log, old, size))
        assert (status, kind) == (200, "text/plain; charset=utf-8")
        assert cosigned_at(witness, log, body, size) == NOW


def other_root(log: MemoryLog, size: int) -> bytes:
    return sign_checkpoint(Checkpoint(ORIGIN, size, b"\x01" * 32), log.signer).encode()


LOG, FORK = a_log(20), a_log(20, word=b"other")
STRANGER = MemoryLog("unknown.example/log", Ed25519Signer.from_seed(b"U" * 32), [b"x"])
IMPOSTOR = a_log(20, seed=b"I")
BAD_SIGNATURE = request(LOG, 10).replace(
    base64.b64encode(LOG.vkey.key_id + LOG.signer.sign(LOG.checkpoint().text())),
    base64.b64encode(LOG.vkey.key_id + b"\x07" * 64),
)
PROOF = tuple(merkle.consistency_proof(10, 20, LOG.node))

# With 10 entries cosigned: request → status, body
TABLE = {
    "the next size": (request(LOG, 10), 200, None),
    "the same size again": (request(LOG, 10, 10), 200, None),
    "no request": (b"", 400, None),
    "not an old line": (b"new 0\n\n" + LOG.note(), 400, None),
    "an old size with a leading zero": (b"old 010\n\n" + LOG.note(), 400, None),
    "a negative old size": (b"old -1\n\n" + LOG.note(), 400, None),
    "64 hashes": (AddCheckpoint(10, (b"\0" * 32,) * 64, LOG.note()).encode(), 400, None),
    "a hash of 31 bytes": (AddCheckpoint(10, (b"\0" * 31,), LOG.note()).encode(), 400, None),
    "no empty line": (b"old 10\n" + LOG.note().replace(b"\n\n", b"\n"), 400, None),
    "a checkpoint without signature": (b"old 10\n\n" + LOG.checkpoint().text() + b"\n", 400, None),
    "not text": (b"\xff\xfe\x00" * 30, 400, None),
    "an old size above the checkpoint's": (AddCheckpoint(10, (), LOG.note(size=9)).encode(), 400, None),
    "another log": (request(STRANGER, 0), 404, None),
    "the log's name with another key": (request(IMPOSTOR, 10), 403, None),
    "a bad signature of the log's key": (BAD_SIGNATURE, 403, None),
    "an old size behind": (request(LOG, 5), 409, "10\n"),
    "an old size of zero": (request(LOG, 0), 409, "10\n"),
    "an old size ahead": (request(LOG, 15), 409, "10\n"),
    "a smaller checkpoint": (request(LOG, 5, 8), 409, "10\n"),
    "the same size, another root": (AddCheckpoint(10, (), other_root(LOG, 10)).encode(), 422, None),
    "a proof of another log": (AddCheckpoint(10, PROOF, FORK.note()).encode(), 422, None),
    "no proof": (AddCheckpoint(10, (), LOG.note()).encode(), 422, None),
    "a proof with one hash too many": (AddCheckpoint(10, (*PROOF, b"\0" * 32), LOG.note()).encode(), 422, None),
    "a proof where none belongs": (AddCheckpoint(10, PROOF, LOG.note(size=10)).encode(), 422, None),
    "no entries, yet another root": (AddCheckpoint(0, (), other_root(LOG, 0)).encode(), 422, None),
    "too long": (b"old 10\n" + b"x" * MAX_REQUEST, 413, None),
}


@pytest.mark.parametrize("name", TABLE)
async def test_status(witness: Running, name: str) -> None:
    assert (await witness.post(request(LOG, 0, 10)))[0] == 200
    before = await witness.latest()
    body, status, text = TABLE[name]
    answer = await witness.post(body)
    assert answer[0] == status, answer
    assert answer[2] == ("text/x.tlog.size" if status == 409 else "text/plain; charset=utf-8")
    if text is not None:
        assert answer[1] == text
    if status != 200:
        assert await witness.latest() == before
        assert "—" not in answer[1], "no signature line leaves with a refusal"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (AddCheckpoint(0, (b"\0" * 32,), LOG.note()).encode(), 422),
        (request(LOG, 3), 409),
        (request(a_log(0), 0), 200),
    ],
    ids=["a proof from zero", "an old size that was never cosigned", "the empty log"],
)
async def test_status_when_nothing_was_cosigned(witness: Running, body: bytes, status: int) -> None:
    assert (await witness.latest())[0] == 404
    assert (await witness.post(body))[0] == status


async def test_the_latest_checkpoint_is_served_with_both_signatures(witness: Running) -> None:
    assert (await witness.latest())[0] == 404
    body = request(LOG, 0, 10)
    extra = b"\xe2\x80\x94 someone.example/else " + base64.b64encode(b"k" * 4 + b"s" * 64) + b"\n"
    assert (await witness.post(body + extra))[0] == 200
    status, note = await witness.latest()
    parsed = Note.parse(note)
    assert status == 200
    assert [s.name for s in parsed.signatures] == [ORIGIN, "witness.example/w"], "only what was verified is served"
    assert check_cosignature(parsed, witness.key) == NOW


async def test_of_two_racing_requests_the_later_decided_gets_a_conflict(witness: Running) -> None:
    await witness.post(request(LOG, 0, 10))
    sizes = (20, 12, 15, 11)
    answers = await asyncio.gather(*(witness.post(request(LOG, 10, size)) for size in sizes))
    won = [size for size, (status, _, _) in zip(sizes, answers, strict=True) if status == 200]
    assert len(won) == 1, "the same old size cannot be left twice"
    assert [body for status, body, _ in answers if status == 409] == [f"{won[0]}\n"] * 3
    assert Checkpoint.parse(Note.parse((await witness.latest())[1]).text).size == won[0]


async def test_two_processes_on_one_state_do_not_roll_each_other_back(tmp_path: Path) -> None:
    async with running(tmp_path, a_log(0)) as one, running(tmp_path, a_log(0)) as two:
        await one.post(request(LOG, 0, 10))
        answers = await asyncio.gather(one.post(request(LOG, 10, 20)), two.post(request(LOG, 10, 15)))
        assert sorted(status for status, _, _ in answers) == [200, 409]
        assert await one.latest() == await two.latest()


async def test_a_client_that_stops_in_its_body_is_dropped_and_others_are_served(tmp_path: Path) -> None:
    async with running(tmp_path, a_log(0), body_seconds=0.05) as witness:
        host, port = witness.address.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\nContent-Length: 500\r\n\r\nold ")
        await writer.drain()
        assert (await witness.post(request(LOG, 0, 10)))[0] == 200
        assert b" 408 " in await reader.readline()
        writer.close()


async def test_nothing_is_cosigned_when_the_state_cannot_be_written(
    witness: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sqlite3

    def full_disk(self: WitnessState) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(WitnessState, "commit", full_disk)
        status, text, _ = await witness.post(request(LOG, 0, 10))
    assert (status, "nothing was cosigned" in text) == (503, True)
    assert (await witness.latest())[0] == 404
    assert (await witness.post(request(LOG, 0, 10)))[0] == 200


async def test_other_paths_and_methods_are_not_there(witness: Running) -> None:
    for method, path, status in [("GET", "/add-checkpoint", 405), ("POST", "/", 404), ("GET", "/XX/checkpoint", 404)]:
        async with witness.http.request(method, witness.address + path) as answer:
            assert answer.status == status
