"""Hostile and broken recorders through the whole system: real image, real dock, real archive over TLS, the page people read.

Each ends with the clip in the archive, or with a clear word in the chain; never with a traceback, and nothing is cleared
that was not read in full.
"""

from __future__ import annotations

import base64
import hashlib
import html
import logging
import os
import random
import sqlite3
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import pytest

from liuhen_agent.bay import State
from liuhen_agent.collect.inventory import plan, statements
from liuhen_agent.detect import Bay
from liuhen_agent.dock import Dock, Wishes
from liuhen_agent.identity.enrolment import enroll
from liuhen_agent.journal import Said, queries, read_only
from liuhen_agent.progress import BayView
from liuhen_agent.recorders import FileEntry, Listing
from liuhen_agent.recorders.profile import default_folder, load_profiles
from liuhen_agent.recorders.safe_path import safe_path
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.hostile import changing
from liuhen_agent.simulate.images import Kind, build_image
from liuhen_agent.sync.service import Pace
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import ClipCollected, ClipFailed, DockAlarm, RecorderCleared, RecorderInventory
from liuhen_protocol.statement import Statement, read_statement
from support import device, dock_alone
from unit.agent_sync.test_against_the_archive import at_the_archive
from unit.people.test_people_listener import signed_in

QUICK = Pace(idle=0.05, receipts=0.05, log=1.0)
LINKED = "DCIM/100MEDIA/DSJ7A01_01234520261122143059_0001.MP4"


@dataclass
class Case:
    """A dock enrolled at a running archive, and what it and the archive say afterwards."""

    archive: device.World
    data_dir: Path
    port: Path

    async def dock_it(self) -> BayView:
        """The recorder in the bay goes the whole way, or as far as it can."""
        config = replace(dock_alone.config(self.data_dir, Bay("1", "image", self.port)), proxies=False)
        wishes = Wishes(once_idle=True, watch=dock_alone.QUICK, pace=QUICK)
        [view] = await Dock(self.data_dir, config, wishes).run()
        return view

    def said(self) -> list[Statement]:
        with read_only(self.data_dir / "journal.db") as db:
            return [read_statement(Envelope.parse(row.data).payload) for row in queries.envelopes(db)]

    def collected(self) -> dict[bytes, Statement]:
        """By the name as the recorder had it: the bytes of `raw`, or of the path where that says them."""
        found = [statement for statement in self.said() if isinstance(statement.event, ClipCollected)]
        return {original_name(statement.event): statement for statement in found}  # type: ignore[arg-type]

    def logged(self) -> dict[bytes, str]:
        """What the archive's log says was collected: original name and SHA-256."""
        with closing(sqlite3.connect(self.archive.config.folder / "archive.db")) as db:
            rows = db.execute("SELECT envelope FROM entries WHERE kind = 'clip.collected'").fetchall()
        found = [read_statement(Envelope.parse(row[0]).payload) for row in rows]
        return {original_name(each.event): each.subject.sha256 for each in found}  # type: ignore[arg-type]

    def stored(self, sha256: str) -> bytes:
        return (self.archive.config.store_folder / "sha256" / sha256[:2] / sha256[2:4] / sha256).read_bytes()


def original_name(event: ClipCollected) -> bytes:
    return event.path.encode() if event.raw is None else base64.b64decode(event.raw)


@asynccontextmanager
async def docked(tmp_path: Path) -> AsyncIterator[Case]:
    async with device.running_archive(tmp_path) as archive:
        data_dir, port = tmp_path / "dock", tmp_path / "port"
        port.mkdir()
        await enroll(archive.url, await device.enrolment_code(archive.config, "dock-03"), data_dir)
        yield Case(archive, data_dir, port)


def card(case: Case, files: dict[str, bytes], *, kind: Kind = "fat32", label: str = "DSJ7A01") -> Path:
    found = []
    for number, (name, content) in enumerate(files.items()):
        source = case.data_dir.parent / f"source-{number}"
        source.write_bytes(content)
        found.append(CardFile(name, source, datetime(2026, 11, 22, 14, 30)))
    return build_image(case.port / "card.img", found, kind=kind, label=label)


async def files_on(image: Path) -> list[str]:
    volume = await open_volume(image)
    try:
        return [file.path for file in (await volume.inventory()).files]
    finally:
        await volume.close()


@pytest.fixture(autouse=True)
def no_traceback(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    for record in caplog.records:
        assert record.exc_info is None or record.levelno < logging.ERROR, record.getMessage()


NAMES = [
    b"line\nbreak\r.mp4",
    b"\xff\xfe\x80.mp4",
    "现场检查".encode("gbk") + b".mp4",
    "现场检查.mp4".encode(),
    b"x" * 251 + b".mp4",
    b"..%2f..%2fetc%2fpasswd",
    b"..\\..\\boot.ini",
    b"<script>alert(1)<&'\".mp4",
    b"{{7*7}}${7*7}.mp4",
    b"\x1b[2J\x07.mp4",
    "gnp.‮4pm.exe".encode(),
    b"-rf",
    b" ",
    b"empty.mp4",
]


async def test_any_name_goes_from_the_card_to_the_page_and_its_bytes_are_recoverable(tmp_path: Path) -> None:
    async with docked(tmp_path) as case:
        contents = {name: b"" if name == b"empty.mp4" else b"clip " + name * 20 for name in NAMES}
        tree = tmp_path / "tree"
        tree.mkdir()
        for name, content in contents.items():
            Path(os.fsdecode(os.fsencode(tree) + b"/" + name)).write_bytes(content)
        image = case.port / "card.img"
        with image.open("wb") as file:
            file.truncate(8 << 20)
        subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-F", "-d", str(tree), str(image)], check=True)
        view = await case.dock_it()
        assert (view.collected, view.receipted, view.failed) == (len(NAMES), len(NAMES), 0), view
        sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
        assert case.logged() == sha256
        for name, statement in case.collected().items():
            event = statement.event
            assert isinstance(event, ClipCollected)
            assert event.path.isprintable() and ".." not in event.path.split("/")
            assert case.stored(sha256[name]) == contents[name]
        outside = {path.name for path in tmp_path.iterdir()}
        assert outside == {"archive", "dock", "port", "tree"}, "nothing is written outside"
        async with signed_in(case.archive, "li.reviewer") as reader:
            status, _, found = await reader.get("/clips")
            assert status == 200
            check_page(found)
            for name, statement in case.collected().items():
                status, _, found = await reader.get(f"/clips/dock-03/{sha256[name]}")
                assert status == 200, name
                check_page(found)
                assert (
                    html.escape(statement.subject.name, quote=False).encode()[:30] in found or b"\xe2\x80\xae" in name
                )
                status, headers, body = await reader.get(f"/clips/dock-03/{sha256[name]}/original")
                assert (status, body) == (200, contents[name])
                assert "\n" not in headers["Content-Disposition"] and "\r" not in headers["Content-Disposition"]


def check_page(page: bytes) -> None:
    assert b"<script>alert" not in page
    assert b"49}" not in page and "‮".encode() not in page and b"\x1b" not in page
    assert b"Traceback" not in page


async def test_a_name_that_leads_upwards_on_a_fat_card_stays_a_name(tmp_path: Path) -> None:
    async with docked(tmp_path) as case:
        image = card(case, {"DCIM/xx_xx_evil.mp4": b"evil", LINKED: b"good"})
        with changing(image) as fat:
            fat.replace_in_long_name("xx_xx", "../..")
        await case.dock_it()
        assert hashlib.sha256(b"good").hexdigest() in case.logged().values()
        assert not list(tmp_path.rglob("*evil*"))
        if len(case.logged()) < 2:
            assert len(await files_on(image)) + len(case.said()) > 0
            assert not [s for s in case.said() if isinstance(s.event, RecorderCleared)], "it was not read in full"


async def test_clips_of_one_second_of_one_name_and_of_nobody_are_all_kept(tmp_path: Path) -> None:
    async with docked(tmp_path) as case:
        contents = {
            LINKED: b"one",
            LINKED.replace("0001", "0002"): b"two, of the same second",
            LINKED.replace("100MEDIA", "101MEDIA"): b"the same name with other bytes",
            LINKED.replace("100MEDIA", "102MEDIA"): b"one",
            "DCIM/100MEDIA/0000000_00000000000000000000_0000.MP4": b"nobody, never",
            "DCIM/100MEDIA/empty.MP4": b"",
        }
        image = card(case, contents, label="0000000")
        view = await case.dock_it()
        assert view.state in (State.READY, State.QUARANTINED), view
        assert case.logged() == {name.encode(): hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        for data in contents.values():
            assert case.stored(hashlib.sha256(data).hexdigest()) == data
        nobody = case.collected()[b"DCIM/100MEDIA/0000000_00000000000000000000_0000.MP4"].event
        assert isinstance(nobody, ClipCollected) and nobody.officer is None
        assert await files_on(image) == [] or view.state is State.QUARANTINED


async def test_a_clip_whose_chain_loops_is_said_and_the_card_is_kept(tmp_path: Path) -> None:
    async with docked(tmp_path) as case:
        good = os.urandom(40_000)
        image = card(case, {"GOOD.MP4": good, "CLIP1.MP4": os.urandom(90_000)})
        with changing(image) as fat:
            fat.loop_file("CLIP1.MP4")
            fat.set_size("CLIP1.MP4", 3_000_000)
        before = hashlib.sha256(image.read_bytes()).digest()
        view = await case.dock_it()
        assert view.state is State.FAILED, view
        [failed] = [s.event for s in case.said() if isinstance(s.event, ClipFailed)]
        assert isinstance(failed, ClipFailed) and failed.path == "CLIP1.MP4" and failed.detail.isprintable()
        assert case.logged() == {b"GOOD.MP4": hashlib.sha256(good).hexdigest()}
        assert hashlib.sha256(image.read_bytes()).digest() == before, "nothing on it was changed"


@pytest.mark.parametrize("seed", range(6))
async def test_a_truncated_or_random_card_loses_no_clip_that_can_be_read(tmp_path: Path, seed: int) -> None:
    dice = random.Random(seed)
    async with docked(tmp_path) as case:
        contents = {f"CLIP{n}.MP4": dice.randbytes(60_000) for n in range(4)}
        image = card(case, contents)
        match seed % 3:
            case 0:
                with image.open("r+b") as file:
                    file.truncate(dice.randrange(1 << 20, image.stat().st_size))
            case 1:
                with image.open("r+b") as file:
                    for _ in range(200):
                        file.seek(dice.randrange(1 << 20))
                        file.write(dice.randbytes(dice.randrange(1, 8)))
            case 2:
                image.write_bytes(dice.randbytes(300_000))
        before = hashlib.sha256(image.read_bytes()).digest()
        view = await case.dock_it()
        true = {hashlib.sha256(data).hexdigest() for data in contents.values()}
        collected = set(case.logged().values())
        said = [s.event for s in case.said()]
        for sha256 in collected:
            assert hashlib.sha256(case.stored(sha256)).hexdigest() == sha256
        cleared = any(isinstance(event, RecorderCleared) for event in said)
        if not cleared:
            assert hashlib.sha256(image.read_bytes()).digest() == before, "what is not cleared is not touched"
        if not true <= collected and not cleared:
            assert view.state in (State.FAILED, State.QUARANTINED, State.READY), view
        if view.state is State.FAILED:
            assert [event for event in said if isinstance(event, ClipFailed | DockAlarm)], (
                "a failure is said in the chain"
            )


async def test_an_inventory_of_twenty_thousand_files_is_in_the_archives_log(tmp_path: Path) -> None:
    names = [f"DCIM/100MEDIA/DSJ7A01_0123452026112214{n // 60 % 60:02d}{n % 60:02d}_{n:05d}.MP4" for n in range(20_000)]
    entries = tuple(FileEntry(name.encode(), safe_path(name.encode()), 1, None, n) for n, name in enumerate(names))
    profile = next(each for each in load_profiles(default_folder()) if each.name == "oem-dcim")
    parts = statements(plan("s1", Listing(entries, 0), profile, 0))
    async with at_the_archive(tmp_path) as (world, archive):
        await world.journal.append_all([Said(part) for part in parts])
        await world.send_entries()
        assert await world.journal.ask(queries.unsent_count) == 0
        assert await world.alarms() == set()
        with closing(sqlite3.connect(archive.config.folder / "archive.db")) as db:
            rows = db.execute(
                "SELECT envelope FROM entries WHERE kind = 'recorder.inventory' ORDER BY log_index"
            ).fetchall()
        found: list[str] = []
        for row in rows:
            event = read_statement(Envelope.parse(row[0]).payload).event
            assert isinstance(event, RecorderInventory)
            found += [file.path for file in event.files]
        assert found == names
