"""How a dock comes in, goes on and is put out: one-time codes, proof of possession, renewal, revocation.

Every change of who may speak is a statement in the log, made in the same transaction as the row that it explains.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, insert, select, update

from liuhen_protocol.chain import ChainHead
from liuhen_protocol.errors import Malformed, Refused
from liuhen_protocol.events import ChainPoint, DockEnrolled, DockRevoked, KeyRotated
from liuhen_protocol.moment import format_time
from liuhen_protocol.signer import PUBLIC_SIZE, signature_is_valid
from liuhen_protocol.statement import ARCHIVE_SOURCE, check_source
from liuhen_server import log
from liuhen_server.database import Connection
from liuhen_server.database.schema import certificates, docks, enrolment_codes
from liuhen_server.registry.authority import Authority, Issued
from liuhen_server.registry.docks import ENROLLED, REVOKED, Dock, find

CODE_HOURS = 24
SECRET_BYTES = 20
FINGERPRINT_DIGITS = 32
PROOF_PREFIX = b"liuhen-enroll/v1\n"
MAX_CODE = 200
MAX_AGENCY = 100


@dataclass(frozen=True, slots=True)
class EnrolmentRequest:
    """What a dock sends: the code as typed, its certificate request (PEM), its 32-byte signing key, its signature
    over both.
    """

    code: str
    csr: bytes
    signing_key: bytes
    proof: bytes


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What the dock gets back. `certificate` and `ca` are PEM; `head` is what the archive holds of its chain."""

    dock: str
    agency: str
    certificate: bytes
    ca: bytes
    log_key: str
    archive_key: bytes
    policy: str
    head: ChainHead | None

    def response(self) -> dict[str, object]:
        """The body of POST /v1/enroll."""
        head = None if self.head is None else {"seq": self.head.seq, "hash": self.head.hash, "time": self.head.time}
        return {
            "dock": self.dock,
            "agency": self.agency,
            "certificate": self.certificate.decode(),
            "ca": self.ca.decode(),
            "log_key": self.log_key,
            "archive_key": base64.b64encode(self.archive_key).decode(),
            "policy": self.policy,
            "head": head,
        }


class AttemptLimit:
    """At most `failures` wrong codes of one peer within `window`; remembers at most `peers` of them."""

    def __init__(self, failures: int = 10, window: timedelta = timedelta(minutes=10), peers: int = 10_000) -> None:
        self._failures, self._window, self._peers = failures, window, peers
        self._seen: OrderedDict[str, deque[datetime]] = OrderedDict()

    def check(self, peer: str, now: datetime) -> None:
        """Raises Refused("too-many-attempts")."""
        times = self._seen.get(peer, deque())
        while times and now - times[0] > self._window:
            times.popleft()
        if len(times) >= self._failures:
            raise Refused("too-many-attempts", f"{len(times)} wrong codes from {peer}: wait ten minutes")

    def failed(self, peer: str, now: datetime) -> None:
        self._seen.setdefault(peer, deque(maxlen=self._failures)).append(now)
        self._seen.move_to_end(peer)
        while len(self._seen) > self._peers:
            self._seen.popitem(last=False)


@dataclass(frozen=True, slots=True)
class Registry:
    """Enrolment with this archive's CA, chain, log key (vkey text) and policy (text)."""

    authority: Authority
    chain: log.ArchiveChain
    log_key: str
    policy: str

    async def new_code(self, conn: Connection, dock: str, agency: str) -> str:
        """A code for the administrator to type at the dock, good once and for a day. The archive keeps only a hash of
        its secret.

        Raises Malformed for a dock's name that no source can have.
        """
        check_source(dock)
        if dock == ARCHIVE_SOURCE:
            raise Malformed(f"dock: the name {dock!r} is the archive's own")
        if not agency.strip() or len(agency) > MAX_AGENCY or not agency.isprintable():
            raise Malformed(f"agency: {agency[:120]!r} is empty, longer than {MAX_AGENCY} characters or not printable")
        secret = secrets.token_hex(SECRET_BYTES)
        now = self.chain.now()
        await conn.execute(
            insert(enrolment_codes).values(
                secret_hash=_hash(secret),
                dock=dock,
                agency=agency.strip(),
                created_time=format_time(now),
                expires_time=format_time(now + timedelta(hours=CODE_HOURS)),
            )
        )
        return f"{secret}.{self.authority.fingerprint[:FINGERPRINT_DIGITS]}"

    async def enroll(self, conn: Connection, request: EnrolmentRequest) -> Enrolled:
        """Enrols the dock that holds a code, or goes on with a dock that lost its card: its chain continues at the
        archive's head.

        A code that was used answers again to the same signing key: the answer may have been lost on its way.
        Raises Malformed; Refused: bad-code, code-expired, code-used, bad-proof, key-in-use, key-ended.
        """
        now = self.chain.now()
        await log.lock(conn)
        code = await self._code(conn, request.code)
        self._check_proof(request)
        key = request.signing_key.hex()
        if code["used_time"] is not None and code["used_by"] != key:
            raise Refused("code-used", "this enrolment code was used: ask the administrator for a new one")
        if code["expires_time"] <= format_time(now):
            raise Refused("code-expired", f"this enrolment code ended {code['expires_time']}: ask for a new one")
        name, agency = str(code["dock"]), str(code["agency"])
        known = await find(conn, name)
        await self._check_key_is_new(conn, name, key, known)
        issued = self.authority.issue_client(request.csr, name, now)
        head = await log.head(conn, name)
        if known is None or known.state != ENROLLED or known.public_key != request.signing_key:
            await self._name_key(conn, name, agency, key, issued, known, head)
        await self._keep(conn, name, key, issued, now)
        used = update(enrolment_codes).where(enrolment_codes.c.secret_hash == code["secret_hash"])
        await conn.execute(used.values(used_time=format_time(now), used_by=key))
        return Enrolled(
            dock=name,
            agency=agency,
            certificate=issued.pem,
            ca=self.authority.pem,
            log_key=self.log_key,
            archive_key=self.chain.signer.public,
            policy=self.policy,
            head=head,
        )

    async def renew(self, conn: Connection, dock: Dock, csr: bytes) -> Issued:
        """A new client certificate for a dock that is still welcome; the old one lives until its end. Raises
        Malformed.
        """
        now = self.chain.now()
        issued = self.authority.issue_client(csr, dock.name, now)
        await self._keep(conn, dock.name, dock.public_key.hex(), issued, now)
        return issued

    async def revoke(self, conn: Connection, name: str, reason: str) -> int:
        """Ends a dock's key from here on: what it stated until its last entry stays. Returns the index of dock.revoked.

        Raises Refused: unknown-dock, revoked (it already was).
        """
        await log.lock(conn)
        dock = await find(conn, name)
        if dock is None:
            raise Refused("unknown-dock", f"there is no dock {name}")
        if dock.state == REVOKED:
            raise Refused("revoked", f"dock {name} was already revoked, in entry {dock.revoked_index}")
        head = await log.head(conn, name)
        last_seq, last_hash = (-1, None) if head is None else (head.seq, head.hash)
        event = DockRevoked(name, dock.public_key.hex(), reason, last_seq, last_hash)
        stated = await self.chain.append(conn, event)
        await conn.execute(update(docks).where(docks.c.name == name).values(state=REVOKED, revoked_index=stated.index))
        codes = update(enrolment_codes).where(enrolment_codes.c.dock == name)
        await conn.execute(codes.values(expires_time=stated.time))  # codes given out before do not bring it back
        return stated.index

    async def _code(self, conn: Connection, typed: str) -> RowMapping:
        secret = typed[:MAX_CODE].strip().partition(".")[0].lower()
        query = select(enrolment_codes).where(enrolment_codes.c.secret_hash == _hash(secret))
        row = (await conn.execute(query)).mappings().one_or_none()
        if row is None or not hmac.compare_digest(row["secret_hash"], _hash(secret)):
            raise Refused("bad-code", "this enrolment code is not known: type it again or ask for a new one")
        return row

    @staticmethod
    def _check_proof(request: EnrolmentRequest) -> None:
        if len(request.signing_key) != PUBLIC_SIZE:
            raise Malformed(f"signing_key: {len(request.signing_key)} bytes, not {PUBLIC_SIZE}")
        message = PROOF_PREFIX + request.code.encode() + b"\n" + request.csr
        if not signature_is_valid(request.signing_key, message, request.proof):
            raise Refused("bad-proof", "the dock did not prove that it holds the signing key it names")

    @staticmethod
    async def _check_key_is_new(conn: Connection, name: str, key: str, known: Dock | None) -> None:
        """A signing key serves one dock, once: what ended does not come back."""
        query = select(certificates.c.dock).where(certificates.c.public_key == key).limit(1)
        holder = (await conn.execute(query)).scalar()
        if holder is None or (known is not None and known.state == ENROLLED and known.public_key.hex() == key):
            return
        if holder != name:
            raise Refused("key-in-use", f"this signing key is the one of dock {holder}: every dock has its own")
        raise Refused("key-ended", f"this key of dock {name} was revoked or replaced: make a new one and enrol with it")

    async def _name_key(
        self,
        conn: Connection,
        name: str,
        agency: str,
        key: str,
        issued: Issued,
        known: Dock | None,
        head: ChainHead | None,
    ) -> None:
        """States who speaks from here on, and sets the row. The old key of a dock that is known ends in the same
        step.
        """
        if known is not None and known.state == ENROLLED:
            seq, digest = (-1, None) if head is None else (head.seq, head.hash)
            old = known.public_key.hex()
            await self.chain.append(conn, KeyRotated(name, old, key, seq, digest, "enrolled anew"))
        continues = None if head is None else ChainPoint(head.seq, head.hash)
        stated = await self.chain.append(conn, DockEnrolled(name, agency, key, issued.sha256, continues))
        row = {
            "agency": agency,
            "public_key": key,
            "state": ENROLLED,
            "enrolled_index": stated.index,
            "enrolled_time": stated.time,
            "revoked_index": None,
        }
        if known is None:
            await conn.execute(insert(docks).values(name=name, **row))
        else:
            await conn.execute(update(docks).where(docks.c.name == name).values(**row))

    @staticmethod
    async def _keep(conn: Connection, dock: str, key: str, issued: Issued, now: datetime) -> None:
        await conn.execute(
            insert(certificates).values(
                serial=issued.serial,
                dock=dock,
                public_key=key,
                sha256=issued.sha256,
                issued_time=format_time(now),
                not_after=issued.not_after,
            )
        )


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
