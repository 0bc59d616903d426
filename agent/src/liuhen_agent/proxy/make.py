"""Makes one proxy: probe, plan, run ffmpeg under watch, check the result, publish it under its final name.

Most recorders write what browsers play: copying begins at once, while ffprobe still looks at the clip, and is dropped
when the plan turns out to be another. A proxy counts as made when ffmpeg left with 0, said `progress=end`, and
ffprobe finds in the result what the clip has.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from liuhen_agent.proxy import NoProxyNeeded, Progress, ProxyFailed, ProxyLimits, ProxyResult
from liuhen_agent.proxy.fence import fenced, kill, start
from liuhen_agent.proxy.hand_over import hand_over
from liuhen_agent.proxy.probe import Media, probe
from liuhen_agent.proxy.recipe import TRANSCODE as TRANSCODE
from liuhen_agent.proxy.recipe import copy_command, encode_all, encode_command, picture_type, plan_for, track_command
from liuhen_agent.proxy.subtitles import MOST_SUBTITLES, points_of
from liuhen_agent.proxy.wire import Made
from liuhen_files import durable
from liuhen_protocol.track import MEDIA_TYPE, write_track

DEFAULT_LIMITS = ProxyLimits()
LOOK_SECONDS = 1.0  # how often a silent ffmpeg is looked at
KEPT_ERRORS = 4096
VERSION_SECONDS = 60.0


def _no_progress(_: float) -> None:
    pass


async def make_proxy(
    clip: Path,
    target: Path,
    limits: ProxyLimits = DEFAULT_LIMITS,
    progress: Progress = _no_progress,
    worker: Path | None = None,
) -> ProxyResult | NoProxyNeeded:
    """`clip` is only read; `target` (in an existing folder) appears complete or not at all. `worker`: the socket of the media worker's
    unit; None: ffmpeg runs as a child process. Raises ProxyFailed."""
    temporary = target.with_name(target.name + ".part")
    try:
        if worker is None:
            made = await work(clip, temporary, limits, progress)
        else:
            made = await hand_over(worker, clip, temporary, limits, progress)
        if isinstance(made, NoProxyNeeded):
            return made
        if made.recipe == "subtitles":
            raise ProxyFailed("wrong-result", "the media worker made something else")
        await asyncio.to_thread(_publish, temporary, target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return ProxyResult(target, made.media_type, made.recipe, made.tool, made.duration_seconds)


async def work(
    clip: Path, temporary: Path, limits: ProxyLimits, progress: Progress, handed: Sequence[int] = ()
) -> Made | NoProxyNeeded:
    """The proxy of `clip` in `temporary`, complete, checked and forced to the disk. `handed`: open files the two are paths of. Raises
    ProxyFailed, and may leave a part behind then."""
    head = await asyncio.to_thread(_head, clip)
    if media_type := picture_type(head):
        return NoProxyNeeded(media_type)
    length = _Length()
    run = partial(_run, target=temporary, length=length, limits=limits, progress=progress, handed=handed)
    copying = asyncio.create_task(run(copy_command(clip, temporary)))
    try:
        media = await probe(clip, limits, handed)
        length.seconds = media.duration_seconds
        plan = plan_for(media)
        if plan.recipe == "remux":
            try:
                await copying
                made = await _checked(temporary, media, limits, handed)
            except ProxyFailed as failed:
                if failed.reason not in ("crashed", "wrong-result"):
                    raise
                plan = encode_all(plan)
        if plan.recipe == "transcode":
            await _stop(copying)
            await run(encode_command(clip, temporary, media, plan, limits))
            made = await _checked(temporary, media, limits, handed)
    finally:
        await _stop(copying)
    return Made(plan.media_type, plan.recipe, await tool_version(), made.duration_seconds)


async def make_track(
    clip: Path, target: Path, limits: ProxyLimits = DEFAULT_LIMITS, worker: Path | None = None
) -> ProxyResult:
    """Where the recorder was while it filmed, as `liuhen_protocol.track` writes it; otherwise as `make_proxy`. Raises ProxyFailed, "no-track" for a
    film that says nothing of it."""
    temporary = target.with_name(target.name + ".part")
    try:
        if worker is None:
            made = await track(clip, temporary, limits)
        else:
            said = await hand_over(worker, clip, temporary, limits, _no_progress, wanted="track")
            if isinstance(said, NoProxyNeeded) or said.recipe != "subtitles":
                raise ProxyFailed("wrong-result", "the media worker made something else")
            made = said
        await asyncio.to_thread(_publish, temporary, target)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return ProxyResult(target, made.media_type, made.recipe, made.tool, made.duration_seconds)


async def track(clip: Path, temporary: Path, limits: ProxyLimits, handed: Sequence[int] = ()) -> Made:
    """The track of `clip` in `temporary`, forced to the disk. Raises ProxyFailed."""
    points = points_of(await _subtitles(clip, limits, handed))
    if not points:
        raise ProxyFailed("no-track", "no positions in the subtitles")
    await asyncio.to_thread(_write, temporary, write_track(points))
    return Made(MEDIA_TYPE, "subtitles", await tool_version(), points[-1].at_ms / 1000)


async def _subtitles(clip: Path, limits: ProxyLimits, handed: Sequence[int]) -> bytes:
    """What ffmpeg makes of the first subtitle stream; one that says more than is read of it is ended. Raises ProxyFailed."""
    process = await start(fenced(track_command(clip), limits, None), handed)
    assert process.stdout is not None
    assert process.stderr is not None
    errors = asyncio.create_task(_tail(process.stderr))
    said = bytearray()
    try:
        async with asyncio.timeout(limits.hang_seconds):
            while len(said) < MOST_SUBTITLES and (piece := await process.stdout.read(65536)):
                said += piece
    except TimeoutError as error:
        raise ProxyFailed("hung", f"ffmpeg gave no subtitles in {limits.hang_seconds:g} s") from error
    finally:
        errors.cancel()
        await asyncio.wait([errors])
        await kill(process)
    return bytes(said)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@dataclass
class _Length:
    """Of the clip, once ffprobe has said it: for the progress only."""

    seconds: float = 0.0


async def _stop(work: asyncio.Task[None]) -> None:
    work.cancel()
    await asyncio.wait([work])
    if not work.cancelled():
        work.exception()  # seen: what was guessed wrong may fail as it likes


def _head(clip: Path) -> bytes:
    try:
        with clip.open("rb") as file:
            return file.read(16)
    except OSError as error:
        raise ProxyFailed("not-media", f"{clip.name} cannot be read: {error.strerror}") from error


async def _checked(temporary: Path, media: Media, limits: ProxyLimits, handed: Sequence[int]) -> Media:
    """What ffprobe says of the result, while its bytes are made durable. Raises ProxyFailed."""
    syncing = asyncio.create_task(asyncio.to_thread(_sync, temporary))
    try:
        made = await probe(temporary, limits, handed)
    except ProxyFailed as failed:
        raise ProxyFailed("wrong-result", f"the result is not playable ({failed.detail})") from failed
    finally:
        await asyncio.wait([syncing])
        error = syncing.exception()
    if error is not None:
        raise ProxyFailed("no-room", f"the result cannot be written: {error}") from error
    if why := disagreement(media, made):
        raise ProxyFailed("wrong-result", why)
    return made


def _sync(path: Path) -> None:
    if path.exists():
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


def _publish(temporary: Path, target: Path) -> None:
    try:
        durable.publish(temporary, target)
    except OSError as error:
        raise ProxyFailed("no-room", f"{target.name} cannot be kept: {error.strerror}") from error


def disagreement(clip: Media, made: Media) -> str | None:
    """What the proxy lacks of the clip, in words; None if nothing. Durations may differ by 1 s or 5 %."""
    if (clip.video is None) != (made.video is None) or (clip.audio_codec is None) != (made.audio_codec is None):
        return "the result does not have the clip's streams"
    expected = clip.duration_seconds
    if expected and abs(made.duration_seconds - expected) > max(1.0, expected * 0.05):
        return f"the clip says {expected:.1f} s, the result has {made.duration_seconds:.1f} s: the clip is damaged"
    return None


@dataclass
class _Watch:
    """What ffmpeg said so far, and when anything last moved."""

    moved_at: float
    last: tuple[int, ...] = ()
    seconds: float = 0.0
    said: dict[str, str] = field(default_factory=dict)

    def look(self, target: Path, now: float) -> None:
        """The output file counts too: while the index is moved to the front ffmpeg is silent."""
        state = [
            int(value) for value in (self.said.get("out_time_us", ""), self.said.get("frame", "")) if value.isdigit()
        ]
        with contextlib.suppress(OSError):
            found = target.stat()
            state += [found.st_size, found.st_mtime_ns]
        if tuple(state) != self.last:
            self.last, self.moved_at = tuple(state), now


async def _run(
    command: list[str],
    target: Path,
    length: _Length,
    limits: ProxyLimits,
    progress: Progress,
    handed: Sequence[int],
) -> None:
    process = await start(fenced(command, limits, None if handed else target.parent), handed)
    assert process.stdout is not None
    assert process.stderr is not None
    began = time.monotonic()
    watch = _Watch(began)
    errors = asyncio.create_task(_tail(process.stderr))
    try:
        while True:
            try:
                line = await asyncio.wait_for(process.stdout.readline(), min(LOOK_SECONDS, limits.hang_seconds))
            except TimeoutError:
                line = None
            except ValueError as error:  # a line without end
                raise ProxyFailed("crashed", "ffmpeg's progress is not readable") from error
            now = time.monotonic()
            if line == b"":
                break
            if line:
                name, _, value = line.decode("ascii", "replace").strip().partition("=")
                watch.said[name] = value.strip()
                if name == "progress" and length.seconds and watch.said.get("out_time_us", "").isdigit():
                    progress(min(1.0, int(watch.said["out_time_us"]) / 1e6 / length.seconds))
            if not line or line.startswith(b"progress="):
                watch.look(target, now)
            if now - watch.moved_at > limits.hang_seconds:
                raise ProxyFailed("hung", f"ffmpeg made no progress for {limits.hang_seconds:g} s and was stopped")
            if now - began > limits.total_seconds:
                raise ProxyFailed("limit", f"more than {limits.total_seconds:g} s")
        left = max(0.1, began + limits.total_seconds - time.monotonic())
        code = await asyncio.wait_for(process.wait(), min(limits.hang_seconds, left))
        said = await asyncio.wait_for(errors, 5)
    except TimeoutError as error:
        raise ProxyFailed("hung", "ffmpeg closed its output and did not end") from error
    finally:
        errors.cancel()
        await asyncio.wait([errors])
        if process.returncode is None:
            await kill(process)
    if code != 0:
        raise _failure(code, said)
    if watch.said.get("progress") != "end":
        raise ProxyFailed("crashed", "ffmpeg left with 0 without saying that it was done")
    progress(1.0)


def _failure(code: int, said: str) -> ProxyFailed:
    detail = f"ffmpeg left with {code}: {said.splitlines()[-1][:300] if said else 'no message'}"
    if "No space left" in said:
        return ProxyFailed("no-room", detail)
    # SIGXFSZ, SIGXCPU, and SIGKILL, by which the kernel ends what needs more memory than its unit has
    if code in (-25, -24, -9, 153, 152, 137) or "File too large" in said or "Cannot allocate memory" in said:
        return ProxyFailed("limit", detail)
    return ProxyFailed("crashed", detail)


async def _tail(stream: asyncio.StreamReader) -> str:
    """Reads to the end, so that ffmpeg never waits for us; keeps the last bytes."""
    kept = b""
    while piece := await stream.read(65536):
        kept = (kept + piece)[-KEPT_ERRORS:]
    return kept.decode("utf-8", "replace").strip()


_version: dict[str, str] = {}


async def tool_version() -> str:
    """ "ffmpeg 5.1.9-0+deb12u1", asked once; without the number where it takes too long to say (a busy machine): the proxy is none the worse."""
    if "ffmpeg" not in _version:
        process = await start(["ffmpeg", "-version"])
        try:
            out, _ = await asyncio.wait_for(process.communicate(), VERSION_SECONDS)
        except TimeoutError:
            return "ffmpeg"
        finally:
            if process.returncode is None:
                await kill(process)
        words = out.decode("utf-8", "replace").split()
        _version["ffmpeg"] = f"ffmpeg {words[2]}" if len(words) > 2 else "ffmpeg"
    return _version["ffmpeg"]
