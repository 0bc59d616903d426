"""What administrators do to accounts, each one act: the change, the reason if one was written, and `account.changed`.

Who may do it is decided before (`access.decide`); here stand the rules that hold for the machine's own administrator too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from liuhen_protocol.events import AccountChanged
from liuhen_server.acts import Act
from liuhen_server.database import Connection
from liuhen_server.deadlines.settings import is_address
from liuhen_server.people import accounts
from liuhen_server.people.accounts import Person, person_by_id
from liuhen_server.people.id_token import is_subject
from liuhen_server.people.lockout import name_key
from liuhen_server.people.roles import Role, check_roles, needs_agency
from liuhen_server.people.schema import people, people_sessions, people_subjects, sign_in_attempts
from liuhen_server.registry.agencies import find_agency
from liuhen_server.registry.fields import Mistakes, Outdated
from liuhen_server.registry.officers import find_officer

__all__ = [
    "Rights",
    "appoint",
    "create",
    "end_second_factor",
    "end_token",
    "give_rights",
    "give_token",
    "link_subject",
    "nobody_is",
    "reset",
    "set_email",
    "switch",
    "unlink_subject",
    "unlock",
]


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may: `agency` is a code, `officer` the id of the officer this person is."""

    roles: frozenset[Role] = frozenset()
    agency: str | None = None
    officer: int | None = None


async def create(
    act: Act, *, name: str, display_name: str, one_time_hash: str, now: int, rights: Rights | None = None
) -> Person:
    """A new account; from the pages without any right. Raises ValueError (Mistakes for the rights)."""
    rights = await _checked(act.conn, rights or Rights(), before=None)
    person = await accounts.add_person(
        act.conn,
        name=name,
        display_name=display_name,
        roles=rights.roles,
        one_time_hash=one_time_hash,
        now=now,
        agency=rights.agency,
        officer=rights.officer,
    )
    await _state(act, person, "created", "")
    return person


async def give_rights(act: Act, person_id: int, rights: Rights, version: int, reason: str = "") -> Person:
    """Roles, agency and officer as they are from now on. Raises Mistakes, Outdated, LookupError."""
    before = await _known(act.conn, person_id)
    if before.version != version:
        raise Outdated(before.version)
    rights = await _checked(act.conn, rights, before)
    values = {"roles": " ".join(sorted(rights.roles)), "agency": rights.agency, "officer": rights.officer}
    await act.conn.execute(update(people).where(people.c.id == person_id).values(**values, version=version + 1))
    return await _changed(act, person_id, "roles", reason)


async def appoint(act: Act, person_id: int) -> Person:
    """Makes an account without rights the first security administrator: the only right that a system administrator gives,
    and only while there is no security administrator. Raises Mistakes.
    """
    before = await _known(act.conn, person_id)
    if before.roles or before.disabled or not await nobody_is(act.conn, Role.SECURITY_ADMINISTRATOR):
        raise Mistakes({"person": "appointed"})
    return await give_rights(act, person_id, Rights(frozenset({Role.SECURITY_ADMINISTRATOR})), before.version)


async def nobody_is(conn: Connection, role: Role) -> bool:
    """Whether no active account holds a role that is held alone (an administrator's)."""
    held = select(func.count()).select_from(people).where(people.c.roles == role.value, people.c.disabled.is_(False))
    return (await conn.execute(held)).scalar_one() == 0


async def reset(act: Act, person_id: int, one_time_hash: str, now: int, reason: str = "") -> Person:
    """A new one-time password; what waits after wrong attempts waits no more. Sessions and tokens end. Raises LookupError."""
    person = await _known(act.conn, person_id)
    await accounts.set_one_time_password(act.conn, person_id, one_time_hash, now)
    await act.conn.execute(sign_in_attempts.delete().where(sign_in_attempts.c.subject == name_key(person.name)))
    return await _changed(act, person_id, "reset", reason)


async def unlock(act: Act, person_id: int, reason: str = "") -> Person:
    """Wrong attempts under this name are forgotten: it need not wait. Raises LookupError."""
    person = await _known(act.conn, person_id)
    await act.conn.execute(sign_in_attempts.delete().where(sign_in_attempts.c.subject == name_key(person.name)))
    return await _changed(act, person_id, "unlocked", reason)


async def set_email(act: Act, person_id: int, email: str) -> Person:
    """Where the person's reminders go; empty: nowhere. The address itself stays out of the log. Raises LookupError, Mistakes."""
    before = await _known(act.conn, person_id)
    if email and not is_address(email):
        raise Mistakes({"email": "email"})
    if (before.email or "") == email:
        return before
    await act.conn.execute(update(people).where(people.c.id == person_id).values(email=email or None))
    said = (await act.commit_text("email", before.number, email)).sha256 if email else None
    return await _stated(act, person_id, "email", said)


async def switch(act: Act, person_id: int, disabled: bool, reason: str = "") -> Person:
    """Raises LookupError."""
    await _known(act.conn, person_id)
    await accounts.set_disabled(act.conn, person_id, disabled)
    return await _changed(act, person_id, "disabled" if disabled else "enabled", reason)


async def end_second_factor(act: Act, person_id: int, reason: str = "") -> Person:
    """For someone whose telephone is gone: the password alone opens until a new one is set up. Raises LookupError."""
    await _known(act.conn, person_id)
    values = {"totp_secret": None, "totp_offered": None, "totp_step": None}
    await act.conn.execute(update(people).where(people.c.id == person_id).values(**values))
    return await _changed(act, person_id, "second-factor", reason)


async def give_token(
    act: Act, person_id: int, now: int, random_bytes: Callable[[int], bytes], reason: str = ""
) -> tuple[Person, str]:
    """A token for a program that does what this account may with cases: returned once, kept as its digest. Raises Mistakes for
    an account that sees no cases, LookupError.
    """
    person = await _known(act.conn, person_id)
    try:
        token = await accounts.give_case_token(act.conn, person, now, random_bytes)
    except ValueError as error:
        raise Mistakes({"token": "token"}) from error
    return await _changed(act, person_id, "token", reason), token


async def end_token(act: Act, person_id: int, reason: str = "") -> Person:
    """Whoever holds the account's token is nobody from here on. Raises LookupError."""
    person = await _known(act.conn, person_id)
    if not await accounts.end_api_tokens(act.conn, person_id):
        return person
    return await _changed(act, person_id, "token-ended", reason)


async def link_subject(act: Act, person_id: int, issuer: str, subject: str, reason: str = "") -> Person:
    """From here on the identity provider's name for somebody opens this account. What was linked is part of what the statement
    commits to. Raises Mistakes, LookupError.
    """
    await _known(act.conn, person_id)
    subject = subject.strip()
    if not is_subject(subject):
        raise Mistakes({"subject": "subject"})
    mine = people_subjects.c.person_id == person_id
    same = (people_subjects.c.issuer == issuer) & (people_subjects.c.subject == subject)
    holder = (await act.conn.execute(select(people_subjects.c.person_id).where(same))).scalar()
    if holder is not None and holder != person_id:
        raise Mistakes({"subject": "subject_taken"})
    await act.conn.execute(delete(people_subjects).where(mine))
    await act.conn.execute(insert(people_subjects).values(issuer=issuer, subject=subject, person_id=person_id))
    return await _changed(act, person_id, "provider", f"{issuer} {subject}" + (f"\n{reason}" if reason.strip() else ""))


async def unlink_subject(act: Act, person_id: int, reason: str = "") -> Person:
    """The provider's word opens this account no more; its sessions end, for some may have come in by it. Raises LookupError."""
    person = await _known(act.conn, person_id)
    ended = await act.conn.execute(delete(people_subjects).where(people_subjects.c.person_id == person_id))
    if not ended.rowcount:
        return person
    await act.conn.execute(delete(people_sessions).where(people_sessions.c.person_id == person_id))
    return await _changed(act, person_id, "provider-ended", reason)


async def hand_to_successor(act: Act, agency: str, into: str) -> None:
    """Accounts of an agency that is merged, with the roles that they have."""
    this = people.c.agency == agency
    ids = (await act.conn.execute(select(people.c.id).where(this).order_by(people.c.id))).scalars().all()
    await act.conn.execute(update(people).where(this).values(agency=into, version=people.c.version + 1))
    for person_id in ids:
        await _stated(act, person_id, "roles", None)


async def _changed(act: Act, person_id: int, what: str, reason: str) -> Person:
    person = await _known(act.conn, person_id)
    await _state(act, person, what, reason)
    return person


async def _state(act: Act, person: Person, what: str, reason: str) -> None:
    said = (await act.commit_text("reason", person.number, reason)).sha256 if reason.strip() else None
    await _stated(act, person.id, what, said)


async def _stated(act: Act, person_id: int, what: str, said: str | None) -> Person:
    person = await _known(act.conn, person_id)
    roles = tuple(sorted(role.value for role in person.roles))
    await act.state(AccountChanged(person.number, act.by, what, roles, person.agency, said))
    return person


async def _known(conn: Connection, person_id: int) -> Person:
    person = await person_by_id(conn, person_id, for_update=True) if 0 < person_id < 1 << 63 else None
    if person is None:
        raise LookupError(f"person-{person_id}")
    return person


async def _checked(conn: Connection, rights: Rights, before: Person | None) -> Rights:
    try:
        check_roles(rights.roles, none_allowed=True)
    except ValueError as error:
        raise Mistakes({"roles": "roles"}) from error
    if needs_agency(rights.roles) and rights.agency is None:
        raise Mistakes({"agency": "needs_agency"})
    if rights.agency is not None:
        agency = await find_agency(conn, rights.agency)
        kept = before is not None and before.agency == rights.agency
        if agency is None or not (agency.active or kept):
            raise Mistakes({"agency": "agency"})
    if rights.officer is not None:
        officer = await find_officer(conn, rights.officer)
        if officer is None or officer.agency != rights.agency:
            raise Mistakes({"officer": "officer"})
    return rights
