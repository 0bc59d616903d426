"""Other people's tus clients upload and resume against our endpoint, with client certificates."""

from __future__ import annotations

import asyncio
import fcntl
import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tusclient.client import TusClient
from tusclient.uploader.uploader import Uploader

from liuhen_protocol.digest import digest_of
from support.device import TestDock, World, running_archive

JS = Path(__file__).parent / "tus_js"
DATA = os.urandom(1_234_567)
SHA256 = digest_of(DATA).sha256


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running_archive(tmp_path) as running:
        yield running


@pytest.fixture
async def dock(world: World) -> AsyncIterator[TestDock]:
    """A dock that promised the bytes, and a file with them."""
    dock = await world.dock()
    (dock.folder / "clip.mp4").write_bytes(DATA)
    async with dock.connected():
        await dock.send(dock.collected(DATA))
        yield dock


def tuspy(dock: TestDock, chunk_size: int, upload_url: str | None = None) -> Uploader:
    client = TusClient(dock.url + "/v1/uploads", client_cert=(str(dock.certificate), str(dock.key)))
    return client.uploader(
        str(dock.folder / "clip.mp4"),
        url=upload_url,
        chunk_size=chunk_size,
        metadata={"sha256": SHA256, "filename": "DSJ_000001.MP4"},
        verify_tls_cert=str(dock.ca),
        upload_checksum=True,
    )


async def test_tuspy_uploads_in_pieces_with_checksums_and_resumes(
    dock: TestDock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # tuspy narrows `verify` to a flag, so the archive's CA is named the way requests itself takes it
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(dock.ca))

    def first_part() -> str:
        uploader = tuspy(dock, 200_000)
        uploader.upload(stop_at=600_000)
        assert uploader.offset == 600_000
        return str(uploader.url)

    def the_rest(url: str) -> None:
        uploader = tuspy(dock, 200_000, url)
        assert uploader.offset == 600_000
        uploader.upload()

    await asyncio.to_thread(the_rest, await asyncio.to_thread(first_part))
    assert await dock.receipt(SHA256) is not None


async def test_tuspy_uploads_a_clip_in_one_piece(dock: TestDock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(dock.ca))
    await asyncio.to_thread(lambda: tuspy(dock, len(DATA)).upload())
    assert await dock.receipt(SHA256) is not None


@pytest.fixture(scope="session")
def tus_js() -> Path:
    """tus-js-client, installed from its lock file by npm's ordinary client."""
    with (JS / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may come at once
        if not (JS / "node_modules" / ".package-lock.json").is_file():
            done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=JS, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
    return JS / "upload.mjs"


async def node(script: Path, dock: TestDock, mode: str, upload_url: str = "") -> str:
    arguments = [dock.url + "/v1/uploads", dock.folder / "clip.mp4", SHA256, dock.ca, dock.certificate, dock.key]
    process = await asyncio.create_subprocess_exec(
        "node", str(script), *map(str, arguments), mode, upload_url, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode().split()[-1]


async def test_tus_js_client_uploads_with_its_creation(dock: TestDock, tus_js: Path) -> None:
    await node(tus_js, dock, "whole")
    assert await dock.receipt(SHA256) is not None


async def test_tus_js_client_resumes_where_it_stopped(dock: TestDock, tus_js: Path) -> None:
    upload_url = await node(tus_js, dock, "broken")
    offset = await dock.offset(upload_url.removeprefix(dock.url))
    assert offset is not None and 300_000 <= offset < len(DATA)
    assert await dock.receipt(SHA256) is None
    await node(tus_js, dock, "resume", upload_url)
    assert await dock.receipt(SHA256) is not None
