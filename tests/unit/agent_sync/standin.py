"""An archive that can lie. It stands in for the real one because the real one cannot be made to do what these tests need: cut a
connection after so many bytes, answer with another clip's receipt, roll its log back, show two logs, forget what it acknowledged.

What it speaks is real: TLS 1.3 with client certificates of its own authority, tus 1.0.0, real statements in a real Merkle log with
real cosignatures. Only its storage is memory.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import json
import ssl
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from liuhen_agent.identity.enrolment import proof_message
from liuhen_protocol import chain
from liuhen_protocol.digest import Digest, digest_of
from liuhen_protocol.dsse import Envelope
from liuhen_protocol.errors import Refused
from liuhen_protocol.events import ClipCollected, ClipDerived
from liuhen_protocol.signer import signature_is_valid
from liuhen_protocol.statement import read_statement
from liuhen_protocol.tiles import parse_path
from support.custody import County, Speaker
from support.memory_log import MemoryLog

SECRET = "one-time-secret"
DOCK = "dock-03"
TUS = {"Tus-Resumable": "1.0.0"}


class Authority:
    """A small certificate authority, P-256, with a server certificate for 127.0.0.1."""

    def __init__(self, folder: Path) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stand-in authority")])
        self.life = timedelta(days=90)
        self.certificate = self._issue(self.name, self.key.public_key(), authority=True)
        server_key = ec.generate_private_key(ec.SECP256R1())
        server_name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stand-in archive")])
        server = self._issue(server_name, server_key.public_key())
        pem = server_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self.server_file = folder / "server.pem"
        self.server_file.write_bytes(pem + server.public_bytes(Encoding.PEM) + self.pem.encode())

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def fingerprint(self) -> str:
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def _issue(
        self, name: x509.Name, public: ec.EllipticCurvePublicKey, *, authority: bool = False
    ) -> x509.Certificate:
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now - timedelta(hours=1) + self.life)
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
            )
        )
        return builder.sign(self.key, hashes.SHA256())

    def issue(self, csr_pem: str, name: str) -> str:
        request = x509.load_pem_x509_csr(csr_pem.encode())
        assert request.is_signature_valid
        public = request.public_key()
        assert isinstance(public, ec.EllipticCurvePublicKey)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        return self._issue(subject, public).public_bytes(Encoding.PEM).decode()

    def server_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_cert_chain(self.server_file)
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(cadata=self.pem)
        return context


@dataclass
class Upload:
    sha256: str
    size: int
    data: bytearray = field(default_factory=bytearray)
    finished: bool = False


class StandIn:
    """The archive. Attributes below the line are the lies a test can tell it to tell."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.county = County().start()
        self.uploads: dict[str, Upload] = {}
        self.promised: dict[str, tuple[int, Digest]] = {}
        self.kinds: dict[str, str] = {}
        self.stored: dict[str, bytes] = {}
        self.heads: dict[str, chain.ChainHead] = {}
        self.index_of_entry: dict[bytes, int] = {}
        self.requests: list[str] = []
        self.received = 0
        self.url = ""
        self.policy = self.county.policy().text()
        # -- lies --
        self.cut_after: int | None = None  # of one PATCH: so many bytes, then the connection is gone
        self.alter_upload: Callable[[bytes], bytes] = lambda data: data
        self.receipt_of: Callable[[str], bytes | None] | None = None
        self.refuse_entry: Callable[[int], str | None] = lambda seq: None
        self.forget_head = False
        self.shown_log: MemoryLog | None = None  # the log it shows instead of the one it keeps
        self.cosigning = True
        self.codes_used: set[str] = set()
        self.busy_entries = 0  # answer so many POSTs of entries with 503
        self.retry_after = 7
        self.receipts_not_ready = 0  # how many questions for a receipt are answered with 202 from now on

    @property
    def code(self) -> str:
        return f"{SECRET}.{self.authority.fingerprint[:32]}"

    @property
    def log(self) -> MemoryLog:
        return self.shown_log or self.county.log

    def note(self) -> bytes:
        return self.log.note(self.county.witnesses if self.cosigning else ())

    def receipt(self, sha256: str) -> bytes:
        """The true receipt (without cosignatures when the witnesses are left out)."""
        index = self.county.index_of["clip.stored", sha256]
        return self.log.proof(index, self.county.witnesses if self.cosigning else ()).encode()

    def store(self, sha256: str, data: bytes, dock: Speaker, kind: str | None = None) -> None:
        promised, _digest = self.promised[sha256]
        self.county.store(dock, data, promised, kind or self.kinds[sha256])
        self.stored[sha256] = data

    def application(self) -> web.Application:
        application = web.Application(client_max_size=1 << 30)
        application.add_routes(
            [
                web.post("/v1/enroll", self._enroll),
                web.post("/v1/renew", self._renew),
                web.post("/v1/entries", self._entries),
                web.post("/v1/uploads", self._create),
                web.head("/v1/uploads/{id}", self._offset),
                web.patch("/v1/uploads/{id}", self._patch),
                web.get("/v1/receipts/{sha256}", self._receipt),
                web.get("/v1/head", self._head),
                web.get("/log/checkpoint", self._checkpoint),
                web.get("/log/{path:tile/.*}", self._tile),
            ]
        )
        return application

    async def _enroll(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append("enroll")
        key = base64.b64decode(body["signing_key"])
        proof = base64.b64decode(body["proof"])
        if body["code"] != self.code or not signature_is_valid(key, proof_message(body["code"], body["csr"]), proof):
            return _problem(403, "wrong-code", "no such code")
        if self.codes_used and body["signing_key"] not in self.codes_used:
            return _problem(409, "code-used", "this code was used by another key")
        self.codes_used.add(body["signing_key"])
        head = self.heads.get(DOCK)
        return web.json_response(
            {
                "dock": DOCK,
                "agency": "market-supervision",
                "certificate": self.authority.issue(body["csr"], DOCK),
                "ca": self.authority.pem,
                "log_key": str(self.county.log.vkey),
                "archive_key": base64.b64encode(self.county.archive.signer.public).decode(),
                "policy": self.policy,
                "head": None if head is None else {"seq": head.seq, "hash": head.hash, "time": head.time},
            }
        )

    async def _renew(self, request: web.Request) -> web.Response:
        _known(request)
        self.requests.append("renewal")
        body = await request.json()
        return web.json_response(
            {
                "certificate": self.authority.issue(body["csr"], DOCK),
                "ca": self.authority.pem,
                "policy": self.policy,
            }
        )

    async def _entries(self, request: web.Request) -> web.Response:
        _known(request)
        if self.busy_entries:
            self.busy_entries -= 1
            return web.Response(status=503, headers={"Retry-After": str(self.retry_after)})
        results = [self._entry(line) for line in (await request.read()).splitlines()]
        self.requests.append(f"entries {len(results)}")
        return web.json_response({"results": results, "head": None})

    def _entry(self, data: bytes) -> dict[str, object]:
        if data in self.index_of_entry:
            return {"index": self.index_of_entry[data]}
        envelope = Envelope.parse(data)
        envelope.check_signature()
        statement = read_statement(envelope.payload)
        link = statement.link
        if (code := self.refuse_entry(link.seq)) is not None:
            return {"refused": code, "why": "the test says so"}
        try:
            chain.check_link(self.heads.get(link.source), link)
        except Refused as refused:
            return {"refused": refused.code, "why": refused.why}
        index = self.index_of_entry[data] = self.county.append(data)
        self.heads[link.source] = chain.after(link, chain.envelope_hash(data))
        event = statement.event
        if isinstance(event, ClipCollected | ClipDerived):
            sha256 = statement.subject.sha256
            self.promised[sha256] = (index, Digest(event.size, sha256, event.chunk_root))
            self.kinds[sha256] = "original" if isinstance(event, ClipCollected) else "derivative"
        return {"index": index}

    async def _create(self, request: web.Request) -> web.Response:
        _known(request)
        pairs = dict(pair.split(" ") for pair in request.headers["Upload-Metadata"].split(","))
        sha256 = base64.b64decode(pairs["sha256"]).decode()
        size = int(request.headers["Upload-Length"])
        if sha256 not in self.promised or self.promised[sha256][1].size != size:
            return _problem(409, "not-promised", "no statement promises these bytes")
        name = f"u{len(self.requests)}"
        self.requests.append(f"create {sha256}")
        self.uploads[name] = Upload(sha256, size)
        return web.Response(status=201, headers={**TUS, "Location": f"/v1/uploads/{name}"})

    async def _offset(self, request: web.Request) -> web.Response:
        _known(request)
        self.requests.append("offset")
        upload = self.uploads.get(request.match_info["id"])
        if upload is None:
            return web.Response(status=404, headers=TUS)
        return web.Response(headers={**TUS, "Upload-Offset": str(len(upload.data)), "Cache-Control": "no-store"})

    async def _patch(self, request: web.Request) -> web.Response:
        _known(request)
        upload = self.uploads.get(request.match_info["id"])
        if upload is None:
            return web.Response(status=404, headers=TUS)
        if int(request.headers["Upload-Offset"]) != len(upload.data):
            return _problem(409, "wrong-offset", "another offset")
        self.requests.append(f"patch {len(upload.data)}")
        taken = 0
        async for piece in request.content.iter_any():
            if self.cut_after is not None and taken + len(piece) > self.cut_after:
                upload.data += piece[: self.cut_after - taken]
                self.cut_after = None
                assert request.transport is not None
                request.transport.abort()
                return web.Response()
            upload.data += piece
            taken += len(piece)
            self.received += len(piece)
        if len(upload.data) == upload.size and not upload.finished:
            data = self.alter_upload(bytes(upload.data))
            if digest_of(data).sha256 != upload.sha256:
                del self.uploads[request.match_info["id"]]
                return _problem(460, "checksum-mismatch", "not what was promised")
            upload.finished = True
            self.store(upload.sha256, data, Speaker(DOCK, self.county.archive.signer))
        return web.Response(status=204, headers={**TUS, "Upload-Offset": str(len(upload.data))})

    async def _receipt(self, request: web.Request) -> web.Response:
        _known(request)
        sha256 = request.match_info["sha256"]
        self.requests.append(f"receipt {sha256}")
        if self.receipt_of is not None:
            lie = self.receipt_of(sha256)
            return web.Response(status=404) if lie is None else web.Response(body=lie)
        if ("clip.stored", sha256) not in self.county.index_of:
            return web.Response(status=404)
        if self.receipts_not_ready:
            self.receipts_not_ready -= 1
            return web.Response(status=202)
        return web.Response(body=self.receipt(sha256))

    async def _head(self, request: web.Request) -> web.Response:
        _known(request)
        head = None if self.forget_head else self.heads.get(DOCK)
        return web.json_response(None if head is None else {"seq": head.seq, "hash": head.hash, "time": head.time})

    async def _checkpoint(self, request: web.Request) -> web.Response:
        return web.Response(body=self.note())

    async def _tile(self, request: web.Request) -> web.Response:
        with contextlib.suppress(ValueError, IndexError):
            return web.Response(body=self.log.tile(parse_path(request.match_info["path"])))
        return web.Response(status=404)


def _known(request: web.Request) -> None:
    assert request.transport is not None
    if not request.transport.get_extra_info("peercert"):
        raise web.HTTPForbidden(text=json.dumps({"code": "no-certificate"}))


def _problem(status: int, code: str, detail: str) -> web.Response:
    return web.json_response(
        {"type": "about:blank", "title": code, "status": status, "detail": detail, "code": code},
        status=status,
        content_type="application/problem+json",
    )


@contextlib.asynccontextmanager
async def serving(archive: StandIn) -> AsyncIterator[StandIn]:
    """Serves it on a free port of 127.0.0.1 until left."""
    runner = web.AppRunner(archive.application(), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=archive.authority.server_context())
        await site.start()
        sockets = getattr(site._server, "sockets", [])
        archive.url = f"https://127.0.0.1:{sockets[0].getsockname()[1]}"
        yield archive
    finally:
        await asyncio.shield(runner.cleanup())
