"""The first system administrator: made once, with the code that `liuhen-server init` printed. There is no default account.

The code is good for 72 hours, for one account, and only while no system administrator is there. Wrong ones are counted
like wrong passwords. Whoever lost it makes the account with `liuhen-server user add`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable

from sqlalchemy import delete, insert, select, update

from liuhen_server.acts import MACHINE, Acts
from liuhen_server.database import Connection
from liuhen_server.people import changes
from liuhen_server.people.accounts import set_password
from liuhen_server.people.passwords import PasswordWork, new_one_time_password
from liuhen_server.people.roles import Role
from liuhen_server.people.schema import first_code
from liuhen_server.people.sign_in import Locked, Session, SignIn, Wrong

__all__ = ["FIRST_CODE_S", "FirstAdministrator", "give_first_code", "is_awaited"]

FIRST_CODE_S = 72 * 60 * 60
_ATTEMPTS = ":first"  # counted under a name that no account can have


def _digest(code: str) -> str:
    return hashlib.sha256(code.strip().lower().encode("utf-8", "surrogatepass")).hexdigest()


async def give_first_code(conn: Connection, now: int, random_bytes: Callable[[int], bytes]) -> str:
    """A new code; the one before ends."""
    code = new_one_time_password(random_bytes)
    await conn.execute(delete(first_code))
    await conn.execute(insert(first_code).values(id=1, secret_sha256=_digest(code), good_until=now + FIRST_CODE_S))
    return code


async def is_awaited(conn: Connection, now: int) -> bool:
    """Whether there is a code that could still be redeemed."""
    living = select(first_code.c.id).where(first_code.c.used.is_(None), first_code.c.good_until > now)
    if (await conn.execute(living)).scalar() is None:
        return False
    return await changes.nobody_is(conn, Role.SYSTEM_ADMINISTRATOR)


class FirstAdministrator:
    """Where the code is redeemed. Clock (Unix seconds) is handed in."""

    def __init__(self, acts: Acts, sign_in: SignIn, work: PasswordWork, now: Callable[[], int]) -> None:
        self._acts, self._sign_in, self._work, self._now = acts, sign_in, work, now

    async def redeem(
        self, code: str, name: str, display_name: str, password: str, address: str
    ) -> Session | Wrong | Locked:
        """Makes the account, with this password, and signs it in. Raises ValueError for a name that cannot be."""
        attempt = await self._sign_in.count_attempt(_ATTEMPTS, address)
        if attempt.wait_s:
            return Locked(attempt.wait_s)
        hashed = await self._work.hash(password)
        async with self._acts.of(MACHINE) as act:
            query = select(first_code.c.secret_sha256).where(first_code.c.used.is_(None))
            kept = (await act.conn.execute(query)).scalar()
            right = kept is not None and hmac.compare_digest(kept, _digest(code))
            if not right or not await is_awaited(act.conn, self._now()):
                return Wrong()
            person = await changes.create(
                act,
                name=name,
                display_name=display_name,
                one_time_hash=hashed,
                now=self._now(),
                rights=changes.Rights(frozenset({Role.SYSTEM_ADMINISTRATOR})),
            )
            await set_password(act.conn, person.id, hashed)
            await act.conn.execute(update(first_code).values(used=self._now()))
            await self._sign_in.take_back(act.conn, _ATTEMPTS, attempt)
            return await self._sign_in.open_for(act.conn, person.id, address)
