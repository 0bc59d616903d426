"""The media worker behind its socket makes what the dock makes itself; killed, hanging, lying or greedy, it costs a proxy and nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path
from typing import get_args

import pytest

from liuhen_agent.proxy import (
    FailureReason,
    NoProxyNeeded,
    ProxyFailed,
    ProxyLimits,
    ProxyResult,
    hand_over,
    wire,
    worker,
)
from liuhen_agent.proxy.make import make_proxy, make_track
from liuhen_agent.proxy.probe import probe
from liuhen_agent.proxy.wire import (
    Made,
    Moving,
    Unintelligible,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
)
from liuhen_agent.simulate.footage import make_clip
from liuhen_protocol.track import read_track
from support.activated import Activated, activated
from support.tracks import READ, SPOKEN, film, srt

LIMITS = ProxyLimits(hang_seconds=20, total_seconds=60)
PROGRAM = (sys.executable, "-m", "liuhen_agent.proxy.worker")
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--no-new-privs")
"""As systemd would for a user that exists only meanwhile; where we are root and another user can run this Python at all."""


def another_user() -> tuple[str, ...]:
    able = os.getuid() == 0 and subprocess.run([*NOBODY, *PROGRAM[:1], "-c", "import liuhen_agent"]).returncode == 0
    return NOBODY if able else ()


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spool")
    folder.chmod(0o700)
    found = folder / "clip"
    make_clip(folder / "c.mp4", seconds=1)
    (folder / "c.mp4").rename(found)
    found.chmod(0o600)
    return found


@asynccontextmanager
async def unit(folder: Path, *command: str) -> AsyncIterator[Activated]:
    async with activated(
        folder / "proxy.sock", command or PROGRAM, kind=socket.SOCK_SEQPACKET, answers_on_stdout=False
    ) as found:
        yield found


async def failure(clip: Path, folder: Path, at: Path, limits: ProxyLimits = LIMITS) -> ProxyFailed:
    target = folder / "proxy"
    with pytest.raises(ProxyFailed) as failed:
        await make_proxy(clip, target, limits, worker=at)
    assert failed.value.detail
    assert not list(folder.glob("proxy*mp4")) and not target.exists() and not target.with_name("proxy.part").exists()
    assert clip.stat().st_mode & 0o777 == 0o600, "what was opened to the worker is closed again"
    return failed.value


def says(*answers: bytes, end: str = "") -> tuple[str, ...]:
    """A worker that takes what it is handed and says this."""
    body = f"""
import os, socket, sys, time
channel = socket.socket(fileno=0)
message, files, _, _ = socket.recv_fds(channel, 4096, 4)
for answer in {answers!r}:
    channel.send(answer)
{end}
"""
    return sys.executable, "-c", body


MADE = encode_answer(Made("video/mp4", "remux", "ffmpeg 5", 1.0))


async def test_a_worker_of_another_user_without_any_file_makes_the_proxy(tmp_path: Path, clip: Path) -> None:
    before = clip.read_bytes()
    seen: list[float] = []
    async with unit(tmp_path, *another_user(), *PROGRAM) as at:
        result = await make_proxy(clip, tmp_path / "proxy", LIMITS, seen.append, worker=at.path)
        assert await at.started[0].wait() == 0
    assert isinstance(result, ProxyResult)
    assert (result.recipe, result.media_type, result.path) == ("remux", "video/mp4", tmp_path / "proxy")
    assert result.tool.startswith("ffmpeg ")
    assert (await probe(result.path, LIMITS)).video == (await probe(clip, LIMITS)).video
    assert seen[-1] == 1.0
    assert clip.read_bytes() == before
    assert (clip.stat().st_mode & 0o777, result.path.stat().st_mode & 0o777) == (0o600, 0o600)


async def test_what_must_be_encoded_is_encoded_by_the_worker(tmp_path: Path) -> None:
    source = tmp_path / "clip"
    make_clip(tmp_path / "c.avi", seconds=1, video="mpeg4", audio="pcm_s16le")
    (tmp_path / "c.avi").rename(source)
    async with unit(tmp_path, *another_user(), *PROGRAM) as at:
        result = await make_proxy(source, tmp_path / "proxy", LIMITS, worker=at.path)
    assert isinstance(result, ProxyResult)
    assert result.recipe == "transcode"


async def test_a_worker_of_another_user_takes_out_the_track(tmp_path: Path) -> None:
    film(tmp_path / "c.mp4", srt(*SPOKEN)).rename(tmp_path / "clip")
    async with unit(tmp_path, *another_user(), *PROGRAM) as at:
        result = await make_track(tmp_path / "clip", tmp_path / "track", LIMITS, worker=at.path)
    assert read_track(result.path.read_bytes()) == READ


async def test_a_worker_that_hands_back_something_else_than_was_wanted_is_not_believed(
    tmp_path: Path, clip: Path
) -> None:
    other = encode_answer(Made("text/csv", "subtitles", "ffmpeg 5", 1.0))
    async with unit(tmp_path, *says(end=f"os.write(files[1], b'x'); channel.send({other!r})")) as at:
        with pytest.raises(ProxyFailed, match="something else"):
            await make_proxy(clip, tmp_path / "proxy", LIMITS, worker=at.path)
    (tmp_path / "proxy.sock").unlink(missing_ok=True)
    async with unit(tmp_path, *says(end=f"os.write(files[1], b'x'); channel.send({MADE!r})")) as at:
        with pytest.raises(ProxyFailed, match="something else"):
            await make_track(clip, tmp_path / "track", LIMITS, worker=at.path)


async def test_a_picture_and_what_is_no_footage_are_said_so(tmp_path: Path) -> None:
    picture, text = tmp_path / "picture", tmp_path / "text"
    picture.write_bytes(b"\xff\xd8\xff\xe0 rest of a picture")
    text.write_bytes(b"no footage\n" * 100)
    text.chmod(0o600)
    async with unit(tmp_path) as at:
        assert await make_proxy(picture, tmp_path / "proxy", LIMITS, worker=at.path) == NoProxyNeeded("image/jpeg")
        assert (await failure(text, tmp_path, at.path)).reason == "not-media"


async def test_no_worker_says_nothing_about_the_clip(tmp_path: Path, clip: Path) -> None:
    failed = await failure(clip, tmp_path, tmp_path / "nobody.sock")
    assert failed.reason == "no-worker"
    assert "liuhen-proxy.socket" in failed.detail


async def test_a_worker_that_is_killed_costs_a_proxy(tmp_path: Path, clip: Path) -> None:
    async with unit(tmp_path, *says(encode_answer(Moving(0.5)), end="time.sleep(1000)")) as at:
        starting = asyncio.create_task(at.next_started())
        failing = asyncio.create_task(failure(clip, tmp_path, at.path))
        (await starting).kill()
        assert (await failing).reason == "worker-lost"


async def test_a_worker_that_hangs_is_given_up(tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hand_over, "GRACE_SECONDS", 0.0)
    async with unit(tmp_path, *says(end="time.sleep(1000)")) as at:
        assert (await failure(clip, tmp_path, at.path, ProxyLimits(hang_seconds=0.3))).reason == "hung"


async def test_a_worker_that_talks_for_ever_meets_the_docks_own_limit(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hand_over, "GRACE_SECONDS", 0.0)
    end = "while True: channel.send(b'{\"progress\": 0.1}'); time.sleep(0.02)"
    async with unit(tmp_path, *says(end=end)) as at:
        limits = ProxyLimits(hang_seconds=5, total_seconds=1.0)
        assert (await failure(clip, tmp_path, at.path, limits)).reason == "hung"
    monkeypatch.setattr(hand_over, "MOST_MESSAGES", 3)
    (tmp_path / "proxy.sock").unlink()
    async with unit(tmp_path, *says(end=end)) as at:
        assert "more than 3" in (await failure(clip, tmp_path, at.path)).detail


@pytest.mark.parametrize(
    "answer",
    [
        b"not JSON",
        b"{}",
        b"[]",
        b"x" * 5000,
        json.dumps(
            {"made": {"media_type": "text/html", "recipe": "remux", "tool": "t", "duration_seconds": 1}}
        ).encode(),
        b'{"failed": {"reason": "because", "detail": "x"}}',
    ],
)
async def test_nonsense_of_a_worker_is_no_proxy(tmp_path: Path, clip: Path, answer: bytes) -> None:
    async with unit(tmp_path, *says(answer)) as at:
        assert (await failure(clip, tmp_path, at.path)).reason == "crashed"


async def test_a_worker_that_wrote_nothing_made_nothing(tmp_path: Path, clip: Path) -> None:
    async with unit(tmp_path, *says(MADE)) as at:
        assert (await failure(clip, tmp_path, at.path)).reason == "wrong-result"


async def test_a_worker_that_writes_too_much_is_stopped_by_the_dock(tmp_path: Path, clip: Path) -> None:
    greedy = "os.truncate(files[1], 10_000); channel.send(b'{\"progress\": 0.1}'); time.sleep(1000)"
    async with unit(tmp_path, *says(end=greedy)) as at:
        assert (await failure(clip, tmp_path, at.path, ProxyLimits(output_bytes=8192))).reason == "limit"


async def test_a_worker_that_goes_on_writing_after_its_answer_is_not_believed(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what was hashed and stated could still change."""
    monkeypatch.setattr(hand_over, "TAKE_BACK_SECONDS", 0.2)
    async with unit(tmp_path, *says(end=f"os.write(files[1], b'mp4'); channel.send({MADE!r}); time.sleep(1000)")) as at:
        failed = await failure(clip, tmp_path, at.path)
        assert (failed.reason, "goes on writing" in failed.detail) == ("crashed", True)


async def test_a_worker_cannot_write_the_clip_it_was_handed(tmp_path: Path, clip: Path) -> None:
    """As another user, by the open file and by opening it anew; it says what it was told."""
    user = another_user()
    tries = """
said = []
for how in (lambda: os.write(files[0], b"x"), lambda: os.open(f"/proc/self/fd/{files[0]}", os.O_RDWR)):
    try:
        how()
        said.append("done")
    except OSError as error:
        said.append(error.strerror)
channel.send(b'{"failed": {"reason": "crashed", "detail": "%s"}}' % "; ".join(said).encode())
"""
    async with unit(tmp_path, *user, *says(end=tries)) as at:
        failed = await failure(clip, tmp_path, at.path)
    expected = "Bad file descriptor; Permission denied" if user else "Bad file descriptor"
    assert failed.detail.startswith(expected)


async def test_a_worker_ends_with_its_ffmpeg_when_the_dock_is_gone(
    tmp_path: Path, clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A script called ffmpeg, which would hang for ever, stands for one at work."""
    tools, said = tmp_path / "tools", tmp_path / "said"
    tools.mkdir()
    os.mkfifo(said)
    (tools / "ffmpeg").write_text(f"#!/bin/sh\necho $$ > {said}\nexec sleep 1000\n")
    (tools / "ffmpeg").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    async with unit(tmp_path) as at:
        making = asyncio.create_task(make_proxy(clip, tmp_path / "proxy", LIMITS, worker=at.path))
        ffmpeg = int(await asyncio.to_thread(said.read_text))
        making.cancel()  # the connection ends as it does when the dock is killed
        await asyncio.wait([making])
        assert await at.started[0].wait() == 1
    with pytest.raises(ProcessLookupError):
        os.kill(ffmpeg, 0)
    assert not (tmp_path / "proxy.part").exists()


@pytest.mark.parametrize("handed", ["nothing", "one file", "a pipe", "the clip writable", "no limits"])
def test_a_worker_takes_nothing_but_what_was_agreed(tmp_path: Path, handed: str) -> None:
    (tmp_path / "clip").write_bytes(b"x")
    source = os.open(tmp_path / "clip", os.O_RDWR if handed == "the clip writable" else os.O_RDONLY)
    target = os.open(tmp_path / "made", os.O_RDWR | os.O_CREAT)
    pipe = os.pipe()
    files = {"nothing": [], "one file": [source], "a pipe": [pipe[0], target]}.get(handed, [source, target])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        socket.send_fds(ours, [b"{}" if handed == "no limits" else encode_request(LIMITS)], files)
        with pytest.raises(Unintelligible):
            worker.receive(theirs)
    for file in (source, target, *pipe):
        os.close(file)


# --- a medium that wants more memory than there is


async def test_a_medium_that_makes_ffmpeg_eat_memory_meets_the_limit_and_the_next_clip_is_made(
    tmp_path: Path, clip: Path
) -> None:
    """A kilobyte that says it is a picture of 16,000 by 16,000 points: to decode it takes three quarters of a GiB."""
    bomb = tmp_path / "bomb"
    bomb.write_bytes(enlarged(tmp_path))
    bomb.chmod(0o600)
    limits = ProxyLimits(hang_seconds=30, total_seconds=60, memory_bytes=700 * 1024**2, threads=1)
    async with unit(tmp_path) as at:
        assert (await failure(bomb, tmp_path, at.path, limits)).reason == "limit"
        assert isinstance(await make_proxy(clip, tmp_path / "good", LIMITS, worker=at.path), ProxyResult)


def enlarged(folder: Path) -> bytes:
    """A small clip of a codec without dimensions of its own, whose container says that it is huge."""
    small = folder / "small.mov"
    make_clip(small, seconds=0.2, size="64x64", rate=5, video="qtrle", audio=None)
    data = small.read_bytes()
    at = data.index(b"rle ", data.index(b"stsd")) + 28
    assert data[at : at + 4] == b"\0\x40\0\x40"
    return data[:at] + (16_000).to_bytes(2, "big") * 2 + data[at + 4 :]


# --- what is said: every form there and back, and nothing else


@pytest.mark.parametrize(
    "answer", [Made("audio/mp4", "transcode", "ffmpeg 5.1", 2.5), Moving(0.25), NoProxyNeeded("image/png")]
)
def test_every_answer_is_understood(answer: Made | Moving | NoProxyNeeded) -> None:
    assert decode_answer(encode_answer(answer)) == answer


@pytest.mark.parametrize("reason", get_args(FailureReason))
def test_every_failure_is_understood_as_one_line(reason: str) -> None:
    found = decode_answer(encode_answer(ProxyFailed(reason, "a\x1b[31m\nb" + "x" * 5000)))
    assert isinstance(found, ProxyFailed)
    assert (found.reason, found.detail[:8]) == (reason, "a [31m b")


def test_the_limits_are_understood() -> None:
    assert decode_request(encode_request(LIMITS)) == LIMITS
    for changed in ({"hang_seconds": 0}, {"memory_bytes": -1}, {"threads": True}, {"more": 1}, {"total_seconds": "x"}):
        with pytest.raises(Unintelligible):
            decode_request(json.dumps({"limits": {**asdict(LIMITS), **changed}}).encode())


@pytest.mark.parametrize(
    "message",
    [
        b'{"progress": NaN}',
        b'{"progress": 1e999}',
        b'{"progress": true}',
        b'{"progress": -1}',
        b'{"progress": 0.1, "made": {}}',
        b'{"shown_as_it_is": "text/html"}',
        b'{"shown_as_it_is": ["image/png"]}',
        b'{"failed": {"reason": "hung"}}',
        b'{"made": {"media_type": "video/mp4", "recipe": "remux", "tool": 5, "duration_seconds": 1}}',
        b"[" * 4000,
        b"\xff",
        b" " * (wire.LONGEST + 1),
    ],
)
def test_what_is_no_answer_is_refused(message: bytes) -> None:
    with pytest.raises(Unintelligible):
        decode_answer(message)
