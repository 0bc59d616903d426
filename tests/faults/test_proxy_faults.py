"""ffmpeg on footage nobody can vouch for: what breaks, hangs or lies ends as ProxyFailed, and never as a proxy."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from liuhen_agent.proxy import NoProxyNeeded, ProxyFailed, ProxyLimits, ProxyResult
from liuhen_agent.proxy.fence import fenced
from liuhen_agent.proxy.make import make_proxy, tool_version
from liuhen_agent.proxy.probe import probe
from liuhen_agent.simulate.footage import make_clip, real_clips

LIMITS = ProxyLimits(hang_seconds=20, total_seconds=60)


async def made(clip: Path, limits: ProxyLimits = LIMITS) -> ProxyResult:
    before = clip.read_bytes()
    result = await make_proxy(clip, clip.with_name("proxy"), limits)
    assert isinstance(result, ProxyResult)
    assert clip.read_bytes() == before
    assert not clip.with_name("proxy.part").exists()
    return result


async def failure(clip: Path, limits: ProxyLimits = LIMITS) -> str:
    target = clip.with_name("proxy")
    with pytest.raises(ProxyFailed) as failed:
        await make_proxy(clip, target, limits)
    assert failed.value.detail
    assert not target.exists()
    assert not clip.with_name("proxy.part").exists()
    return failed.value.reason


def is_faststart(path: Path) -> bool:
    head = path.read_bytes()
    return 0 < head.find(b"moov") < head.find(b"mdat")


async def test_what_browsers_play_is_remuxed_and_keeps_its_picture(tmp_path: Path) -> None:
    clip = tmp_path / "clip"  # the spool's names have no suffix
    make_clip(tmp_path / "c.mp4", seconds=1, clock=datetime(2026, 11, 22, 9, 0))
    (tmp_path / "c.mp4").rename(clip)
    seen: list[float] = []
    result = await make_proxy(clip, tmp_path / "proxy", LIMITS, seen.append)
    assert isinstance(result, ProxyResult)
    assert (result.recipe, result.media_type, result.path) == ("remux", "video/mp4", tmp_path / "proxy")
    assert result.tool.startswith("ffmpeg ")
    assert result.duration_seconds == pytest.approx(1.0, abs=0.2)
    assert is_faststart(result.path)
    assert seen[-1] == 1.0
    assert seen == sorted(seen)
    original, proxy = await probe(clip, LIMITS), await probe(result.path, LIMITS)
    assert (proxy.video, proxy.audio_codec) == (original.video, "aac")


async def test_a_real_clip_is_remuxed(tmp_path: Path) -> None:
    clips = real_clips()
    assert clips
    for number, source in enumerate(clips):
        clip = tmp_path / f"clip{number}"
        clip.write_bytes(source.read_bytes())
        assert (await made(clip)).recipe == "remux"


@pytest.mark.parametrize(
    ("suffix", "video", "audio", "recipe"),
    [
        ("mp4", "libx265", "aac", "transcode"),
        ("avi", "mpeg4", "pcm_s16le", "transcode"),
        ("mov", "libx264", "pcm_s16le", "transcode"),
        ("ts", "libx264", "aac", "remux"),
        ("mkv", "libx264", None, "remux"),
    ],
)
async def test_every_kind_of_footage_becomes_an_mp4_browsers_play(
    tmp_path: Path, suffix: str, video: str, audio: str | None, recipe: str
) -> None:
    clip = tmp_path / f"clip.{suffix}"
    make_clip(clip, seconds=1, video=video, audio=audio)
    result = await made(clip)
    assert (result.recipe, result.media_type) == (recipe, "video/mp4")
    proxy = await probe(result.path, LIMITS)
    assert proxy.video is not None
    assert (proxy.video.codec, proxy.video.pixel_format) == ("h264", "yuv420p")
    assert proxy.audio_codec == ("aac" if audio else None)


async def test_large_footage_is_scaled_to_720_lines(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=0.4, size="1920x1080", rate=5, video="libx265", audio=None)
    proxy = await probe((await made(clip)).path, LIMITS)
    assert proxy.video is not None
    assert (proxy.video.width, proxy.video.height) == (1280, 720)


@pytest.mark.parametrize(("suffix", "audio", "recipe"), [("wav", "pcm_s16le", "transcode"), ("m4a", "aac", "remux")])
async def test_sound_alone_becomes_aac_in_mp4(tmp_path: Path, suffix: str, audio: str, recipe: str) -> None:
    clip = tmp_path / f"clip.{suffix}"
    make_clip(clip, seconds=1, video=None, audio=audio)
    result = await made(clip)
    assert (result.recipe, result.media_type) == (recipe, "audio/mp4")
    proxy = await probe(result.path, LIMITS)
    assert (proxy.video, proxy.audio_codec) == (None, "aac")


async def test_a_picture_needs_no_proxy_whatever_its_name(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"\xff\xd8\xff\xe0 rest of a picture")
    assert await make_proxy(clip, tmp_path / "proxy", LIMITS) == NoProxyNeeded("image/jpeg")
    assert not (tmp_path / "proxy").exists()


async def test_a_playlist_named_like_a_clip_opens_no_other_file(tmp_path: Path) -> None:
    make_clip(tmp_path / "secret.ts", seconds=1)
    clip = tmp_path / "clip.mp4"
    for playlist in (
        f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{tmp_path}/secret.ts\n#EXT-X-ENDLIST\n",
        f"ffconcat version 1.0\nfile {tmp_path}/secret.ts\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5000 RTP/AVP 96\n",
    ):
        clip.write_text(playlist)
        assert await failure(clip) == "not-media"


@pytest.mark.parametrize(
    "content",
    [b"", b"\0" * 5000, b"text, no footage\n" * 100, bytes(range(256)) * 400],
    ids=["nothing", "zeros", "text", "every byte"],
)
async def test_what_is_no_footage_is_said_so(tmp_path: Path, content: bytes) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(content)
    assert await failure(clip) == "not-media"


async def test_a_clip_cut_off_before_its_index_is_not_media(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(clip, seconds=1)
    clip.write_bytes(clip.read_bytes()[:-3000])
    assert await failure(clip) == "not-media"


async def test_a_clip_whose_second_half_is_missing_gives_no_proxy_that_looks_whole(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    make_clip(tmp_path / "c.mp4", seconds=6)
    whole = (await made(tmp_path / "c.mp4")).path.read_bytes()  # index at the front
    (tmp_path / "proxy").unlink()
    clip.write_bytes(whole[: len(whole) // 2])
    assert await failure(clip) in ("wrong-result", "crashed")


# -- a tool that misbehaves: a script called ffmpeg goes before the real one


def put_tool(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str, name: str = "ffmpeg") -> None:
    tools = folder / "tools"
    tools.mkdir(exist_ok=True)
    (tools / name).write_text("#!/bin/sh\n" + script)
    (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")


def small_clip(folder: Path) -> Path:
    clip = folder / "clip.mp4"
    make_clip(clip, seconds=1)
    return clip


async def test_a_hanging_ffmpeg_is_killed_with_all_its_children(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = small_clip(tmp_path)
    put_tool(tmp_path, monkeypatch, f"echo out_time_us=1\nsleep 1000 &\necho $! > {tmp_path}/child\nwait\n")
    assert await failure(clip, ProxyLimits(hang_seconds=0.5)) == "hung"
    await died(int((tmp_path / "child").read_text()))


async def died(pid: int) -> None:
    """A killed process dies when it is next scheduled, which a busy machine puts off; a spared one would sleep a thousand seconds.

    Raises TimeoutError after ten seconds.
    """
    async with asyncio.timeout(10):
        while is_alive(pid):
            await asyncio.sleep(0.01)


def is_alive(pid: int) -> bool:
    """A zombie whose parent has not collected it counts as dead."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_hanging_ffprobe_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = small_clip(tmp_path)
    put_tool(tmp_path, monkeypatch, "sleep 1000\n", "ffprobe")
    assert await failure(clip, ProxyLimits(total_seconds=0.5)) == "hung"


async def test_an_ffmpeg_that_works_for_ever_meets_its_time_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = small_clip(tmp_path)
    loop = "n=0; while :; do n=$((n+1)); echo out_time_us=$n; echo progress=continue; sleep 0.05; done\n"
    put_tool(tmp_path, monkeypatch, loop)
    assert await failure(clip, ProxyLimits(total_seconds=1.0)) == "limit"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("exit 1\n", "crashed"),
        ("kill -SEGV $$\n", "crashed"),
        ("exit 0\n", "crashed"),  # never said progress=end
        ("echo progress=end\nexit 0\n", "wrong-result"),  # and made nothing
        ("echo 'av_interleaved_write_frame(): No space left on device' >&2; exit 1\n", "no-room"),
        ("yes error 2>/dev/null | head -c 3000000 >&2; exit 1\n", "crashed"),
        ("head -c 3000000 /dev/zero; exit 1\n", "crashed"),
    ],
)
async def test_an_ffmpeg_that_fails_or_lies_makes_no_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, reason: str
) -> None:
    clip = small_clip(tmp_path)
    put_tool(tmp_path, monkeypatch, script)
    assert await failure(clip) == reason


async def test_no_ffmpeg_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = small_clip(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert await failure(clip) == "no-tool"


async def test_the_output_cannot_grow_over_its_limit(tmp_path: Path) -> None:
    clip = small_clip(tmp_path)
    assert await failure(clip, ProxyLimits(output_bytes=8192)) == "limit"


async def test_cancelling_kills_ffmpeg_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = small_clip(tmp_path)
    put_tool(tmp_path, monkeypatch, f"echo $$ > {tmp_path}/pid\nexec sleep 1000\n")
    work = asyncio.create_task(make_proxy(clip, tmp_path / "proxy", LIMITS))
    deadline = time.monotonic() + 20
    while not ((tmp_path / "pid").exists() and (tmp_path / "pid").read_text().strip()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert not is_alive(int((tmp_path / "pid").read_text()))
    assert not (tmp_path / "proxy").exists()


async def test_the_tool_is_named_with_its_version() -> None:
    assert (await tool_version()).split()[1][0].isdigit()


def test_limits_are_set_by_the_system_and_not_by_good_will(tmp_path: Path) -> None:
    command = fenced(["ffmpeg"], ProxyLimits(memory_bytes=123, output_bytes=456), tmp_path)
    assert command[0] == "prlimit"
    assert {"--as=123", "--fsize=456", "--core=0"} <= set(command)
    assert command[-1] == "ffmpeg"
