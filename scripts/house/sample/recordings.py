"""The docks of the sample county: each enrols, reads its officers' recorders and sends what was on them, over the interface that docks use.

The recorders and what is said of their clearing are simulated; the footage is real, and so are keys, statements, uploads and receipts.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp

from house.sample.plan import MadeFilm
from liuhen_agent.identity import store
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.simulate.footage import clip_name, make_clip, real_clips
from liuhen_agent.sync.archive import Archive, Logged, NotYet, connector
from liuhen_files import keys
from liuhen_protocol.chain import ChainHead, after, envelope_hash, next_link
from liuhen_protocol.digest import Digest, digest_of
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import (
    ClipCollected,
    ClipFailed,
    DockStarted,
    Event,
    InventoryFile,
    NumberingGap,
    ReceiptRef,
    RecorderCleared,
    RecorderClockSet,
    RecorderDocked,
    RecorderIdentity,
    RecorderInventory,
    RecorderUndocked,
)
from liuhen_protocol.moment import format_time
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.signer import Signer
from liuhen_protocol.statement import Clock, Statement, Subject, place_in_chain, write_statement

CLOCK = Clock("ntp", 20)
FOLDER = "DCIM/100MEDIA"
SKIPPED = 3  # of the recorder whose numbers have a gap, before its last file
SMALLEST, LARGEST = (
    100_000,
    600_000,
)  # bytes of the films that are used: large enough to be films, small enough to take no time
AT_ONCE = 4  # uploads of a dock: the archive takes sixteen of all docks together
_PIECE = 1 << 18


@dataclass(frozen=True)
class Footage:
    """Films and a picture that recordings are made of: no two files are alike, for each carries its own name."""

    films: Sequence[bytes]
    picture: bytes

    def film(self, number: int, name: str) -> bytes:
        """With a box at the end that players leave out (ISO/IEC 14496-12, `free`)."""
        said = name.encode()
        return self.films[number % len(self.films)] + struct.pack(">I4s", 8 + len(said), b"free") + said

    def photograph(self, name: str) -> bytes:
        """What follows a JPEG's end belongs to no picture."""
        return self.picture + name.encode()


def footage(folder: Path) -> Footage:
    """Blocks: ffmpeg makes the picture, and a film where no real one is installed."""
    folder.mkdir(parents=True, exist_ok=True)
    films = [clip for clip in real_clips() if SMALLEST <= clip.stat().st_size <= LARGEST]
    if not films:
        films = [folder / "film.mp4"]
        make_clip(films[0])
    picture = folder / "picture.jpg"
    source = ["-f", "lavfi", "-i", "testsrc2=size=960x540:duration=1:rate=1", "-frames:v", "1"]
    subprocess.run(["ffmpeg", "-loglevel", "error", "-nostdin", "-y", *source, str(picture)], check=True)
    return Footage([film.read_bytes() for film in films], picture.read_bytes())


@dataclass(frozen=True)
class CardFile:
    """One file on a recorder. `waits`: it is promised, and its bytes are still at the dock."""

    film: MadeFilm
    name: str
    began: datetime
    modified: datetime
    data: bytes
    important: bool
    waits: bool = False

    @property
    def digest(self) -> Digest:
        return digest_of(self.data)

    @property
    def listed(self) -> InventoryFile:
        modified = f"{self.modified:%Y-%m-%dT%H:%M:%S}"
        return InventoryFile(f"{FOLDER}/{self.name}", None, len(self.data), modified, "clip", self.important)


def card_files(films: Sequence[MadeFilm], made: Footage, *, gap: bool, waits: bool) -> tuple[CardFile, ...]:
    """What one recorder holds, in the order of its numbers. `gap`: some numbers are missing before the last file;
    `waits`: the bytes of the last file have not come yet."""
    parts = [(film, part) for film in sorted(films, key=lambda film: film.begins) for part in range(film.files)]
    found = []
    for number, (film, part) in enumerate(parts, 1):
        last = number == len(parts)
        begins, shown = film.part_begins(part), number + (SKIPPED if gap and last else 0)
        important = bool(film.item) and part == 0 and film.minutes > 60
        suffix = "JPG" if film.picture else "MP4"
        name = clip_name(film.recorder, film.officer, begins, shown, important=important, suffix=suffix)
        data = made.photograph(name) if film.picture else made.film(number, name)
        ends = begins + timedelta(minutes=film.minutes / film.files)
        found.append(CardFile(film, name, begins, ends, data, important, waits and last))
    return tuple(found)


@dataclass
class SampleDock:
    """A dock's place in the archive: its chain, sealed by its key, and its connection."""

    name: str
    archive: Archive
    signer: Signer
    head: ChainHead | None = None
    sessions: itertools.count[int] = field(default_factory=itertools.count)
    places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    async def say(self, *said: Event | tuple[Event, Subject]) -> None:
        """States them and sends them; each must be taken."""
        envelopes = [self._sealed(*(each if isinstance(each, tuple) else (each, None))) for each in said]
        answers = await self.archive.send_entries(envelopes)
        assert all(isinstance(answer, Logged) for answer in answers), answers

    def _sealed(self, event: Event, subject: Subject | None) -> bytes:
        link = next_link(self.head, self.name, _now(), CLOCK)
        about = subject or place_in_chain(link, self.signer.public)
        envelope = seal(write_statement(Statement(link, event, about)), self.signer).encode()
        self.head = after(link, envelope_hash(envelope))
        return envelope

    async def upload(self, file: CardFile) -> None:
        size = len(file.data)
        async with self.places:
            url = await self.archive.create_upload(file.digest.sha256, file.name, size)
            await self.archive.send_bytes(url, 0, size, size, _pieces(file.data))

    async def receipt(self, sha256: str) -> ReceiptRef:
        """Waits until the archive's log is published so far."""
        while isinstance(found := await self.archive.receipt(sha256), NotYet):
            await asyncio.sleep(min(found.retry_after or 0.2, 0.2))
        assert found is not None, "the archive has the clip"
        return ReceiptRef(sha256, TlogProof.parse(found).index)

    async def stay(self, bay: str, files: Sequence[CardFile], *, offset_ms: int) -> None:
        """One recorder: docked, its clock set, its files listed, collected and sent; cleared when every receipt is there."""
        film, session = files[0].film, f"{self.name}-{next(self.sessions):04d}"
        identity = RecorderIdentity(film.recorder, film.officer, None, "DSJ-样例", "1.0.3", film.recorder)
        wrong, right = _local(timedelta(milliseconds=offset_ms)), _local(timedelta())
        docked = RecorderDocked(session, bay, identity, "generic", "C", "image", wrong, offset_ms, 71, False)
        clock_set = RecorderClockSet(session, film.recorder, wrong, right, offset_ms)
        gaps = _gaps(files)
        size = sum(len(file.data) for file in files)
        listed = tuple(file.listed for file in files)
        inventory = RecorderInventory(session, 1, 1, size, 31_000_000_000, listed, gaps, 0)
        collected = [_collected(file, session, bay) for file in files]
        await self.say(docked, clock_set, inventory, *collected)
        await asyncio.gather(*(self.upload(file) for file in files if not file.waits))
        if any(file.waits for file in files):
            return
        receipts = await asyncio.gather(*(self.receipt(file.digest.sha256) for file in files))
        cleared = RecorderCleared(session, film.recorder, "delete", 1, 1, tuple(receipts))
        await self.say(cleared, RecorderUndocked(session, film.recorder, False, "ready"))

    async def unknown_device(self, bay: str) -> None:
        """A stick that nobody registered is in a bay, and one of its files cannot be read: nothing of it is cleared."""
        session = f"{self.name}-{next(self.sessions):04d}"
        identity = RecorderIdentity("SAMPLE-STICK", None, None, None, None, None)
        unread = InventoryFile("VIDEO/0001.AVI", None, 48_000_000, None, "clip", False)
        await self.say(
            RecorderDocked(session, bay, identity, "unknown", "C", "disk", None, None, None, True),
            RecorderInventory(session, 1, 1, unread.size, 0, (unread,), (), 0),
            ClipFailed(session, identity.serial, unread.path, None, "read-error", "sector 90112 cannot be read", 4096),
        )


@asynccontextmanager
async def enrolled(name: str, code: str, url: str, folder: Path) -> AsyncIterator[SampleDock]:
    """A new dock with keys of its own in `folder`, connected to the archive as long as the block lasts."""
    await enroll(url, code, folder)
    signer = keys.load(store.Paths(folder).signing_key)
    async with aiohttp.ClientSession(connector=connector(store.client_context(folder))) as session:
        yield SampleDock(name, Archive(session, url, name), signer)


async def hand_in(dock: SampleDock, cards: Mapping[str, Sequence[CardFile]], *, stick: bool) -> None:
    """The recorders (by serial) of one dock, one after the other."""
    await dock.say(DockStarted("0.1.0", None))
    for bay, files in enumerate(cards.values(), 1):
        await dock.stay(str(bay), files, offset_ms=(-1) ** bay * 1_700 * bay)
    if stick:
        await dock.unknown_device(str(len(cards) + 1))


def _collected(file: CardFile, session: str, bay: str) -> tuple[Event, Subject]:
    film, digest, now = file.film, file.digest, _now()
    event = ClipCollected(
        session=session,
        bay=bay,
        recorder=film.recorder,
        officer=film.officer,
        path=f"{FOLDER}/{file.name}",
        raw=None,
        size=digest.size,
        chunk_root=digest.chunk_root,
        important=file.important,
        recorder_time=f"{file.began:%Y-%m-%dT%H:%M:%S}",
        modified=f"{file.modified:%Y-%m-%dT%H:%M:%S}",
        began=now,
        finished=now,
    )
    return event, Subject(file.name, digest.sha256, digest.sm3)


def _gaps(files: Sequence[CardFile]) -> tuple[NumberingGap, ...]:
    found = []
    for before, following in itertools.pairwise(files):
        missing = _number(following) - _number(before) - 1
        if missing:
            found.append(NumberingGap(before.listed.path, following.listed.path, missing))
    return tuple(found)


def _number(file: CardFile) -> int:
    return int(file.name.split("_")[2][:4])


def _now() -> str:
    return format_time(datetime.now(UTC))


def _local(off: timedelta) -> str:
    return f"{datetime.now(UTC) + timedelta(hours=8) + off:%Y-%m-%d %H:%M:%S}"


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), _PIECE):
        yield data[at : at + _PIECE]
