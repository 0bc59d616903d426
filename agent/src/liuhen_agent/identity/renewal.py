"""Renewal of the TLS certificate at two thirds of its life, each time with a new key.

The new key is durable before it is shown, key and certificate change with one rename, and until then the old pair serves: a crash
at any point leaves a dock that can still talk and that renews at the next call.

A policy that comes with the answer is never put in force here. The policy says which witnesses must have seen the log; were the
archive able to change it, a dishonest archive could dismiss its witnesses. A different one is laid beside it (`policy.offered`)
for a person to accept, before the certificate changes: the file is what the alarm rests on (`policy_is_offered`), so that a crash
between the two loses neither.
"""

from __future__ import annotations

import contextlib
import json
import ssl
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import aiohttp
from yarl import URL

from liuhen_agent.identity import certificate, store
from liuhen_agent.identity.code import EnrolmentFailed
from liuhen_agent.sync.answers import expect, read_limited, talking
from liuhen_files import durable


@dataclass(frozen=True)
class Renewed:
    """What a renewal brought. ends: of the new certificate."""

    ends: datetime


async def renew_if_due(now: datetime, session: aiohttp.ClientSession, data_dir: Path) -> Renewed | None:
    """Renews when due, else None. After a renewal new connections need a new `store.client_context`.

    Raises Later, answers.Refusal, EnrolmentFailed.
    """
    paths = store.Paths(data_dir)
    _drop_spent_key(paths)
    current = certificate.read_certificate(paths.client.read_bytes())
    if not certificate.lifetime(current).renewal_due(now):
        return None
    identity = store.load(data_dir)
    key = certificate.load_or_create_key(paths.next_key)
    async with (
        talking(f"{identity.archive_url}: renewal of the certificate"),
        session.post(
            URL(identity.archive_url) / "v1/renew",
            json={"csr": certificate.signing_request(key)},
            allow_redirects=False,
        ) as response,
    ):
        await expect(response, 200)
        body = await read_limited(response)
    try:
        fields = json.loads(body)
        certificate_pem, policy = str(fields["certificate"]), str(fields["policy"])
    except (ValueError, KeyError, TypeError) as error:
        raise EnrolmentFailed("bad-answer", f"the archive's answer to a renewal cannot be used ({error})") from error
    authority_der = ssl.PEM_cert_to_DER_cert(paths.authority.read_text(encoding="ascii"))
    issued = certificate.check_issued(certificate_pem, authority_der, key)
    if policy.encode() != paths.policy.read_bytes():
        durable.replace(paths.offered_policy, policy.encode())
    durable.replace(paths.client, certificate.key_pem(key) + certificate_pem.encode("ascii"), mode=0o600)
    durable.remove(paths.next_key)
    return Renewed(certificate.lifetime(issued).ends)


def policy_is_offered(data_dir: Path) -> bool:
    """Whether a policy waits for a person's decision. One that is in force was left by a crash behind its acceptance, and goes."""
    paths = store.Paths(data_dir)
    if not paths.offered_policy.exists():
        return False
    if paths.offered_policy.read_bytes() == paths.policy.read_bytes():
        durable.remove(paths.offered_policy)
        return False
    return True


def _drop_spent_key(paths: store.Paths) -> None:
    """A key whose certificate is in use already was left by a crash after the swap: the next certificate gets a new one."""
    with contextlib.suppress(FileNotFoundError):
        if paths.client.read_bytes().startswith(paths.next_key.read_bytes()):
            durable.remove(paths.next_key)
