"""Helpers that open lines: each line is judged as it would be here, and a helper that dies costs nothing but time."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import AsyncIterator

import pytest

from house.bench.made_log import Writer, collected
from liuhen_protocol.errors import Refused
from liuhen_protocol.events import ClipDerived, DockStarted
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Subject
from liuhen_server.ingest.line_helpers import MANY, LineHelpers, read_answer
from liuhen_server.ingest.lines import Opened, open_line


@pytest.fixture
async def helpers() -> AsyncIterator[LineHelpers]:
    made = LineHelpers(2)
    yield made
    await made.close()


def statements(count: int) -> list[bytes]:
    writer = Writer("dock-1", Ed25519Signer.from_seed(b"D" * 32))
    derived = ClipDerived("ab" * 32, "proxy", "video/mp4", "remux", "ffmpeg", 5, "cd" * 32)
    made = [
        writer.state(DockStarted("0.1.0", None)),
        writer.state(derived, Subject("留痕 \N{CIRCLED DIGIT ONE}", "ef" * 32)),
    ]
    return made + [writer.state(*collected(number)) for number in range(count - 2)]


def bent(line: bytes) -> bytes:
    at = line.rindex(b"=") - 20
    return line[:at] + (b"B" if line[at : at + 1] == b"A" else b"A") + line[at + 1 :]


def told(answers: list[Opened | Refused]) -> list[object]:
    return [(one.code, one.why) if isinstance(one, Refused) else one for one in answers]


async def test_with_and_without_helpers_every_line_is_judged_alike(helpers: LineHelpers) -> None:
    lines = statements(MANY)
    other = Writer("dock-2", Ed25519Signer.from_seed(b"E" * 32)).state(*collected(1))
    lines[3] = lines[3].replace(b'"sig":"', b'"sig":"A', 1)
    lines += [bent(lines[5]), other, b"not an envelope", b"\xff\x00", lines[0]]
    helped, alone = await helpers.open(lines, "dock-1"), [open_line(line, "dock-1") for line in lines]
    assert told(helped) == told(alone)
    refused = [(place, one.code) for place, one in enumerate(helped) if isinstance(one, Refused)]
    assert refused == [
        (3, "malformed"),
        (MANY, "bad-signature"),
        (MANY + 1, "not-your-source"),
        (MANY + 2, "malformed"),
        (MANY + 3, "malformed"),
    ]
    assert all(isinstance(one, Opened) for one in await helpers.open(statements(MANY), "dock-1"))


async def test_few_lines_need_no_helper(helpers: LineHelpers) -> None:
    assert all(isinstance(one, Opened) for one in await helpers.open(statements(3), "dock-1"))
    assert all(helper._process is None for helper in helpers._helpers)


async def test_a_killed_helper_is_replaced_and_its_lines_are_opened_all_the_same(helpers: LineHelpers) -> None:
    lines = statements(MANY)
    before = await helpers.open(lines, "dock-1")
    process = helpers._helpers[0]._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    await process.wait()
    assert await helpers.open(lines, "dock-1") == before
    assert await helpers.open(lines, "dock-1") == before
    again = helpers._helpers[0]._process
    assert again is not None and again.pid != process.pid


@pytest.mark.parametrize("answer", [b"", b"[]", b"[1]", b"[[1,2,3]]", b'{"a":1}', b"null", b"[[1,2,3,4,5,6,7,[1]]]"])
def test_an_answer_of_no_form_is_no_answer(answer: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        read_answer(answer, 1)


def test_an_answer_says_what_was_opened() -> None:
    opened = [open_line(line, "dock-1") for line in statements(4)]
    assert read_answer(json.dumps(opened).encode(), 4) == opened
