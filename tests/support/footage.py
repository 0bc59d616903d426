"""An archive whose clock can be set, with footage of long ago that really lies in its store: for what becomes of it in time."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import update

from liuhen_protocol.digest import ChunkTree, digest_of
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import ClipDerived, ClipStored
from liuhen_protocol.merkle import leaf_hash
from liuhen_protocol.moment import format_time
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Subject, read_statement
from liuhen_server.acts import Acts
from liuhen_server.cases.classes import Stage
from liuhen_server.cases.linking import Goal, link_clips
from liuhen_server.cases.reading import Case
from liuhen_server.cases.record import New, open_case
from liuhen_server.custody.evidence import Clip, find_clip
from liuhen_server.database.schema import clips
from liuhen_server.ingest.promise import promise_of
from liuhen_server.ingest.promises import keep
from liuhen_server.operations.opening import Archive, found, opened
from liuhen_server.registry.agencies import Agency, add_agency
from liuhen_server.registry.officers import Officer, add_officer
from liuhen_server.retention.disposal import DisposalList, approve, draw
from liuhen_server.retention.removal import Removal
from liuhen_server.web.context import CHINA
from support.archive import Dock, append, config_for, enrol, publish_all
from support.case_office import Somebody
from support.custody import County

AGENCY = "market-supervision"
BEGAN = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
ARCHIVIST, HEAD, HANDLER = Somebody(9), Somebody(4), Somebody(7)


@dataclass
class Clock:
    """Every look is a moment later, so that statements have an order."""

    moment: datetime = BEGAN

    def __call__(self) -> datetime:
        self.moment += timedelta(milliseconds=5)
        return self.moment

    def days_pass(self, count: int) -> None:
        self.moment += timedelta(days=count)


@dataclass
class Cabinet:
    """`docks` by name; `handlers` are two officers of the agency."""

    archive: Archive
    clock: Clock
    acts: Acts
    docks: dict[str, Dock] = field(default_factory=dict)
    handlers: tuple[int, int] = (0, 0)

    @property
    def today(self) -> date:
        return self.clock.moment.astimezone(CHINA).date()

    async def dock(self, name: str = "dock-03") -> Dock:
        if name not in self.docks:
            self.docks[name] = Dock(name, Ed25519Signer.from_seed(name.encode().ljust(32, b".")))
            await enrol(self.archive, self.docks[name])
        return self.docks[name]

    async def clip(self, data: bytes, dock: str = "dock-03", original: bytes | None = None) -> Clip:
        """Collected and stored now; of `original`: derived from it."""
        speaker, digest = await self.dock(dock), digest_of(data)
        now, name = format_time(self.clock()), "0001.MP4" if original is None else "proxy.mp4"
        collected = replace(County().collected(digest, name), began=now, finished=now)
        derived = ClipDerived(
            digest_of(original or b"").sha256, "proxy", "video/mp4", "remux", "ffmpeg", digest.size, digest.chunk_root
        )
        subject = Subject(name, digest.sha256)
        promised = speaker.seal(collected if original is None else derived, now, subject)
        (index,) = await append(self.archive, [promised])
        path = self.archive.store.path_of(digest.sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        tree = ChunkTree()
        tree.update(data)
        tree.root()
        self.archive.store.keep_leaves(digest.sha256, bytes(tree.leaves))
        stored = ClipStored(
            kind="original" if original is None else "derivative",
            original=None if original is None else derived.original,
            size=digest.size,
            chunk_root=digest.chunk_root,
            dock=dock,
            promised_index=index,
            promised_leaf=leaf_hash(promised.envelope).hex(),
            store="folder",
            read_back=now,
        )
        async with self.archive.database.write() as conn:
            promise = promise_of(read_statement(Envelope.parse(promised.envelope).payload))
            assert promise is not None
            await keep(conn, [promise._replace(promised_index=index)])
            stated = await self.archive.chain.append(conn, stored, subject)
            this = (clips.c.sha256 == digest.sha256) & (clips.c.dock == dock)
            await conn.execute(update(clips).where(this).values(stored_index=stated.index, store_key="k"))
        return await self.again(dock, digest.sha256)

    async def again(self, dock: str, sha256: str) -> Clip:
        async with self.archive.database.read() as conn:
            clip = await find_clip(conn, dock, sha256)
        assert clip is not None
        return clip

    async def case(self, enforcement: str = "penalty") -> Case:
        return await open_case(self.acts, HANDLER, New(AGENCY, enforcement, "案由", self.handlers), self.today)

    async def linked(self, clip: Clip, case: Case) -> None:
        goal = Goal(case.id, Stage.INITIATION)
        assert await link_clips(self.acts, HANDLER, goal, [(clip.dock, clip.sha256)], "hand") == (1, 0)

    async def drawn(self) -> DisposalList:
        return await draw(self.acts, ARCHIVIST, AGENCY, self.today, CHINA)

    async def approved(self, drawn: DisposalList, person: Somebody = HEAD) -> DisposalList:
        return await approve(self.acts, person, drawn.id, drawn.version, self.today, CHINA)

    async def disposed(self) -> DisposalList:
        return await self.approved(await self.drawn())

    @property
    def removal(self) -> Removal:
        a = self.archive
        return Removal(a.database, a.store, a.reader, a.policy, a.chain.signer.public, self.clock)

    async def published(self) -> None:
        await publish_all(self.archive)


@asynccontextmanager
async def cabinet_in(folder: Path, database_url: str, clock: Clock | None = None) -> AsyncIterator[Cabinet]:
    """Founded where there is none, opened again where there is."""
    clock = clock or Clock()
    config = config_for(folder, database_url)
    if fresh := not folder.exists():
        await found(config, clock)
    async with opened(config, clock) as archive:
        cabinet = Cabinet(archive, clock, Acts(archive.database, archive.chain, clock, secrets.token_bytes))
        if fresh:
            async with archive.database.write() as conn:
                await add_agency(conn, Agency(AGENCY, "朝阳县市场监督管理局", "市场监管局", "朝县市监"))
                one = await add_officer(conn, Officer("21132100", "王磊", AGENCY))
                two = await add_officer(conn, Officer("21132101", "李静", AGENCY))
            cabinet.handlers = (one.id, two.id)
        yield cabinet
