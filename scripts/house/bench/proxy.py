"""Making a proxy (probe, fence, check, fsync included) against the bare ffmpeg command of the same recipe."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

from house.bench.measure import Goal, Result, alternate, forget, progress
from liuhen_agent.proxy import ProxyLimits
from liuhen_agent.proxy.make import make_proxy
from liuhen_agent.proxy.recipe import TRANSCODE

ROUNDS = 5
REMUX_SECONDS = 300  # recorders split every 5, 15 or 30 minutes
TRANSCODE_SECONDS = 20


def _footage(path: Path, seconds: int, video: list[str]) -> None:
    """720p with sound, as a recorder writes it."""
    pictures = ["-f", "lavfi", "-i", f"testsrc2=size=1280x720:rate=30:duration={seconds}"]
    sound = ["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *pictures, *sound, *video, "-c:a", "aac", str(path)], check=True)


def _h264(path: Path, seconds: int) -> None:
    """Long footage cheaply: half a minute, repeated."""
    part = path.with_name("part.mp4")
    _footage(part, 30, ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "6M"])
    repeat = ["-stream_loop", str(seconds // 30 - 1), "-i", str(part), "-c", "copy", str(path)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *repeat], check=True)


def run(work: Path) -> Iterator[Result]:
    progress("proxy: making footage")
    long_clip, hevc_clip = work / "long.mp4", work / "hevc.mp4"
    _h264(long_clip, REMUX_SECONDS)
    _footage(
        hevc_clip, TRANSCODE_SECONDS, ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"]
    )
    transcode = [part for name, value in TRANSCODE.items() for part in (f"-{name}", str(value))]
    yield _beside("remux", long_clip, ["-c", "copy"], work)
    yield _beside("transcode", hevc_clip, transcode, work)


def _beside(recipe: str, clip: Path, codec: list[str], work: Path) -> Result:
    progress(f"proxy: {recipe}")
    out = work / f"{recipe}-proxy.mp4"
    streams = ["-map", "0:v:0", "-map", "0:a:0?"]
    raw = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(clip), *streams, *codec, "-movflags", "+faststart"]

    def reference() -> None:
        forget(clip)
        subprocess.run([*raw, str(out)], check=True)
        subprocess.run(["sync", str(out)], check=True)
        out.unlink()

    def ours() -> None:
        forget(clip)
        asyncio.run(make_proxy(clip, out, ProxyLimits()))
        out.unlink()

    own, other = alternate(ours, reference, ROUNDS)
    goal = Goal(1.05, at_least=False)
    return Result(f"proxy-{recipe}", own, "s", "raw ffmpeg with the same codec options, and fsync", other, goal)
