"""Helpers that check signatures: only what they found good counts, and a helper that dies costs nothing but time."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator

import pytest

from house.bench.made_log import Writer, collected
from liuhen_protocol.errors import Refused
from liuhen_protocol.signer import Ed25519Signer
from liuhen_server.ingest.entries import _open_lines
from liuhen_server.ingest.signatures import MANY, Checkers


@pytest.fixture
async def checkers() -> AsyncIterator[Checkers]:
    made = Checkers(2)
    yield made
    await made.close()


def statements(count: int) -> list[bytes]:
    writer = Writer("dock-1", Ed25519Signer.from_seed(b"D" * 32))
    return [writer.state(*collected(number)) for number in range(count)]


async def test_each_line_gets_its_own_answer(checkers: Checkers) -> None:
    lines = statements(MANY + 7)
    lines[3] = lines[3].replace(b'"sig":"', b'"sig":"A', 1)
    signature = lines[-1].rindex(b"=") - 20
    lines[-1] = (
        lines[-1][:signature]
        + (b"B" if lines[-1][signature : signature + 1] == b"A" else b"A")
        + lines[-1][signature + 1 :]
    )
    lines[40] = b"not an envelope"
    assert [number for number, good in enumerate(await checkers.good(lines)) if not good] == [3, 40, len(lines) - 1]
    assert all(await checkers.good(statements(MANY)))


async def test_few_lines_are_left_to_the_asker(checkers: Checkers) -> None:
    assert await checkers.good(statements(2)) == [False, False]


async def test_a_killed_helper_calls_nothing_good_and_is_replaced(checkers: Checkers) -> None:
    lines = statements(MANY)
    assert all(await checkers.good(lines))
    process = checkers._helpers[0]._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    answers = await checkers.good(lines)
    assert answers == [False] * (MANY // 2) + [True] * (MANY // 2)
    assert all(await checkers.good(lines))


async def test_with_and_without_helpers_every_line_is_judged_alike(checkers: Checkers) -> None:
    lines = statements(MANY)
    other = Writer("dock-2", Ed25519Signer.from_seed(b"E" * 32)).state(*collected(1))
    at = lines[5].rindex(b"=") - 20
    altered = lines[5][:at] + (b"B" if lines[5][at : at + 1] == b"A" else b"A") + lines[5][at + 1 :]
    lines += [altered, other, b"not an envelope", lines[0]]
    helped, alone = await _open_lines(lines, "dock-1", checkers), await _open_lines(lines, "dock-1", None)
    assert [str(one) for one in helped] == [str(one) for one in alone]
    assert [one.code for one in helped if isinstance(one, Refused)] == ["bad-signature", "not-your-source", "malformed"]
