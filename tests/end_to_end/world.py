"""A dock of a county as its users see it: configured by its file, run by its command, judged by what it left."""

from __future__ import annotations

import asyncio
import hashlib
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from house.county import BIN, County, command, environment
from liuhen_agent.journal import Alarm, ClipKind, ClipRow, ClipState, JournalDamaged, queries, read_only
from liuhen_agent.recorders.volume import open_volume
from liuhen_agent.simulate.footage import CardFile
from liuhen_agent.simulate.images import Kind, build_image
from liuhen_protocol import chain, dsse
from liuhen_protocol.events import ClipCollected, Event
from liuhen_protocol.statement import Statement, read_statement

E = TypeVar("E")
T = TypeVar("T")
PATIENCE = 60.0  # seconds, only so that what never comes is a failed test
AGENCY = "朝阳县市场监督管理局"
PASSWORD = "000000"
TOLD_BY_KERNEL = Path(__file__).with_name("told_by_kernel.py")


def until(what: Callable[[], T]) -> T:
    """What another process brings about: asked for until it is there."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.02)
    return found


def make_card(
    image: Path,
    files: Mapping[str, bytes | Path],
    *,
    label: str = "DSJ7A01",
    kind: Kind = "fat32",
    size: int | None = None,
) -> Path:
    """A recorder's card with these files."""
    image.parent.mkdir(parents=True, exist_ok=True)
    found = []
    for number, (name, content) in enumerate(files.items()):
        source = content if isinstance(content, Path) else image.with_name(f"{image.name}.{number}")
        if not isinstance(content, Path):
            source.write_bytes(content)
        found.append(CardFile(name, source, datetime(2026, 11, 22, 14, 30)))
    return build_image(image, found, label=label, kind=kind, size=size)


def files_on(card: Path) -> list[str]:
    """What a card holds, read as the dock reads it."""

    async def listed() -> list[str]:
        volume = await open_volume(card)
        try:
            return sorted(file.path for file in (await volume.inventory()).files)
        finally:
            await volume.close()

    return asyncio.run(listed())


@dataclass
class Station:
    """A dock with emulated bays. `name` is unique in its county. `clock`: what its machine's kernel says of its clock (`told_by_kernel`);
    empty: whatever it does say."""

    county: County
    name: str
    bays: Sequence[str] = ("1", "2")
    proxies: bool = False
    url: str | None = None
    more: str = ""
    environment: dict[str, str] = field(default_factory=dict)
    clock: str = ""
    process: subprocess.Popen[str] | None = None

    @property
    def folder(self) -> Path:
        return self.county.dock(self.name)

    def bay(self, name: str) -> Path:
        return self.folder / "bays" / name

    def enroll(self) -> Station:
        code = self.county.add_dock(self.name, AGENCY)
        url = self.url or self.county.devices_url
        command("liuhen-agent", "--data", self.folder, "enroll", url, given=code + "\n")
        self.configure()
        return self

    def configure(self) -> None:
        lines = ['zone = "Asia/Shanghai"', f"proxies = {str(self.proxies).lower()}", self.more]
        for bay in self.bays:
            lines += ["[[bay]]", f'name = "{bay}"', 'backend = "image"', f'path = "bays/{bay}"']
            self.bay(bay).mkdir(parents=True, exist_ok=True)
        (self.folder / "config.toml").write_text("\n".join([*lines, ""]))
        secret = self.folder / "recorders.toml"
        secret.write_text(f'[p-bc]\nrole = "USER"\nsecret = "{PASSWORD}"\n')
        secret.chmod(0o600)

    def start(self) -> subprocess.Popen[str]:
        """The dock until every bay is done; what it says goes to its log."""
        with self.log.open("a") as log:
            agent = [sys.executable, str(TOLD_BY_KERNEL), self.clock] if self.clock else [str(BIN / "liuhen-agent")]
            line = ["--data", str(self.folder), "run", "--once-idle", "--json"]
            self.process = subprocess.Popen(
                agent + line, stdout=log, stderr=log, text=True, env=environment() | self.environment
            )
        return self.process

    def leaves(self) -> int:
        """The code it leaves with."""
        assert self.process is not None
        return self.process.wait(PATIENCE)

    def finish(self, code: int = 0) -> None:
        left = self.leaves()
        assert left == code, self.said()[-3000:]
        assert "Traceback" not in self.said(), self.said()[-3000:]

    def run(self, code: int = 0) -> None:
        self.start()
        self.finish(code)

    def end(self) -> None:
        """Nothing of the dock is left running, however a test ended."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def log(self) -> Path:
        return self.county.folder / f"{self.name}.log"

    def said(self) -> str:
        return self.log.read_text()

    def status(self) -> dict[str, object]:
        done = command("liuhen-agent", "--data", self.folder, "status", "--json", allow=(0, 1))
        return dict(json.loads(done.stdout))

    # --- what it left

    def statements(self) -> list[Statement]:
        """The chain, link by link. Empty before the journal is there."""
        found: list[Statement] = []
        head = None
        with suppress(JournalDamaged), read_only(self.folder / "journal.db") as db:
            for row in queries.envelopes(db):
                envelope = dsse.Envelope.parse(row.data)
                envelope.check_signature()
                statement = read_statement(envelope.payload)
                if found or statement.link.seq == 0:
                    chain.check_link(head, statement.link)
                head = chain.after(statement.link, chain.envelope_hash(row.data))
                found.append(statement)
        return found

    def events(self, kind: type[E]) -> list[E]:
        events: list[Event] = [statement.event for statement in self.statements()]
        return [event for event in events if isinstance(event, kind)]

    def alarms(self) -> list[Alarm]:
        with suppress(JournalDamaged), read_only(self.folder / "journal.db") as db:
            return queries.alarms(db)
        return []

    def clips(self, state: ClipState, kind: ClipKind = ClipKind.ORIGINAL) -> list[ClipRow]:
        with suppress(JournalDamaged), read_only(self.folder / "journal.db") as db:
            return [clip for clip in queries.clips_in(db, state, 100_000) if clip.kind is kind]
        return []

    def stored(self, sha256: str) -> Path:
        return self.county.archive / "store" / "sha256" / sha256[:2] / sha256[2:4] / sha256

    def check_all_there(self, contents: Mapping[str, bytes]) -> None:
        """Every clip was said once, has a receipt, and lies in the archive with its bytes."""
        said = Counter(event.path for event in self.events(ClipCollected))
        assert said == Counter(contents.keys())
        receipted = {clip.sha256 for clip in self.clips(ClipState.RECEIPTED)}
        for path, content in contents.items():
            sha256 = hashlib.sha256(content).hexdigest()
            assert sha256 in receipted, f"{path} has no receipt"
            assert self.stored(sha256).read_bytes() == content, path
        left = list((self.folder / "spool" / "incoming").iterdir())
        assert left == []
