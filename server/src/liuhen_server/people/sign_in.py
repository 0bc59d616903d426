"""Signing in and out: the steps around the rules of `lockout`, `passwords` and `sessions`, each transaction short.

Order of a sign-in: count the attempt (committed) → check the password, the same work for every name → open the session
and take the attempt back. The answer to a wrong name, a wrong password, a disabled account and an expired one-time
password is the same.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, insert, or_, select, update

from liuhen_server.database import Connection, Database
from liuhen_server.people.accounts import Person, bearer_of, find_person, person_by_id, rehash_password, set_password
from liuhen_server.people.lockout import BY_ADDRESS, BY_NAME, Limit, address_key, locked_for, name_key
from liuhen_server.people.passwords import PasswordWork
from liuhen_server.people.schema import people_sessions, sign_in_attempts
from liuhen_server.people.second_factor import use_code
from liuhen_server.people.sessions import ABSOLUTE_S, SessionTimes, is_alive, new_token, token_digest

__all__ = ["MOST_SESSIONS", "Locked", "OpenSession", "Session", "SignIn", "Wrong"]

MOST_SESSIONS = 5
"""Of one person at once; a further sign-in ends the oldest."""

_SEEN_EVERY_S = 60  # how stale `last_seen` may be: a page with thirty pictures is one write, not thirty


@dataclass(frozen=True)
class Session:
    """A person at a browser. `token` is the cookie's secret: it is never logged."""

    token: str
    person: Person


@dataclass(frozen=True)
class OpenSession:
    """One of a person's sessions as he is shown it: `name` is the beginning of its digest. Times are Unix seconds."""

    name: str
    began: int
    last_seen: int
    address: str


@dataclass(frozen=True)
class Wrong:
    """Name or password is wrong, or the account may not sign in: one answer for all."""


@dataclass(frozen=True)
class Locked:
    """Too many attempts by this name or from this address."""

    wait_s: int


class SignIn:
    """The archive's door for people. Clock (Unix seconds) and randomness are handed in."""

    def __init__(
        self,
        database: Database,
        work: PasswordWork,
        now: Callable[[], int],
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._database = database
        self._work = work
        self._now = now
        self._random_bytes = random_bytes

    async def enter(self, name: str, password: str, address: str, code: str = "") -> Session | Wrong | Locked:
        """`code`: of the second factor, for those who have one. A wrong one is answered like a wrong password."""
        attempt = await self.count_attempt(name, address)
        if attempt.wait_s:
            return Locked(attempt.wait_s)
        async with self._database.read() as conn:
            person = await find_person(conn, name.strip())
        right = await self._work.matches(password, person.password_hash if person else None)
        if person is None or not right or not self.may_enter(person):
            return Wrong()
        checked = {person.password_hash}
        if self._work.needs_rehash(person.password_hash):
            newer = await self._work.hash(password)
            async with self._database.write() as conn:
                await rehash_password(conn, person.id, person.password_hash, newer)
            checked.add(newer)
        async with self._database.write() as conn:
            fresh = await person_by_id(conn, person.id, for_update=True)
            if fresh is None or fresh.password_hash not in checked or not self.may_enter(fresh):
                return Wrong()  # reset, changed or disabled while the password was being checked
            if not await use_code(conn, fresh.id, code, self._now()):
                return Wrong()
            await self.take_back(conn, name, attempt)
            return Session(await self._open(conn, fresh, address), fresh)

    async def bearer(self, authorization: str | None) -> Person | None:
        """The account behind a program's token, or None."""
        if authorization is None:
            return None
        async with self._database.read() as conn:
            return await bearer_of(conn, authorization, self._now())

    async def find(self, token: str | None) -> Session | None:
        """The living session of a cookie, or None. Notes that it was seen."""
        if not token or len(token) > 100:
            return None
        now, digest = self._now(), token_digest(token)
        async with self._database.read() as conn:
            row = (
                await conn.execute(select(people_sessions).where(people_sessions.c.token_sha256 == digest))
            ).one_or_none()
            person = await person_by_id(conn, row.person_id) if row is not None else None
        if row is None or person is None or person.disabled:
            return None
        if not is_alive(SessionTimes(row.began, row.last_seen), now):
            await self.leave(token)
            return None
        if now >= row.last_seen + _SEEN_EVERY_S:
            async with self._database.write() as conn:
                await conn.execute(
                    update(people_sessions).where(people_sessions.c.token_sha256 == digest).values(last_seen=now)
                )
        return Session(token, person)

    async def open_for(self, conn: Connection, person_id: int, address: str) -> Session:
        """A session in the caller's transaction, for somebody who was just let in another way."""
        person = await person_by_id(conn, person_id)
        assert person is not None
        return Session(await self._open(conn, person, address), person)

    async def sessions_of(self, person_id: int) -> list[OpenSession]:
        """Those that are alive, newest first."""
        async with self._database.read() as conn:
            query = select(people_sessions).where(people_sessions.c.person_id == person_id)
            rows = (await conn.execute(query.order_by(people_sessions.c.began.desc()))).all()
        alive = [row for row in rows if is_alive(SessionTimes(row.began, row.last_seen), self._now())]
        return [OpenSession(row.token_sha256[:16], row.began, row.last_seen, row.address) for row in alive]

    async def end_session(self, person_id: int, name: str) -> None:
        """Ends one of this person's sessions, by the name that `sessions_of` gives it; nobody else's."""
        async with self._database.write() as conn:
            query = select(people_sessions.c.token_sha256).where(people_sessions.c.person_id == person_id)
            ended = [digest for digest in (await conn.execute(query)).scalars() if digest[:16] == name]
            await conn.execute(delete(people_sessions).where(people_sessions.c.token_sha256.in_(ended)))

    async def leave(self, token: str) -> None:
        async with self._database.write() as conn:
            await conn.execute(delete(people_sessions).where(people_sessions.c.token_sha256 == token_digest(token)))

    async def leave_everywhere(self, person_id: int) -> None:
        async with self._database.write() as conn:
            await conn.execute(delete(people_sessions).where(people_sessions.c.person_id == person_id))

    async def change_password(self, session: Session, current: str, new: str, address: str) -> Session | Wrong | Locked:
        """Asks for the current password again, and counts wrong ones: a browser left open must not give the account
        away.
        """
        attempt = await self.count_attempt(session.person.name, address)
        if attempt.wait_s:
            return Locked(attempt.wait_s)
        if not await self._work.matches(current, session.person.password_hash):
            return Wrong()
        new_hash = await self._work.hash(new)
        async with self._database.write() as conn:
            now_known = await person_by_id(conn, session.person.id, for_update=True)
            if now_known is None or now_known.disabled or now_known.password_hash != session.person.password_hash:
                return Wrong()  # an administrator's reset that came meanwhile stays
            await self.take_back(conn, session.person.name, attempt)
            await set_password(conn, session.person.id, new_hash)
            person = await person_by_id(conn, session.person.id)
            assert person is not None
            return Session(await self._open(conn, person, address), person)

    def may_enter(self, person: Person) -> bool:
        """Whether an account opens at all, whoever proves to be its person."""
        expired = person.one_time_until is not None and self._now() >= person.one_time_until
        return not person.disabled and not expired

    async def _open(self, conn: Connection, person: Person, address: str) -> str:
        now, token = self._now(), new_token(self._random_bytes)
        await conn.execute(delete(people_sessions).where(people_sessions.c.began < now - ABSOLUTE_S))
        mine = select(people_sessions.c.token_sha256).where(people_sessions.c.person_id == person.id)
        newest_first = mine.order_by(people_sessions.c.began.desc(), people_sessions.c.last_seen.desc())
        too_many = list((await conn.execute(newest_first)).scalars())[MOST_SESSIONS - 1 :]
        await conn.execute(delete(people_sessions).where(people_sessions.c.token_sha256.in_(too_many)))
        await conn.execute(
            insert(people_sessions).values(
                token_sha256=token_digest(token), person_id=person.id, began=now, last_seen=now, address=address[:64]
            )
        )
        return token

    async def take_back(self, conn: Connection, name: str, attempt: Attempt) -> None:
        """The password was right: all attempts of this name are forgotten, of this address only this one, or whoever
        has one account could guess at others' without end.
        """
        await conn.execute(
            delete(sign_in_attempts).where(
                or_(sign_in_attempts.c.subject == name_key(name), sign_in_attempts.c.id.in_(attempt.rows))
            )
        )

    async def forget(self, conn: Connection, *attempts: Attempt) -> None:
        """These alone did no harm: they count no more."""
        rows = [row for attempt in attempts for row in attempt.rows]
        await conn.execute(delete(sign_in_attempts).where(sign_in_attempts.c.id.in_(rows)))

    async def count_attempt(self, name: str | None, address: str) -> Attempt:
        """Counts one attempt; or, when it has to wait, counts nothing. Without a name it is nobody's yet: by its address alone.

        Written and committed before it is compared: of guesses sent at once, each sees at least all those that came
        before it.
        """
        now = self._now()
        limits: dict[str, Limit] = {address_key(address): BY_ADDRESS}
        if name is not None:
            limits[name_key(name)] = BY_NAME
        mine: set[int] = set()
        async with self._database.write() as conn:
            longest = max(limit.window_s for limit in limits.values())
            await conn.execute(delete(sign_in_attempts).where(sign_in_attempts.c.at <= now - longest))
            for subject in limits:
                added = await conn.execute(insert(sign_in_attempts).values(subject=subject, at=now))
                assert added.inserted_primary_key is not None
                mine.add(added.inserted_primary_key[0])
        async with self._database.write() as conn:
            wait_s = 0
            for subject, limit in limits.items():
                others = await conn.execute(
                    select(sign_in_attempts.c.at).where(
                        sign_in_attempts.c.subject == subject, sign_in_attempts.c.id.not_in(mine)
                    )
                )
                wait_s = max(wait_s, locked_for(list(others.scalars()), now, limit))
            if wait_s:
                await conn.execute(delete(sign_in_attempts).where(sign_in_attempts.c.id.in_(mine)))
        return Attempt(wait_s, frozenset(mine))


@dataclass(frozen=True)
class Attempt:
    """`wait_s` seconds to wait (0: go on); `rows` are what it left in the table."""

    wait_s: int
    rows: frozenset[int]
