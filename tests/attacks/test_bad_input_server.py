"""Malformed requests to the running archive and witness: an answer below 500 or a closed connection, never a traceback in a log.

The processes are those an administrator starts; the attacker is a dock with a good certificate, or anybody. Everything is
drawn from a fixed seed: envelopes, notes, proofs, tiles, tus requests and forms, whole and bent.
"""

from __future__ import annotations

import asyncio
import base64
import json
import random
import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from house.county import County, running
from liuhen_agent.identity import store
from liuhen_files import keys
from liuhen_protocol import chain
from liuhen_protocol.checkpoint import Checkpoint, sign_checkpoint
from liuhen_protocol.dsse import seal
from liuhen_protocol.events import DockStarted
from liuhen_protocol.signer import Ed25519Signer
from liuhen_protocol.statement import Clock, Statement, place_in_chain, write_statement
from liuhen_protocol.witnessing import AddCheckpoint

# one running county for all of them
pytestmark = pytest.mark.xdist_group("attacked county")

TUS = {"Tus-Resumable": "1.0.0"}
ODD = [
    "",
    "0",
    "-1",
    "+5",
    "1e9",
    "9" * 40,
    "\x7f",
    "a" * 9000,
    "٣",
    "%00",
    "sha256",
    "sha256 !!!!",
    "sha256 ,,",
    "1.0.1",
]
PATHS = [
    "..",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "%00",
    "a" * 4000,
    "%ff%fe",
    "0" * 64,
    "x001/067.p/3",
    ".p/0",
    "{}",
    "'",
]


@dataclass
class Attacked:
    """A county with one dock; `logs` must stay free of tracebacks."""

    county: County
    dock: Path
    dice: random.Random

    def envelope(self) -> bytes:
        signer = keys.load(store.Paths(self.dock).signing_key)
        link = chain.next_link(None, "dock-1", "2026-11-22T10:00:00.000Z", Clock("ntp", 10))
        statement = Statement(link, DockStarted("0.1.0", None), place_in_chain(link, signer.public))
        return seal(write_statement(statement), signer).encode()

    def bent(self, data: bytes) -> bytes:
        """Cut, doubled, with bytes changed: at most a few at once."""
        content = bytearray(data)
        for _ in range(self.dice.randint(1, 4)):
            at = self.dice.randrange(len(content) or 1)
            match self.dice.randrange(4):
                case 0:
                    content[at : at + 1] = self.dice.choice([b'"', b"{", b"\n", b"\xff", b"\0", b"=", b" ", b"9"])
                case 1:
                    del content[at : at + self.dice.randint(1, 20)]
                case 2:
                    content[at:at] = content[at : at + self.dice.randint(1, 50)]
                case 3:
                    content = content[: at + 1]
        return bytes(content)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with running(tmp_path_factory.mktemp("county")) as county:
        county.enroll("dock-1", "朝阳县市场监督管理局")
        yield Attacked(county, county.dock("dock-1"), random.Random(11))


@pytest.fixture(autouse=True)
def logs_stay_clean(attacked: Attacked) -> Iterator[None]:
    yield
    for name in ("archive", "witness"):
        assert attacked.county.servers[name].process.poll() is None, f"{name} ended"
        text = (attacked.county.folder / f"{name}.log").read_text(errors="replace")
        assert "Traceback" not in text and "a request failed" not in text, text[-3000:]


async def ask(session: aiohttp.ClientSession, method: str, url: str, **wishes: object) -> int:
    """The status; 0 where the connection was closed instead."""
    try:
        async with session.request(method, url, allow_redirects=False, **wishes) as answer:  # type: ignore[arg-type]
            await answer.read()
            return answer.status
    except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError, aiohttp.ClientResponseError):
        return 0


def as_dock(attacked: Attacked) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=store.client_context(attacked.dock)))


def as_anybody(attacked: Attacked) -> aiohttp.ClientSession:
    authority = (attacked.county.archive / "ca" / "ca.pem").read_text()
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=authority)),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


async def test_bent_envelopes_and_bodies_are_refused(attacked: Attacked) -> None:
    good, url = attacked.envelope(), attacked.county.devices_url + "/v1/entries"
    nested = b'{"payload":' + b"[" * 30_000 + b"]" * 30_000 + b"}"
    bodies = [b"", b"\n\n\n", b"\0" * 1000, nested, b"null\n" * 1000, b"{}\n" * 1001, b"\xff\xfe" * 500, good[:-1]]
    bodies += [b'{"payloadType":1e400}', b'{"payload":"\\ud800"}', json.dumps({"signatures": [[]] * 5000}).encode()]
    bodies += [attacked.bent(good) for _ in range(120)]
    bodies += [attacked.bent(good) + b"\n" + attacked.bent(good) for _ in range(40)]
    async with as_dock(attacked) as session:
        for body in bodies:
            status = await ask(session, "POST", url, data=body)
            assert status < 500, body[:300]
        assert await ask(session, "GET", attacked.county.devices_url + "/v1/head") == 200
        assert await ask(session, "POST", url, data=good + b"\n") == 200


async def test_bent_tus_requests_are_refused(attacked: Attacked) -> None:
    url, dice = attacked.county.devices_url + "/v1/uploads", attacked.dice
    names = [
        "Upload-Length",
        "Upload-Offset",
        "Upload-Metadata",
        "Upload-Checksum",
        "Upload-Defer-Length",
        "Tus-Resumable",
    ]
    names += ["Upload-Concat", "X-HTTP-Method-Override", "Content-Type", "Expect", "Range"]
    values = [*ODD, "sha256 " + base64.b64encode(b"a" * 64).decode(), "sha1 AAAA", "PATCH", "final;/x", "bytes=0-"]
    async with as_dock(attacked) as session:
        for _ in range(200):
            chosen = {name: dice.choice(values) for name in dice.sample(names, dice.randint(0, 5))}
            chosen = {name: "".join(c for c in value if c.isprintable()) for name, value in chosen.items()}
            headers = (TUS if dice.random() < 0.8 else {}) | chosen
            headers.pop("Expect", None)
            method = dice.choice(["POST", "PATCH", "HEAD", "DELETE", "OPTIONS", "PUT", "GET"])
            path = "" if dice.random() < 0.4 else "/" + dice.choice(PATHS)
            body = dice.randbytes(dice.choice([0, 1, 1000])) if method in ("POST", "PATCH", "PUT") else None
            status = await ask(session, method, url + path, headers=headers, data=body)
            assert status < 500, (method, path, headers)


async def test_bent_paths_of_receipts_and_tiles_are_refused(attacked: Attacked) -> None:
    base = attacked.county.devices_url
    tiles = [
        "0/000",
        "0/000.p/1",
        "0/000.p/999",
        "entries/000",
        "99/000",
        "-1/000",
        "0/x001/x002",
        "0/000.p/1/../../../../config.toml",
    ]
    paths = [f"/log/tile/{each}" for each in (*tiles, *PATHS)] + [f"/v1/receipts/{each}" for each in PATHS]
    paths += [
        "/log/checkpoint/x",
        "//",
        "/v1/%2e%2e/log/checkpoint",
        "/log/../keys/log.pem",
        "/log/tile/0/%2e%2e/%2e%2e/%2e%2e/keys/log.pem",
    ]
    async with as_dock(attacked) as session, as_anybody(attacked) as stranger:
        for path in paths:
            for method in ("GET", "HEAD", "POST"):
                for each in (session, stranger):
                    assert await ask(each, method, base + path) < 500, path
        async with session.get(base + "/log/../keys/log.pem") as answer:
            assert b"PRIVATE" not in await answer.read()


async def test_bent_enrolments_and_renewals_are_refused(attacked: Attacked) -> None:
    base, dice = attacked.county.devices_url, attacked.dice
    good = {"code": "a.b", "csr": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n", "signing_key": "AAAA", "proof": "AAAA"}
    odd: list[object] = [
        None,
        1,
        1.5,
        True,
        [],
        {},
        "",
        "\0",
        "é" * 5000,
        "-----BEGIN CERTIFICATE REQUEST-----",
        "\ud800",
    ]
    async with as_dock(attacked) as session:
        for path in ("/v1/enroll", "/v1/renew"):
            for body in (b"", b"[]", b"null", b"\xff", b"{" * 5000, b'{"csr":1}', b'{"csr":"x"}'):
                assert await ask(session, "POST", base + path, data=body) < 500, body
            for _ in range(40):
                fields = good | {name: dice.choice(odd) for name in dice.sample(list(good), 2)}
                assert await ask(session, "POST", base + path, data=json.dumps(fields).encode()) < 500, fields


async def test_bent_notes_and_proofs_are_refused_by_the_witness(attacked: Attacked) -> None:
    url = f"http://127.0.0.1:{attacked.county.witness_port}"
    signer = Ed25519Signer.from_seed(b"x" * 32)
    note = sign_checkpoint(Checkpoint("chaoyang.example/liuhen", 5, b"r" * 32), signer).encode()
    good = AddCheckpoint(3, (b"p" * 32, b"q" * 32), note).encode()
    published = AddCheckpoint(0, (), (attacked.county.archive / "log" / "checkpoint").read_bytes()).encode()
    bodies = [
        b"",
        b"old",
        b"old -1\n\n",
        b"old 99999999999999999999999\n\n" + note,
        b"\n" * 5000,
        b"\xff" * 900,
        good * 50,
    ]
    bodies += [attacked.bent(each) for each in (good, published) for _ in range(100)]
    async with aiohttp.ClientSession() as session:
        for body in bodies:
            assert await ask(session, "POST", url + "/add-checkpoint", data=body) < 500, body[:300]
        for path in ("/", "/" + "0" * 64 + "/checkpoint", "/%00", "/" + "z" * 64 + "/checkpoint", "/..%2fwitness.key"):
            assert await ask(session, "GET", url + path) < 500


async def test_bent_requests_to_the_pages_are_refused(attacked: Attacked) -> None:
    base, dice = attacked.county.people_url, attacked.dice
    paths = [
        "/",
        "/sign-in",
        "/password",
        "/clips",
        "/log",
        "/policy",
        "/sign-out",
        "/language/xx",
        "/static/../texts.py",
    ]
    paths += [
        f"/clips/{a}/{'0' * 64}{b}"
        for a in ("dock-1", "..", "%00", "a" * 3000)
        for b in ("", "/play", "/original", "/proof")
    ]
    paths += [f"/static/{each}" for each in PATHS] + [
        "/clips?page=-1&from=x&dock=%00&q=%ff",
        "/sign-in?next=//evil.example",
    ]
    cookies = ["", "a=b", "__Host-liuhen=" + "x" * 3000, 'liuhen_session="', "session=%00; session=1"]
    async with as_anybody(attacked) as session:
        for path in paths:
            for method in ("GET", "POST", "HEAD"):
                headers = {
                    "Cookie": dice.choice(cookies),
                    "Range": dice.choice(["bytes=-", "bytes=9-1", "x", "bytes=0-1,5-6"]),
                }
                body = dice.choice([b"", b"name=%ff&password=%00", b"token=" + b"0" * 64, b"\xff" * 50])
                wishes: dict[str, object] = {"headers": headers}
                if method == "POST":
                    wishes["data"] = body
                assert await ask(session, method, base + path, **wishes) < 500, (method, path)


BROKEN: list[Callable[[], bytes]] = [
    lambda: b"\0" * 4000,
    lambda: b"GET / HTTP/9.9\r\n\r\n",
    lambda: b"GET " + b"/" * 70_000 + b" HTTP/1.1\r\n\r\n",
    lambda: b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
    lambda: b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    lambda: b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    lambda: b"POST /v1/entries HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
    lambda: b"PATCH /v1/uploads/x HTTP/1.1\r\n" + b"A: b\r\n" * 5000 + b"\r\n",
    lambda: b"HEAD /v1/uploads/x HTTP/1.1\r\nHost: \xff\r\nTus-Resumable: \x00\r\n\r\n",
]


@pytest.mark.parametrize("listener", ["devices", "people", "witness", "devices without tls"])
async def test_what_is_not_http_ends_the_connection_only(attacked: Attacked, listener: str) -> None:
    county = attacked.county
    port = {"people": county.people_port, "witness": county.witness_port}.get(listener, county.devices_port)
    plain = listener in ("witness", "devices without tls")

    def say(data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as raw:
            if plain:
                return exchange(raw, data)
            context = store.client_context(attacked.dock)
            with context.wrap_socket(raw, server_hostname="127.0.0.1") as tls:
                return exchange(tls, data)

    for make in BROKEN:
        answer = await asyncio.to_thread(say, make())
        assert not answer.startswith(b"HTTP/1.1 5"), answer[:200]


def exchange(connection: socket.socket, data: bytes) -> bytes:
    try:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        return connection.recv(200)
    except OSError:
        return b""
