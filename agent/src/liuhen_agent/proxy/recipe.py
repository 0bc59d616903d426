"""Which proxy a clip gets, and the ffmpeg command that makes it. Pure.

Browsers play H.264 (4:2:0, 8 bit) with AAC or MP3 in MP4: such streams are copied. Only what does not play is
encoded, so footage with playable video and PCM sound keeps its video as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import ffmpeg

from liuhen_agent.proxy import ProxyLimits, Recipe
from liuhen_agent.proxy.fence import INPUT_FENCE
from liuhen_agent.proxy.probe import Media

PLAYABLE_PIXELS = ("yuv420p", "yuvj420p")
PLAYABLE_AUDIO = ("aac", "mp3")
PICTURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"BM", "image/bmp"))


# 720 lines at most; small enough for a county's network, sharp enough to read a number plate near by
TRANSCODE_VIDEO: dict[str, str | int] = {
    "c:v": "libx264",
    "preset": "veryfast",
    "crf": 26,
    "pix_fmt": "yuv420p",
    "vf": "scale=-2:trunc(min(720\\,ih)/2)*2",
}
TRANSCODE_AUDIO: dict[str, str | int] = {"c:a": "aac", "b:a": "96k", "ac": 1}
TRANSCODE = TRANSCODE_VIDEO | TRANSCODE_AUDIO


@dataclass(frozen=True)
class Plan:
    recipe: Recipe
    media_type: str
    copy_video: bool
    copy_audio: bool


def picture_type(head: bytes) -> str | None:
    """The media type of a picture browsers show as it is, from its first bytes."""
    return next((media_type for magic, media_type in PICTURES if head.startswith(magic)), None)


def plan_for(media: Media) -> Plan:
    video_plays = media.video is None or (media.video.codec == "h264" and media.video.pixel_format in PLAYABLE_PIXELS)
    audio_plays = media.audio_codec is None or media.audio_codec in PLAYABLE_AUDIO
    return Plan(
        recipe="remux" if video_plays and audio_plays else "transcode",
        media_type="audio/mp4" if media.video is None else "video/mp4",
        copy_video=video_plays,
        copy_audio=audio_plays,
    )


def encode_all(plan: Plan) -> Plan:
    """The second attempt, for streams that could not be copied (an AVI without timestamps)."""
    return Plan("transcode", plan.media_type, copy_video=False, copy_audio=False)


def copy_command(source: Path, target: Path) -> list[str]:
    """Copies the first video and the first sound as they are. Needs no knowledge of the clip."""
    clip = ffmpeg.input(f"file:{source}", **INPUT_FENCE)
    return _compiled([clip["V:0?"], clip["a:0?"]], target, {"c": "copy"})  # V: no cover pictures


def track_command(source: Path) -> list[str]:
    """The first subtitle stream as SubRip text, to standard output; ends with an error where there is none."""
    clip = ffmpeg.input(f"file:{source}", **INPUT_FENCE)
    made: list[str] = (
        ffmpeg.output(clip["s:0"], "pipe:1", **{"c:s": "srt", "f": "srt"})
        .global_args("-hide_banner", "-loglevel", "error", "-nostdin", "-nostats")
        .compile()
    )
    return made


def encode_command(source: Path, target: Path, media: Media, plan: Plan, limits: ProxyLimits) -> list[str]:
    """Encodes what `plan` does not copy. `target` is written as MP4 whatever its name."""
    clip = ffmpeg.input(f"file:{source}", **INPUT_FENCE)
    streams = []
    options: dict[str, str | int] = {}
    if media.video is not None:
        streams.append(clip["V:0"])
        options |= {"c:v": "copy"} if plan.copy_video else TRANSCODE_VIDEO
    if media.audio_codec is not None:
        streams.append(clip["a:0"])
        options |= {"c:a": "copy"} if plan.copy_audio else TRANSCODE_AUDIO
    if limits.threads:
        options["threads"] = limits.threads
    return _compiled(streams, target, options)


def _compiled(streams: Sequence[object], target: Path, options: Mapping[str, str | int]) -> list[str]:
    always = {"f": "mp4", "movflags": "+faststart", "map_chapters": -1}
    made: list[str] = (
        ffmpeg.output(*streams, f"file:{target}", **options, **always)
        .global_args("-hide_banner", "-loglevel", "error", "-nostdin", "-nostats", "-progress", "pipe:1")
        .overwrite_output()
        .compile()
    )
    return made
