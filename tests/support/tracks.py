"""Films that say where they were made, in their subtitles, as recorders with an Ambarella A9 are described."""

from __future__ import annotations

import subprocess
from pathlib import Path

from liuhen_protocol.track import Point

SPOKEN = ["$G:2026-11-20 18:02:11-N41.577211-E120.451025", "$G:2026-11-20 18:02:12-N41.577300-E120.451100"]
READ = (
    Point(0, 415_772_110, 1_204_510_250, "2026-11-20T18:02:11"),
    Point(1000, 415_773_000, 1_204_511_000, "2026-11-20T18:02:12"),
)


def srt(*texts: str) -> str:
    cues = (
        f"{n}\n00:{(n - 1) // 60:02d}:{(n - 1) % 60:02d},000 --> 00:{n // 60:02d}:{n % 60:02d},000\n{text}\n"
        for n, text in enumerate(texts, 1)
    )
    return "\n".join(cues)


def film(path: Path, subtitles: str | None, codec: str = "mov_text") -> Path:
    """Two seconds of a test picture, as MP4, with a subtitle stream."""
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", "testsrc=s=160x120:r=5:d=2"]
    if subtitles is not None:
        said = path.with_suffix(".srt")
        said.write_text(subtitles, "utf-8")
        command += ["-i", str(said), "-c:s", codec]
    subprocess.run([*command, "-c:v", "libx264", "-pix_fmt", "yuv420p", str(path)], check=True)
    return path
