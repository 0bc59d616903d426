"""Playable copies of what was collected, and the tracks of where it was filmed, made in the background, one at a time.

Best effort: originals never wait for them, and a clip of which none can be made is remembered so that it is not tried
again at every start. A proxy is a clip of its own: digest, statement (clip.derived), upload, receipt.
"""

from __future__ import annotations

import asyncio
import logging
import os
from pathlib import Path

from liuhen_agent.collect.spool import Spool
from liuhen_agent.journal import ClipKind, ClipRow, Journal, changes, queries
from liuhen_agent.proxy import NoProxyNeeded, ProxyFailed, ProxyLimits, ProxyResult
from liuhen_agent.proxy.make import make_proxy, make_track
from liuhen_files import durable
from liuhen_files.journald import about
from liuhen_files.pulse import Pulse
from liuhen_protocol.digest import CHUNK_SIZE, Digest, Digester
from liuhen_protocol.events import ClipDerived
from liuhen_protocol.statement import Subject
from liuhen_protocol.track import MOST_BYTES
from liuhen_protocol.track import ROLE as TRACK

log = logging.getLogger(__name__)

ROLE = "proxy"
NO_WORKER_SECONDS = 60.0  # until a worker that is not there is asked again
PLAYABLE = frozenset(
    {".mp4", ".mov", ".avi", ".ts", ".mts", ".mkv", ".3gp", ".m4v", ".wav", ".m4a", ".mp3", ".jpg", ".jpeg", ".png"}
)

TRACKED = frozenset({".mp4", ".mov", ".m4v"})
"""Of what recorders write, the containers that can hold subtitles."""


class Proxies:
    """Works on `data_dir`/proxies. `run` until cancelled; `idle` is set while there is nothing to make."""

    def __init__(
        self,
        journal: Journal,
        data_dir: Path,
        *,
        sm3: bool = False,
        limits: ProxyLimits | None = None,
        pulse: Pulse | None = None,
        worker: Path | None = None,
    ) -> None:
        self._journal = journal
        self._data_dir = data_dir
        self._folder = data_dir / "proxies"
        self._spool = Spool(data_dir)
        self._sm3 = sm3
        self._limits = limits or ProxyLimits()
        self._pulse = pulse or Pulse()
        self._worker = worker  # the socket of the media worker's unit; None: ffmpeg runs as a child process
        self._lost: set[str] = set()  # clips whose worker ended without a word
        self.idle = asyncio.Event()

    async def run(self) -> None:
        """Make what is missing, then wait for more."""
        durable.mkdirs(self._folder)
        for left in self._folder.glob("*.part*"):
            left.unlink()
        while True:
            changed = self._journal.next_change()
            # the room that is kept free for originals and the journal is not for copies
            clips = [c for c in await self._journal.ask(queries.without_proxy) if self._spool.has_room(c.size)]
            if clips:
                self.idle.clear()
                for clip in clips:
                    self._pulse.does("proxies", f"making one of {clip.sha256}", 2 * self._limits.total_seconds)
                    try:
                        with about(clip=clip.sha256):
                            await self.make(clip)
                    except ProxyFailed:
                        self.idle.set()  # nothing is being made, and nobody waits for it
                        self._pulse.waits("proxies", "the media worker")
                        await asyncio.sleep(NO_WORKER_SECONDS)
                        break
            else:
                self.idle.set()
                self._pulse.waits("proxies", "clips")
                await changed.wait()

    async def make(self, clip: ClipRow) -> None:
        """One proxy, or the reason why there is none. Raises ProxyFailed when the worker is not there or was lost for the first time: the
        clip is tried again."""
        if Path(clip.name).suffix.lower() not in PLAYABLE:
            await self._give_up(clip, "not a kind of file that is played")
            return
        if not await self._track(clip):
            return
        made = self._folder / f"{clip.sha256}.part.mp4"
        try:
            result = await make_proxy(self._data_dir / clip.spool, made, self._limits, worker=self._worker)
            if isinstance(result, NoProxyNeeded):
                await self._give_up(clip, f"{result.media_type} is shown as it is")
                return
            digest = await asyncio.to_thread(self._digest, made)
            if digest.sha256 == clip.sha256:
                await self._give_up(clip, "it plays as it is")
                return
            await asyncio.to_thread(durable.publish, made, self._folder / digest.sha256)
        except ProxyFailed as failed:
            log.warning("%s: 无法生成预览 no proxy: %s", clip.name, failed)
            self._again_later(clip, failed)
            await self._give_up(clip, str(failed))
            return
        except OSError as error:
            await self._give_up(clip, f"no-room or not readable: {error.strerror}")
            return
        finally:
            made.unlink(missing_ok=True)
        # also where the very bytes were known already and no second row came to be
        made_of = changes.NoteKept(queries.NO_PROXY + clip.sha256, digest.sha256.encode())
        await self._state(clip, ROLE, f"{Path(clip.name).stem}.proxy.mp4", result, digest, made_of)

    def _again_later(self, clip: ClipRow, failed: ProxyFailed) -> None:
        """Raises ProxyFailed for what is no fault of the clip; a clip that costs a second worker is given up."""
        first = failed.reason == "worker-lost" and clip.sha256 not in self._lost
        if failed.reason == "no-worker" or first:
            self._lost |= {clip.sha256} if first else set()
            raise failed

    async def _track(self, clip: ClipRow) -> bool:
        """Where the recorder was, taken out of the film before its proxy is made, once. Whether anything more is made of the clip. Raises
        ProxyFailed like `make`."""
        noted = queries.TRACK_SOUGHT + clip.sha256
        if Path(clip.name).suffix.lower() not in TRACKED or await self._journal.ask(queries.note, noted) is not None:
            return True
        made = self._folder / f"{clip.sha256}.part.csv"
        try:
            result = await make_track(self._data_dir / clip.spool, made, self._limits, self._worker)
            digest = await asyncio.to_thread(self._digest, made)
            if digest.size > MOST_BYTES:
                raise ProxyFailed("wrong-result", "more than a track can have")
            await asyncio.to_thread(durable.publish, made, self._folder / digest.sha256)
        except ProxyFailed as failed:
            self._again_later(clip, failed)
            await self._journal.change(changes.NoteKept(noted, str(failed).encode()))
            if failed.reason == "worker-lost":
                await self._give_up(clip, str(failed))
            return failed.reason != "worker-lost"
        except OSError as error:
            await self._journal.change(changes.NoteKept(noted, f"no-room: {error.strerror}".encode()))
            return True
        finally:
            made.unlink(missing_ok=True)
        kept = changes.NoteKept(noted, digest.sha256.encode())
        await self._state(clip, TRACK, f"{Path(clip.name).stem}.track.csv", result, digest, kept)
        return True

    async def _state(
        self, clip: ClipRow, role: str, name: str, result: ProxyResult, digest: Digest, note: changes.NoteKept
    ) -> None:
        """What was made, as a clip of its own: its statement, its row, and the note that it is done, in one."""
        await self._journal.append(
            ClipDerived(
                original=clip.sha256,
                role=role,
                media_type=result.media_type,
                recipe=result.recipe,
                tool=result.tool,
                size=digest.size,
                chunk_root=digest.chunk_root,
            ),
            Subject(name, digest.sha256, digest.sm3),
            changes=[
                changes.ClipSpooled(
                    sha256=digest.sha256,
                    size=digest.size,
                    chunk_root=digest.chunk_root,
                    sm3=digest.sm3,
                    name=name,
                    recorder=clip.recorder,
                    kind=ClipKind.DERIVATIVE,
                    spool=f"proxies/{digest.sha256}",
                    important=clip.important,
                    original=clip.sha256,
                    role=role,
                ),
                note,
            ],
        )

    def _digest(self, path: Path) -> Digest:
        """Its digest, and its bytes forced to the disk."""
        digester = Digester(sm3=self._sm3)
        with path.open("rb", buffering=0) as file:
            while piece := file.read(CHUNK_SIZE):
                digester.update(piece)
            os.fsync(file.fileno())
        return digester.finish()

    async def _give_up(self, clip: ClipRow, why: str) -> None:
        await self._journal.change(changes.NoteKept(queries.NO_PROXY + clip.sha256, why.encode()))
