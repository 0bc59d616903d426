"""What a clip is, as ffprobe sees it: container, duration, first video and audio stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from liuhen_agent.proxy import ProxyFailed, ProxyLimits
from liuhen_agent.proxy.fence import INPUT_FENCE, fenced, kill, start

PROBE_SECONDS = 60.0
MAX_ANSWER = 1024 * 1024


@dataclass(frozen=True)
class Video:
    codec: str
    pixel_format: str
    profile: str
    width: int
    height: int


@dataclass(frozen=True)
class Media:
    """`demuxer` as ffprobe names it; `duration_seconds` 0.0 where unknown; codec names are ffmpeg's."""

    demuxer: str
    duration_seconds: float
    video: Video | None
    audio_codec: str | None


async def probe(path: Path, limits: ProxyLimits, handed: Sequence[int] = ()) -> Media:
    """Raises ProxyFailed: not-media (nothing to play in it, or a format recorders do not write), hung, no-tool."""
    fields = "format=format_name,duration:stream=codec_type,codec_name,pix_fmt,profile,width,height:stream_disposition"
    fence = [part for name, value in INPUT_FENCE.items() for part in (f"-{name}", value)]
    command = ["ffprobe", "-v", "error", *fence, "-show_entries", fields, "-of", "json", f"file:{path}"]
    process = await start(fenced(command, limits, None), handed)
    try:
        out, err = await asyncio.wait_for(process.communicate(), min(PROBE_SECONDS, limits.total_seconds))
    except TimeoutError as error:
        raise ProxyFailed("hung", f"ffprobe did not answer in {PROBE_SECONDS:g} s") from error
    finally:
        if process.returncode is None:
            await kill(process)
    if process.returncode != 0 or len(out) > MAX_ANSWER:
        said = err.decode("utf-8", "replace").strip().splitlines()
        raise ProxyFailed("not-media", f"ffprobe: {said[-1][:300] if said else process.returncode}")
    return read_answer(out)


def read_answer(answer: bytes) -> Media:
    """Raises ProxyFailed("not-media")."""
    try:
        found = json.loads(answer)
        streams, container = found["streams"], found["format"]
        video = next((s for s in streams if s.get("codec_type") == "video" and not _is_cover(s)), None)
        audio = next((s for s in streams if s.get("codec_type") == "audio" and s.get("codec_name")), None)
        media = Media(
            demuxer=str(container["format_name"]),
            duration_seconds=_seconds(container.get("duration")),
            video=None
            if video is None
            else Video(
                codec=str(video.get("codec_name", "")),
                pixel_format=str(video.get("pix_fmt", "")),
                profile=str(video.get("profile", "")),
                width=int(video.get("width", 0)),
                height=int(video.get("height", 0)),
            ),
            audio_codec=None if audio is None else str(audio["codec_name"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ProxyFailed("not-media", "ffprobe's answer has no streams") from error
    if media.video is None and media.audio_codec is None:
        raise ProxyFailed("not-media", "neither video nor audio in it")
    return media


def _is_cover(stream: dict[str, dict[str, int]]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))


def _seconds(text: object) -> float:
    try:
        value = float(str(text))
    except ValueError:
        return 0.0
    return value if 0.0 <= value < 1e9 else 0.0
