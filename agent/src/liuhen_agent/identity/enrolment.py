"""Enrolment: how a dock and an archive come to know each other, with one code that a person carries between them.

1. see the archive's certificates, send nothing          4. send code, CSR and proof that we hold the signing key
2. one of them must be the authority the code names      5. check every part of the answer against that authority
3. connect anew, trusting that authority alone           6. store all of it; `identity.json` last

A crash at any point is repaired by the same call with the same code: both keys are durable before they are shown to anybody, so
the archive sees the same request again. When it has closed the code meanwhile, it says so and the text below says what to do.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from yarl import URL

from liuhen_agent.identity import certificate, store
from liuhen_agent.identity.code import EnrolmentCode, EnrolmentFailed, pick_authority
from liuhen_agent.sync.answers import Later, Refusal, expect, read_limited, talking
from liuhen_files import durable, keys
from liuhen_protocol.chain import ChainHead
from liuhen_protocol.digest import is_digest
from liuhen_protocol.errors import Malformed
from liuhen_protocol.note import VerifierKey
from liuhen_protocol.policy import Policy

PROOF_CONTEXT = "liuhen-enroll/v1\n"
_TIMEOUT = aiohttp.ClientTimeout(total=60)


def proof_message(code: str, csr: str) -> bytes:
    """What the signing key signs to prove that we hold it (ADR 0001, POST /v1/enroll)."""
    return f"{PROOF_CONTEXT}{code}\n{csr}".encode()


@dataclass(frozen=True)
class Answer:
    """The archive's answer, checked."""

    identity: store.Identity
    policy: str
    certificate_pem: str


def seen_chain(host: str, port: int, timeout_seconds: float = 20.0) -> list[bytes]:
    """The certificates (DER) the peer shows. Nothing is trusted and nothing but a TLS greeting is sent. Blocking."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with (
        socket.create_connection((host, port), timeout=timeout_seconds) as connection,
        context.wrap_socket(connection, server_hostname=host) as tls,
    ):
        if hasattr(tls, "get_unverified_chain"):  # Python 3.13 and newer
            return [bytes(der) for der in tls.get_unverified_chain()]
        shown = tls._sslobj.get_unverified_chain() or []  # type: ignore[attr-defined]  # 3.11, 3.12: the same call, unnamed
        return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) for one in shown]


async def enroll(url: str, code: str, data_dir: Path) -> store.Identity:
    """Enrols the dock of `data_dir` with the archive at `url` ("https://host:port"). Raises EnrolmentFailed or Later."""
    one_time = EnrolmentCode.parse(code)
    base = URL(url)
    if base.scheme != "https" or base.host is None or base.port is None:
        raise EnrolmentFailed("bad-address", f"{url}: the archive's address is https://HOST:PORT")
    async with talking(f"{url}: enrolment"):
        chain = await asyncio.to_thread(seen_chain, base.host, base.port)
    authority_der = pick_authority(chain, one_time.fingerprint)
    authority_pem = ssl.DER_cert_to_PEM_cert(authority_der)

    paths = store.Paths(data_dir)
    durable.mkdirs(paths.signing_key.parent)
    signer = keys.load_or_create(paths.signing_key)
    tls_key = certificate.load_or_create_key(paths.next_key)
    csr = certificate.signing_request(tls_key)
    request = {
        "code": one_time.text,
        "csr": csr,
        "signing_key": base64.b64encode(signer.public).decode(),
        "proof": base64.b64encode(signer.sign(proof_message(one_time.text, csr))).decode(),
    }
    connector = aiohttp.TCPConnector(ssl=store.authority_context(authority_pem))
    async with aiohttp.ClientSession(connector=connector, timeout=_TIMEOUT) as session:
        try:
            async with (
                talking(f"{url}: enrolment"),
                session.post(base / "v1/enroll", json=request, allow_redirects=False) as response,
            ):
                await expect(response, 200, 201)
                body = await read_limited(response)
        except Refusal as refusal:
            raise EnrolmentFailed(
                refusal.code or "refused",
                f"证据库拒绝登记 / The archive refused the enrolment: {refusal.why} If this code was used already (a try that was"
                " cut off, or another dock), ask the administrator for a new code for this dock with `liuhen-server dock add`;"
                " the dock's chain continues where the archive has it.",
            ) from refusal
    answer = read_answer(body, url, authority_der)
    issued = certificate.check_issued(answer.certificate_pem, authority_der, tls_key)
    del issued
    client_pem = certificate.key_pem(tls_key) + answer.certificate_pem.encode("ascii")
    store.save(paths, answer.identity, answer.policy.encode(), authority_pem.encode("ascii"), client_pem)
    durable.remove(paths.next_key)
    return answer.identity


def read_answer(body: bytes, url: str, authority_der: bytes) -> Answer:
    """Reads and checks the archive's answer. Raises EnrolmentFailed("bad-answer")."""
    try:
        fields = json.loads(body)
        log_key = VerifierKey.parse(fields["log_key"])
        archive_key = base64.b64decode(fields["archive_key"], validate=True)
        policy_text = str(fields["policy"])
        policy = Policy.parse(policy_text)
        dock = str(fields["dock"])
        head = fields["head"]
        own_head = None if head is None else ChainHead(dock, int(head["seq"]), str(head["hash"]), str(head["time"]))
        if ssl.PEM_cert_to_DER_cert(fields["ca"]) != authority_der:
            raise ValueError("ca is not the authority that the code names")
        if len(archive_key) != 32:
            raise ValueError("archive_key is not 32 bytes")
        if own_head is not None and (own_head.seq < 0 or not is_digest(own_head.hash)):
            raise ValueError("head is not a place in a chain")
        if log_key not in {log.key for log in policy.logs}:
            raise ValueError("the policy does not name the archive's log")
        identity = store.Identity(url, dock, str(fields["agency"]), log_key, archive_key, own_head)
        return Answer(identity, policy_text, str(fields["certificate"]))
    except (ValueError, KeyError, TypeError, binascii.Error, Malformed) as error:
        raise EnrolmentFailed(
            "bad-answer",
            f"{url}: the archive's answer cannot be used ({error}). Are dock and archive of the same version?",
        ) from error


__all__ = ["Answer", "Later", "enroll", "proof_message", "read_answer", "seen_chain"]
