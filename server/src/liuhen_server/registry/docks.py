"""Which docks there are, which key speaks for each, whose client certificate this is: asked anew at each request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography import x509
from sqlalchemy import RowMapping, select

from liuhen_protocol.errors import Refused
from liuhen_server.database import Connection
from liuhen_server.database.schema import certificates, docks

ENROLLED = "enrolled"
REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class Dock:
    """A dock as the registry knows it. `name` is also the source of its chain; `public_key` (32 bytes) is the key
    that may speak now.
    """

    name: str
    agency: str
    public_key: bytes
    state: str
    enrolled_index: int
    enrolled_time: str
    revoked_index: int | None


async def find(conn: Connection, name: str) -> Dock | None:
    row = (await conn.execute(select(docks).where(docks.c.name == name))).mappings().one_or_none()
    return None if row is None else _dock(row)


async def every(conn: Connection) -> list[Dock]:
    """All docks by name, revoked ones too."""
    return [_dock(row) for row in (await conn.execute(select(docks).order_by(docks.c.name))).mappings()]


async def by_certificate(conn: Connection, der: bytes, now: str) -> Dock:
    """The dock a TLS client certificate (DER) was issued to, if it may still speak at `now` (UTC text).

    Raises Refused: unknown-certificate, certificate-expired, revoked (the dock was revoked), key-ended (the dock
    enrolled anew).
    """
    serial = format(x509.load_der_x509_certificate(der).serial_number, "x")
    query = (
        select(certificates.c.sha256, certificates.c.not_after, certificates.c.public_key.label("issued_beside"), docks)
        .join(docks, docks.c.name == certificates.c.dock)
        .where(certificates.c.serial == serial)
    )
    row = (await conn.execute(query)).mappings().one_or_none()
    if row is None or row["sha256"] != hashlib.sha256(der).hexdigest():
        raise Refused("unknown-certificate", "this archive did not issue this client certificate: enrol the dock")
    if row["state"] == REVOKED:
        raise Refused("revoked", f"dock {row['name']} was revoked; the administrator can enrol it anew")
    if row["issued_beside"] != row["public_key"]:
        raise Refused(
            "key-ended",
            f"dock {row['name']} has enrolled anew with another key: this certificate ended with the old one",
        )
    if row["not_after"] <= now:
        raise Refused(
            "certificate-expired",
            f"the client certificate of dock {row['name']} ended {row['not_after']}: enrol the dock",
        )
    return _dock(row)


def _dock(row: RowMapping) -> Dock:
    return Dock(
        name=row["name"],
        agency=row["agency"],
        public_key=bytes.fromhex(row["public_key"]),
        state=row["state"],
        enrolled_index=row["enrolled_index"],
        enrolled_time=row["enrolled_time"],
        revoked_index=row["revoked_index"],
    )
