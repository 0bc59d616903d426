"""A dock that has enrolled with an archive and collected a recorder: everything the clearing of a recorder depends on, for real."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import aiohttp

from liuhen_agent.clear import order
from liuhen_agent.clear.rule import Method
from liuhen_agent.clear.wipe import Outcome, wipe
from liuhen_agent.clock import Reading
from liuhen_agent.collect.inventory import plan, statements
from liuhen_agent.identity import store
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.journal import ClipKind, ClipRow, Journal, Said, SessionRow, changes, queries
from liuhen_agent.recorders import Volume
from liuhen_agent.recorders.directory import open_directory
from liuhen_agent.recorders.profile import default_folder, load_profiles
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.sync import entries, receipts
from liuhen_agent.sync.archive import Archive, connector
from liuhen_agent.sync.log_view import LogView
from liuhen_agent.sync.trust import Trust
from liuhen_agent.sync.uploads import Uploader
from liuhen_files import keys
from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import ClipCollected, ClipDerived, DockStarted, RecorderDocked, RecorderIdentity
from liuhen_protocol.statement import Clock, Subject
from unit.agent_sync.standin import StandIn, serving

PROFILE = next(profile for profile in load_profiles(default_folder()) if profile.name == "directory")
RECORDER = RecorderIdentity("0000127", "210327", None, None, None, None)
NOW = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
SESSION = "s1"


@dataclass
class Ticking:
    """A clock that goes a second further at each look."""

    moment: datetime = NOW

    def __call__(self) -> Reading:
        self.moment += timedelta(seconds=1)
        return Reading(self.moment, Clock("ntp", 50))


@dataclass
class World:
    """`bay` is the folder of the bay. Steps are called one by one, so that a test can change what lies between them."""

    data_dir: Path
    bay: Path
    journal: Journal
    session: aiohttp.ClientSession
    archive: Archive
    trust: Trust
    view: LogView
    sent: dict[str, int] = field(default_factory=dict)

    async def dock_folder(
        self, files: Mapping[str, bytes], session: str = SESSION, bay: Path | None = None, *, important: bool = False
    ) -> Path:
        """Puts files into the bay's folder and collects them as the dock does."""
        bay = bay or self.bay
        for name, data in files.items():
            (bay / name).parent.mkdir(parents=True, exist_ok=True)
            (bay / name).write_bytes(data)
        await self.collect(await open_directory(bay), session, important=important)
        return bay

    async def dock_image(self, image: Path, session: str = SESSION) -> Path:
        """Puts a disk image into the bay's folder and collects it."""
        self.bay.mkdir(exist_ok=True)
        target = self.bay / "card.img"
        shutil.move(image, target)
        await self.collect(await open_volume(target), session)
        return target

    async def collect(self, volume: Volume, session: str, *, important: bool = False) -> None:
        """Inventory, spool, statement and journal rows of every file: what `collect/` and the bay do, without their screens."""
        listing = await volume.inventory()
        stay = SessionRow(
            session, "1", "0000127", "0000127", "210327", "any", "collecting", False, "2026-11-22T18:00:00.000Z", None
        )
        docked = RecorderDocked(session, "1", RECORDER, "any", "C", "disk", None, None, None, False)
        await self.journal.append(docked, changes=[changes.SessionOpened(stay)])
        inventory = plan(session, listing, PROFILE, None)
        rows = tuple(listed.row for listed in inventory.files)
        await self.journal.append_all(
            [Said(part) for part in statements(inventory)], changes=[changes.FilesListed(rows)]
        )
        for number, entry in enumerate(listing.files):
            stream = await volume.open_clip(entry)
            data = bytearray()
            buffer = bytearray(1 << 20)
            while count := stream.readinto(buffer):
                data += buffer[:count]
            stream.close()
            await self._spooled(bytes(data), entry.path, session, number, important)
        await volume.close()
        await self.journal.change(changes.SessionMoved(session, "receipted"))

    async def _spooled(self, data: bytes, path: str, session: str, number: int, important: bool) -> None:
        digest = digest_of(data)
        spool = f"spool/{digest.sha256}"
        (self.data_dir / spool).parent.mkdir(exist_ok=True)
        (self.data_dir / spool).write_bytes(data)
        name = path.rsplit("/", 1)[-1]
        event = ClipCollected(
            session=session,
            bay="1",
            recorder="0000127",
            officer="210327",
            path=path,
            raw=None,
            size=digest.size,
            chunk_root=digest.chunk_root,
            important=important,
            recorder_time=None,
            modified=None,
            began="2026-11-22T18:00:00.000Z",
            finished="2026-11-22T18:00:01.000Z",
        )
        await self.journal.append(
            event,
            Subject(name, digest.sha256),
            changes=[
                changes.ClipSpooled(
                    digest.sha256,
                    digest.size,
                    digest.chunk_root,
                    None,
                    name,
                    "0000127",
                    ClipKind.ORIGINAL,
                    spool,
                    important,
                ),
                changes.FileCollected(session, number, digest.sha256),
            ],
        )

    async def derive(self, original: bytes, data: bytes) -> str:
        """A proxy of a collected clip, promised to the archive as a derivative; gives its digest."""
        digest, parent = digest_of(data), digest_of(original).sha256
        spool = f"spool/{digest.sha256}"
        (self.data_dir / spool).write_bytes(data)
        event = ClipDerived(
            original=parent,
            role="proxy",
            media_type="video/mp4",
            recipe="remux",
            tool="ffmpeg 5.1",
            size=digest.size,
            chunk_root=digest.chunk_root,
        )
        await self.journal.append(
            event,
            Subject("proxy.mp4", digest.sha256),
            changes=[
                changes.ClipSpooled(
                    digest.sha256,
                    digest.size,
                    digest.chunk_root,
                    None,
                    "proxy.mp4",
                    "0000127",
                    ClipKind.DERIVATIVE,
                    spool,
                    False,
                    parent,
                    "proxy",
                )
            ],
        )
        return digest.sha256

    def uploader(self) -> Uploader:
        return Uploader(
            self.archive, self.journal, self.data_dir, lambda sha256, count: self.sent.update({sha256: count})
        )

    async def send_entries(self) -> None:
        while (await entries.send_once(self.archive, self.journal, NOW)).more:
            pass

    async def upload_all(self) -> None:
        for clip in await self.journal.ask(queries.clips_to_upload):
            await self.uploader().upload(clip)

    async def fetch(self, clip: ClipRow) -> object:
        return await receipts.fetch(self.archive, self.journal, self.view, self.trust, clip, NOW)

    async def fetch_receipts(self) -> list[object]:
        return [await self.fetch(clip) for clip in await self.journal.ask(queries.clips_awaiting_receipt)]

    async def sync(self) -> list[object]:
        await self.send_entries()
        await self.upload_all()
        return await self.fetch_receipts()

    async def clip(self, data: bytes) -> ClipRow:
        found = await self.journal.ask(queries.clip, digest_of(data).sha256)
        assert found is not None
        return found

    async def alarms(self) -> set[str]:
        return {alarm.code for alarm in await self.journal.ask(queries.alarms)}

    async def order(self, target: Path, method: Method, session: str = SESSION) -> None:
        backend: Literal["directory", "image"] = "directory" if target.is_dir() else "image"
        folder = target if backend == "directory" else target.parent
        await self.journal.change(order.kept(order.Order(session, backend, folder, target, method)))

    async def clear(self, target: Path, method: Method = Method.DELETE, session: str = SESSION) -> Outcome:
        await self.order(target, method, session)
        return await wipe(self.data_dir, session)

    def trusting(self, **parts: object) -> None:
        self.trust = replace(self.trust, **parts)  # type: ignore[arg-type]


@contextlib.asynccontextmanager
async def enrolled(folder: Path) -> AsyncIterator[tuple[World, StandIn]]:
    """A dock enrolled with a stand-in archive; the first statement of its chain is said."""
    folder.mkdir(exist_ok=True)
    archive_folder, data_dir, bay = folder / "archive", folder / "dock", folder / "bay"
    for each in (archive_folder, data_dir, bay):
        each.mkdir()
    async with serving(StandIn(archive_folder)) as archive:
        await enroll(archive.url, archive.code, data_dir)
        async with opened(data_dir, bay) as world:
            await world.journal.append(DockStarted("0.1.0", None))
            yield world, archive


@contextlib.asynccontextmanager
async def opened(data_dir: Path, bay: Path, journal_name: str = "journal.db") -> AsyncIterator[World]:
    """The dock of a folder that has enrolled."""
    identity = store.load(data_dir)
    signer = keys.load(store.Paths(data_dir).signing_key)
    journal = await Journal.open(data_dir / journal_name, source=identity.dock, signer=signer, read_clock=Ticking())
    context = store.client_context(data_dir)
    async with aiohttp.ClientSession(connector=connector(context)) as session:
        archive = Archive(session, identity.archive_url, identity.dock)
        trust = Trust(store.load_policy(data_dir), identity.archive_key, identity.dock)
        view = LogView(journal, trust.policy, archive.tile)
        try:
            yield World(data_dir, bay, journal, session, archive, trust, view)
        finally:
            await journal.close()
