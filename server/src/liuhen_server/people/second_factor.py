"""The second factor: time-based one-time codes (RFC 6238, SHA-1, six digits, 30 seconds), each taken once.

The secret lies in the database as it is: whoever reads the database reads it (docs/threat-model.md). A new one is offered
first and in force only when a code of it was typed. Every function works in the caller's transaction.
"""

from __future__ import annotations

import hmac
import unicodedata
from base64 import b32encode
from collections.abc import Awaitable, Callable

import pyotp
import segno
from sqlalchemy import select, update

from liuhen_protocol.events import AccountChanged
from liuhen_server.acts import Act
from liuhen_server.database import Connection
from liuhen_server.people.accounts import Person
from liuhen_server.people.schema import people

__all__ = ["STEP_S", "Change", "confirm", "matching_step", "offer", "offered", "picture", "stop", "use_code"]

STEP_S = 30
SECRET_BYTES = 20  # what RFC 4226 recommends
_NEIGHBOURS = (0, -1, 1)  # steps: a telephone may be half a minute off


def matching_step(secret: str, code: str, now: int, last: int | None) -> int | None:
    """The time step whose code this is; None: of none near `now`, or of one that was used before (`last`)."""
    digits = unicodedata.normalize("NFKC", code).replace(" ", "")
    if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
        return None
    for neighbour in _NEIGHBOURS:
        step = now // STEP_S + neighbour
        right = hmac.compare_digest(pyotp.TOTP(secret).generate_otp(step), digits)
        if right and (last is None or step > last):
            return step
    return None


async def use_code(conn: Connection, person_id: int, code: str, now: int) -> bool:
    """Whether this person may go on: there is no second factor, or `code` is right and was not used before. Called where
    nobody else changes the account meanwhile.
    """
    query = select(people.c.totp_secret, people.c.totp_step).where(people.c.id == person_id)
    row = (await conn.execute(query)).one()
    if row.totp_secret is None:
        return True
    step = matching_step(row.totp_secret, code, now, row.totp_step)
    if step is None:
        return False
    await conn.execute(update(people).where(people.c.id == person_id).values(totp_step=step))
    return True


async def offer(conn: Connection, person_id: int, random_bytes: Callable[[int], bytes]) -> str:
    """A new secret (base32) to be shown to the person; the one in force stays in force until `confirm`."""
    secret = b32encode(random_bytes(SECRET_BYTES)).decode()
    await conn.execute(update(people).where(people.c.id == person_id).values(totp_offered=secret))
    return secret


Change = Callable[[Act, Person, str, int], Awaitable[bool]]
"""`confirm` or `stop`: (act, person, code, Unix seconds) → whether the code was right."""


async def offered(conn: Connection, person_id: int) -> str | None:
    """The secret that was offered and not confirmed yet."""
    secret: str | None = (
        await conn.execute(select(people.c.totp_offered).where(people.c.id == person_id))
    ).scalar_one()
    return secret


async def confirm(act: Act, person: Person, code: str, now: int) -> bool:
    """Puts the offered secret in force, if `code` is of it."""
    secret = await offered(act.conn, person.id)
    step = None if secret is None else matching_step(secret, code, now, None)
    if step is None:
        return False
    values = {"totp_secret": secret, "totp_offered": None, "totp_step": step}
    await act.conn.execute(update(people).where(people.c.id == person.id).values(**values))
    roles = tuple(sorted(role.value for role in person.roles))
    await act.state(AccountChanged(person.number, act.by, "second-factor", roles, person.agency, None))
    return True


async def stop(act: Act, person: Person, code: str, now: int) -> bool:
    """Ends one's own second factor, if `code` is right."""
    if not await use_code(act.conn, person.id, code, now):
        return False
    values = {"totp_secret": None, "totp_offered": None, "totp_step": None}
    await act.conn.execute(update(people).where(people.c.id == person.id).values(**values))
    roles = tuple(sorted(role.value for role in person.roles))
    await act.state(AccountChanged(person.number, act.by, "second-factor", roles, person.agency, None))
    return True


def picture(secret: str, name: str, issuer: str) -> str:
    """The secret as a QR code that telephones read: one `<svg>` element without script or style."""
    uri = pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)
    drawn: str = segno.make(uri, error="m").svg_inline(scale=4, border=4, light="#fff", dark="#000", omitsize=True)
    return drawn
