"""Whether a person may do something to a thing: one pure function over the table `roles.ACCESS`.

A page knows of what is asked for only a `Thing`; lists ask `visible` and put the scope into their WHERE.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from liuhen_server.people.roles import Action, Role, Scope, scope_of

__all__ = ["Allowed", "Refused", "Somebody", "Thing", "decide", "visible"]

NOT_TO_ONESELF = frozenset({Action.MAKE_ACCOUNTS, Action.GIVE_RIGHTS})


class Somebody(Protocol):
    """What a decision knows of a person: `accounts.Person` is one. `id` is the account's, `officer` the officer's;
    `before`: agencies that were merged into the own one."""

    @property
    def id(self) -> int: ...
    @property
    def roles(self) -> frozenset[Role]: ...
    @property
    def agency(self) -> str | None: ...
    @property
    def officer(self) -> int | None: ...
    @property
    def before(self) -> frozenset[str]: ...


@dataclass(frozen=True, slots=True)
class Thing:
    """What is asked for. `name` is how it stands in the log: `clip-<sha256>`, `officer-12`, `agency-scjg`.

    `agency`: the code of the agency it belongs to; None: not known, or to be assigned. `officers`: ids of the officers
    whose recording or case it is. `handlers`: ids of the people (accounts) who handle it. `person`: the account it is.
    """

    name: str
    agency: str | None = None
    officers: frozenset[int] = frozenset()
    handlers: frozenset[int] = frozenset()
    person: int | None = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """`scope`: how far the right goes by which it is allowed."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class Refused:
    """`why`: signed_out, role (no role of this person may do it), agency (of another agency, or of none), own (not one's
    own), oneself (nobody acts on himself). Texts: `refused.<why>`.
    """

    why: str


def visible(person: Somebody | None, action: Action) -> Scope | None:
    """How far a list reaches for this person; None: there is no list. AGENCY is only as good as `person.agency`."""
    if action is Action.ENTER:
        return Scope.ALL
    if person is None:
        return None
    if action is Action.OWN_ACCOUNT:
        return Scope.OWN
    return scope_of(person.roles, action)


def decide(person: Somebody | None, action: Action, thing: Thing | None = None) -> Allowed | Refused:
    """Whether `person` (None: nobody signed in) may do `action` to `thing` (None: to something of that kind at all).

    A thing whose agency is not known is there only for those who see all.
    """
    scope = visible(person, action)
    if scope is None:
        return Refused("signed_out" if person is None else "role")
    if thing is None or person is None:
        return Allowed(scope)
    if action in NOT_TO_ONESELF and thing.person == person.id:
        return Refused("oneself")
    if action is Action.OWN_ACCOUNT:
        return Allowed(scope) if thing.person in (None, person.id) else Refused("own")
    if scope is Scope.ALL:
        return Allowed(scope)
    in_agency = thing.agency is not None and (thing.agency == person.agency or thing.agency in person.before)
    own = person.id in thing.handlers or (in_agency and person.officer is not None and person.officer in thing.officers)
    if own or (scope is Scope.AGENCY and in_agency):
        return Allowed(scope)
    return Refused("agency" if not in_agency else "own")
