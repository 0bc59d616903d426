"""A playable proxy of a clip, made by ffmpeg: remuxed where browsers already play it, else transcoded. The
original is only read.

    result = await make_proxy(clip_path, out_path, ProxyLimits(), progress)      # liuhen_agent.proxy.make

Best effort: a clip without a proxy is still evidence. Nothing here holds up originals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Recipe = Literal["remux", "transcode", "subtitles"]
FailureReason = Literal[
    "not-media",
    "refused-format",
    "crashed",
    "hung",
    "limit",
    "wrong-result",
    "no-tool",
    "no-room",
    "no-worker",
    "worker-lost",
    "no-track",
]


class ProxyFailed(Exception):
    """No proxy was made. `reason`: one of FailureReason; "no-worker" and "no-room" are of the dock, "worker-lost" may be of either (it met its
    limits, or the machine goes down), the others of the clip."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class ProxyLimits:
    """What one proxy may cost: no progress for `hang_seconds` or more than `total_seconds` in all ends it; sizes
    in bytes."""

    hang_seconds: float = 60.0
    total_seconds: float = 6 * 3600.0
    memory_bytes: int = 2 * 1024**3
    output_bytes: int = 64 * 1024**3
    threads: int = 0  # 0: ffmpeg decides


@dataclass(frozen=True)
class ProxyResult:
    """`path` holds the complete, checked proxy. `tool` is the program and its version ("ffmpeg 5.1.9")."""

    path: Path
    media_type: str
    recipe: Recipe
    tool: str
    duration_seconds: float


@dataclass(frozen=True)
class NoProxyNeeded:
    """The clip is shown as it is (a picture): there is nothing to make."""

    media_type: str


Progress = Callable[[float], None]  # fraction 0..1 of the clip's duration
