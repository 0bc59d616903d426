"""A running archive with its listeners, and docks that enrol at it and speak to it over TLS like real ones."""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from liuhen_protocol.chain import ChainHead, after, envelope_hash, next_link
from liuhen_protocol.digest import Digest, digest_of
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import ClipCollected, DockHead, Event
from liuhen_protocol.moment import format_time
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Link, Statement, Subject, place_in_chain, write_statement
from liuhen_server.config import Config, Listen
from liuhen_server.operations.opening import found, opened
from liuhen_server.serve import Ports, running

ORIGIN = "archive.example/log"
ANY_PORT = Listen("127.0.0.1", 0)
TUS = {"Tus-Resumable": "1.0.0"}


def now_text() -> str:
    return format_time(datetime.now(UTC))


def archive_config(folder: Path, database_url: str | None = None, sequence_seconds: float = 0.05) -> Config:
    return Config(
        folder=folder,
        origin=ORIGIN,
        database=database_url,
        devices=ANY_PORT,
        people=ANY_PORT,
        sequence_seconds=sequence_seconds,
    )


async def enrolment_code(config: Config, dock: str) -> str:
    async with opened(config) as archive, archive.database.write() as conn:
        return await archive.registry.new_code(conn, dock, "朝县市监局")


async def revoke(config: Config, dock: str) -> None:
    async with opened(config) as archive, archive.database.write() as conn:
        await archive.registry.revoke(conn, dock, "lost")


@dataclass
class World:
    """A running archive: where it listens, and how to bring docks in."""

    config: Config
    ports: Ports
    folder: Path

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.ports.devices.port}"

    async def dock(self, name: str = "dock-1") -> TestDock:
        dock = TestDock(name, self.folder / name, self.config.ca_folder / "ca.pem")
        await dock.enrol(self.url, await enrolment_code(self.config, name))
        return dock


@asynccontextmanager
async def running_archive(
    folder: Path, database_url: str | None = None, sequence_seconds: float = 0.05
) -> AsyncIterator[World]:
    config = archive_config(folder / "archive", database_url, sequence_seconds)
    if not config.folder.exists():
        await found(config)
    async with running(config) as ports:
        yield World(config, ports, folder)


@dataclass
class TestDock:
    """A dock's keys, chain and connection."""

    __test__ = False

    name: str
    folder: Path
    ca: Path
    url: str = ""
    signer: Ed25519Signer = field(default_factory=lambda: Ed25519Signer(Ed25519PrivateKey.generate()))
    head: ChainHead | None = None
    session: aiohttp.ClientSession | None = None

    @property
    def certificate(self) -> Path:
        return self.folder / "client.pem"

    @property
    def key(self) -> Path:
        return self.folder / "client.key"

    def tls(self, *, with_certificate: bool = True) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca))
        if with_certificate:
            context.load_cert_chain(self.certificate, self.key)
        return context

    async def enrol(self, url: str, code: str) -> None:
        self.url = url
        self.folder.mkdir(parents=True, exist_ok=True)
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.name)])
        csr = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
        pem = csr.public_bytes(serialization.Encoding.PEM)
        self.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        proof = self.signer.sign(b"liuhen-enroll/v1\n" + code.encode() + b"\n" + pem)
        body = {
            "code": code,
            "csr": pem.decode(),
            "signing_key": base64.b64encode(self.signer.public).decode(),
            "proof": base64.b64encode(proof).decode(),
        }
        connector = aiohttp.TCPConnector(ssl=self.tls(with_certificate=False))
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.post(url + "/v1/enroll", json=body) as answer,
        ):
            assert answer.status == 200, await answer.text()
            self.certificate.write_text((await answer.json())["certificate"])

    @asynccontextmanager
    async def connected(self, url: str | None = None) -> AsyncIterator[aiohttp.ClientSession]:
        """A session whose relative URLs are the archive's; one connection, so that requests share it."""
        connector = aiohttp.TCPConnector(ssl=self.tls(), limit=4)
        async with aiohttp.ClientSession(url or self.url, connector=connector) as session:
            self.session = session
            yield session

    def seal(
        self,
        event: Event,
        *,
        subject: Subject | None = None,
        change: Callable[[Link], Link] = lambda link: link,
        signer: Ed25519Signer | None = None,
    ) -> bytes:
        """The next envelope of the chain; `change` bends its link, and then the chain does not go on from it."""
        honest = next_link(self.head, self.name, now_text(), Clock("ntp", 10))
        link = change(honest)
        signer = signer or self.signer
        payload = write_statement(Statement(link, event, subject or place_in_chain(link, signer.public)))
        envelope = seal(payload, signer).encode()
        if link == honest:
            self.head = after(link, envelope_hash(envelope))
        return envelope

    def heads(self, count: int) -> list[bytes]:
        return [self.seal(DockHead(number, 0)) for number in range(count)]

    def collected(self, data: bytes | Digest, name: str = "DSJ_000001.MP4", **changed: object) -> bytes:
        """clip.collected for these bytes; `changed` fields lie about them."""
        digest = data if isinstance(data, Digest) else digest_of(data)
        event = ClipCollected(
            session="s1",
            bay="1",
            recorder="DSJ0001",
            officer="010101",
            path=f"DCIM/{name}",
            raw=None,
            size=digest.size,
            chunk_root=digest.chunk_root,
            important=False,
            recorder_time=None,
            modified=None,
            began=now_text(),
            finished=now_text(),
        )
        subject = Subject(name, str(changed.pop("sha256", digest.sha256)), digest.sm3)
        return self.seal(replace(event, **changed), subject=subject)  # type: ignore[arg-type]

    async def send(self, *lines: bytes) -> dict[str, Any]:
        assert self.session is not None
        async with self.session.post("/v1/entries", data=b"\n".join(lines) + b"\n") as answer:
            assert answer.status == 200, await answer.text()
            return dict(json.loads(await answer.read()))

    async def create(self, data: bytes, **headers: str) -> str:
        """Creates an upload for the promised bytes; returns its path."""
        status, found = await self.try_create(digest_of(data).sha256, len(data), **headers)
        assert status == 201, found
        return str(found["Location"])

    async def try_create(self, sha256: str, length: int, **headers: str) -> tuple[int, dict[str, object]]:
        assert self.session is not None
        given = TUS | {
            "Upload-Length": str(length),
            "Upload-Metadata": "sha256 " + base64.b64encode(sha256.encode()).decode(),
        }
        async with self.session.post("/v1/uploads", headers=given | headers) as answer:
            if answer.status >= 400:
                return answer.status, await problem_of(answer)
            return answer.status, dict(answer.headers)

    async def patch(self, path: str, offset: int, body: bytes, **headers: str) -> tuple[int, dict[str, object]]:
        assert self.session is not None
        given = TUS | {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        async with self.session.patch(path, data=body, headers=given | headers) as answer:
            if answer.status >= 400:
                return answer.status, await problem_of(answer)
            return answer.status, dict(answer.headers)

    async def offset(self, path: str) -> int | None:
        assert self.session is not None
        async with self.session.head(path, headers=TUS) as answer:
            return int(answer.headers["Upload-Offset"]) if answer.status == 200 else None

    async def upload(self, data: bytes) -> None:
        status, found = await self.patch(await self.create(data), 0, data)
        assert status == 204, found

    async def receipt(self, sha256: str) -> bytes | None:
        """The receipt, waited for while the archive answers 202; None where there is none."""
        assert self.session is not None
        while True:
            async with self.session.get(f"/v1/receipts/{sha256}") as answer:
                if answer.status == 404:
                    return None
                assert answer.status in (200, 202), await answer.text()
                if answer.status == 200:
                    return await answer.read()

    async def is_stored(self, sha256: str) -> bool:
        """Whether clip.stored is in the log; its receipt may have to wait for a checkpoint."""
        assert self.session is not None
        async with self.session.get(f"/v1/receipts/{sha256}") as answer:
            assert answer.status in (200, 202, 404), await answer.text()
            return answer.status != 404


async def problem_of(answer: aiohttp.ClientResponse) -> dict[str, object]:
    assert answer.content_type == "application/problem+json", await answer.text()
    found = json.loads(await answer.read())
    assert found["status"] == answer.status
    return dict(found)
