"""How long the archive's pages take at a million clips and a hundred thousand cases, on SQLite and on PostgreSQL: the time in the
server, as the 95th percentile of requests one after another, against the 150 ms that a page may take.

One county is made straight in the tables of both databases. Time begins when a request has come and ends when its page is ready. The
database's files (2 to 5 GB) are in the machine's memory, as on a server that runs all day; programs and connections begin cold.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import statistics
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote

import aiohttp
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from sqlalchemy import insert, select, update

from house.bench import made_cases
from house.bench import made_county as county
from house.bench.made_log import Writer, collected
from house.bench.measure import Goal, Result, progress
from house.bench.postgresql import server
from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import ClipStored, DockEnrolled, Event, RecorderDocked, RecorderIdentity
from liuhen_protocol.merkle import leaf_hash
from liuhen_protocol.moment import format_time
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Subject, read_statement
from liuhen_server import log
from liuhen_server.cases.classes import Stage
from liuhen_server.config import Config
from liuhen_server.custody.schema import stays_read
from liuhen_server.custody.stays import StayReader
from liuhen_server.database import Connection
from liuhen_server.database.schema import clips, docks, log_state
from liuhen_server.ingest import promises
from liuhen_server.ingest.promise import promise_of
from liuhen_server.operations.opening import Archive, found, opened
from liuhen_server.people.accounts import add_person, set_password
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.roles import Role
from liuhen_server.people.sessions import COOKIE
from liuhen_server.people.sign_in import Session
from liuhen_server.registry.agencies import Agency, add_agency
from liuhen_server.registry.docks import ENROLLED
from liuhen_server.search.indexer import Indexer
from liuhen_server.search.schema import search_read
from liuhen_server.web.app import people_app
from liuhen_server.web.context import PeopleContext
from liuhen_server.web.guard import SIGN_IN

LIMIT_MS = 150.0
TIMES = 60  # requests of one kind; the 95th percentile is the fourth slowest
REAL = 20  # clips whose pages are asked for
PASSWORD = "a county of 1,000,000 clips"
STAGES = tuple(stage.value for stage in Stage)
NOW = county.BEGAN + county.CLIPS * county.BETWEEN

Paths = Callable[[int], str]


def run(work: Path) -> Iterator[Result]:
    work.chmod(0o711)  # PostgreSQL runs as a user of its own
    with server(work / "postgresql") as url:
        configs = {
            "SQLite": Config(work / "sqlite", "bench.example/log"),
            "PostgreSQL": Config(work / "archive", "bench.example/log", database=url),
        }
        real = {name: asyncio.run(_begin(config)) for name, config in configs.items()}
        progress(f"pages: {county.CLIPS:,} clips go into both databases")
        with county.Sqlite(str(work / "sqlite" / "archive.db")) as sqlite, county.Postgresql(url) as postgresql:
            county.fill([sqlite, postgresql], lambda done: progress(f"pages: {done}"))
        for name, config in configs.items():
            asyncio.run(_end(config))
            _into_memory(work / "sqlite" if config.database is None else work / "postgresql" / "data")
            for page, milliseconds in asyncio.run(_measure(config, real[name])).items():
                yield Result(
                    f"pages {page}, {name}",
                    milliseconds,
                    "ms",
                    "what a page may take",
                    LIMIT_MS,
                    Goal(1.0, at_least=False),
                )
        shutil.rmtree(work / "sqlite")


def _into_memory(folder: Path) -> None:
    """Reads every file below `folder` once: how quick a disk is, is not what is measured."""
    for path in folder.rglob("*"):
        # PostgreSQL drops files of its own as it works
        with contextlib.suppress(FileNotFoundError, IsADirectoryError), path.open("rb", buffering=0) as file:
            while file.read(1 << 20):
                pass


async def _begin(config: Config) -> list[str]:
    """Founds the archive with its agencies, docks and people, and brings the real stay; returns the digests of its clips."""
    await found(config, lambda: county.BEGAN)
    async with opened(config, lambda: NOW) as archive:
        dock = Writer("dock-01", Ed25519Signer.from_seed(b"D" * 32))
        async with archive.database.write() as conn:
            for number in range(county.AGENCIES):
                name = county.agency_name(number)
                await add_agency(
                    conn, Agency(county.agency_code(number), name, name[3:9], "朝县" + "甲乙丙丁戊己庚辛"[number])
                )
            for number in range(county.DOCKS):
                await _enrol(conn, archive, f"dock-{number + 1:02}", number % county.AGENCIES, dock.signer.public.hex())
            for role, agency in ((Role.REVIEWER, county.agency_code(0)), (Role.JUSTICE_SUPERVISOR, None)):
                hashed = PasswordWork().hash_now(PASSWORD)
                added = await add_person(
                    conn, name=role.value, display_name=role.value, roles=frozenset({role}), one_time_hash=hashed,
                    now=int(NOW.timestamp()), agency=agency,
                )  # fmt: skip
                await set_password(conn, added.id, hashed)
        identity = RecorderIdentity("0000300", "210300", None, None, None, None)
        docked = RecorderDocked("3f" * 16, "1", identity, "p", "A", "image", None, None, None, False)
        digests = []
        async with archive.database.write() as conn:
            await _log(conn, dock, docked, None)
            for number in range(REAL):
                digests.append(await _collect(conn, archive, dock, number))
        async with aiohttp.ClientSession() as session:
            sequencer = archive.sequencer(session, "bench")
            while (await sequencer.tick()).outcome.name == "PUBLISHED":
                pass
            await sequencer.close()
        await StayReader(archive.database).catch_up()
        await Indexer(archive.database).catch_up()
    return digests


async def _enrol(conn: Connection, archive: Archive, name: str, agency: int, public: str) -> None:
    stated = await archive.chain.append(conn, DockEnrolled(name, county.agency_code(agency), public, "00" * 32, None))
    row = {"name": name, "agency": county.agency_code(agency), "public_key": public, "state": ENROLLED}
    await conn.execute(insert(docks).values(**row, enrolled_index=stated.index, enrolled_time=stated.time))


async def _log(conn: Connection, dock: Writer, event: Event, subject: Subject | None) -> tuple[int, bytes]:
    envelope = dock.state(event, subject)
    statement = read_statement(Envelope.parse(envelope).payload)
    entry = log.NewEntry(envelope, dock.source, statement.link.seq, statement.kind, statement.link.time)
    [index] = await log.append(conn, [entry])
    return index, envelope


async def _collect(conn: Connection, archive: Archive, dock: Writer, number: int) -> str:
    data = b"not a film, but real bytes %d " % number * 4_000
    digest, moment = digest_of(data), format_time(NOW)
    event, subject = collected(number)
    event = replace(event, size=digest.size, chunk_root=digest.chunk_root, began=moment, finished=moment)
    index, envelope = await _log(conn, dock, event, Subject(subject.name, digest.sha256))
    promise = promise_of(read_statement(Envelope.parse(envelope).payload))
    assert promise is not None
    await promises.keep(conn, [promises.at(promise, index)])
    path = archive.store.path_of(digest.sha256)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    leaf = leaf_hash(envelope).hex()
    stored = ClipStored(
        "original", None, digest.size, digest.chunk_root, dock.source, index, leaf, archive.store.name, moment
    )
    stated = await archive.chain.append(conn, stored, Subject(subject.name, digest.sha256))
    key = archive.store.key_of(digest.sha256)
    this = (clips.c.sha256 == digest.sha256) & (clips.c.dock == dock.source)
    await conn.execute(update(clips).where(this).values(stored_index=stated.index, store_key=key))
    return digest.sha256


async def _end(config: Config) -> None:
    """The log goes on behind what was made, and nothing of that is read again."""
    async with opened(config, lambda: NOW) as archive, archive.database.write() as conn:
        end = county.FIRST_ENTRY + 2 * county.CLIPS + 32 * made_cases.CASES
        assert (await conn.execute(select(log_state.c.next_index))).scalar_one() <= county.FIRST_ENTRY
        for table in (log_state, stays_read, search_read):
            await conn.execute(update(table).values(next_index=end))


@dataclass
class Clock:
    """The server's own time of the last request, in milliseconds."""

    last: float = 0.0

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def timed(request: web.Request, handler: Handler) -> web.StreamResponse:
            began = time.perf_counter()
            try:
                return await handler(request)
            finally:
                self.last = (time.perf_counter() - began) * 1000

        return timed


@contextlib.asynccontextmanager
async def _served(archive: Archive) -> AsyncIterator[tuple[str, web.Application, Clock]]:
    context = PeopleContext(
        archive.database, archive.store, archive.reader, archive.chain, archive.policy, now=lambda: NOW
    )
    application, clock = people_app(context), Clock()
    application.middlewares.insert(0, clock.middleware)
    runner = web.AppRunner(application)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", application, clock
    finally:
        await runner.cleanup()


async def _measure(config: Config, real: list[str]) -> Mapping[str, float]:
    """The 95th percentile of each page, in milliseconds: of those who see one agency and those who see all, the slower."""
    found: dict[str, float] = {}
    async with (
        opened(config, lambda: NOW) as archive,
        _served(archive) as (url, application, clock),
        aiohttp.ClientSession() as client,
    ):
        for who in (Role.REVIEWER, Role.JUSTICE_SUPERVISOR):
            session = await application[SIGN_IN].enter(who.value, PASSWORD, "127.0.0.1")
            assert isinstance(session, Session)
            signed_in = {"Cookie": f"{COOKIE}={session.token}"}
            for name, path in _pages(real).items():
                taken = []
                for number in range(TIMES):
                    async with client.get(url + path(number), headers=signed_in) as answer:
                        await answer.read()
                    assert answer.status == 200 and answer.url.path != "/sign-in", (path(number), answer.status)
                    taken.append(clock.last)
                slow = statistics.quantiles(taken, n=20)[-1]
                found[name] = max(slow, found.get(name, 0.0))
                middle = statistics.median(taken)
                progress(f"pages: {name}, {who.value}: {slow:.0f} ms of twenty the slowest, {middle:.0f} ms the middle")
    return found


def _pages(real: list[str]) -> Mapping[str, Paths]:
    def clip(number: int) -> county.Clip:
        """Any of them, another at each request."""
        return county.Clip(number * 7_919 * 1_013 % county.CLIPS // 240 * 240)

    def case(number: int) -> made_cases.Case:
        """The one of any such clip, which like it is of the first agency."""
        return county.case(clip(number).n // county.CLIPS_OF_A_CASE)

    def deep(number: int) -> str:
        return f"/clips?older={format_time(clip(number).moment)}~{county.FIRST_ENTRY + 2 * clip(number).n}"

    parts = ("监督", "运输", "管理局", "阳县农业", "应急", "卫生健康", "局监", "市场 2023-05")
    return {
        "clip list": lambda _: "/clips",
        "clip list, far down": deep,
        "clip list, officer": lambda n: f"/clips?officer={clip(n).officer}",
        "clip list, dock and day": lambda n: f"/clips?dock=dock-{n % 5 * 8 + 1:02}&day={clip(n).moment:%Y-%m-%d}",
        "clip list, broken": lambda _: "/clips?verdict=broken",
        "clip list, undecided": lambda _: "/clips?verdict=undecided",
        "clip list, officer and holds": lambda n: f"/clips?verdict=holds&officer={clip(n).officer}",
        "stay list": lambda _: "/stays",
        "search, part of a Chinese word": lambda n: f"/search?q={parts[n % len(parts)]}",
        "search, digest": lambda n: f"/search?q={clip(n).sha256[:10]}",
        "search, officer": lambda n: f"/search?q={clip(n).officer}",
        "search, file name": lambda n: f"/search?q={clip(n).name}",
        "search, day and dock": lambda n: f"/search?q=dock-{n % 5 * 8 + 1:02}+{clip(n).moment:%Y-%m-%d}",
        "search, months": lambda n: f"/search?q=mp4&from=2022-01-15&to=2022-0{n % 6 + 2}-20",
        "search, case number": lambda n: f"/search?q={quote(case(n).number)}",
        "search, party of a case": lambda n: f"/search?q={quote(case(n).party)}",
        "case list": lambda _: "/cases",
        "case list, number": lambda n: f"/cases?text={quote(case(n).number)}",
        "case list, part of a subject": lambda n: f"/cases?text={quote(('超市', '过期', '施工', '样例 7')[n % 4])}",
        "case list, stage": lambda n: f"/cases?stage={STAGES[n % len(STAGES)]}",
        "case list, class and stage": lambda n: f"/cases?class=penalty&stage={STAGES[n % len(STAGES)]}",
        "case page": lambda n: f"/cases/{case(n).id}",
        "clip page": lambda n: f"/clips/dock-01/{real[n % len(real)]}",
    }
