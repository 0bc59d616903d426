"""A dock's folder as the officer's screen finds it (real journal, real status.json, no dock running), and the screen's server on it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import web

from liuhen_agent.bay import State
from liuhen_agent.clock import Reading
from liuhen_agent.journal import ClipKind, Journal, Said, changes
from liuhen_agent.kiosk.reading import Folder
from liuhen_agent.kiosk.server import kiosk_app
from liuhen_agent.kiosk.view import Officers
from liuhen_agent.progress import BayView, DockView, write_status
from liuhen_files import keys
from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import ClipCollected
from liuhen_protocol.statement import Clock, Subject
from support import dock_alone

ZONE = ZoneInfo("Asia/Shanghai")
GB = 10**9
NOON = datetime(2026, 11, 23, 4, 30, tzinfo=UTC)  # 12:30 in the agency's zone
EMPTY = tuple(BayView(str(number)) for number in range(1, 5))
READING = BayView(
    "1",
    State.COLLECTING,
    recorder="0000127",
    officer="21030027",
    session="s1",
    files=31,
    collected=12,
    total_bytes=21 * GB,
    read_bytes=8 * GB,
    unsent=3 * GB,
    seconds_left=350,
)
STORING = replace(READING, state=State.COLLECTED, collected=31, receipted=28, read_bytes=21 * GB, seconds_left=40)
READY = replace(STORING, state=State.READY, receipted=31, unsent=0, done=True, since="2026-11-23T01:38:20.000Z")
UNKNOWN = replace(READING, state=State.QUARANTINED, officer="", recorder="KINGSTON", seconds_left=None)
UNKNOWN_DONE = replace(UNKNOWN, collected=31, receipted=31, unsent=0, done=True)
FAILED = replace(READING, state=State.FAILED, code="damaged", note="FAT: cluster 9 is in two chains", done=True)


def at(bay: int, view: BayView) -> BayView:
    """The same in another bay."""
    return replace(view, bay=str(bay), session=f"s{bay}")


def dock(*bays: BayView, **changed: object) -> DockView:
    view = DockView(tuple(bays), clock="ntp", archive=True, sending=34_000_000)
    return replace(view, **changed)  # type: ignore[arg-type]


async def seed(data_dir: Path, *, clips: int = 6, receipted: int = 4, now: datetime | None = None) -> None:
    """An enrolled dock that stated `clips` originals of 400 MB; `receipted` of them came into the archive."""
    dock_alone.enrol(data_dir)
    reading = Reading(now or datetime.now(UTC), Clock("ntp", 50))
    signer = keys.load_or_create(data_dir / "keys" / "signing.pem")
    journal = await Journal.open(
        dock_alone.journal_of(data_dir), source="dock-1", signer=signer, read_clock=lambda: reading
    )
    try:
        for number in range(clips):
            await _clip(journal, number, receipted=number < receipted)
    finally:
        await journal.close()


async def _clip(journal: Journal, number: int, *, receipted: bool) -> None:
    digest = digest_of(b"clip %d" % number)
    event = ClipCollected(
        session="s0",
        bay="1",
        recorder="0000127",
        officer="21030027",
        path=f"DCIM/{number}.MP4",
        raw=None,
        size=digest.size,
        chunk_root=digest.chunk_root,
        important=False,
        recorder_time=None,
        modified=None,
        began="2026-11-20T10:00:00.000Z",
        finished="2026-11-20T10:00:00.000Z",
    )
    spooled = changes.ClipSpooled(
        sha256=digest.sha256,
        size=400_000_000,
        chunk_root=digest.chunk_root,
        sm3=None,
        name=f"{number}.MP4",
        recorder="0000127",
        kind=ClipKind.ORIGINAL,
        spool=f"spool/{digest.sha256}",
        important=False,
    )
    [row] = await journal.append_all([Said(event, Subject(f"{number}.MP4", digest.sha256))], changes=[spooled])
    await journal.change(changes.EntriesLogged(((row.seq, 100 + row.seq),)))
    if receipted:
        await journal.change(changes.Receipted(digest.sha256, b"nobody checked this", "2026-11-22T10:00:00.000Z"))


async def raise_alarm(data_dir: Path, code: str) -> None:
    signer = keys.load(data_dir / "keys" / "signing.pem")
    reading = Reading(datetime.now(UTC), Clock("ntp", 50))
    journal = await Journal.open(
        dock_alone.journal_of(data_dir), source="dock-1", signer=signer, read_clock=lambda: reading
    )
    await journal.change(changes.AlarmRaised(code, "for the test", "2026-11-22T10:00:00.000Z"))
    await journal.close()


class RunningScreen:
    """The kiosk's application on a loopback port of an event loop that somebody runs."""

    def __init__(self, data_dir: Path, officers: Officers = "masked") -> None:
        self.data_dir = data_dir
        self._officers: Officers = officers
        self._runner: web.AppRunner | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def write(self, view: DockView) -> None:
        write_status(self.data_dir, view)

    async def start(self) -> None:
        app = kiosk_app(Folder(self.data_dir, ZONE), self._officers)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()
        await asyncio.sleep(0)
