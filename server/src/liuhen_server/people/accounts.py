"""Accounts and their API tokens in the database. Every function works in the caller's transaction."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, delete, func, insert, select, update

from liuhen_server.database import Connection
from liuhen_server.people.roles import Action, Role, check_roles, scope_of
from liuhen_server.people.schema import api_tokens, people, people_sessions
from liuhen_server.people.sessions import new_token, token_digest
from liuhen_server.registry.schema import agency_mergers

__all__ = [
    "API_TOKEN_DAYS",
    "ONE_TIME_S",
    "Person",
    "add_person",
    "api_token_until",
    "bearer_may",
    "bearer_of",
    "end_api_tokens",
    "find_person",
    "give_api_token",
    "give_case_token",
    "list_people",
    "set_disabled",
    "set_one_time_password",
    "set_password",
]

ONE_TIME_S = 72 * 60 * 60
API_TOKEN_DAYS = 365
_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}\Z")
_DISPLAY_NAME = re.compile(r"[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]{1,64}\Z")


@dataclass(frozen=True)
class Person:
    """`agency` is a code, `officer` the id of the officer this person is; `totp`: signs in with a second factor. `version`
    counts what administrators changed. `email`: where reminders go, as the person himself wrote it. `before`: the agencies that were
    merged into his own, whose things he reaches as its own.
    """

    id: int
    name: str
    display_name: str
    roles: frozenset[Role]
    password_hash: str
    must_change: bool
    one_time_until: int | None
    disabled: bool
    agency: str | None = None
    officer: int | None = None
    totp: bool = False
    version: int = 1
    email: str | None = None
    before: frozenset[str] = frozenset()

    @property
    def agencies(self) -> frozenset[str]:
        """The own one and those it carries on for."""
        return self.before | ({self.agency} if self.agency else frozenset())

    def may(self, action: Action) -> bool:
        """Whether some role of this person may do it at all; to what, `access.decide` says."""
        return scope_of(self.roles, action) is not None

    @property
    def role_names(self) -> str:
        """As statements name them: sorted, joined by spaces."""
        return " ".join(sorted(self.roles))

    @property
    def number(self) -> str:
        """How this person stands in the log: names are not written there, for the log is for ever."""
        return f"person-{self.id}"


_BEFORE = (
    select(func.aggregate_strings(agency_mergers.c.agency, " "))
    .where(agency_mergers.c.heir == people.c.agency)
    .scalar_subquery()
    .label("before")
)


def _people() -> Select[Any]:
    return select(people, _BEFORE)


def _person(row: Row[tuple[object, ...]]) -> Person:
    values = row._mapping
    return Person(
        id=values["id"],
        name=values["name"],
        display_name=values["display_name"],
        roles=frozenset(Role(role) for role in values["roles"].split()),
        password_hash=values["password_hash"],
        must_change=values["must_change"],
        one_time_until=values["one_time_until"],
        disabled=values["disabled"],
        agency=values["agency"],
        officer=values["officer"],
        totp=values["totp_secret"] is not None,
        version=values["version"],
        email=values["email"],
        before=frozenset((values["before"] or "").split()),
    )


async def add_person(
    conn: Connection,
    *,
    name: str,
    display_name: str,
    roles: frozenset[Role],
    one_time_hash: str,
    now: int,
    agency: str | None = None,
    officer: int | None = None,
) -> Person:
    """A new account with a one-time password; without roles it sees nothing. Raises `ValueError` saying what is wrong with
    name, display name or roles. That it was made is stated by `changes`.
    """
    if not _NAME.match(name):
        raise ValueError(f"account name {name!r}: use 2 to 32 of a-z 0-9 . _ - and begin with a letter")
    if not _DISPLAY_NAME.match(display_name):
        raise ValueError(f"display name {display_name!r}: use 1 to 64 visible characters")
    if await find_person(conn, name) is not None:
        raise ValueError(f"account {name} exists; `liuhen-server user reset {name}` gives it a new one-time password")
    await conn.execute(
        insert(people).values(
            name=name,
            display_name=display_name,
            roles=" ".join(sorted(check_roles(roles, none_allowed=True))),
            password_hash=one_time_hash,
            must_change=True,
            one_time_until=now + ONE_TIME_S,
            disabled=False,
            created=now,
            agency=agency,
            officer=officer,
            version=1,
        )
    )
    added = await find_person(conn, name)
    assert added is not None
    return added


async def find_person(conn: Connection, name: str) -> Person | None:
    if not _NAME.match(
        name
    ):  # no account has it; a database may refuse to be asked at all (NUL, half a surrogate pair)
        return None
    row = (await conn.execute(_people().where(people.c.name == name))).one_or_none()
    return _person(row) if row is not None else None


async def person_by_id(conn: Connection, person_id: int, *, for_update: bool = False) -> Person | None:
    """`for_update`: in a writing transaction, so that nobody changes the account before it ends."""
    query = _people().where(people.c.id == person_id)
    row = (await conn.execute(query.with_for_update(of=people) if for_update else query)).one_or_none()
    return _person(row) if row is not None else None


async def list_people(conn: Connection) -> list[Person]:
    return [_person(row) for row in await conn.execute(_people().order_by(people.c.name))]


async def set_password(conn: Connection, person_id: int, password_hash: str) -> None:
    """A password the person chose. Every session of the account ends: the caller opens a new one for this browser."""
    await conn.execute(
        update(people)
        .where(people.c.id == person_id)
        .values(password_hash=password_hash, must_change=False, one_time_until=None)
    )
    await conn.execute(delete(people_sessions).where(people_sessions.c.person_id == person_id))


async def rehash_password(conn: Connection, person_id: int, old_hash: str, new_hash: str) -> None:
    """The same password under newer parameters; nothing when it was changed meanwhile."""
    await conn.execute(
        update(people)
        .where(people.c.id == person_id, people.c.password_hash == old_hash)
        .values(password_hash=new_hash)
    )


async def set_one_time_password(conn: Connection, person_id: int, one_time_hash: str, now: int) -> None:
    """For someone who forgot, or whose secrets others may know: the old password, every session and every token of a
    program end at once.
    """
    await conn.execute(
        update(people)
        .where(people.c.id == person_id)
        .values(password_hash=one_time_hash, must_change=True, one_time_until=now + ONE_TIME_S)
    )
    await conn.execute(delete(people_sessions).where(people_sessions.c.person_id == person_id))
    await conn.execute(delete(api_tokens).where(api_tokens.c.person_id == person_id))


async def set_disabled(conn: Connection, person_id: int, disabled: bool) -> None:
    """Accounts are never deleted, for the log names them; a disabled one loses its sessions and tokens."""
    await conn.execute(update(people).where(people.c.id == person_id).values(disabled=disabled))
    if disabled:
        await conn.execute(delete(people_sessions).where(people_sessions.c.person_id == person_id))
        await conn.execute(delete(api_tokens).where(api_tokens.c.person_id == person_id))


async def give_api_token(conn: Connection, holder: Person, now: int, random_bytes: Callable[[int], bytes]) -> str:
    """A new token for programs; older ones of this account end. Raises `ValueError` unless the account may read
    entries.
    """
    if holder.disabled or not holder.may(Action.READ_ENTRIES):
        raise ValueError(f"account {holder.name} may not read the log's entries: only an active auditor has a token")
    return await _new_api_token(conn, holder, now, random_bytes)


async def give_case_token(conn: Connection, holder: Person, now: int, random_bytes: Callable[[int], bytes]) -> str:
    """The same for the API of cases. Raises `ValueError` unless the account may see cases."""
    if holder.disabled or not holder.may(Action.SEE_CASES):
        raise ValueError(f"account {holder.name} sees no cases: a token would open nothing")
    return await _new_api_token(conn, holder, now, random_bytes)


async def api_token_until(conn: Connection, person_id: int, now: int) -> int | None:
    """Until when (Unix seconds) this account's token is good; None: it has none."""
    query = select(api_tokens.c.good_until).where(api_tokens.c.person_id == person_id, api_tokens.c.good_until > now)
    return (await conn.execute(query.order_by(api_tokens.c.good_until.desc()).limit(1))).scalar()


async def end_api_tokens(conn: Connection, person_id: int) -> bool:
    """Whether there was one."""
    ended = await conn.execute(delete(api_tokens).where(api_tokens.c.person_id == person_id))
    return bool(ended.rowcount)


async def _new_api_token(conn: Connection, holder: Person, now: int, random_bytes: Callable[[int], bytes]) -> str:
    token = "lht_" + new_token(random_bytes)
    await conn.execute(delete(api_tokens).where(api_tokens.c.person_id == holder.id))
    await conn.execute(
        insert(api_tokens).values(
            person_id=holder.id,
            token_sha256=token_digest(token),
            created=now,
            good_until=now + API_TOKEN_DAYS * 86_400,
        )
    )
    return token


async def bearer_may(conn: Connection, authorization: str | None, action: Action, now: int) -> bool:
    """Whether an `Authorization` header (RFC 6750, `Bearer lht_…`) carries a living token whose account may do the
    action.

    Called by the device listener for `/log/tile/entries/…` with `Action.READ_ENTRIES`.
    """
    holder = await bearer_of(conn, authorization, now)
    return holder is not None and holder.may(action)


async def bearer_of(conn: Connection, authorization: str | None, now: int) -> Person | None:
    """The active account whose living token an `Authorization` header carries; None: nobody's."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token.startswith("lht_") or len(token) > 100:
        return None
    row = (
        await conn.execute(
            _people()
            .join(api_tokens, api_tokens.c.person_id == people.c.id)
            .where(api_tokens.c.token_sha256 == token_digest(token), api_tokens.c.good_until > now)
        )
    ).one_or_none()
    holder = _person(row) if row is not None else None
    return None if holder is None or holder.disabled else holder
