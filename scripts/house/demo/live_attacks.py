"""Attacks over the network: against an archive that runs on a copy of the data, by a dock, by a thief, by the administrator."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import aiohttp

from house.county import County, command
from house.demo.scene import DOCK, Attack, NotCaught, Scene
from liuhen_agent.identity import store as identity
from liuhen_agent.journal import queries, read_only
from liuhen_agent.sync.answers import Refusal
from liuhen_agent.sync.archive import Archive, EntryNo, connector
from liuhen_files import keys
from liuhen_protocol import chain
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import Envelope, seal
from liuhen_protocol.events import ClipCollected, DockHead, Event
from liuhen_protocol.moment import format_time, parse_time
from liuhen_protocol.note import Note
from liuhen_protocol.statement import Clock, Statement, Subject, place_in_chain, read_statement, write_statement
from liuhen_protocol.witnessing import AddCheckpoint


class Intruder:
    """Speaks to the archive with the dock's own certificate and key: the worst that a stolen dock can do."""

    def __init__(self, dock: Path, archive: Archive) -> None:
        self.dock, self.archive = dock, archive
        self.signer = keys.load(identity.Paths(dock).signing_key)
        with read_only(dock / "journal.db") as journal:
            self.said = [row.data for row in queries.envelopes(journal)]
        last = read_statement(Envelope.parse(self.said[-1]).payload)
        self.head = chain.after(last.link, chain.envelope_hash(self.said[-1]))

    def statement(
        self, event: Event, subject: Subject | None = None, *, seq: int | None = None, earlier: timedelta = timedelta(0)
    ) -> bytes:
        """The next statement of the dock, or one for another place or an earlier time."""
        link = chain.next_link(self.head, self.head.source, self.head.time, Clock("ntp", 10))
        if seq is not None:
            link = replace(link, seq=seq)
        link = replace(link, time=format_time(parse_time(link.time) - earlier))
        about = subject or place_in_chain(link, self.signer.public)
        return seal(write_statement(Statement(link, event, about)), self.signer).encode()

    async def refused(self, entry: bytes, *codes: str) -> str:
        result = (await self.archive.send_entries([entry]))[0]
        if not isinstance(result, EntryNo):
            raise NotCaught("the archive logged it")
        if result.code not in codes:
            raise NotCaught(f"expected {' or '.join(codes)}, refused as {result.code}")
        return f"证据库拒收 refused by the archive: {result.why} [{result.code}]"


@asynccontextmanager
async def intruder(scene: Scene) -> AsyncIterator[Intruder]:
    async with aiohttp.ClientSession(connector=connector(identity.client_context(scene.dock))) as session:
        yield Intruder(scene.dock, Archive(session, scene.county.devices_url, DOCK))


def played(attack: Callable[[Intruder], Awaitable[str]]) -> Callable[[Scene], str]:
    """An attack over the dock's own connection."""

    def play(scene: Scene) -> str:
        async def run() -> str:
            async with intruder(scene) as thief:
                return await attack(thief)

        return asyncio.run(run())

    return play


async def place_replayed(thief: Intruder) -> str:
    return await thief.refused(thief.statement(DockHead(99, 0), seq=3), "replayed", "wrong-prev", "malformed")


async def back_dated(thief: Intruder) -> str:
    return await thief.refused(thief.statement(DockHead(99, 0), earlier=timedelta(hours=2)), "back-dated")


async def other_bytes_uploaded(thief: Intruder) -> str:
    promised, sent = b"what the dock promised " * 4000, b"what it sends instead!! " * 4000
    sent = sent[: len(promised)]
    digest = digest_of(promised)
    now = thief.head.time
    event = ClipCollected(
        session="demo", bay="1", recorder="DSJ7A01", officer=None, path="DCIM/A.MP4", raw=None, size=digest.size,
        chunk_root=digest.chunk_root, important=False, recorder_time=None, modified=None, began=now, finished=now,
    )  # fmt: skip
    entry = thief.statement(event, Subject("A.MP4", digest.sha256))
    if isinstance((await thief.archive.send_entries([entry]))[0], EntryNo):
        raise NotCaught("the promise itself was refused")
    statement = read_statement(Envelope.parse(entry).payload)
    thief.head = chain.after(statement.link, chain.envelope_hash(entry))
    url = await thief.archive.create_upload(digest.sha256, "A.MP4", digest.size)

    async def pieces() -> AsyncIterator[bytes]:
        yield sent

    try:
        await thief.archive.send_bytes(url, 0, len(sent), len(sent), pieces())
    except Refusal as refusal:
        if refusal.status != 460:
            raise NotCaught(f"refused with {refusal.status}, not 460") from refusal
        if await thief.archive.receipt(digest.sha256) is not None:
            raise NotCaught("the archive gives a receipt for it") from refusal
        return f"证据库拒收，不出回执 refused, no receipt: {refusal.why} [{refusal.status}]"
    raise NotCaught("the archive stored other bytes than were promised")


class Answer(NamedTuple):
    """A witness's, as HTTP has it."""

    status: int
    why: str


TRIES = 20


def revoked_dock(scene: Scene) -> str:
    command("liuhen-server", "dock", "revoke", "--data", scene.county.archive, DOCK, "--reason", "stolen")

    async def run() -> str:
        async with intruder(scene) as thief:
            try:
                await thief.archive.send_entries([thief.statement(DockHead(99, 0))])
            except Refusal as refusal:
                return f"证据库拒绝连接 refused at its next request: {refusal.why} [{refusal.code}]"
            raise NotCaught("the archive still takes its statements")

    return asyncio.run(run())


def two_views(scene: Scene) -> str:
    """The administrator signs another history of the same size, for a dock's eyes, and asks the witness to cosign it."""
    for _ in range(TRIES):
        answer = _show_another_history(scene)
        if answer.status == 422:
            kept = len(list((scene.county.witness / "evidence").iterdir()))
            return f"见证方不联署，留存 {kept} 份证据 the witness refuses and keeps it as evidence: {answer.why} [422]"
        if answer.status != 409:
            break
        time.sleep(0.5)  # it has cosigned more than is published yet: the log grew meanwhile
    raise NotCaught(f"the witness answered {answer.status}, not 422")


def _show_another_history(scene: Scene) -> Answer:
    published = (scene.county.archive / "log" / "checkpoint").read_bytes()
    true = Checkpoint.parse(Note.parse(published).text)
    other = Checkpoint(true.origin, true.size, hashlib.sha256(b"another history").digest())
    note = sign_checkpoint(other, keys.load(scene.county.archive / "keys" / "log.pem"))
    body = AddCheckpoint(true.size, (), note.encode()).encode()
    url = f"http://127.0.0.1:{scene.county.witness_port}/add-checkpoint"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=20) as answer:
            return Answer(answer.status, "")
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode().strip())


def rolled_back(scene: Scene) -> str:
    """The whole archive is put back to last night's backup. The witness and the dock remember more."""
    folder = scene.copies / "rolled-back"
    shutil.copytree(scene.county.folder, folder, ignore=shutil.ignore_patterns("archive", "*.log"))
    shutil.copytree(scene.backup, folder / "archive")
    county = County(folder, None, scene.county.devices_port, scene.county.people_port, scene.county.witness_port)
    try:
        county.start()
        code = county.add_dock("dock-04", "demo")  # something new to log: the archive would have to sign a fork
        command("liuhen-agent", "--data", county.dock("dock-04"), "enroll", county.devices_url, given=code + "\n")
        command("liuhen-agent", "--data", county.dock(DOCK), "run", "--once-idle", allow=(0, 1))
        status = command("liuhen-agent", "--data", county.dock(DOCK), "status", "--json", allow=(0, 1)).stdout
        doctor = command("liuhen-server", "doctor", "--data", county.archive, "--json", allow=(0, 1))
    finally:
        county.close()
    found = [code for code in ("rolled-back", "chain-cut", "split-view") if code in status]
    log = next(each for each in json.loads(doctor.stdout)["findings"] if each["what"].endswith("the log"))
    if not found or log["well"]:
        raise NotCaught(f"dock: {status[:400]} archive: {log['found']}")
    return f"采集站报警 alarm of the dock: {', '.join(found)}; 日志停止 the log stopped: {log['found']}"


LIVE = (
    Attack("重放链条中的位置 / a replayed (source, seq)", played(place_replayed)),
    Attack("倒填日期 / an entry back-dated before its predecessor", played(back_dated)),
    Attack("上传与承诺不符的字节 / an upload whose bytes are not what was promised", played(other_bytes_uploaded)),
    Attack("向见证方出示另一份日志 / two views of the log", two_views),
    Attack("已吊销的采集站 / a revoked dock", revoked_dock),
)
ROLLED_BACK = Attack("日志退回到备份 / the log rolled back to a backup", rolled_back)
