"""Where a dock keeps who it is: names, the archive's keys, the policy, and the certificate with its key.

keys/signing.pem     the Ed25519 key that signs the chain
keys/refusals.key    makes digests of passwords that recorders refused (refused_passwords)
policy               whom the dock trusts to cosign the log (tlog-policy); read by the wipe helper too
tls/ca.pem           the only authority this dock trusts for TLS
tls/client.pem       TLS key and certificate in one file: a renewal swaps both with one rename, never one without the other
tls/next-key.pem     the key of an enrolment or renewal under way; gone when it is finished
identity.json        names and keys of the archive; written last, so that its presence means "enrolled"
"""

from __future__ import annotations

import base64
import binascii
import json
import ssl
from dataclasses import dataclass
from pathlib import Path

from liuhen_files import durable
from liuhen_protocol.chain import ChainHead
from liuhen_protocol.errors import Malformed
from liuhen_protocol.note import VerifierKey
from liuhen_protocol.policy import Policy


@dataclass(frozen=True)
class Paths:
    """Names inside the dock's data folder that belong to its identity."""

    data_dir: Path

    @property
    def signing_key(self) -> Path:
        return self.data_dir / "keys" / "signing.pem"

    @property
    def refusals_key(self) -> Path:
        return self.data_dir / "keys" / "refusals.key"

    @property
    def policy(self) -> Path:
        return self.data_dir / "policy"

    @property
    def offered_policy(self) -> Path:
        """A policy the archive offers and nobody has accepted yet."""
        return self.data_dir / "policy.offered"

    @property
    def authority(self) -> Path:
        return self.data_dir / "tls" / "ca.pem"

    @property
    def client(self) -> Path:
        return self.data_dir / "tls" / "client.pem"

    @property
    def next_key(self) -> Path:
        return self.data_dir / "tls" / "next-key.pem"

    @property
    def identity(self) -> Path:
        return self.data_dir / "identity.json"


class NotEnrolled(Exception):
    """This data folder belongs to no enrolled dock, or its identity cannot be read."""


@dataclass(frozen=True)
class Identity:
    """Who this dock is and whom it trusts.

    archive_key: 32 bytes, the Ed25519 key of the archive's statements. head: where the archive had this dock's chain when it was
    enrolled (a dock that lost its card continues after it), None for a new dock.
    """

    archive_url: str
    dock: str
    agency: str
    log_key: VerifierKey
    archive_key: bytes
    head: ChainHead | None

    def encode(self) -> bytes:
        head = None if self.head is None else {"seq": self.head.seq, "hash": self.head.hash, "time": self.head.time}
        fields = {
            "archive_url": self.archive_url,
            "dock": self.dock,
            "agency": self.agency,
            "log_key": str(self.log_key),
            "archive_key": base64.b64encode(self.archive_key).decode(),
            "head": head,
        }
        return json.dumps(fields, ensure_ascii=False, indent=1).encode() + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> Identity:
        """Raises NotEnrolled when the bytes are not what `encode` writes."""
        try:
            fields = json.loads(data)
            head = fields["head"]
            archive_key = base64.b64decode(fields["archive_key"], validate=True)
            if len(archive_key) != 32:
                raise ValueError("archive_key is not 32 bytes")
            return cls(
                archive_url=str(fields["archive_url"]),
                dock=str(fields["dock"]),
                agency=str(fields["agency"]),
                log_key=VerifierKey.parse(fields["log_key"]),
                archive_key=archive_key,
                head=None if head is None else ChainHead(fields["dock"], int(head["seq"]), head["hash"], head["time"]),
            )
        except (ValueError, KeyError, TypeError, binascii.Error) as error:
            raise NotEnrolled(
                f"identity.json is damaged ({error}). Restore it, or enrol this dock again with a new code."
            ) from error


def save(paths: Paths, identity: Identity, policy: bytes, authority_pem: bytes, client_pem: bytes) -> None:
    """Durable, in an order in which a crash leaves "not yet enrolled" until the very last step."""
    durable.mkdirs(paths.authority.parent)
    durable.replace(paths.authority, authority_pem)
    durable.replace(paths.client, client_pem, mode=0o600)
    durable.replace(paths.policy, policy, mode=0o640)  # the wipe helper reads both, as another user of this group
    durable.replace(paths.identity, identity.encode(), mode=0o640)


def load(data_dir: Path) -> Identity:
    """Raises NotEnrolled."""
    try:
        return Identity.decode(Paths(data_dir).identity.read_bytes())
    except FileNotFoundError:
        raise NotEnrolled(
            f"尚未登记 / This dock is not enrolled: {data_dir} has no identity.json. Run `liuhen-agent enroll URL`."
        ) from None


def load_policy(data_dir: Path) -> Policy:
    """The policy in force. Raises NotEnrolled when it is missing or does not parse: without it no receipt can hold."""
    path = Paths(data_dir).policy
    try:
        return Policy.parse(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotEnrolled(f"{path} is missing: no receipt can be checked. Restore it or enrol again.") from None
    except (Malformed, UnicodeDecodeError) as error:
        raise NotEnrolled(f"{path} is not a policy ({error}): no receipt can be checked. Restore it.") from error


def client_context(data_dir: Path) -> ssl.SSLContext:
    """TLS 1.3 to the archive: this dock's certificate, and no authority but the archive's own."""
    paths = Paths(data_dir)
    context = authority_context(paths.authority.read_text(encoding="ascii"))
    context.load_cert_chain(paths.client)
    return context


def authority_context(authority_pem: str) -> ssl.SSLContext:
    """TLS 1.3 that trusts this one authority and sends no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(cadata=authority_pem)
    return context
