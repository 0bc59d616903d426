"""Making a proxy (probe, fence, check included) against the bare ffmpeg command of the same recipe."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

from house.bench.measure import Goal, Result, alternate, progress
from liuhen_agent.proxy import ProxyLimits
from liuhen_agent.proxy.make import make_proxy

ROUNDS = 3


def _footage(path: Path, seconds: int, video: list[str], size: str) -> None:
    source = [
        "-f",
        "lavfi",
        "-i",
        f"testsrc2=size={size}:rate=30:duration={seconds}",
        "-f",
        "lavfi",
        "-i",
        f"sine=frequency=440:duration={seconds}",
    ]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *source, *video, "-c:a", "aac", str(path)], check=True)


def run(work: Path) -> Iterator[Result]:
    progress("proxy: making footage")
    long_clip, hevc_clip = work / "long.mp4", work / "hevc.mp4"
    _footage(long_clip, 600, ["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "6M"], "1280x720")
    _footage(hevc_clip, 20, ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error"], "1280x720")
    raw = {
        "remux": ["-i", str(long_clip), "-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", "-movflags", "+faststart"],
        "transcode": ["-i", str(hevc_clip), "-map", "0:v:0", "-map", "0:a:0?", *_transcode_options()],
    }
    clips = {"remux": long_clip, "transcode": hevc_clip}
    for recipe, options in raw.items():
        out = work / f"{recipe}.mp4"

        def reference(options: list[str] = options, out: Path = out) -> None:
            subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *options, str(out)], check=True)
            subprocess.run(["sync", str(out)], check=True)
            out.unlink()

        def ours(clip: Path = clips[recipe], out: Path = out) -> None:
            asyncio.run(make_proxy(clip, out, ProxyLimits(), lambda fraction: None))
            subprocess.run(["sync", str(out)], check=True)
            out.unlink()

        own, other = alternate(ours, reference, ROUNDS)
        yield Result(
            f"proxy-{recipe}", own, "s", "raw ffmpeg with the same codec options", other, Goal(1.05, at_least=False)
        )


def _transcode_options() -> list[str]:
    """What the proxy's own command asks of the codec, so that both do the same work."""
    from liuhen_agent.proxy.make import TRANSCODE

    return [part for name, value in TRANSCODE.items() for part in (f"-{name}", str(value))]
