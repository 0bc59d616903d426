"""From a promise to a receipt, over TLS, on both databases."""

from __future__ import annotations

import os
from pathlib import Path

import aiohttp
import pytest

from liuhen_protocol.digest import digest_of
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.events import ClipStored
from liuhen_protocol.proof import TlogProof
from liuhen_protocol.statement import read_statement
from liuhen_server.log.reading import LogReader
from support.device import running_archive


async def test_promised_clip_is_stored_read_back_and_receipted(tmp_path: Path, database_url: str) -> None:
    data = os.urandom(5_000_000)
    digest = digest_of(data)
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected() as session:
            sent = await dock.send(*dock.heads(3), dock.collected(data))
            assert [list(result) for result in sent["results"]] == [["index"]] * 4
            await dock.upload(data)
            receipt = await dock.receipt(digest.sha256)
            assert receipt is not None
            proof = TlogProof.parse(receipt)
            assert proof.extra is not None
            statement = read_statement(Envelope.parse(proof.extra).payload)
            assert isinstance(statement.event, ClipStored)
            assert statement.subject.sha256 == digest.sha256
            assert statement.event.promised_index == sent["results"][3]["index"]
            async with session.get("/v1/head") as answer:
                assert (await answer.json())["seq"] == 3
            async with session.get("/log/checkpoint") as answer:
                assert answer.status == 200
            async with session.get("/log/tile/entries/000.p/1") as answer:
                assert answer.status == 403
        stored = world.config.store_folder / "sha256" / digest.sha256[:2] / digest.sha256[2:4] / digest.sha256
        assert stored.read_bytes() == data
        assert not any(world.config.incoming_folder.iterdir())


async def test_clip_without_bytes_is_stored_by_its_creation_alone(tmp_path: Path, database_url: str) -> None:
    async with running_archive(tmp_path, database_url) as world:
        dock = await world.dock()
        async with dock.connected():
            await dock.send(dock.collected(b""))
            await dock.create(b"")
            assert await dock.receipt(digest_of(b"").sha256) is not None


async def test_each_dock_has_its_own_receipt_for_the_same_bytes_stored_once(tmp_path: Path, database_url: str) -> None:
    data = os.urandom(100_000)
    async with running_archive(tmp_path, database_url) as world:
        receipts = []
        for name in ("dock-1", "dock-2"):
            dock = await world.dock(name)
            async with dock.connected():
                await dock.send(dock.collected(data))
                await dock.upload(data)
                receipts.append(await dock.receipt(digest_of(data).sha256))
        assert None not in receipts and receipts[0] != receipts[1]
        assert sum(path.is_file() for path in world.config.store_folder.rglob("*")) == 1


@pytest.mark.parametrize(("seconds", "told"), [(0.05, "0"), (1.0, "1"), (7.0, "7")])
async def test_who_asks_before_a_receipt_is_published_is_told_to_come_after_the_next_publishing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float, told: str
) -> None:
    monkeypatch.setattr(LogReader, "inclusion", lambda *_: None)  # as long as no checkpoint covers it
    async with running_archive(tmp_path, sequence_seconds=seconds) as world:
        dock = await world.dock()
        async with dock.connected() as session:
            await dock.send(dock.collected(b""))
            await dock.create(b"")
            async with session.get(f"/v1/receipts/{digest_of(b'').sha256}") as answer:
                assert (answer.status, answer.headers["Retry-After"]) == (202, told)


@pytest.mark.parametrize("path", ["/v1/head", "/v1/uploads/x", "/v1/receipts/x", "/v1/nothing"])
async def test_every_device_path_but_enrolment_demands_a_certificate(tmp_path: Path, path: str) -> None:
    async with running_archive(tmp_path) as world:
        dock = await world.dock()
        connector = aiohttp.TCPConnector(ssl=dock.tls(with_certificate=False))
        async with aiohttp.ClientSession(world.url, connector=connector) as session, session.get(path) as answer:
            assert answer.status == 403
            assert (await answer.json(content_type=None))["code"] == "no-certificate"
