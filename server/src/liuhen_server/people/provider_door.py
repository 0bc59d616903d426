"""Signing in by the county's identity provider: the provider says who it is, the archive alone decides whether he comes in.

Whom a subject of the provider opens, the security administrator wrote down (`people_subjects`): no account is made, found by
e-mail or given a right on a provider's word. The rules of the password's door hold here too: wrong attempts count by address and
by account, a disabled account and an expired one-time password open nothing, and who has a second factor types its code.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from liuhen_server.database import Connection, Database
from liuhen_server.people.accounts import Person, person_by_id
from liuhen_server.people.id_token import NotBelieved
from liuhen_server.people.provider import Flow, Provider
from liuhen_server.people.schema import people_subjects, provider_returns
from liuhen_server.people.second_factor import use_code
from liuhen_server.people.sessions import token_digest
from liuhen_server.people.sign_in import Locked, Session, SignIn, Wrong

__all__ = ["CODE_WAITS_S", "CodeOwed", "NotLinked", "ProviderDoor", "subject_of_person"]

CODE_WAITS_S = 5 * 60
_RETURNS_KEPT_S = 24 * 60 * 60  # longer than any code of a provider lives


@dataclass(frozen=True, slots=True)
class NotLinked:
    """The provider vouches for somebody whom no account belongs to. `subject` is shown to him, for the security administrator."""

    subject: str


@dataclass(frozen=True, slots=True)
class CodeOwed:
    """The second factor is on: `with_code` takes its code for as long as CODE_WAITS_S."""


class ProviderDoor:
    """Clock in Unix seconds. Beside `SignIn`, whose sessions and counts these are."""

    def __init__(self, database: Database, provider: Provider, door: SignIn, now: Callable[[], int]) -> None:
        self._database, self.provider, self._door, self._now = database, provider, door, now

    async def enter(
        self, flow: Flow, state: str, code: str, issuer: str | None, address: str
    ) -> Session | CodeOwed | NotLinked | Wrong | Locked:
        """What came back for a sign-in that this browser began (`flow`). Raises NotBelieved, Unreachable."""
        attempt = await self._door.count_attempt(None, address)
        if attempt.wait_s:
            return Locked(attempt.wait_s)
        if not hmac.compare_digest(state.encode("utf-8", "replace"), flow.state.encode()):
            raise NotBelieved("state")
        await self._take_once(flow)
        subject = await self.provider.subject(flow, code, issuer)
        async with self._database.read() as conn:
            person = await _person_of(conn, self.provider.issuer, subject)
        if person is None:
            return NotLinked(subject)
        named = await self._door.count_attempt(person.name, address)
        if named.wait_s:
            return Locked(named.wait_s)
        async with self._database.write() as conn:
            fresh = await _person_of(conn, self.provider.issuer, subject)
            known = await person_by_id(conn, person.id, for_update=True)
            if fresh is None or known is None or fresh.id != known.id or not self._door.may_enter(known):
                return Wrong()
            # what counted here is taken back; what was wrong before stays, for no password was typed right
            await self._door.forget(conn, attempt, named)
            if known.totp:
                mine = provider_returns.c.state_sha256 == token_digest(flow.state)
                await conn.execute(update(provider_returns).where(mine).values(waiting=known.id, at=self._now()))
                return CodeOwed()
            return await self._door.open_for(conn, known.id, address)

    async def with_code(self, flow: Flow, code: str, address: str) -> Session | Wrong | Locked | None:
        """The second step for who owes a code; None: nobody waits here, or no longer."""
        mine = provider_returns.c.state_sha256 == token_digest(flow.state)
        waiting = select(provider_returns.c.waiting).where(mine, provider_returns.c.at > self._now() - CODE_WAITS_S)
        async with self._database.read() as conn:
            person = await person_by_id(conn, (await conn.execute(waiting)).scalar() or 0)
        if person is None:
            return None
        attempt = await self._door.count_attempt(person.name, address)
        if attempt.wait_s:
            return Locked(attempt.wait_s)
        async with self._database.write() as conn:
            known = await person_by_id(conn, person.id, for_update=True)
            still = (await conn.execute(waiting)).scalar()
            if known is None or still != known.id or not self._door.may_enter(known):
                return None
            if await subject_of_person(conn, self.provider.issuer, known.id) is None:
                return None
            if not await use_code(conn, known.id, code, self._now()):
                return Wrong()
            await conn.execute(update(provider_returns).where(mine).values(waiting=None))
            await self._door.take_back(conn, known.name, attempt)
            return await self._door.open_for(conn, known.id, address)

    async def _take_once(self, flow: Flow) -> None:
        """Before the provider is asked, and committed: the same answer sent twice at once is taken once. Raises NotBelieved."""
        now = self._now()
        try:
            async with self._database.write() as conn:
                await conn.execute(delete(provider_returns).where(provider_returns.c.at < now - _RETURNS_KEPT_S))
                await conn.execute(insert(provider_returns).values(state_sha256=token_digest(flow.state), at=now))
        except IntegrityError as error:
            raise NotBelieved("replayed") from error


async def subject_of_person(conn: Connection, issuer: str, person_id: int) -> str | None:
    """The provider's name for this account's person, as it was written down."""
    mine = people_subjects.c.person_id == person_id
    query = select(people_subjects.c.subject).where(people_subjects.c.issuer == issuer, mine)
    return (await conn.execute(query)).scalar()


async def _person_of(conn: Connection, issuer: str, subject: str) -> Person | None:
    query = select(people_subjects.c.person_id).where(
        people_subjects.c.issuer == issuer, people_subjects.c.subject == subject
    )
    found = (await conn.execute(query)).scalar()
    return None if found is None else await person_by_id(conn, found)
