"""What witnesses answer, good and bad: only cosignatures of the policy's keys count, and nobody holds the others up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from aiohttp import web

from liuhen_protocol.cosignature import cosign
from liuhen_protocol.note import COSIGNATURE_V1, Note, VerifierKey
from liuhen_protocol.policy import Endpoint, Group, Policy
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.witnessing import AddCheckpoint
from liuhen_server.log.cosigning import Cosigner, Gathered
from liuhen_server.log.signed_state import LogStopped
from support.memory_log import MemoryLog

LOG = MemoryLog("archive.example/log", Ed25519Signer.from_seed(b"l" * 32), [b"one", b"two", b"three"])
KEYS = {name: Ed25519Signer.from_seed(name.encode() * 32) for name in "abc"}
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def vkey(name: str) -> VerifierKey:
    return VerifierKey(f"witness.example/{name}", COSIGNATURE_V1, KEYS[name].public)


def line(name: str, text: bytes, key: Ed25519Signer | None = None) -> str:
    return cosign(text, 1_795_000_000, vkey(name).name, key or KEYS[name]).line()


def good(name: str) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        asked = AddCheckpoint.parse(await request.read())
        return web.Response(text=line(name, Note.parse(asked.checkpoint).text))

    return answer


def says(status: int, body: str) -> Answer:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body)

    return answer


@asynccontextmanager
async def served(answer: Answer) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/add-checkpoint", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def gather(answers: dict[str, Answer], quorum: int, known: dict[str, int] | None = None) -> Gathered:
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession())
        witnesses = {n: Endpoint(vkey(n), await stack.enter_async_context(served(a))) for n, a in answers.items()}
        policy = Policy((Endpoint(LOG.vkey),), witnesses, {"k": Group(quorum, tuple(witnesses))}, "k")
        cosigner = Cosigner(session, policy, answer_seconds=1.0, grace_seconds=0.2)
        return await cosigner.gather(Note.parse(LOG.note()), known or {}, lambda old: [])


async def test_all_cosignatures_that_come_are_kept() -> None:
    gathered = await gather({name: good(name) for name in "abc"}, 2)
    assert gathered.enough
    assert len(gathered.note.signatures) == 4, "the log's and three witnesses'"
    assert {answer.size for answer in gathered.answers} == {3}


async def test_a_silent_witness_does_not_hold_up_a_quorum_that_is_met() -> None:
    never = asyncio.Event()

    async def silent(request: web.Request) -> web.Response:
        await never.wait()
        return web.Response()

    gathered = await gather({"a": good("a"), "b": silent, "c": good("c")}, 2)
    assert gathered.enough
    assert {answer.name for answer in gathered.answers} == {"a", "c"}


@pytest.mark.parametrize(
    "answer",
    [
        says(200, "nonsense"),
        says(200, ""),
        says(200, "— witness.example/a AAAA\n"),
        says(200, line("a", LOG.note().partition(b"\n\n")[0] + b"\n", KEYS["b"])),
        says(200, line("a", b"archive.example/log\n9\nAAAA\n")),
        says(200, line("b", LOG.note().partition(b"\n\n")[0] + b"\n")),
        says(200, "x" * 200_000),
        says(403, "not known"),
        says(500, ""),
        says(409, "many"),
        says(409, "-1"),
        says(302, ""),
    ],
    ids=[
        "text",
        "empty",
        "short",
        "other-key",
        "other-text",
        "other-witness",
        "endless",
        "403",
        "500",
        "409",
        "-1",
        "302",
    ],
)
async def test_an_answer_that_is_no_cosignature_counts_for_nothing(answer: Answer) -> None:
    gathered = await gather({"a": answer}, 1)
    assert not gathered.enough
    assert gathered.answers[0].problem
    assert len(gathered.note.signatures) == 1


async def test_a_witness_that_remembers_another_size_is_asked_again_from_there() -> None:
    asked: list[int] = []

    async def forgetful(request: web.Request) -> web.Response:
        body = await request.read()
        asked.append(AddCheckpoint.parse(body).old_size)
        if asked[-1] != 1:
            return web.Response(status=409, text="1\n", content_type="text/x.tlog.size")
        return web.Response(text=line("a", Note.parse(AddCheckpoint.parse(body).checkpoint).text))

    assert (await gather({"a": forgetful}, 1, {"a": 3})).enough
    assert asked == [3, 1]


@pytest.mark.parametrize(
    ("answer", "code"),
    [(says(409, "4\n"), "behind-witness"), (says(409, "2\n"), "other-history"), (says(422, ""), "other-history")],
    ids=["larger-size", "same-size-other-root", "not-consistent"],
)
async def test_a_witness_that_saw_another_log_stops_this_one(answer: Answer, code: str) -> None:
    with pytest.raises(LogStopped) as caught:
        await gather({"a": answer, "b": good("b")}, 2, {"a": 2})
    assert caught.value.code == code
